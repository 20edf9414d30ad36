package local_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tillstream/infra/local"
)

func TestSecretsAreDrawnOnceAndDiffer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	first := secrets(t, dir)
	if first != secrets(t, dir) {
		t.Fatal("asked twice, they changed")
	}
	if other := secrets(t, t.TempDir()); first.Blind == other.Blind || first.Blind == first.Request || first.Request == first.KeyEncryption {
		t.Fatal("two secrets are the same")
	}
	info, err := os.Stat(filepath.Join(dir, local.SecretsFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
}

func TestAllWhoAskAtOnceGetTheSameSecrets(t *testing.T) {
	dir := t.TempDir()
	var got [16]local.SecretSet
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() { got[i], _ = local.Secrets(dir) })
	}
	all.Wait()
	for i := range got {
		if got[i] != got[0] || got[i] == (local.SecretSet{}) {
			t.Fatalf("caller %d got others", i)
		}
	}
}

func TestSecretsThatOthersMayReadAreRefused(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o777} {
		dir := t.TempDir()
		secrets(t, dir)
		path := filepath.Join(dir, local.SecretsFile)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := local.Secrets(dir)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func TestDamagedSecretsAreNamedRefusedAndNotShown(t *testing.T) {
	dir := t.TempDir()
	secrets(t, dir)
	path := filepath.Join(dir, local.SecretsFile)
	whole, _ := os.ReadFile(path)
	for size := range len(whole) - 2 { // without the final brace at the least
		if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := local.Secrets(dir)
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Fatalf("cut to %d bytes: %v", size, err)
		}
		if fields := strings.Split(string(whole), `"`); strings.Contains(err.Error(), fields[5]) {
			t.Fatal("the error shows a secret")
		}
	}
}

func TestLostSecretsAreNotDrawnAnewWhenKeysNeedThem(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, local.KeysDir, "00"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Secrets(dir); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Fatalf("want a refusal, got %v", err)
	}
}

func TestASecretIsNeverShown(t *testing.T) {
	s := secrets(t, t.TempDir())
	asJSON, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	const three = "{[secret] [secret] [secret]}"
	for _, shown := range []string{fmt.Sprint(s), fmt.Sprintf("%x", s), fmt.Sprintf("%v", s)} {
		if shown != three {
			t.Errorf("shown as %s", shown)
		}
	}
	if strings.Count(string(asJSON), "[secret]") != 3 || len(asJSON) > 90 {
		t.Errorf("shown as %s", asJSON)
	}
}

func secrets(t *testing.T, dir string) local.SecretSet {
	t.Helper()
	s, err := local.Secrets(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
