package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"tillstream/infra/local/child"
)

const (
	// socketPort is part of the socket's file name only: nothing listens on the network.
	socketPort = "5432"
	socketName = ".s.PGSQL." + socketPort
	// socketPathMost is below what every kernel takes for a socket's path (108 bytes on Linux).
	socketPathMost = 100
)

// elsewhere is where root keeps a cluster that belongs to another user, who can seldom reach the data directory.
const elsewhere = "/var/lib/tillstream"

// serverUsers are asked for in this order when root needs another user to run the server.
var serverUsers = []string{"postgres", "nobody"}

// openCluster says where the cluster lives and with whose rights the server runs on it. PostgreSQL refuses to run as root:
// then it runs in a user namespace, on files of root's, or, where the machine refuses that, as another user elsewhere.
func openCluster(ctx context.Context, o PostgresOptions, b binaries) (*cluster, error) {
	c := &cluster{dir: o.Dir, place: o.Dir, tell: o.Progress, sync: !o.Ephemeral}
	err := c.settle(ctx, o, b)
	if err == nil {
		err = c.chooseSocket()
	}
	return c, err
}

func (c *cluster) settle(ctx context.Context, o PostgresOptions, b binaries) error {
	link := filepath.Join(o.Dir, "cluster")
	if moved, err := os.Readlink(link); err == nil {
		return c.settleElsewhere(ctx, filepath.Dir(moved), b)
	}
	if os.Geteuid() != 0 {
		return c.try(ctx, b)
	}
	c.as = child.Namespaced()
	refused := c.try(ctx, b)
	if o.withoutNamespaces {
		refused = errors.New("not wanted")
	}
	if refused == nil {
		return nil
	}
	if _, err := os.Stat(link); err == nil {
		return fmt.Errorf("this cluster belongs to root, and this machine does not let its server run in a user namespace: %w; "+
			"run as another user, or move %s away: views are built anew from the log", refused, o.Dir)
	}
	if err := c.settleElsewhere(ctx, filepath.Join(o.elsewhere, "postgres-"+shortHash(o.Dir)), b); err != nil {
		return fmt.Errorf("PostgreSQL does not run as root; in a user namespace: %w; as another user: %w; run as an ordinary user", refused, err)
	}
	return os.Symlink(c.data, link)
}

// settleElsewhere makes a place that belongs to another user, or finds it; it stays that user's.
func (c *cluster) settleElsewhere(ctx context.Context, place string, b binaries) error {
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return err
	}
	err := os.Mkdir(place, 0o700)
	if err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	uid, gid, lookErr := serverUser()
	if err != nil {
		uid, gid, lookErr = owner(place)
	}
	if lookErr != nil {
		return lookErr
	}
	c.place, c.as = place, child.As(uid, gid)
	if err := c.give(place); err != nil {
		return err
	}
	return c.try(ctx, b)
}

func serverUser() (uid, gid int, err error) {
	for _, name := range serverUsers {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(found.Uid)
		gid, gidErr := strconv.Atoi(found.Gid)
		return uid, gid, errors.Join(uidErr, gidErr)
	}
	return 0, 0, fmt.Errorf("this machine has no user %s", strings.Join(serverUsers, " or "))
}

func owner(path string) (uid, gid int, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, 0, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() {
		return 0, 0, fmt.Errorf("%s is not a directory", path)
	}
	return int(stat.Uid), int(stat.Gid), nil
}

// try finds out whether the server's user can reach the place and run the binaries.
func (c *cluster) try(ctx context.Context, b binaries) error {
	c.data = filepath.Join(c.place, "cluster")
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	said := &tail{limit: tailLimit}
	err := child.Run(ctx, child.Command{Path: b.path("postgres"), Args: []string{"--version"}, Dir: c.place, Env: serverEnvironment(),
		Output: said, DeathSignal: syscall.SIGKILL, As: c.as})
	if err != nil {
		return fmt.Errorf("%w %s", err, said)
	}
	return nil
}

func (c *cluster) socketFile() string { return filepath.Join(c.socket, socketName) }

// socketIsNameable tells whether the kernel takes the socket's path, and clients take it for one: commas part hosts.
func (c *cluster) socketIsNameable() bool {
	return len(c.socketFile()) <= socketPathMost && !strings.Contains(c.socket, ",")
}

// chooseSocket puts the socket beside the data, or into a short directory named after it when its path could not be.
func (c *cluster) chooseSocket() error {
	c.socket = filepath.Join(c.place, "socket")
	if c.socketIsNameable() {
		return nil
	}
	c.socket = filepath.Join(os.TempDir(), "tillstream-"+strconv.Itoa(os.Getuid())+"-"+shortHash(c.place))
	if !c.socketIsNameable() {
		return fmt.Errorf("neither %s nor the temporary directory %s is short enough for a socket, and without a comma; choose a shorter data directory", c.place, os.TempDir())
	}
	return claimPrivate(c.socket)
}

// claimPrivate makes a directory in a place where everybody may make one, and refuses one that somebody else made.
func claimPrivate(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	uid, _, err := owner(dir)
	if err != nil {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if info.Mode().Perm() != 0o700 || uid != os.Getuid() {
		return fmt.Errorf("%s is not a private directory of this user; remove it or choose a shorter data directory", dir)
	}
	return nil
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}
