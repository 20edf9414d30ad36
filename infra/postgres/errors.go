package postgres

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// SQLSTATEs that mean something to the host.
const (
	insufficientPrivilege = "42501"
	numberOutOfRange      = "22003"
	uniqueViolation       = "23505"
	invalidParameter      = "22023"
	adminShutdown         = "57P01"
	crashShutdown         = "57P02"
	lockNotAvailable      = "55P03"
	otherColumns          = "42P16" // a view is to be replaced by one whose columns differ
	undefinedColumn       = "42703"
)

func sqlState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// wasCut tells whether a connection ended under a question, which may be asked again on another.
func wasCut(err error) bool {
	var network net.Error
	switch state := sqlState(err); {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case state == adminShutdown, state == crashShutdown, pgconn.SafeToRetry(err):
		return true
	}
	return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// reading asks a question, and once more when its connection was cut: when a server restarts, all idle ones are.
func reading(ctx context.Context, pool *pgxpool.Pool, ask func() error) error {
	err := ask()
	if !wasCut(err) || ctx.Err() != nil {
		return err
	}
	pool.Reset()
	return ask()
}
