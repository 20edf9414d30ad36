package postgres

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// StableName is an SQL view whose name stays, whichever generations are served. Query names views of the shop in braces,
// {sales_facts}, and other stable names of its schema that come before it as they are called. The platform itself never
// reads by them: what a statement prepared once means must not change.
type StableName struct{ Name, Query string }

const (
	// namesLock is the advisory lock under which one transaction at a time points names.
	namesLock = 0x7469_6c6c_0002
	// namesPolite is how long pointing a name waits for who reads by it; then who is in the way is ended.
	namesPolite = 3 * time.Second
)

var viewInBraces = regexp.MustCompile(`\{([a-z][a-z0-9_]*)\}`)

// KeepNames makes the SQL views of a schema, which has no others, and has every later promotion point them at what is
// served then, in its own transaction. It fails when the role may not create the schema.
func (db *DB) KeepNames(ctx context.Context, schemaName string, names []StableName) error {
	err := db.durably(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(namesLock)); err != nil {
			return err
		}
		if err := schemaThere(ctx, tx, schemaName); err != nil {
			return err
		}
		if err := forgetNames(ctx, tx, schemaName, names); err != nil {
			return err
		}
		for i, n := range names {
			views := []string{}
			for _, found := range viewInBraces.FindAllStringSubmatch(n.Query, -1) {
				views = append(views, found[1])
			}
			if _, err := tx.Exec(ctx, `INSERT INTO tillstream.stable_names (schema_name, name, ordinal, query, views) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (schema_name, name) DO UPDATE SET ordinal = excluded.ordinal, query = excluded.query, views = excluded.views`,
				schemaName, n.Name, i, n.Query, views); err != nil {
				return err
			}
		}
		return db.pointNames(ctx, tx, "")
	})
	if err != nil {
		return fmt.Errorf("keep the names of %s: %w", schemaName, err)
	}
	return nil
}

// schemaThere makes a schema that is not there. CREATE SCHEMA IF NOT EXISTS would ask for the right even where it is.
func schemaThere(ctx context.Context, tx pgx.Tx, name string) error {
	var there bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)`, name).Scan(&there); err != nil || there {
		return err
	}
	_, err := tx.Exec(ctx, "CREATE SCHEMA "+quoted(name))
	return err
}

// forgetNames drops what was kept and is no more.
func forgetNames(ctx context.Context, tx pgx.Tx, schemaName string, kept []StableName) error {
	rows, err := tx.Query(ctx, `SELECT name FROM tillstream.stable_names WHERE schema_name = $1 ORDER BY ordinal DESC`, schemaName)
	if err != nil {
		return err
	}
	before, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, name := range before {
		if err != nil || slices.ContainsFunc(kept, func(n StableName) bool { return n.Name == name }) {
			continue
		}
		if err = (pointed{Schema: schemaName, Name: name}).drop(ctx, tx); err == nil {
			_, err = tx.Exec(ctx, `DELETE FROM tillstream.stable_names WHERE schema_name = $1 AND name = $2`, schemaName, name)
		}
	}
	return err
}

// pointed is a stable name that is being pointed at tables.
type pointed struct{ Schema, Name, Query string }

func (p pointed) quoted() string { return pgx.Identifier{p.Schema, p.Name}.Sanitize() }

func (p pointed) drop(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, "DROP VIEW IF EXISTS "+p.quoted())
	return err
}

// pointNames points every stable name that reads a view, or all of them, at what is served now.
func (db *DB) pointNames(ctx context.Context, tx pgx.Tx, view string) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(namesLock)); err != nil {
		return err
	}
	tables, err := servedTables(ctx, tx)
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT schema_name, name, query FROM tillstream.stable_names WHERE $1 = '' OR $1 = ANY(views)
		ORDER BY schema_name, ordinal`, view)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowToStructByPos[pointed])
	for _, p := range names {
		if err == nil {
			err = db.point(ctx, tx, p, tables)
		}
	}
	return err
}

func servedTables(ctx context.Context, tx pgx.Tx) (map[string]string, error) {
	served, err := query(ctx, tx, `s.generation IS NOT NULL`)
	tables := make(map[string]string, len(served))
	for _, g := range served {
		tables[g.View] = pgx.Identifier{schema, g.Table}.Sanitize()
	}
	return tables, err
}

// point points one name. One that cannot be made of the tables served, such as those of an older version of a view, is
// not there until it can: an analyst rather misses a name than is answered by what the shop does not go by.
func (db *DB) point(ctx context.Context, tx pgx.Tx, p pointed, tables map[string]string) error {
	missing := false
	sql := viewInBraces.ReplaceAllStringFunc(p.Query, func(name string) string {
		table, served := tables[name[1:len(name)-1]]
		missing = missing || !served
		return table
	})
	if missing {
		return p.drop(ctx, tx)
	}
	err := db.unhindered(ctx, tx, p, "CREATE OR REPLACE VIEW "+p.quoted()+" AS "+sql)
	if sqlState(err) == otherColumns {
		err = db.unhindered(ctx, tx, p, "DROP VIEW "+p.quoted()+"; CREATE VIEW "+p.quoted()+" AS "+sql)
	}
	if sqlState(err) == undefinedColumn {
		db.log.Warn("a stable name is gone until the views it reads are built anew", "name", p.Schema+"."+p.Name, "err", err)
		return p.drop(ctx, tx)
	}
	if err != nil {
		return fmt.Errorf("point %s.%s: %w", p.Schema, p.Name, err)
	}
	return nil
}

// unhindered runs statements on a name in a part of the transaction. Who reads by the name is waited for, for a moment.
func (db *DB) unhindered(ctx context.Context, tx pgx.Tx, p pointed, sql string) error {
	try := func(wait time.Duration) error {
		return pgx.BeginFunc(ctx, tx, func(part pgx.Tx) error {
			if _, err := part.Exec(ctx, "SET LOCAL lock_timeout = "+milliseconds(wait)); err != nil {
				return err
			}
			_, err := part.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
			return err
		})
	}
	err := try(namesPolite)
	if sqlState(err) != lockNotAvailable {
		return err
	}
	ended, failed := endReaders(ctx, tx, p)
	if failed != nil {
		return failed
	}
	db.log.Warn("readers of a stable name were in the way of a promotion and were ended", "name", p.Schema+"."+p.Name, "ended", ended)
	return try(lockWithin)
}

// endReaders ends the connections of others that hold a name. Where the role may not, they are waited for.
func endReaders(ctx context.Context, tx pgx.Tx, p pointed) (ended int, err error) {
	err = pgx.BeginFunc(ctx, tx, func(part pgx.Tx) error {
		return part.QueryRow(ctx, `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM (
			SELECT DISTINCT pid FROM pg_locks WHERE granted AND pid <> pg_backend_pid() AND locktype = 'relation' AND
				database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND relation = to_regclass($1)) reading`,
			p.quoted()).Scan(&ended)
	})
	if sqlState(err) == insufficientPrivilege {
		return 0, nil
	}
	return ended, err
}
