package local

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"tillstream/infra/local/child"
	"tillstream/infra/local/durable"
)

const (
	initWithin = 2 * time.Minute
	// unfinished starts the name of a cluster that is being made; only a finished one gets its real name.
	unfinished = "cluster.new-"
)

// cluster is a server's data and where it lives.
type cluster struct {
	dir    string // the caller's: password, log
	place  string // the server's: data, and socket when its path is short enough
	data   string // what PostgreSQL calls its data directory
	socket string // directory of the Unix socket
	as     child.Identity
	tell   func(string)
	sync   bool
}

// ensure makes the cluster when there is none, and returns the password it was made with. An attempt that was interrupted
// has not got the cluster's name, so it is thrown away and made again.
func (c *cluster) ensure(ctx context.Context, b binaries) (string, error) {
	secret := filepath.Join(c.dir, "password")
	if major, err := clusterMajor(c.data); errors.Is(err, os.ErrPermission) {
		return "", unreadable(c.dir, err)
	} else if err != nil {
		return "", err
	} else if major != 0 {
		return readPassword(secret)
	}
	if err := c.sweep(ctx); err != nil {
		return "", err
	}
	password := rand.Text() + rand.Text()
	if err := durable.Write(secret, []byte(password+"\n")); err != nil {
		return "", err
	}
	c.tell("making a private PostgreSQL " + b.version + " cluster")
	return password, c.make(ctx, b, password)
}

func readPassword(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", unreadable(filepath.Dir(path), err)
	}
	return strings.TrimSpace(string(content)), nil
}

// unreadable says why a cluster's password cannot be read, and what to do.
func unreadable(dir string, err error) error {
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("the private PostgreSQL in %s belongs to another user: %w; run as that user, or choose another data directory", dir, err)
	}
	return fmt.Errorf("the cluster's password is gone: %w; put the file back, or move its directory away: views are built anew from the log", err)
}

// sweep removes what interrupted attempts left.
func (c *cluster) sweep(ctx context.Context) error {
	left, err := filepath.Glob(filepath.Join(globEscape(c.place), unfinished+"*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		if _, err := child.EndWorking(ctx, "postgres", path, child.Step{Signal: syscall.SIGKILL, Wait: 2 * time.Second}); err != nil {
			return err
		}
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove an unfinished cluster: %w", err)
		}
	}
	return nil
}

func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func (c *cluster) make(ctx context.Context, b binaries, password string) error {
	ctx, cancel := context.WithTimeout(ctx, initWithin)
	defer cancel()
	secret := filepath.Join(c.place, unfinished+"password-"+hex.EncodeToString([]byte(rand.Text())[:4]))
	defer os.Remove(secret)
	if err := c.hand(secret, password); err != nil {
		return err
	}
	var err error
	for _, locale := range []string{"C.UTF-8", "C"} { // some systems have only the latter
		if err = c.initialise(ctx, b, locale, secret); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

func (c *cluster) initialise(ctx context.Context, b binaries, locale, secret string) error {
	data, err := os.MkdirTemp(c.place, unfinished)
	if err != nil {
		return fmt.Errorf("make a cluster: %w", err)
	}
	defer os.RemoveAll(data) // has another name by then when all went well
	if err := c.give(data); err != nil {
		return err
	}
	args := []string{"-D", data, "--username=" + postgresUser, "--pwfile=" + secret, "--auth=scram-sha-256", "--encoding=UTF8",
		"--locale=" + locale, "--lc-messages=C", "--text-search-config=simple", "--data-checksums", "--no-instructions"}
	if !c.sync {
		args = append(args, "--no-sync")
	}
	output := &tail{limit: tailLimit}
	err = child.Run(ctx, child.Command{Path: b.path("initdb"), Args: args, Dir: c.place, Env: serverEnvironment(),
		Output: output, DeathSignal: syscall.SIGKILL, As: c.as})
	if err != nil {
		return fmt.Errorf("make a cluster by %s: %w: %s", b.path("initdb"), err, output)
	}
	if err := include(filepath.Join(data, "postgresql.conf")); err != nil {
		return err
	}
	if err := os.Rename(data, c.data); err != nil {
		return fmt.Errorf("make a cluster: %w", err)
	}
	return durable.SyncDir(c.place)
}

// vacate ends whatever still works on the data and removes its marks: the server would take a mark for a living one when
// the number in it has been given to another process since.
func (c *cluster) vacate(ctx context.Context, log *slog.Logger) error {
	ended, err := child.EndWorking(ctx, "postgres", c.data, leftovers...)
	if err != nil {
		return err
	}
	if ended > 0 {
		log.Info("ended what an earlier owner left running", "program", "postgres", "processes", ended)
	}
	marks := []string{filepath.Join(c.data, "postmaster.pid"), c.socketFile(), c.socketFile() + ".lock"}
	for _, mark := range marks {
		if err := os.Remove(mark); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove the mark of an ended server: %w", err)
		}
	}
	return nil
}

// hand writes a file that the server's user alone can read.
func (c *cluster) hand(path, content string) error {
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return err
	}
	return c.give(path)
}

// give makes the server's user the owner of a file, where that is another than ours.
func (c *cluster) give(path string) error {
	uid, gid, another := c.as.User()
	if !another {
		return nil
	}
	return os.Chown(path, uid, gid)
}

// tail keeps the last bytes written to it.
type tail struct {
	limit int
	bytes []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.bytes = append(t.bytes, p...)
	t.bytes = t.bytes[max(0, len(t.bytes)-t.limit):]
	return len(p), nil
}

func (t *tail) String() string { return strings.TrimSpace(string(t.bytes)) }
