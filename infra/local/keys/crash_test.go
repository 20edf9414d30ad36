package keys

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A crash is a process that carries out the first steps of something and is never heard of again.

func crashed(t *testing.T, steps []step) {
	t.Helper()
	if err := run(steps); err != nil {
		t.Fatal(err)
	}
}

func reopened(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := OpenStore(dir, [32]byte{7})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAForgettingThatHasBegunIsCompletedAfterACrash(t *testing.T) {
	for n := range 5 {
		t.Run(fmt.Sprintf("crash after %d steps", n), func(t *testing.T) {
			dir := t.TempDir()
			s := reopened(t, dir)
			_, key, err := s.Key(t.Context(), "customer-1")
			if err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(s.entry("customer-1").path)

			crashed(t, s.forgetting(s.entry("customer-1"))[:n])
			s = reopened(t, dir)
			opened, err := s.Open(t.Context(), "customer-1", 1)

			if n == 0 {
				if err != nil || opened != key {
					t.Fatalf("not begun, yet the key is lost: %v", err)
				}
				return
			}
			if !errors.Is(err, ErrForgotten) {
				t.Fatalf("want forgotten, got %v", err)
			}
			if _, _, err := s.Key(t.Context(), "customer-1"); !errors.Is(err, ErrForgotten) {
				t.Fatalf("another key was given: %v", err)
			}
			mustNotContain(t, dir, before)
		})
	}
}

func TestAKeyThatWasReturnedSurvivesAndOneThatWasNotMayBeAnother(t *testing.T) {
	for n := range 5 {
		t.Run(fmt.Sprintf("crash after %d steps", n), func(t *testing.T) {
			dir := t.TempDir()
			s := reopened(t, dir)
			key := [keySize]byte{42}

			crashed(t, s.creating(s.entry("customer-1"), key)[:n])
			_, got, err := reopened(t, dir).Key(t.Context(), "customer-1")

			if err != nil || got == [keySize]byte{} {
				t.Fatalf("no key: %v", err)
			}
			if returnable := n >= 3; returnable && got != key {
				t.Fatal("a key that could have been used was replaced")
			}
			if left, _ := os.ReadDir(filepath.Join(dir, newDir)); len(left) > 0 {
				t.Fatalf("left behind: %v", left)
			}
		})
	}
}

// What a directory was synced with is what a power cut leaves of its names.
func TestAKeyIsReturnedOnlyWhenItsNameIsDurable(t *testing.T) {
	dir := t.TempDir()
	durableNames := map[string]bool{}
	s, err := openStore(dir, [32]byte{7}, func(synced string) error {
		entries, err := os.ReadDir(synced)
		for _, e := range entries {
			durableNames[filepath.Join(synced, e.Name())] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 20 {
		subject := fmt.Sprint("customer-", n)
		if _, _, err := s.Key(t.Context(), subject); err != nil {
			t.Fatal(err)
		}
		path := s.entry(subject).path
		for name := path; name != dir; name = filepath.Dir(name) {
			if !durableNames[name] {
				t.Fatalf("a key was returned while the name %s was not durable", name)
			}
		}
	}
}

func TestAKeyIsNotReturnedWhenItsNameCannotBeMadeDurable(t *testing.T) {
	s := reopened(t, t.TempDir())
	onFire := errors.New("disk is on fire")
	s.syncDir = func(string) error { return onFire }
	if _, _, err := s.Key(t.Context(), "customer-1"); !errors.Is(err, onFire) {
		t.Fatalf("want the failed sync, got %v", err)
	}
}

func TestAStoreThatHasLostAPartIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := reopened(t, dir)
	if _, _, err := s.Key(t.Context(), "customer-1"); err != nil {
		t.Fatal(err)
	}
	lost := filepath.Dir(s.entry("customer-1").path)
	if err := os.RemoveAll(lost); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(dir, [32]byte{7}); err == nil || !strings.Contains(err.Error(), lost) {
		t.Fatalf("opened without %s: %v", lost, err)
	}
}

func TestTheOldKeyIsDestroyedWhereItStands(t *testing.T) {
	dir := t.TempDir()
	s := reopened(t, dir)
	if _, _, err := s.Key(t.Context(), "customer-1"); err != nil {
		t.Fatal(err)
	}
	e := s.entry("customer-1")
	file, err := os.Open(e.path) // keeps the old bytes reachable when their name is gone
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	before := make([]byte, fileSize)
	_, _ = file.ReadAt(before, 0)

	if err := s.Forget(t.Context(), "customer-1"); err != nil {
		t.Fatal(err)
	}

	after := make([]byte, fileSize)
	if _, err := file.ReadAt(after, 0); err != nil || bytes.Equal(before, after) {
		t.Fatalf("the old bytes are still on the disk (%v)", err)
	}
}

func mustNotContain(t *testing.T, dir string, bytesOfKey []byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, bytesOfKey) {
			t.Errorf("%s still holds the key", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
