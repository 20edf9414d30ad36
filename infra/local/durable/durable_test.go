package durable_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"tillstream/infra/local/durable"
)

func TestAFileIsReplacedWholeAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fact")
	for _, content := range []string{"a longer first content", "second", ""} {
		if err := durable.Write(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		holds(t, path, content)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info, err)
	}
	nothingElse(t, path)
}

func TestANewFileNeverReplacesAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fact")
	if err := durable.WriteNew(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteNew(path, []byte("second")); !errors.Is(err, os.ErrExist) {
		t.Fatalf("want exists, got %v", err)
	}
	holds(t, path, "first")
	nothingElse(t, path)
}

func TestALockHasOneHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if held, err := durable.Locked(path); held || err != nil {
		t.Fatalf("no file: %v, %v", held, err)
	}
	lock, err := durable.TakeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // asking does not take it
		if held, err := durable.Locked(path); !held || err != nil {
			t.Fatalf("held: %v, %v", held, err)
		}
	}
	if _, err := durable.TakeLock(path); !errors.Is(err, durable.ErrLocked) {
		t.Fatalf("a second holder: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if held, err := durable.Locked(path); held || err != nil {
		t.Fatalf("closed: %v, %v", held, err)
	}
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Fatalf("holds %q, %v; want %q", got, err, want)
	}
}

func nothingElse(t *testing.T, path string) {
	t.Helper()
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Fatalf("beside it: %v, %v", entries, err)
	}
}
