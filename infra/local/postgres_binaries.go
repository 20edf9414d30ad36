package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// oldestMajor is the first version that knows all our settings.
	oldestMajor = 14
	// probeWithin bounds asking a program for its version.
	probeWithin = 10 * time.Second

	orElse = "install it (on Debian and Ubuntu: apt-get install postgresql) or name a running server with --postgres DSN"
)

// installed is where distributions put PostgreSQL, beside the search path.
var installed = []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin"}

// binaries is an installation of PostgreSQL.
type binaries struct {
	dir     string
	version string // such as 15.18
	major   int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

func (b binaries) String() string { return b.version + " in " + b.dir }

// findBinaries returns the installation to use: the highest version there is, or the one that made the cluster, for no
// other can open it. What the machine does not have is fetched once.
func findBinaries(ctx context.Context, o PostgresOptions) (binaries, error) {
	major, err := clusterMajor(filepath.Join(o.Dir, "cluster"))
	if err != nil {
		return binaries{}, err
	}
	found := onMachine(ctx, o.BinDir)
	for _, b := range found {
		if b.major == major || major == 0 && b.major >= oldestMajor {
			return b, nil
		}
	}
	if o.BinDir != "" || major != 0 && major != fetchedMajor {
		return binaries{}, notFound(o, major, found)
	}
	b, err := fetchBinaries(ctx, o.Progress)
	if err != nil {
		return binaries{}, fmt.Errorf("%w; and it could not be fetched: %w", notFound(o, major, found), err)
	}
	return b, nil
}

func notFound(o PostgresOptions, major int, found []binaries) error {
	where := strings.Join(append(slices.Clone(installed), "PATH"), ", ")
	if o.BinDir != "" {
		where = o.BinDir
	}
	seen := "found none"
	if len(found) > 0 {
		seen = fmt.Sprintf("found %v", found)
	}
	if major == 0 {
		return fmt.Errorf("looked for PostgreSQL %d or later (initdb and postgres) in %s and %s; %s", oldestMajor, where, seen, orElse)
	}
	return fmt.Errorf("this cluster was made by PostgreSQL %d and opens with no other; looked for that in %s and %s; "+
		"install it (on Debian and Ubuntu: apt-get install postgresql-%d), or move %s away: views are built anew from the log",
		major, where, seen, major, o.Dir)
}

// clusterMajor is the version that made a cluster, 0 when there is none.
func clusterMajor(data string) (int, error) {
	path := filepath.Join(data, "PG_VERSION")
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0, fmt.Errorf("%s says no version: the cluster is damaged; move it away: views are built anew from the log", path)
	}
	return major, nil
}

// onMachine returns the installations found, the highest version first. With a directory given it looks nowhere else.
func onMachine(ctx context.Context, only string) []binaries {
	dirs := []string{only}
	if only == "" {
		dirs = candidates()
	}
	var found []binaries
	for _, dir := range dirs {
		if b, err := readVersion(ctx, dir); err == nil {
			found = append(found, b)
		}
	}
	slices.SortStableFunc(found, func(a, b binaries) int { return b.major - a.major })
	return found
}

func candidates() []string {
	var dirs []string
	for _, pattern := range installed {
		matches, _ := filepath.Glob(pattern) // fails only for a malformed pattern
		dirs = append(dirs, matches...)
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && !slices.Contains(dirs, filepath.Dir(path)) {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	return dirs
}

// readVersion asks the programs of a directory what they are; one that does not run here is not an installation.
func readVersion(ctx context.Context, dir string) (binaries, error) {
	b := binaries{dir: dir}
	if _, err := os.Stat(b.path("initdb")); err != nil {
		return b, err
	}
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	said, err := exec.CommandContext(ctx, b.path("postgres"), "--version").CombinedOutput()
	if err != nil {
		return b, fmt.Errorf("%s does not run here: %w: %s", b.path("postgres"), err, strings.TrimSpace(string(said)))
	}
	b.version, b.major, err = parseVersion(string(said))
	return b, err
}

// parseVersion reads what `postgres --version` says: "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
func parseVersion(said string) (version string, major int, err error) {
	_, rest, _ := strings.Cut(said, "(PostgreSQL) ")
	version, _, _ = strings.Cut(strings.TrimSpace(rest), " ")
	digits := version
	if end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = version[:end] // 17beta1 and 17.2 alike
	}
	if major, err = strconv.Atoi(digits); err != nil {
		return "", 0, fmt.Errorf("no version of PostgreSQL in %q", said)
	}
	return version, major, nil
}
