package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jackc/pgx/v5"
)

const schema = "tillstream"

// copied is a table beside a generation, with its columns.
const copied = "bench_copied"

func quoted(table string) string { return pgx.Identifier{schema, table}.Sanitize() }

// sizeOf counts the rows of a generation, tombstones included, and its bytes on disk.
func (h *house) sizeOf(ctx context.Context, table string) (rows, bytes int64, err error) {
	err = h.conn.QueryRow(ctx, "SELECT count(*), pg_total_relation_size($1::text::regclass) FROM "+quoted(table), quoted(table)).Scan(&rows, &bytes)
	return rows, bytes, err
}

// copies measures COPY of a generation's rows, in the order in which they lie, into a table with the same indexes and into
// one without any, from a file that was written before.
func (h *house) copies(ctx context.Context, table string, rows int64) (indexed, bare Took, err error) {
	file, err := os.CreateTemp("", "till-bench-rows-")
	if err != nil {
		return indexed, bare, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	out := bufio.NewWriterSize(file, 1<<20)
	if _, err := h.conn.PgConn().CopyTo(ctx, out, "COPY "+quoted(table)+" TO STDOUT (FORMAT binary)"); err != nil {
		return indexed, bare, fmt.Errorf("read the rows of %s: %w", table, err)
	}
	if err := out.Flush(); err != nil {
		return indexed, bare, err
	}
	if indexed, err = h.copy(ctx, table, "INCLUDING ALL", file, rows); err != nil {
		return indexed, bare, err
	}
	bare, err = h.copy(ctx, table, "", file, rows)
	return indexed, bare, err
}

// copy measures one COPY. The table is made in a transaction before: one made in the same would spare the server its log.
func (h *house) copy(ctx context.Context, table, including string, file *os.File, rows int64) (t Took, err error) {
	if _, err := h.conn.Exec(ctx, fmt.Sprintf("CREATE TABLE %s (LIKE %s %s)", quoted(copied), quoted(table), including)); err != nil {
		return t, fmt.Errorf("make a table like %s: %w", table, err)
	}
	defer func() {
		_, dropped := h.conn.Exec(ctx, "DROP TABLE "+quoted(copied))
		err = errors.Join(err, dropped)
	}()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return t, err
	}
	if err := h.settle(ctx); err != nil {
		return t, err
	}
	t, err = timed(func() error {
		in := bufio.NewReaderSize(file, 1<<20)
		done, err := h.conn.PgConn().CopyFrom(ctx, in, "COPY "+quoted(copied)+" FROM STDIN (FORMAT binary)")
		if err == nil && done.RowsAffected() != rows {
			err = fmt.Errorf("%d of %d rows were copied", done.RowsAffected(), rows)
		}
		return err
	})
	if err != nil {
		return t, fmt.Errorf("copy the rows of %s: %w", table, err)
	}
	return t, nil
}
