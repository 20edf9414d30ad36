package keys_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tillstream/events"
	"tillstream/infra/local/keys"
)

var encryption = [32]byte{1, 2, 3}

func open(t testing.TB, dir string) *keys.Store {
	t.Helper()
	s, err := keys.OpenStore(dir, encryption)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func key(t testing.TB, s *keys.Store, subject string) [32]byte {
	t.Helper()
	number, key, err := s.Key(t.Context(), subject)
	if err != nil || number != 1 {
		t.Fatalf("key of %s: number %d, %v", subject, number, err)
	}
	return key
}

func TestAKeyIsTheSameForEver(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "with a space and an ä")
	made := key(t, open(t, dir), "customer-1")

	again, err := open(t, dir).Open(t.Context(), "customer-1", 1)

	if err != nil || again != made || made == [32]byte{} {
		t.Fatalf("another key, none, or %v", err)
	}
}

func TestEachSubjectHasItsOwnKey(t *testing.T) {
	s := open(t, t.TempDir())
	if key(t, s, "customer-1") == key(t, s, "customer-2") {
		t.Fatal("two subjects share a key")
	}
}

func TestOpeningMakesNoKey(t *testing.T) {
	s := open(t, t.TempDir())
	for range 2 {
		if _, err := s.Open(t.Context(), "customer-1", 1); !errors.Is(err, keys.ErrUnknown) {
			t.Fatalf("want unknown, got %v", err)
		}
	}
	key(t, s, "customer-1")
	if _, err := s.Open(t.Context(), "customer-1", 2); !errors.Is(err, keys.ErrUnknown) {
		t.Fatalf("a number that was never given: want unknown, got %v", err)
	}
}

func TestAForgottenSubjectStaysForgotten(t *testing.T) {
	for _, given := range []string{"it had a key", "it never had one"} {
		t.Run(given, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			if given == "it had a key" {
				key(t, s, "customer-1")
			}
			for range 2 {
				if err := s.Forget(t.Context(), "customer-1"); err != nil {
					t.Fatal(err)
				}
			}
			for _, s := range []*keys.Store{s, open(t, dir)} {
				if _, err := s.Open(t.Context(), "customer-1", 1); !errors.Is(err, keys.ErrForgotten) {
					t.Errorf("open: want forgotten, got %v", err)
				}
				if _, _, err := s.Key(t.Context(), "customer-1"); !errors.Is(err, keys.ErrForgotten) {
					t.Errorf("key: want forgotten, got %v", err)
				}
			}
		})
	}
}

func TestAllWhoAskAtOnceGetOneKey(t *testing.T) {
	s := open(t, t.TempDir())
	var got [64][32]byte
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() { _, got[i], _ = s.Key(t.Context(), "customer-1") })
	}
	all.Wait()
	for i := range got {
		if got[i] != got[0] || got[i] == [32]byte{} {
			t.Fatalf("caller %d got another key", i)
		}
	}
}

func TestForgettingWinsOverThoseWhoReadAtOnce(t *testing.T) {
	s := open(t, t.TempDir())
	var all sync.WaitGroup
	for i := range 16 {
		subject := fmt.Sprintf("customer-%d", i%4)
		all.Go(func() {
			for range 50 {
				if _, _, err := s.Key(t.Context(), subject); err != nil && !errors.Is(err, keys.ErrForgotten) {
					t.Errorf("key: %v", err)
				}
			}
		})
		all.Go(func() {
			if err := s.Forget(t.Context(), subject); err != nil {
				t.Errorf("forget: %v", err)
			}
			if _, err := s.Open(t.Context(), subject, 1); !errors.Is(err, keys.ErrForgotten) {
				t.Errorf("after forgetting: %v", err)
			}
		})
	}
	all.Wait()
}

func TestAKeyIsNowhereInTheClearAndReadableByNobodyElse(t *testing.T) {
	dir := t.TempDir()
	made := key(t, open(t, dir), "customer-1")
	for path, content := range files(t, dir) {
		if strings.Contains(content, string(made[:])) || strings.Contains(path+content, "customer-1") {
			t.Errorf("%s tells the key or the subject", path)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", path, info.Mode(), err)
		}
	}
}

func TestADamagedKeyIsNamedAndRefused(t *testing.T) {
	for at := 0; at < 69; at += 4 {
		dir := t.TempDir()
		key(t, open(t, dir), "customer-1")
		path := onlyKey(t, dir)
		content, _ := os.ReadFile(path)
		content[at] ^= 1
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}

		s := open(t, dir)
		_, _, keyErr := s.Key(t.Context(), "customer-1")
		_, openErr := s.Open(t.Context(), "customer-1", 1)

		for _, err := range []error{keyErr, openErr} {
			if !errors.Is(err, keys.ErrDamaged) || !errors.Is(err, events.ErrUnreadable) || !strings.Contains(err.Error(), path) || errors.Is(err, keys.ErrForgotten) {
				t.Fatalf("bit flipped at %d: %v", at, err)
			}
		}
	}
}

func TestACutKeyIsNamedAndRefused(t *testing.T) {
	dir := t.TempDir()
	key(t, open(t, dir), "customer-1")
	path := onlyKey(t, dir)
	whole, _ := os.ReadFile(path)
	for size := range whole {
		if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := open(t, dir).Key(t.Context(), "customer-1"); err == nil || !strings.Contains(err.Error(), path) {
			t.Fatalf("cut to %d bytes: %v", size, err)
		}
	}
}

func TestAKeyMovedToAnotherSubjectIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	key(t, s, "customer-1")
	first := onlyKey(t, dir)
	moved, _ := os.ReadFile(first)
	key(t, s, "customer-2")
	for path := range files(t, dir) {
		if path != first && filepath.Base(path) != ".probe" {
			if err := os.WriteFile(path, moved, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, _, err := open(t, dir).Key(t.Context(), "customer-2"); err == nil {
		t.Fatal("the key of one person was given out for another")
	}
}

func TestAnotherEncryptionKeyIsRefusedAtOnce(t *testing.T) {
	dir := t.TempDir()
	key(t, open(t, dir), "customer-1")
	if _, err := keys.OpenStore(dir, [32]byte{9}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Fatalf("want a refusal naming the directory, got %v", err)
	}
}

func TestAnEndedContextMakesNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Key(ctx, "customer-1"); !errors.Is(err, context.Canceled) {
		t.Fatalf("key: %v", err)
	}
	if err := s.Forget(ctx, "customer-1"); !errors.Is(err, context.Canceled) {
		t.Fatalf("forget: %v", err)
	}
	if len(files(t, dir)) != 1 { // the probe
		t.Fatal("a file was made")
	}
}

func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		found[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func onlyKey(t testing.TB, dir string) string {
	t.Helper()
	var only string
	for path := range files(t, dir) {
		if filepath.Base(path) != ".probe" {
			only = path
		}
	}
	if only == "" || len(files(t, dir)) != 2 {
		t.Fatal("want exactly one key file")
	}
	return only
}

// The file system commits what many sync at once together: 64 who create keys at once should take little longer than one.
func BenchmarkKey(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("new-%d-at-once", callers), func(b *testing.B) {
			s := open(b, b.TempDir())
			for i := range b.N {
				var all sync.WaitGroup
				for c := range callers {
					all.Go(func() { _, _, _ = s.Key(b.Context(), fmt.Sprintf("customer-%d-%d", i, c)) })
				}
				all.Wait()
			}
		})
	}
	b.Run("known", func(b *testing.B) {
		s := open(b, b.TempDir())
		for b.Loop() {
			_, _, _ = s.Key(b.Context(), "customer-1")
		}
	})
}
