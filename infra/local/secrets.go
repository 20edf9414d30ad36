package local

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"tillstream/infra/local/durable"
)

// SecretsFile is the name of the secrets' file in the data directory. Whoever has it and the data can read all personal
// data; without it nobody can.
const SecretsFile = "secrets.json"

// Key is 32 random bytes that no formatting, logging or JSON shows.
type Key [32]byte

const hidden = "[secret]"

// Format writes a placeholder whatever the verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue is a placeholder.
func (Key) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText is a placeholder.
func (Key) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// SecretSet is the platform's own keys. They never change: what was made with one is asked with the same one for ever.
type SecretSet struct {
	Blind         Key // keyed hash by which personal values are compared
	Request       Key // keyed hash by which a repeated request is known
	KeyEncryption Key // encrypts each person's key where it is stored
}

type secretsFile struct {
	Version       int    `json:"version"`
	Blind         string `json:"blind"`
	Request       string `json:"request"`
	KeyEncryption string `json:"key_encryption"`
}

// Secrets returns the secrets of a data directory. The first time they are drawn at random and durable before they are
// returned; of several that ask at once all get the same. A file that others may read is refused.
func Secrets(dir string) (SecretSet, error) {
	path := filepath.Join(dir, SecretsFile)
	s, err := readSecrets(path)
	if !errors.Is(err, os.ErrNotExist) {
		return s, err
	}
	if made, err := os.ReadDir(filepath.Join(dir, KeysDir)); err == nil && len(made) > 0 {
		return s, fmt.Errorf("%s is gone, but %s holds keys that only it can open; put the file back from a backup", path, KeysDir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return s, fmt.Errorf("make secrets: %w", err)
	}
	content, err := json.MarshalIndent(secretsFile{Version: 1, Blind: draw(), Request: draw(), KeyEncryption: draw()}, "", "  ")
	if err != nil {
		return s, err
	}
	if err := durable.WriteNew(path, append(content, '\n')); err != nil && !errors.Is(err, os.ErrExist) {
		return s, err
	}
	return readSecrets(path)
}

// KeysDir is the directory, in the data directory, of the keys of persons.
const KeysDir = "keys"

func draw() string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	return base64.StdEncoding.EncodeToString(key[:])
}

func readSecrets(path string) (SecretSet, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return SecretSet{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return SecretSet{}, err
	}
	if wider := info.Mode().Perm() &^ 0o600; wider != 0 {
		return SecretSet{}, fmt.Errorf("others may read or write %s (mode %04o); make it private with `chmod 600 %s`, and if others were there, take its keys for known",
			path, info.Mode().Perm(), shellQuote(path))
	}
	content, err := io.ReadAll(io.LimitReader(file, 1<<16))
	if err != nil {
		return SecretSet{}, err
	}
	s, err := parseSecrets(content)
	if err != nil {
		return SecretSet{}, fmt.Errorf("%s is damaged: %w; put it back from a backup", path, err)
	}
	return s, nil
}

// parseSecrets keeps the content out of its errors.
func parseSecrets(content []byte) (SecretSet, error) {
	var f secretsFile
	if json.Unmarshal(content, &f) != nil {
		return SecretSet{}, errors.New("not a JSON object of secrets")
	}
	if f.Version != 1 {
		return SecretSet{}, fmt.Errorf("version %d, where this program knows 1", f.Version)
	}
	var s SecretSet
	for _, entry := range []struct {
		name, text string
		key        *Key
	}{{"blind", f.Blind, &s.Blind}, {"request", f.Request, &s.Request}, {"key_encryption", f.KeyEncryption, &s.KeyEncryption}} {
		raw, err := base64.StdEncoding.DecodeString(entry.text)
		if err != nil || len(raw) != len(entry.key) {
			return SecretSet{}, fmt.Errorf("%s is not 32 bytes in base64", entry.name)
		}
		copy(entry.key[:], raw)
	}
	return s, nil
}
