package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tillstream/events"
)

const (
	comparePage   = 2000 // rows of one side in memory
	compareWithin = 5 * time.Minute
)

// OpenedMark follows the name of a column of which the plain text beside it differs.
const OpenedMark = " (opened)"

// Comparison reads two generations of a view as they were at one moment, whatever is saved meanwhile. Close ends it.
type Comparison struct {
	tx          pgx.Tx
	conn        func()
	left, right side
	columns     []string // that both have, opened ones after them
	stored      int      // of columns: those that are not opened
	Rows        uint64   // that are compared, about
	LeftOnly    []string // columns
	RightOnly   []string
}

// side is one generation under comparison.
type side struct {
	cursor string
	rows   []sideRow
	next   int
	over   bool
}

type sideRow struct {
	key      string
	position events.Position
	gone     bool
	columns  [][]byte
}

// Unlike is a key of which two generations have not the same.
type Unlike struct {
	Key         string
	Left, Right bool            // has a row
	Columns     []string        // that differ; gone and position are among them
	LeftAt      events.Position // of the fact that changed it last
	RightAt     events.Position
}

// Sample chooses keys of a comparison; the zero value chooses all.
type Sample struct {
	Rows int64 // about
	Seed int64
}

// Compare takes a moment of two generations, and calls taken when it has: both may be saved again from then on. Positions
// of rows count where positions says so.
func (db *DB) Compare(ctx context.Context, left, right Generation, positions bool, sample Sample, taken func()) (*Comparison, error) {
	conn, err := db.feed.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	c := &Comparison{conn: conn.Release, left: side{cursor: "left_rows"}, right: side{cursor: "right_rows"}}
	c.common(left, right, positions)
	err = c.begin(ctx, conn.Conn())
	if err == nil {
		taken()
		err = c.open(ctx, left, right, sample)
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("compare %s with %s: %w", left.Table, right.Table, err)
	}
	return c, nil
}

// begin takes the moment. Rows are read in the order of their keys by index alone: a sort could leave plain text in a
// temporary file.
func (c *Comparison) begin(ctx context.Context, conn *pgx.Conn) (err error) {
	if c.tx, err = conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}); err != nil {
		return err
	}
	within := milliseconds(compareWithin)
	return run(ctx, c.tx, []string{"SET LOCAL statement_timeout = " + within, "SET LOCAL idle_in_transaction_session_timeout = " + within,
		"SET LOCAL enable_sort = off", "SET LOCAL enable_hashjoin = off", "SELECT pg_current_snapshot()"})
}

func (c *Comparison) open(ctx context.Context, left, right Generation, sample Sample) error {
	var rows int64
	err := c.tx.QueryRow(ctx, "SELECT greatest((SELECT count(*) FROM "+left.quoted()+"), (SELECT count(*) FROM "+right.quoted()+"))").Scan(&rows)
	if err != nil {
		return err
	}
	every := int64(1)
	if sample.Rows > 0 {
		every = max(1, rows/sample.Rows)
	}
	c.Rows = uint64(rows / every)
	return run(ctx, c.tx, []string{
		"DECLARE " + c.left.cursor + " BINARY NO SCROLL CURSOR FOR " + c.query(left, every, sample.Seed),
		"DECLARE " + c.right.cursor + " BINARY NO SCROLL CURSOR FOR " + c.query(right, every, sample.Seed),
	})
}

// common finds the columns that both have.
func (c *Comparison) common(left, right Generation, positions bool) {
	of, there := map[string]string{}, map[string]bool{}
	for line := range strings.Lines(left.Shape) {
		name, form := columnOf(line)
		of[name] = form
	}
	c.columns = []string{"gone"}
	if positions {
		c.columns = append(c.columns, "position")
	}
	var opened []string
	for line := range strings.Lines(right.Shape) {
		name, form := columnOf(line)
		there[name] = true
		if of[name] != form {
			c.RightOnly = append(c.RightOnly, name)
			continue
		}
		c.columns = append(c.columns, name)
		if !strings.HasSuffix(form, " ") {
			opened = append(opened, name)
		}
	}
	for line := range strings.Lines(left.Shape) {
		if name, _ := columnOf(line); !there[name] || slices.Contains(c.RightOnly, name) {
			c.LeftOnly = append(c.LeftOnly, name)
		}
	}
	c.stored = len(c.columns)
	c.columns = append(c.columns, opened...)
}

func (c *Comparison) query(g Generation, every, seed int64) string {
	picked := []string{"t.key", "t.position", "t.gone"}
	for i, name := range c.columns {
		of := "t."
		if i >= c.stored {
			of = "o."
		}
		picked = append(picked, of+quoted(name))
	}
	from := g.quoted() + " t"
	if len(c.columns) > c.stored {
		from += " LEFT JOIN " + pgx.Identifier{schema, g.Table + openedSuffix}.Sanitize() + " o ON o.key = t.key"
	}
	where := ""
	if every > 1 {
		where = fmt.Sprintf(" WHERE hashtextextended(t.key, %d) %% %d = 0", seed, every)
	}
	return "SELECT " + strings.Join(picked, ", ") + " FROM " + from + where + " ORDER BY t.key"
}

func (g Generation) quoted() string { return pgx.Identifier{schema, g.Table}.Sanitize() }

// Each calls do for every key that is not alike, and look for some of those that were compared so far.
func (c *Comparison) Each(ctx context.Context, do func(Unlike) error, look func(compared uint64)) (compared uint64, err error) {
	for {
		l, err := c.left.peek(ctx, c)
		if err != nil {
			return compared, err
		}
		r, err := c.right.peek(ctx, c)
		if err != nil {
			return compared, err
		}
		if l == nil && r == nil {
			return compared, nil
		}
		if compared++; compared%comparePage == 0 {
			look(compared)
		}
		if u, unlike := c.pair(l, r); unlike {
			if err := do(u); err != nil {
				return compared, err
			}
		}
	}
}

// pair takes the rows of the lesser key off, and compares them.
func (c *Comparison) pair(l, r *sideRow) (u Unlike, unlike bool) {
	switch {
	case r == nil || l != nil && l.key < r.key:
		c.left.next++
		return Unlike{Key: l.key, Left: true, LeftAt: l.position}, true
	case l == nil || r.key < l.key:
		c.right.next++
		return Unlike{Key: r.key, Right: true, RightAt: r.position}, true
	}
	c.left.next++
	c.right.next++
	u = Unlike{Key: r.key, Left: true, Right: true, LeftAt: l.position, RightAt: r.position}
	for i, name := range c.columns {
		if !same(l.columns[i], r.columns[i]) {
			if i >= c.stored {
				name += OpenedMark
			}
			u.Columns = append(u.Columns, name)
		}
	}
	return u, len(u.Columns) > 0
}

func same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

func (s *side) peek(ctx context.Context, c *Comparison) (*sideRow, error) {
	if s.next == len(s.rows) && !s.over {
		if err := s.fetch(ctx, c); err != nil {
			return nil, err
		}
	}
	if s.next == len(s.rows) {
		return nil, nil
	}
	return &s.rows[s.next], nil
}

func (s *side) fetch(ctx context.Context, c *Comparison) error {
	rows, err := c.tx.Query(ctx, fmt.Sprintf("FETCH %d FROM %s", comparePage, s.cursor), pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return err
	}
	defer rows.Close()
	s.rows, s.next = s.rows[:0], 0
	for rows.Next() {
		raw := rows.RawValues()
		row := sideRow{key: string(raw[0]), position: events.Position(binary.BigEndian.Uint64(raw[1])), gone: raw[2][0] == 1}
		for _, b := range raw[ownColumns:] {
			row.columns = append(row.columns, bytes.Clone(b)) // nil stays nil
		}
		s.rows = append(s.rows, row)
	}
	s.over = len(s.rows) < comparePage
	return rows.Err()
}

// Close lets the moment go. It may be called again.
func (c *Comparison) Close() {
	if c.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), rollbackWithin)
	defer cancel()
	if c.tx != nil {
		_ = c.tx.Rollback(ctx)
	}
	c.conn()
	c.conn = nil
}
