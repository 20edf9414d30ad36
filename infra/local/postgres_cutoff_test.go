package local_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"tillstream/infra/local"
)

// A table that is not logged was to be emptied, and gave that up; the files were removed at once, the word of it was not
// written yet when everything was killed. The first recovery stumbles over what is left, and makes it whole for the second.
func TestAServerRecoversFromATruncationThatWasGivenUp(t *testing.T) {
	dir, logged := t.TempDir(), &lines{}
	p, err := local.StartPostgres(t.Context(), local.PostgresOptions{Dir: dir, Log: slog.New(slog.NewTextHandler(logged, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, p) })
	execute(t, p, "CREATE UNLOGGED TABLE opened (text text PRIMARY KEY)", "CREATE TABLE kept (n int)", "CHECKPOINT")
	emptying, other := connect(t, p), connect(t, p)
	if _, err := emptying.Exec(t.Context(), "BEGIN; TRUNCATE opened"); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(t.Context(), "INSERT INTO kept VALUES (1)"); err != nil { // its commit writes the log so far
		t.Fatal(err)
	}
	family := serverFamily(t, dir)
	for name, pid := range family {
		if strings.HasPrefix(name, "walwriter") {
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := emptying.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}

	for _, pid := range family {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}

	eventually(t, "the server runs again", func() bool { return p.Restarts() > 0 })
	if said, err := os.ReadFile(filepath.Join(dir, "server.log")); err != nil || !bytes.Contains(said, []byte("File exists")) {
		t.Fatalf("this test proves nothing, for recovery did not stumble: %v\n%s", err, said)
	}
	if text := logged.String(); strings.Contains(text, "did not start again") {
		t.Errorf("a start failed over it:\n%s", text)
	}
	if n := ask[int](t, p, "SELECT count(*) FROM opened, kept"); n != 0 {
		t.Errorf("the table that is not logged has %d rows", n)
	}
	execute(t, p, "INSERT INTO opened VALUES ('again')")
	stop(t, p)
	again := start(t, dir)
	if n := ask[int](t, again, "SELECT count(*) FROM kept"); n != 1 {
		t.Errorf("%d rows are kept", n)
	}
}

// serverFamily is the server's processes by what they do.
func serverFamily(t *testing.T, dir string) map[string]int {
	t.Helper()
	mark, err := os.ReadFile(filepath.Join(dir, "cluster", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(mark), "\n")
	pid, err := strconv.Atoi(head)
	if err != nil {
		t.Fatal(err)
	}
	children, err := os.ReadFile(filepath.Join("/proc", head, "task", head, "children"))
	if err != nil {
		t.Fatal(err)
	}
	family := map[string]int{"postmaster": pid}
	for _, child := range strings.Fields(string(children)) {
		called, err := os.ReadFile(filepath.Join("/proc", child, "cmdline"))
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(child)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := bytes.Cut(bytes.TrimPrefix(called, []byte("postgres: ")), []byte{0})
		family[strings.TrimSpace(string(name))+" "+child] = n
	}
	return family
}

// lines keeps what is logged; it is safe for concurrent use.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
