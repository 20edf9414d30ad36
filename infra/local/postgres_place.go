package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
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

func openCluster(ctx context.Context, o PostgresOptions, b binaries) (*cluster, error) {
	c := &cluster{dir: o.Dir, place: o.Dir, tell: o.Progress, sync: !o.Ephemeral}
	if os.Geteuid() == 0 {
		c.as = child.Namespaced()
	}
	c.data = filepath.Join(c.place, "cluster")
	return c, c.chooseSocket()
}

func (c *cluster) socketFile() string { return filepath.Join(c.socket, socketName) }

// chooseSocket puts the socket beside the data, or into a short directory named after it when the path would be too long.
func (c *cluster) chooseSocket() error {
	c.socket = filepath.Join(c.place, "socket")
	if len(c.socketFile()) <= socketPathMost {
		return nil
	}
	c.socket = filepath.Join(os.TempDir(), "tillstream-"+strconv.Itoa(os.Getuid())+"-"+shortHash(c.place))
	if len(c.socketFile()) > socketPathMost {
		return fmt.Errorf("neither %s nor the temporary directory %s is short enough for a socket; choose a shorter data directory", c.place, os.TempDir())
	}
	return claimPrivate(c.socket)
}

// claimPrivate makes a directory in a place where everybody may make one, and refuses one that somebody else made.
func claimPrivate(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm() != 0o700 || !ok || int(stat.Uid) != os.Getuid() {
		return fmt.Errorf("%s is not a private directory of this user; remove it or choose a shorter data directory", dir)
	}
	return nil
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}
