package postgres

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Limits of an analyst's connection. The role begins with them; but for the last, who knows what they do may set others.
const (
	analystWithin      = 60 * time.Second // one statement
	analystIdle        = 60 * time.Second // in a transaction
	analystConnections = 8
	analystSpill       = "2GB" // of files that sorting and hashing may fill; on a server of our own
)

// Analysts is the role by which the stable names of a schema can be read, and nothing else.
type Analysts struct {
	Role     string
	Password string
	Schema   string
	Private  bool // the server is ours alone: what PostgreSQL grants to everybody is taken back, and the password is set anew
}

// ErrNoAnalysts says that the connected role may not make the role of the analysts.
var ErrNoAnalysts = errors.New("the role of the platform may not create roles")

// AdmitAnalysts makes the role, where it is not there, and grants it what it may read. On a server of others it fails with
// ErrNoAnalysts when the role is missing and cannot be made; the password of one that is there is its administrator's.
func (db *DB) AdmitAnalysts(ctx context.Context, a Analysts) error {
	err := db.durably(ctx, func(tx pgx.Tx) error {
		var database string
		var super, creates, there, more bool
		if err := tx.QueryRow(ctx, `SELECT current_database(), me.rolsuper, me.rolsuper OR me.rolcreaterole, role.rolname IS NOT NULL,
			coalesce(role.rolsuper OR role.rolcreaterole OR role.rolcreatedb OR role.rolreplication OR role.rolbypassrls
				OR EXISTS (SELECT FROM pg_auth_members WHERE member = role.oid), false)
			FROM pg_roles me LEFT JOIN pg_roles role ON role.rolname = $1 WHERE me.rolname = current_user`, a.Role).
			Scan(&database, &super, &creates, &there, &more); err != nil {
			return err
		}
		switch {
		case more:
			return fmt.Errorf("there is a role %s that may do more than an analyst: rename it, or take its rights", a.Role)
		case !there && !creates:
			return fmt.Errorf("%w: have an administrator run CREATE ROLE %s LOGIN PASSWORD '…'", ErrNoAnalysts, a.Role)
		}
		return run(ctx, tx, a.statements(database, super, creates, there))
	})
	if err != nil {
		return fmt.Errorf("admit analysts as %s: %w", a.Role, err)
	}
	return nil
}

func run(ctx context.Context, tx pgx.Tx, statements []string) error {
	for _, s := range statements {
		if _, err := tx.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (a Analysts) statements(database string, super, creates, there bool) (list []string) {
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	role, names, db := quoted(a.Role), quoted(a.Schema), quoted(database)
	attributes := fmt.Sprintf("LOGIN NOINHERIT CONNECTION LIMIT %d PASSWORD '%s'", analystConnections, verifier(a.Password))
	switch {
	case !there:
		add("CREATE ROLE %s %s", role, attributes)
	case a.Private:
		add("ALTER ROLE %s %s", role, attributes)
	}
	if creates && (super || !there) { // who made a role may set it up
		for _, s := range [][2]string{{"default_transaction_read_only", "on"}, {"statement_timeout", milliseconds(analystWithin)},
			{"idle_in_transaction_session_timeout", milliseconds(analystIdle)}, {"search_path", names}, {"TimeZone", "'UTC'"}} {
			add("ALTER ROLE %s IN DATABASE %s SET %s = %s", role, db, s[0], s[1])
		}
	}
	if super {
		add("ALTER ROLE %s IN DATABASE %s SET temp_file_limit = '%s'", role, db, analystSpill)
	}
	if a.Private {
		list = append(list, privateOnly(db)...)
	}
	add("GRANT CONNECT ON DATABASE %s TO %s", db, role)
	add("GRANT USAGE ON SCHEMA %s TO %s", names, role)
	add("GRANT SELECT ON ALL TABLES IN SCHEMA %s TO %s", names, role)
	add("ALTER DEFAULT PRIVILEGES IN SCHEMA %s GRANT SELECT ON TABLES TO %s", names, role)
	return list
}

// privateOnly takes back what everybody may on a fresh server: to connect to any database, to make temporary tables and
// large objects, which read-only transactions do not stop, and to hold the locks by which the platform takes turns.
func privateOnly(db string) []string {
	return []string{
		"REVOKE ALL ON DATABASE " + db + " FROM PUBLIC",
		"REVOKE ALL ON DATABASE postgres FROM PUBLIC",
		"REVOKE ALL ON DATABASE template1 FROM PUBLIC",
		"REVOKE ALL ON SCHEMA public FROM PUBLIC",
		`DO $$ DECLARE f regprocedure; BEGIN
			FOR f IN SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'pg_catalog'
				AND (p.proname ~ '^(pg_(try_)?advisory_|lo_)' OR p.proname IN ('loread', 'lowrite', 'pg_notify'))
				AND has_function_privilege('public', p.oid, 'EXECUTE')
			LOOP EXECUTE 'REVOKE EXECUTE ON FUNCTION ' || f || ' FROM PUBLIC'; END LOOP; END $$`,
	}
}

// scramRounds is what PostgreSQL itself takes.
const scramRounds = 4096

// verifier is a password as the server keeps it, so that the password itself is never sent, nor logged.
func verifier(password string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramRounds, sha256.Size)
	if err != nil {
		panic("postgres: " + err.Error()) // only for parameters that are constants here
	}
	mac := func(text string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	text := base64.StdEncoding.EncodeToString
	return strings.Join([]string{fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s", scramRounds, text(salt), text(stored[:])), text(mac("Server Key"))}, ":")
}
