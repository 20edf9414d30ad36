package local_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tillstream/infra/local"
)

var addresses = local.Addresses{HTTP: "127.0.0.1:8080", GRPC: "127.0.0.1:9090", EventStore: "127.0.0.1:2113"}

func TestOthersFindTheOwnerOfADirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "my shop's däta")
	if _, err := local.Find(dir); !errors.Is(err, local.ErrNotRunning) {
		t.Fatalf("nobody there: want not running, got %v", err)
	}
	owner := own(t, dir)

	if r, err := local.Find(dir); err != nil || r.Pid != os.Getpid() || r.HTTP != "" {
		t.Fatalf("starting: %+v, %v", r, err)
	}
	if err := owner.Announce(addresses); err != nil {
		t.Fatal(err)
	}
	if r, err := local.Find(dir); err != nil || r.Addresses != addresses || r.Started.IsZero() {
		t.Fatalf("running: %+v, %v", r, err)
	}
	if err := owner.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Find(dir); !errors.Is(err, local.ErrNotRunning) {
		t.Fatalf("released: want not running, got %v", err)
	}
}

func TestASecondOwnerIsToldWhoTheFirstIs(t *testing.T) {
	dir := t.TempDir()
	owner := own(t, dir)
	if err := owner.Announce(addresses); err != nil {
		t.Fatal(err)
	}

	_, err := local.Own(dir)

	if !errors.Is(err, local.ErrOwned) {
		t.Fatalf("want owned, got %v", err)
	}
	for _, want := range []string{dir, "pid ", addresses.HTTP, addresses.GRPC, addresses.EventStore, "--data"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestAKilledOwnerLeavesTheDirectoryFree(t *testing.T) {
	dir := t.TempDir()
	other := startRole(t, "own", dir)
	if r, err := local.Find(dir); err != nil || r.Pid != other.Process.Pid || r.Addresses != addresses {
		t.Fatalf("given: %+v, %v", r, err)
	}

	kill(t, other)

	if _, err := local.Find(dir); !errors.Is(err, local.ErrNotRunning) {
		t.Fatalf("want not running, got %v", err)
	}
	own(t, dir)
	if r, err := local.Find(dir); err != nil || r.Pid != os.Getpid() {
		t.Fatalf("the next owner: %+v, %v", r, err)
	}
}

func own(t *testing.T, dir string) *local.Ownership {
	t.Helper()
	o, err := local.Own(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Release() })
	return o
}
