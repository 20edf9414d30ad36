package local

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// binaries is an installation of PostgreSQL.
type binaries struct {
	dir     string
	version string // such as 15.18
	major   int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// installed is where distributions put PostgreSQL beside the search path.
var installed = []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin"}

func findBinaries(ctx context.Context, o PostgresOptions) (binaries, error) {
	found := onMachine(ctx, o)
	if len(found) == 0 {
		return binaries{}, errors.New("no initdb and postgres found")
	}
	return found[0], nil
}

// onMachine returns the installations found, the highest version first.
func onMachine(ctx context.Context, o PostgresOptions) []binaries {
	if o.BinDir != "" {
		return probe(ctx, []string{o.BinDir})
	}
	var dirs []string
	for _, pattern := range installed {
		matches, _ := filepath.Glob(pattern)
		dirs = append(dirs, matches...)
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	return probe(ctx, dirs)
}

func probe(ctx context.Context, dirs []string) []binaries {
	var found []binaries
	for _, dir := range dirs {
		b := binaries{dir: dir}
		if _, err := os.Stat(b.path("initdb")); err != nil {
			continue
		}
		output, err := exec.CommandContext(ctx, b.path("postgres"), "--version").Output()
		if err != nil {
			continue
		}
		if b.version, b.major = parseVersion(string(output)); b.major > 0 {
			found = append(found, b)
		}
	}
	slices.SortStableFunc(found, func(a, b binaries) int { return b.major - a.major })
	return found
}

// parseVersion reads what `postgres --version` says: "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
func parseVersion(text string) (string, int) {
	_, rest, ok := strings.Cut(text, "(PostgreSQL) ")
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return "", 0
	}
	digits := fields[0]
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	major, err := strconv.Atoi(digits)
	if err != nil {
		return "", 0
	}
	return fields[0], major
}
