package contract_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const (
	installWithin = 5 * time.Minute
	witnessWithin = 5 * time.Minute
)

// TestOfficialNodeClient runs the second witness: the npm client, which speaks other dialects of the protocol (ids as
// text, deadlines as times, reads through a Rust client).
func TestOfficialNodeClient(t *testing.T) {
	connection := storeUnderTest(t)
	ctx, cancel := context.WithTimeout(t.Context(), witnessWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t, "node"), "--test", "--test-reporter=spec", "witness.test.mjs")
	cmd.Dir = witness(t)
	cmd.Env = append(os.Environ(), "CONTRACT_EVENTSTORE="+connection)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the Node.js client sees another contract: %v\n%s", err, out)
	}
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is needed for the second witness of the event store's contract: install Node.js 20 or later with npm "+
			"(Debian: apt-get install nodejs npm): %v", name, err)
	}
	return path
}

// witness is a folder with the script and its packages, installed once per version of the lock file.
func witness(t *testing.T) string {
	t.Helper()
	hash := sha256.New()
	for _, name := range []string{"package.json", "package-lock.json"} {
		hash.Write(read(t, name))
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "tillstream", "witness-"+hex.EncodeToString(hash.Sum(nil)[:8]))
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		install(t, dir)
	} else if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "witness.test.mjs"), read(t, "witness.test.mjs"))
	return dir
}

// install makes dir whole or not at all.
func install(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	building, err := os.MkdirTemp(filepath.Dir(dir), "building-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(building)
	for _, name := range []string{"package.json", "package-lock.json"} {
		write(t, filepath.Join(building, name), read(t, name))
	}
	ctx, cancel := context.WithTimeout(t.Context(), installWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t, "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = building
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci of the second witness, which needs a package registry once: %v\n%s", err, out)
	}
	if err := os.Rename(building, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("node", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// write replaces a file in one step: another run may be reading it.
func write(t *testing.T, path string, b []byte) {
	t.Helper()
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Close(), os.Rename(f.Name(), path)); err != nil {
		t.Fatal(err)
	}
}
