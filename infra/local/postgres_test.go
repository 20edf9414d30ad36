package local_test

import (
	"bytes"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"tillstream/infra/local"
	"tillstream/infra/local/durable"
)

func TestAServerKeepsItsDataInAPathOfAnyKind(t *testing.T) {
	dir := filepath.Join(clusterDir(t), `my "shop's" dätä, back\slash [1]`)
	p := start(t, dir)
	execute(t, p, "CREATE TABLE fact (name text)", "INSERT INTO fact VALUES ('kept')")
	stop(t, p)
	if left := working(t, dir); left != 0 {
		t.Fatalf("%d processes after Stop", left)
	}

	p = start(t, dir)

	if kept := ask[string](t, p, "SELECT name FROM fact"); kept != "kept" {
		t.Fatalf("found %q", kept)
	}
}

func TestAServerWhoseDirectoryIsTooDeepForASocket(t *testing.T) {
	dir := filepath.Join(clusterDir(t), strings.Repeat("deep/", 30), "shop")
	p := start(t, dir)
	if one := ask[int](t, p, "SELECT 1"); one != 1 {
		t.Fatal("no answer")
	}
}

func TestTheServerIsSetUpForOnePlatform(t *testing.T) {
	p := start(t, clusterDir(t))
	for setting, want := range map[string]string{
		"shared_buffers": "256MB", "max_connections": "40", "jit": "off", "wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "512MB",
		"TimeZone": "UTC", "server_encoding": "UTF8", "listen_addresses": "", "fsync": "on", "data_checksums": "on",
		"log_statement": "none", "log_min_error_statement": "panic", "log_parameter_max_length": "0", "log_parameter_max_length_on_error": "0",
	} {
		if got := ask[string](t, p, "SHOW "+setting); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
}

func TestOnlyWhoKnowsThePasswordIsLetIn(t *testing.T) {
	dir := clusterDir(t)
	p := start(t, dir)
	dsn, err := url.Parse(p.DSN())
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []*url.Userinfo{url.UserPassword("tillstream", "guess"), url.UserPassword("postgres", ""), url.User("tillstream")} {
		dsn.User = user
		if conn, err := pgx.Connect(t.Context(), dsn.String()); err == nil {
			_ = conn.Close(t.Context())
			t.Errorf("let in: %s", user)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "password")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("password file: %v, %v", info, err)
	}
}

func TestNoPersonalDatumReachesTheServersLog(t *testing.T) {
	dir := clusterDir(t)
	p := start(t, dir)
	execute(t, p, "CREATE TABLE person (email text UNIQUE)", "INSERT INTO person VALUES ('ada@example.com')")
	conn := connect(t, p)
	for _, statement := range []string{
		"INSERT INTO person VALUES ('ada@example.com')",
		"SELECT 'ada@example.com'::int",
		"SELECT nonsense('ada@example.com')",
		"DO $$ BEGIN RAISE WARNING 'ada@example.com'; END $$",
	} {
		_, _ = conn.Exec(t.Context(), statement)
	}
	_, _ = conn.Exec(t.Context(), "INSERT INTO person VALUES ($1)", "ada@example.com")
	stop(t, p)

	log, err := os.ReadFile(filepath.Join(dir, "server.log"))

	if err != nil || len(log) == 0 || bytes.Contains(log, []byte("ada@example.com")) {
		t.Fatalf("log of %d bytes, %v: %s", len(log), err, log)
	}
}

func TestADirectoryHasOneServer(t *testing.T) {
	dir := clusterDir(t)
	p := start(t, dir)
	if _, err := local.StartPostgres(t.Context(), local.PostgresOptions{Dir: dir}); !errors.Is(err, durable.ErrLocked) {
		t.Fatalf("a second one: %v", err)
	}
	if one := ask[int](t, p, "SELECT 1"); one != 1 {
		t.Fatal("the first one was disturbed")
	}
}

func TestCommittedWorkSurvivesAKilledPlatform(t *testing.T) {
	for _, given := range []string{"the platform alone", "the platform and its server"} {
		t.Run(given, func(t *testing.T) {
			dir := clusterDir(t)
			other := startRole(t, "postgres", dir)
			run(t, other.said, "CREATE TABLE fact (n int)", "INSERT INTO fact VALUES (1)")
			if given == "the platform and its server" {
				killServer(t, dir)
			}
			kill(t, other)

			p := start(t, dir)

			if n := ask[int](t, p, "SELECT count(*) FROM fact"); n != 1 {
				t.Fatalf("%d facts", n)
			}
		})
	}
}

func TestAServerEndsWithItsKilledPlatform(t *testing.T) {
	dir := clusterDir(t)
	kill(t, startRole(t, "postgres", dir))
	eventually(t, "its server has ended", func() bool { return working(t, dir) == 0 })
}

func TestAMarkWithTheNumberOfAnotherProcessHarmsNeither(t *testing.T) {
	dir := clusterDir(t)
	bystander := startRole(t, "own", t.TempDir())
	mark := strconv.Itoa(bystander.Process.Pid) + "\n" + filepath.Join(dir, "cluster") + "\n1700000000\n5432\n\n\n  1 1\nready   \n"
	for _, name := range []string{"cluster/postmaster.pid", "socket/.s.PGSQL.5432.lock"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(mark), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	p := start(t, dir)

	if one := ask[int](t, p, "SELECT 1"); one != 1 {
		t.Fatal("no answer")
	}
	if err := bystander.Process.Signal(syscall.Signal(0)); err != nil {
		t.Fatalf("the other process was ended: %v", err)
	}
}

func TestAServerThatDiesIsStartedAgainUnderTheSameName(t *testing.T) {
	dir := clusterDir(t)
	p := start(t, dir)
	execute(t, p, "CREATE TABLE fact (n int)")
	dsn := p.DSN()

	killServer(t, dir)

	eventually(t, "it answers again", func() bool {
		conn, err := pgx.Connect(t.Context(), dsn)
		if err != nil {
			return false
		}
		defer conn.Close(t.Context())
		_, err = conn.Exec(t.Context(), "SELECT n FROM fact")
		return err == nil && p.Restarts() == 1
	})
	if err := p.Err(); err != nil {
		t.Fatalf("it counts as gone: %v", err)
	}
}

func TestAnInterruptedMakingIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	other := roleCommand(t, "postgres", dir)
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its cluster is half made", func() bool {
		half, _ := filepath.Glob(filepath.Join(dir, "cluster.new-*", "global"))
		return len(half) > 0
	})
	kill(t, roleProcess{Cmd: other})
	if _, err := os.Stat(filepath.Join(dir, "cluster")); err == nil {
		t.Fatal("a half made cluster has a whole one's name")
	}

	p := start(t, dir)

	if one := ask[int](t, p, "SELECT 1"); one != 1 {
		t.Fatal("no answer")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "cluster.new-*")); len(left) > 0 {
		t.Fatalf("left behind: %v", left)
	}
}

func TestAClusterOfAnotherVersionSaysWhatToInstall(t *testing.T) {
	dir := clusterDir(t)
	if err := os.WriteFile(filepath.Join(dir, "cluster", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := local.StartPostgres(t.Context(), local.PostgresOptions{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "apt-get install postgresql-9") || !strings.Contains(err.Error(), dir) {
		t.Fatalf("want what to install, got %v", err)
	}
}

func TestAnEmptyBinaryDirectorySaysWhatWasLookedFor(t *testing.T) {
	empty := t.TempDir()
	_, err := local.StartPostgres(t.Context(), local.PostgresOptions{Dir: t.TempDir(), BinDir: empty})
	if err == nil || !strings.Contains(err.Error(), empty) || !strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Fatalf("want what to install, got %v", err)
	}
}

func TestALostPasswordIsNamed(t *testing.T) {
	dir := clusterDir(t)
	if err := os.Remove(filepath.Join(dir, "password")); err != nil {
		t.Fatal(err)
	}
	_, err := local.StartPostgres(t.Context(), local.PostgresOptions{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "password") {
		t.Fatalf("got %v", err)
	}
}
