// Package postgres keeps row views and snapshots in PostgreSQL.
package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// feedConnections serve projectors, askConnections queries: questions, however many, cannot starve the feed.
	feedConnections = 8
	askConnections  = 16

	connectWithin   = 10 * time.Second
	statementWithin = 60 * time.Second // of a projector; building an index on a large generation takes some
	questionWithin  = 30 * time.Second // of a query
	idleInTxWithin  = 60 * time.Second
	lockWithin      = 20 * time.Second
	connectionLives = time.Hour
)

// DB is the database in which views and snapshots live. All of it may be called by any goroutine.
type DB struct {
	feed *pgxpool.Pool // what projectors read and write: what they commit may be lost with the server, as a whole
	ask  *pgxpool.Pool // what queries read; it can write nothing
	log  *slog.Logger

	anyCase string // collation by which text is compared in any case
	chores  *chores
}

// Open connects to a database and brings the host's own tables to this binary's version. It fails when a newer binary
// has been there.
func Open(ctx context.Context, dsn string) (*DB, error) {
	feed, err := openPool(ctx, dsn, feedConnections, map[string]string{
		"statement_timeout": milliseconds(statementWithin),
		"lock_timeout":      milliseconds(lockWithin),
	})
	if err != nil {
		return nil, err
	}
	ask, err := openPool(ctx, dsn, askConnections, map[string]string{
		"default_transaction_read_only": "on",
		"statement_timeout":             milliseconds(questionWithin),
		"lock_timeout":                  milliseconds(lockWithin),
	})
	if err != nil {
		feed.Close()
		return nil, err
	}
	db := &DB{feed: feed, ask: ask, log: slog.Default()}
	if err := db.prepare(ctx); err != nil {
		feed.Close()
		ask.Close()
		return nil, err
	}
	db.chores = startChores(db.log)
	return db, nil
}

func (db *DB) prepare(ctx context.Context) error {
	if err := db.migrate(ctx); err != nil {
		return fmt.Errorf("prepare the database for views: %w", err)
	}
	var err error
	db.anyCase, err = anyCaseCollation(ctx, db.feed)
	return err
}

// Close ends every connection, after what runs on them.
func (db *DB) Close() {
	db.chores.stop()
	db.ask.Close()
	db.feed.Close()
}

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.ask.Ping(ctx) }

func openPool(ctx context.Context, dsn string, connections int32, settings map[string]string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("open the database of views: the DSN is not readable") // its text may hold the password
	}
	config.MaxConns = connections
	config.MaxConnLifetime = connectionLives
	config.ConnConfig.ConnectTimeout = connectWithin
	config.ConnConfig.RuntimeParams["application_name"] = "tillstream"
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = milliseconds(idleInTxWithin)
	config.ConnConfig.RuntimeParams["jit"] = "off" // it costs more than any of our queries
	for name, value := range settings {
		config.ConnConfig.RuntimeParams[name] = value
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database of views: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open the database of views: %w", err)
	}
	return pool, nil
}

func milliseconds(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }

// anyCaseCollation finds what lowers letters of every script; where there is nothing better, ASCII ones.
func anyCaseCollation(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	var name string
	err := pool.QueryRow(ctx, `
		SELECT collname FROM pg_collation
		WHERE collname IN ('und-x-icu', 'C.UTF-8', 'C.utf8', 'en_US.utf8', 'C') AND collencoding IN (-1, pg_char_to_encoding('UTF8'))
		ORDER BY array_position('{und-x-icu,C.UTF-8,C.utf8,en_US.utf8,C}', collname::text) LIMIT 1`).Scan(&name)
	if err != nil {
		return "", fmt.Errorf("look for a collation: %w", err)
	}
	return pgx.Identifier{name}.Sanitize(), nil
}
