package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tillstream/projections"
)

// rollbackWithin is how long a connection may take to give up a transaction before it is closed instead.
const rollbackWithin = 2 * time.Second

// Save is Keep of rows alone.
func (r *Rows[V]) Save(ctx context.Context, changed map[string]projections.Doc[V], from, to projections.Checkpoint) error {
	return r.Keep(ctx, projections.Batch[V]{Changed: changed, From: from, To: to})
}

// Keep keeps changed rows, what is parked and the checkpoint in one transaction. It fails with projections.ErrFenced when
// the checkpoint is not at b.From, with a *projections.DataError when a value cannot be kept. After any other error it is
// unknown whether the transaction was committed: the checkpoint tells. When plain text was blanked, its bytes are gone
// from the database's files when Keep returns, or that is tried until it succeeds.
func (r *Rows[V]) Keep(ctx context.Context, b projections.Batch[V]) error {
	r.saving.Lock()
	defer r.saving.Unlock()
	blanked, err := r.save(ctx, b)
	if sqlState(err) == uniqueViolation { // by what was opened: nobody looks for that before
		b.Known = nil
		blanked, err = r.save(ctx, b)
	}
	if err != nil {
		r.recent.drop()
		if wasCut(err) {
			r.db.feed.Reset() // the other idle connections are cut too, as a rule
		}
		if refusesData(err) {
			err = r.blame(ctx, b.Changed, err)
		}
		return err
	}
	r.recent.keep(b.Changed, b.To)
	if blanked {
		r.erase(ctx)
	}
	return nil
}

func (r *Rows[V]) save(ctx context.Context, b projections.Batch[V]) (blanked bool, err error) {
	if b.To.At > 1<<63-1 || b.To.Count > 1<<63-1 {
		return false, fmt.Errorf("position %d is %w", b.To.At, errTooGreat)
	}
	keys := slices.Sorted(maps.Keys(b.Changed))
	fresh, known := r.split(keys, b)
	rows, err := rowsOf(r.table, known, b.Changed)
	if err != nil {
		return false, err
	}
	copied, err := r.copied(fresh, b.Changed)
	if err != nil {
		return false, err
	}
	opened, err := r.openedOf(ctx, keys, b.Changed)
	if err != nil {
		return false, err
	}
	conn, err := r.db.feed.Acquire(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Release() // which closes it when a transaction is still open
	tx := transaction{ctx: ctx, conn: conn.Conn()}
	if err := r.fence(&tx, b); err != nil {
		return false, err
	}
	for _, a := range rows {
		if err := tx.arrays(r.table.name+" rows", r.table.upsert, a); err != nil {
			return false, err
		}
	}
	for _, o := range opened {
		if err := r.saveOpened(&tx, o); err != nil {
			return false, err
		}
	}
	if err := r.saveIndexed(&tx, b.Indexed); err != nil {
		return false, err
	}
	if err := r.savePark(&tx, b.Parked); err != nil {
		return false, err
	}
	return r.commit(&tx, copied)
}

func (r *Rows[V]) commit(tx *transaction, copied []byte) (blanked bool, err error) {
	tags, err := tx.run()
	if err == nil && tags[fenceAt].RowsAffected() != 1 {
		err = projections.ErrFenced
	}
	if err == nil && copied != nil {
		err = r.copy(tx, copied)
	}
	if err != nil {
		tx.rollback()
		return false, err
	}
	if _, err := tx.conn.PgConn().Exec(tx.ctx, "COMMIT").ReadAll(); err != nil {
		return false, fmt.Errorf("commit, with unknown outcome: %w", err)
	}
	return slices.ContainsFunc(tx.blanking, func(i int) bool { return tags[i].RowsAffected() > 0 }), nil
}

// fenceAt is where the answer of the fence stands among those of a transaction.
const fenceAt = 2

const fence = `UPDATE tillstream.checkpoints SET log = $5, position = $6::bigint, count = $7::bigint
	WHERE generation = $1::bigint AND log = $2 AND position = $3::bigint AND count = $4::bigint`

// fence moves the checkpoint first: it locks out a second projector until this one is done, who then finds it moved. What
// the feed commits is lost in a crash with its checkpoint, and then caught up; what operators did is not.
func (r *Rows[V]) fence(tx *transaction, b projections.Batch[V]) error {
	tx.simple("BEGIN")
	durable := "off"
	if b.Parked.Done != nil {
		durable = "on"
	}
	tx.simple("SET LOCAL synchronous_commit = " + durable)
	number := func(n uint64) []byte { return appendEight(nil, n)[4:] }
	return tx.prepared("fence", fence, [][]byte{number(uint64(r.generation.ID)),
		[]byte(b.From.Log), number(uint64(b.From.At)), number(b.From.Count),
		[]byte(b.To.Log), number(uint64(b.To.At)), number(b.To.Count)})
}

// transaction collects statements that are sent at once.
type transaction struct {
	ctx      context.Context
	conn     *pgx.Conn
	batch    pgconn.Batch
	sent     int
	blanking []int // which statements tell by their count that plain text was blanked
}

func (tx *transaction) simple(sql string) {
	tx.batch.ExecParams(sql, nil, nil, nil, nil)
	tx.sent++
}

// prepared adds a statement with binary parameters. It is prepared once per connection under its name.
func (tx *transaction) prepared(name, sql string, parameters [][]byte) error {
	statement, err := tx.conn.Prepare(tx.ctx, name, sql)
	if err != nil {
		return err
	}
	tx.batch.ExecPrepared(statement.Name, parameters, []int16{pgx.BinaryFormatCode}, nil)
	tx.sent++
	return nil
}

func (tx *transaction) arrays(name string, sql func() string, a *arrays) error {
	return tx.prepared(name, sql(), a.parameters())
}

func (tx *transaction) run() ([]pgconn.CommandTag, error) {
	results, err := tx.conn.PgConn().ExecBatch(tx.ctx, &tx.batch).ReadAll()
	if err != nil {
		return nil, err
	}
	tags := make([]pgconn.CommandTag, len(results))
	for i, result := range results {
		if result.Err != nil {
			return nil, result.Err
		}
		tags[i] = result.CommandTag
	}
	if len(tags) != tx.sent {
		return nil, fmt.Errorf("the server answered %d of %d statements", len(tags), tx.sent)
	}
	return tags, nil
}

func (tx *transaction) rollback() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tx.ctx), rollbackWithin)
	defer cancel()
	_, _ = tx.conn.PgConn().Exec(ctx, "ROLLBACK").ReadAll()
}

// upsert takes the columns of rows as arrays.
func (t table) upsert() string {
	arrays := []string{"$1::text[]", "$2::bigint[]", "$3::boolean[]"}
	set := []string{"position = excluded.position", "gone = excluded.gone"}
	for i, f := range t.fields {
		arrays = append(arrays, fmt.Sprintf("$%d::%s[]", i+1+ownColumns, f.base))
		set = append(set, fmt.Sprintf("%[1]s = excluded.%[1]s", quoted(f.Name)))
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT * FROM unnest(%s) ON CONFLICT (key) DO UPDATE SET %s",
		t.quoted(), t.list(), strings.Join(arrays, ", "), strings.Join(set, ", "))
}
