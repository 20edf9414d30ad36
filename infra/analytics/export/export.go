// Package export takes tables of the star schema out of the database, as CSV or Parquet.
package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tillstream/gateway"
	"tillstream/infra/analytics"
)

const (
	// snapshotsMost is how many exports may be under way: each holds a connection of the analysts' and keeps the database
	// from forgetting old rows.
	snapshotsMost = 2
	// connectWithin is how long a connection may take; closeWithin, how long its end.
	connectWithin = 10 * time.Second
	closeWithin   = 5 * time.Second
	// reportEvery is after how many rows the count is told.
	reportEvery = 8192
)

// Source is the star schema as an analyst sees it: it is read with the analysts' role, so that no more can be taken out
// than they may see. It implements gateway.Exports.
type Source struct {
	conn  *pgx.ConnConfig
	turns chan struct{}
}

// NewSource reads by the connection that config describes.
func NewSource(config *pgx.ConnConfig) *Source {
	return &Source{conn: config, turns: make(chan struct{}, snapshotsMost)}
}

// Tables implements gateway.Exports.
func (*Source) Tables() (list []gateway.ExportTable) {
	for _, t := range analytics.Exported() {
		table := gateway.ExportTable{Name: t.Name, Kind: t.Kind, Holds: t.Holds}
		for _, c := range t.Columns {
			table.Columns = append(table.Columns, gateway.ExportColumn{Name: c.Name, Means: c.Meaning})
		}
		list = append(list, table)
	}
	return list
}

// Begin implements gateway.Exports.
func (s *Source) Begin(ctx context.Context, ask gateway.ExportAsk) (gateway.ExportSnapshot, error) {
	select {
	case s.turns <- struct{}{}:
	default:
		return nil, gateway.ErrExportsBusy
	}
	snapshot, err := s.begin(ctx, ask)
	if err != nil {
		<-s.turns
		return nil, fmt.Errorf("begin an export: %w", err)
	}
	return snapshot, nil
}

func (s *Source) begin(ctx context.Context, ask gateway.ExportAsk) (_ *Snapshot, err error) {
	within, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	conn, err := pgx.ConnectConfig(within, s.conn)
	if err != nil {
		return nil, err
	}
	shot := &Snapshot{ask: ask, conn: conn, leave: sync.OnceFunc(func() { <-s.turns })}
	defer func() {
		if err != nil {
			shot.disconnect()
		}
	}()
	if shot.tx, err = conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}); err != nil {
		return nil, err
	}
	// The context ends a statement that takes too long, and a client that takes the rows slowly is no reason to.
	if _, err = shot.tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
		return nil, err
	}
	if err = shot.tx.QueryRow(ctx, `SELECT now()`).Scan(&shot.at); err != nil { // from here on, nothing new is seen
		return nil, err
	}
	return shot, shot.count(ctx)
}

// Snapshot is the tables of one export as they were at one moment. It implements gateway.ExportSnapshot.
type Snapshot struct {
	ask   gateway.ExportAsk
	conn  *pgx.Conn
	tx    pgx.Tx
	at    time.Time
	sizes []gateway.ExportSize
	leave func()
}

// At implements gateway.ExportSnapshot.
func (s *Snapshot) At() time.Time { return s.at }

// Sizes implements gateway.ExportSnapshot.
func (s *Snapshot) Sizes() []gateway.ExportSize { return s.sizes }

// Close implements gateway.ExportSnapshot.
func (s *Snapshot) Close() {
	s.disconnect()
	s.leave()
}

func (s *Snapshot) disconnect() {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	_ = s.conn.Close(ctx) // which ends the transaction as well
}

func (s *Snapshot) count(ctx context.Context) error {
	for _, name := range s.ask.Tables {
		t, found := analytics.Find(name)
		if !found {
			return fmt.Errorf("there is no table %s", name)
		}
		size := gateway.ExportSize{Table: name}
		from, args := s.from(t)
		if err := s.tx.QueryRow(ctx, "SELECT count(*)"+from, args...).Scan(&size.Rows); err != nil {
			return missing(name, err)
		}
		s.sizes = append(s.sizes, size)
	}
	return nil
}

// missing tells a table that is gone until the views it reads are built anew from other trouble.
func missing(table string, err error) error {
	const undefinedTable = "42P01"
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Code == undefinedTable {
		return fmt.Errorf("%s: %w", table, gateway.ErrExportMissing)
	}
	return fmt.Errorf("read %s: %w", table, err)
}

// from is the rows that are asked for of a table. Bounds are of facts: a dimension is taken out whole.
func (s *Snapshot) from(t analytics.Table) (sql string, args []any) {
	var where []string
	for _, bound := range []struct {
		condition string
		at        time.Time
	}{{"at >= $%d", s.ask.From}, {"at < $%d", s.ask.To}, {"recorded_at <= $%d", s.ask.KnownAt}} {
		if t.Kind == analytics.Fact && !bound.at.IsZero() {
			args = append(args, bound.at)
			where = append(where, fmt.Sprintf(bound.condition, len(args)))
		}
	}
	sql = " FROM " + pgx.Identifier{analytics.Schema, t.Name}.Sanitize()
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	return sql, args
}

// Write implements gateway.ExportSnapshot.
func (s *Snapshot) Write(ctx context.Context, table string, to io.Writer, report func(rows int64) error) error {
	t, found := analytics.Find(table)
	if !found {
		return fmt.Errorf("there is no table %s", table)
	}
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = pgx.Identifier{c.Name}.Sanitize()
	}
	order := names[0]
	if t.Kind == analytics.Fact {
		order = "at, fact_id"
	}
	from, args := s.from(t)
	args = append([]any{pgx.QueryResultFormats{pgx.BinaryFormatCode}}, args...)
	rows, err := s.tx.Query(ctx, "SELECT "+strings.Join(names, ", ")+from+" ORDER BY "+order, args...)
	if err != nil {
		return missing(table, err)
	}
	defer rows.Close()
	columns, err := columnsOf(t, rows.FieldDescriptions())
	if err != nil {
		return err
	}
	if err := copyRows(rows, columns, s.encoder(t, columns, to), report); err != nil {
		return fmt.Errorf("export %s: %w", table, err)
	}
	return nil
}

func (s *Snapshot) encoder(t analytics.Table, columns []column, to io.Writer) encoder {
	if s.ask.Format == gateway.ExportParquet {
		return newParquet(t.Name, columns, to, s.facts())
	}
	return newCSV(columns, to, s.ask.Spreadsheet)
}

// facts are what a file says of itself, where its form has a place for it.
func (s *Snapshot) facts() map[string]string {
	facts := map[string]string{"till.log": string(s.ask.Log), "till.position": fmt.Sprint(uint64(s.ask.Position)), "till.at": s.at.UTC().Format(time.RFC3339Nano)}
	for name, at := range map[string]time.Time{"till.from": s.ask.From, "till.to": s.ask.To, "till.known_at": s.ask.KnownAt} {
		if !at.IsZero() {
			facts[name] = at.UTC().Format(time.RFC3339Nano)
		}
	}
	return facts
}

// encoder writes rows in the form of a file.
type encoder interface {
	write(row []value) error
	end() error
}

func copyRows(rows pgx.Rows, columns []column, to encoder, report func(int64) error) error {
	row := make([]value, len(columns))
	count := int64(0)
	for rows.Next() {
		for i, raw := range rows.RawValues() {
			if err := columns[i].read(raw, &row[i]); err != nil {
				return err
			}
		}
		if err := to.write(row); err != nil {
			return err
		}
		if count++; count%reportEvery == 0 {
			if err := report(count); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := to.end(); err != nil {
		return err
	}
	return report(count)
}
