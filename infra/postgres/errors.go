package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATEs that mean something to the host.
const (
	insufficientPrivilege = "42501"
	numberOutOfRange      = "22003"
	undefinedTable        = "42P01"
)

func sqlState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}
