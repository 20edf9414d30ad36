package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// migrations are the host's own tables, in steps: step n brings version n to n+1. A step that was released is never
// changed.
var migrations = []string{`
	CREATE TABLE tillstream.generations (
		id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		view       text COLLATE "C" NOT NULL,
		version    integer NOT NULL,
		run        integer NOT NULL,
		state      text NOT NULL CHECK (state IN ('building', 'live', 'retired')),
		table_name text COLLATE "C" NOT NULL UNIQUE,
		shape      text NOT NULL,               -- its columns: a table is never used by a binary that has others
		created_at timestamptz NOT NULL DEFAULT now(),
		served_at  timestamptz,
		blanked    bigint NOT NULL DEFAULT 0,   -- how often plain text was blanked in opened columns,
		rewritten  bigint NOT NULL DEFAULT 0,   -- and up to which of these times its bytes are gone from the files
		UNIQUE (view, version, run)
	);
	-- Apart, and with room in its page, so that the row that every batch changes is changed in place.
	CREATE TABLE tillstream.checkpoints (
		generation bigint PRIMARY KEY REFERENCES tillstream.generations ON DELETE CASCADE,
		log        text COLLATE "C" NOT NULL DEFAULT '',
		position   bigint NOT NULL DEFAULT 0,
		count      bigint NOT NULL DEFAULT 0
	) WITH (fillfactor = 20, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
	CREATE TABLE tillstream.served (
		view       text COLLATE "C" PRIMARY KEY,
		generation bigint NOT NULL REFERENCES tillstream.generations
	);
	-- A mark per table of opened columns that is lost in a crash as their rows are: where it is missing they are filled anew.
	CREATE UNLOGGED TABLE tillstream.opened (
		generation bigint PRIMARY KEY
	);
	CREATE UNLOGGED TABLE tillstream.snapshots (
		stream   text COLLATE "C" PRIMARY KEY,
		snapshot bytea NOT NULL,
		saved_at timestamptz NOT NULL DEFAULT now()
	);
	CREATE INDEX snapshots_by_age ON tillstream.snapshots (saved_at);
	`, `
	-- What stands still in a generation, and what it remembers. All of it goes with the generation's checkpoint.
	CREATE TABLE tillstream.parked (
		generation bigint NOT NULL REFERENCES tillstream.checkpoints ON DELETE CASCADE,
		id         bytea NOT NULL,   -- SHA-256 of the key, which may be longer than an index takes
		key        bytea NOT NULL,   -- which may hold what text cannot
		cause      text NOT NULL,
		follows    bytea NOT NULL,
		failed     bigint NOT NULL,
		wire       text NOT NULL,
		error      text NOT NULL,
		stack      text NOT NULL,
		since      timestamptz NOT NULL,
		tries      integer NOT NULL,
		PRIMARY KEY (generation, id)
	);
	CREATE TABLE tillstream.parked_facts (
		generation bigint NOT NULL,
		id         bytea NOT NULL,
		position   bigint NOT NULL,
		PRIMARY KEY (generation, id, position),
		FOREIGN KEY (generation, id) REFERENCES tillstream.parked ON DELETE CASCADE
	);
	CREATE TABLE tillstream.parked_operations (
		id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		generation bigint NOT NULL REFERENCES tillstream.checkpoints ON DELETE CASCADE,
		key        bytea NOT NULL,
		what       text NOT NULL,
		kind       text NOT NULL,    -- of the actor
		actor      text NOT NULL,
		why        text NOT NULL,
		at         timestamptz NOT NULL,
		facts      integer NOT NULL,
		outcome    text NOT NULL
	);
	CREATE INDEX parked_operations_of ON tillstream.parked_operations (generation, id);
	-- By what is in them values of a view with indexed rules are found.
	CREATE TABLE tillstream.indexed (
		generation bigint NOT NULL REFERENCES tillstream.checkpoints ON DELETE CASCADE,
		index      text COLLATE "C" NOT NULL,
		value      text COLLATE "C" NOT NULL,
		key        text COLLATE "C" NOT NULL,
		PRIMARY KEY (generation, index, value, key)
	);
	`, `
	-- Names outside that follow what is served: any process that promotes points them anew.
	CREATE TABLE tillstream.stable_names (
		schema_name text COLLATE "C" NOT NULL,
		name        text COLLATE "C" NOT NULL,
		ordinal     integer NOT NULL,
		query       text NOT NULL,
		views       text[] NOT NULL,   -- of the shop, that the query reads
		PRIMARY KEY (schema_name, name)
	);
	`, `
	ALTER TABLE tillstream.generations
		ADD COLUMN rules      text[],                          -- of the fold that built it; NULL: it was made before this was kept
		ADD COLUMN caught_up  boolean NOT NULL DEFAULT false,  -- while it was built: it is fed from then on
		ADD COLUMN fresh      boolean NOT NULL DEFAULT false,  -- made to be compared with, never served
		ADD COLUMN per_second double precision;                -- events folded while it was built
	`, `
	ALTER TABLE tillstream.generations
		ADD COLUMN indexed    boolean NOT NULL DEFAULT true;   -- its columns are: not until the rows of a rebuild are there
	`,
}

// migrationLock is the advisory lock under which one process at a time brings the tables up to date.
const migrationLock = 0x7469_6c6c_0001

func (db *DB) migrate(ctx context.Context) error {
	return db.durably(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrationLock)); err != nil {
			return err
		}
		for _, own := range []string{
			`CREATE SCHEMA IF NOT EXISTS tillstream`,
			`CREATE TABLE IF NOT EXISTS tillstream.migrations (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())`,
		} {
			if _, err := tx.Exec(ctx, own); err != nil {
				return err
			}
		}
		var version int
		if err := tx.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM tillstream.migrations`).Scan(&version); err != nil {
			return err
		}
		if version > len(migrations) {
			return fmt.Errorf("its tables have version %d, this binary knows up to %d: deploy the newer binary", version, len(migrations))
		}
		for step := version; step < len(migrations); step++ {
			if _, err := tx.Exec(ctx, migrations[step]); err != nil {
				return fmt.Errorf("step %d: %w", step+1, err)
			}
			if _, err := tx.Exec(ctx, `INSERT INTO tillstream.migrations (version) VALUES ($1)`, step+1); err != nil {
				return err
			}
		}
		return nil
	})
}

// durably runs one transaction on the register: what it commits is on disk when it returns, unlike rows of views,
// whatever the server's default is.
func (db *DB) durably(ctx context.Context, do func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, db.feed, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL synchronous_commit = on`); err != nil {
			return err
		}
		return do(tx)
	})
}
