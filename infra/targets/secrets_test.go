package targets

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tillstream/infra/eventstore"
	"tillstream/infra/local"
)

// usedData is a data directory in which the platform has been at work.
func usedData(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if _, _, err := openSecrets(dir); err != nil {
		t.Fatal(err)
	}
	useLog(t, dir)
	return dir
}

func useLog(t *testing.T, dir string) {
	t.Helper()
	s, err := eventstore.Open(filepath.Join(dir, logDir), eventstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALogWithoutItsKeysIsRefused(t *testing.T) {
	note := filepath.Join(logDir, keysNote)
	cases := map[string][]string{ // what was lost
		"the keys":                  {local.KeysDir},
		"all that is in them":       {filepath.Join(local.KeysDir, ".probe")},
		"the keys and the secrets":  {local.KeysDir, local.SecretsFile},
		"the keys, in an older log": {local.KeysDir, note},
		"the secrets":               {local.SecretsFile},
	}
	for name, lost := range cases {
		t.Run(name, func(t *testing.T) {
			dir := usedData(t)
			remove(t, dir, lost...)
			for range 2 { // trying makes nothing
				_, _, err := openSecrets(dir)
				if err == nil || !strings.Contains(err.Error(), local.KeysDir) || !strings.Contains(err.Error(), "backup") {
					t.Fatalf("opened: %v; want what is missing and what to do", err)
				}
			}
			for _, name := range lost {
				if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
					t.Errorf("%s was made anew", name)
				}
			}
		})
	}
}

func TestADataDirectoryIsOpenedAgain(t *testing.T) {
	dir := usedData(t)
	first, _, err := openSecrets(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, people, err := openSecrets(dir)
	if err != nil || again != first {
		t.Fatalf("other secrets, or %v", err)
	}
	if _, _, err := people.Key(t.Context(), "customer-1"); err != nil {
		t.Fatal(err)
	}
}

func TestALogThatWasNeverSealedGetsKeys(t *testing.T) {
	t.Run("served alone before", func(t *testing.T) {
		dir := t.TempDir()
		useLog(t, dir)
		if _, _, err := openSecrets(dir); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a first start that was cut short", func(t *testing.T) {
		dir := t.TempDir()
		if _, err := local.Secrets(dir); err != nil {
			t.Fatal(err)
		}
		if _, _, err := openSecrets(dir); err != nil {
			t.Fatal(err)
		}
	})
}
