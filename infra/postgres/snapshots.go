package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"tillstream/commands"
)

const (
	snapshotBytesMost = 8 << 20
	snapshotsMost     = 20_000
	snapshotsBetween  = 256 // savings between two looks at how many there are
)

// Snapshots keeps snapshots of streams where a crash of the server loses them all, and only the 20,000 youngest.
type Snapshots struct {
	db    *DB
	saved atomic.Int64
}

var _ commands.Snapshots = (*Snapshots)(nil)

// Snapshots are those kept in this database.
func (db *DB) Snapshots() *Snapshots { return &Snapshots{db: db} }

// Load answers the last snapshot kept of a stream.
func (s *Snapshots) Load(ctx context.Context, stream string) (snapshot []byte, found bool, err error) {
	err = s.db.ask.QueryRow(ctx, `SELECT snapshot FROM tillstream.snapshots WHERE stream = $1`, stream).Scan(&snapshot)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	return snapshot, err == nil, err
}

// Save keeps a snapshot in place of the last one. It refuses one of more than 8 MiB.
func (s *Snapshots) Save(ctx context.Context, stream string, snapshot []byte) error {
	if len(snapshot) > snapshotBytesMost {
		return fmt.Errorf("the snapshot of %s has %d bytes, more than %d are not kept", stream, len(snapshot), snapshotBytesMost)
	}
	_, err := s.db.feed.Exec(ctx, `INSERT INTO tillstream.snapshots (stream, snapshot) VALUES ($1, $2)
		ON CONFLICT (stream) DO UPDATE SET snapshot = excluded.snapshot, saved_at = now()`, stream, snapshot)
	if err != nil || s.saved.Add(1)%snapshotsBetween != 0 {
		return err
	}
	return s.prune(ctx)
}

func (s *Snapshots) prune(ctx context.Context) error {
	_, err := s.db.feed.Exec(ctx, `DELETE FROM tillstream.snapshots WHERE saved_at < (
		SELECT saved_at FROM tillstream.snapshots ORDER BY saved_at DESC OFFSET $1 LIMIT 1)`, snapshotsMost)
	return err
}
