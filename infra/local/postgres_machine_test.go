package local

import (
	"archive/tar"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/ulikunitz/xz"

	"tillstream/infra/local/child"
)

// What depends on the machine: whose rights the server has, and where its programs come from.

func TestRootOnAMachineWithoutUserNamespaces(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("not root: another user's rights are never needed")
		return
	}
	dir, away := t.TempDir(), reachable(t)
	o := PostgresOptions{Dir: dir, Ephemeral: true, elsewhere: away, withoutNamespaces: true}
	for range 2 { // the second finds what the first made
		p := started(t, o)
		answers(t, p)
		if err := p.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	uid, _, err := owner(filepath.Join(dir, "cluster") + "/")
	if err != nil || uid == 0 {
		t.Fatalf("the cluster belongs to user %d, %v", uid, err)
	}
}

func TestAMachineWithoutPostgreSQLFetchesIt(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), fetchWithin)
	defer cancel()
	b, err := fetchBinaries(ctx, func(text string) { t.Log(text) })
	if err != nil {
		t.Fatal(err)
	}
	p := started(t, PostgresOptions{Dir: t.TempDir(), BinDir: b.dir, Ephemeral: true})
	answers(t, p)
	if b.major != fetchedMajor || !strings.HasPrefix(p.Version(), "16.") {
		t.Fatalf("version %s", p.Version())
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestAnArchiveThatIsNotTheExpectedOneIsRefused(t *testing.T) {
	path := archive(t, tar.Header{Name: "bin/postgres", Typeflag: tar.TypeReg})
	if err := verify(path, fetchedSums["amd64"]); err == nil || !strings.Contains(err.Error(), "not used") {
		t.Fatalf("got %v", err)
	}
}

func TestAnArchiveWritesNothingOutsideItsDirectory(t *testing.T) {
	for name, entries := range map[string][]tar.Header{
		"a name that climbs":     {{Name: "../out", Typeflag: tar.TypeReg}},
		"a name from the root":   {{Name: "/tmp/tillstream-out", Typeflag: tar.TypeReg}},
		"a link that leads out":  {{Name: "lib", Linkname: "..", Typeflag: tar.TypeSymlink}, {Name: "lib/out", Typeflag: tar.TypeReg}},
		"something not for disk": {{Name: "out", Typeflag: tar.TypeChar}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := unpack(t.Context(), archive(t, entries...), filepath.Join(dir, "in")); err == nil {
				t.Fatal("unpacked")
			}
			for _, out := range []string{filepath.Join(dir, "out"), "/tmp/tillstream-out"} {
				if _, err := os.Lstat(out); err == nil {
					t.Fatalf("%s was written", out)
				}
			}
		})
	}
}

func TestAServerThatCannotLiveIsGivenUp(t *testing.T) {
	dir := t.TempDir()
	p := started(t, PostgresOptions{Dir: dir, Ephemeral: true, restartFirst: time.Microsecond})
	if err := os.Remove(filepath.Join(dir, "cluster", "global", "pg_control")); err != nil {
		t.Fatal(err)
	}

	processes, err := child.Working("postgres", p.cluster.data)
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range processes {
		_ = syscall.Kill(process.Pid, syscall.SIGKILL)
	}

	select {
	case <-p.Done():
	case <-time.After(time.Minute):
		t.Fatal("it is tried for ever")
	}
	if err := p.Err(); err == nil || !strings.Contains(err.Error(), "pg_control") || !strings.Contains(err.Error(), dir) {
		t.Fatalf("want the server's own reason, got %v", err)
	}
	if err := p.Stop(t.Context()); err == nil {
		t.Fatal("stopping it hides why it was gone")
	}
}

func started(t *testing.T, o PostgresOptions) *Postgres {
	t.Helper()
	p, err := StartPostgres(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop(context.Background()) })
	return p
}

func connected(t *testing.T, p *Postgres) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func answers(t *testing.T, p *Postgres) {
	t.Helper()
	var one int
	if err := connected(t, p).QueryRow(t.Context(), "SELECT 1").Scan(&one); err != nil || one != 1 {
		t.Fatalf("answered %d, %v", one, err)
	}
}

// reachable is a directory that every user of the machine can reach, unlike the test's own.
func reachable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tillstream-reachable-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func archive(t *testing.T, entries ...tar.Header) string {
	t.Helper()
	var packed bytes.Buffer
	compressed, err := xz.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	files := tar.NewWriter(compressed)
	for _, e := range entries {
		e.Mode = 0o644
		if err := files.WriteHeader(&e); err != nil {
			t.Fatal(err)
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "archive.txz")
	if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
