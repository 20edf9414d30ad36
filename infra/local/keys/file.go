package keys

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tillstream/infra/local/durable"
)

// A file is the magic, a nonce, and sealed: one byte of what it is, 32 of key. A tombstone is a file like any other, so a
// damaged key is never taken for one.
const (
	magic     = "tillkey1"
	keySize   = 32
	nonceSize = 12
	tagSize   = 16
	fileSize  = len(magic) + nonceSize + 1 + keySize + tagSize

	live      byte = 1
	forgotten byte = 2
)

// read returns the key of a file, ErrForgotten for a tombstone, os.ErrNotExist, or an error that names the file.
func (s *Store) read(e entry) ([keySize]byte, error) {
	content, err := os.ReadFile(e.path)
	if err != nil {
		return [keySize]byte{}, err
	}
	kind, key, err := s.unseal(e.hash, content)
	switch {
	case err != nil:
		return [keySize]byte{}, fmt.Errorf("%s: %w: %w; put it back from a backup", e.path, ErrDamaged, err)
	case kind == forgotten:
		return [keySize]byte{}, ErrForgotten
	default:
		return key, nil
	}
}

func (s *Store) seal(hash string, kind byte, key [keySize]byte) []byte {
	content := make([]byte, len(magic)+nonceSize, fileSize)
	copy(content, magic)
	nonce := content[len(magic):]
	_, _ = rand.Read(nonce) // never fails
	plain := append([]byte{kind}, key[:]...)
	return s.aead.Seal(content, nonce, plain, []byte(magic+hash))
}

// unseal is bound to the name of the file: one that was moved to another subject's name is refused.
func (s *Store) unseal(hash string, content []byte) (kind byte, key [keySize]byte, err error) {
	if len(content) != fileSize || string(content[:len(magic)]) != magic {
		return 0, key, errors.New("not a key file of this program")
	}
	nonce, sealed := content[len(magic):len(magic)+nonceSize], content[len(magic)+nonceSize:]
	plain, err := s.aead.Open(nil, nonce, sealed, []byte(magic+hash))
	if err != nil {
		return 0, key, errors.New("its seal does not hold under this key-encryption key")
	}
	if plain[0] != live && plain[0] != forgotten {
		return 0, key, fmt.Errorf("kind %d is not known", plain[0])
	}
	copy(key[:], plain[1:])
	return plain[0], key, nil
}

// step is one durable action; a crash can fall between any two.
type step func() error

func run(steps []step) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) create(e entry) ([keySize]byte, error) {
	var key [keySize]byte
	_, _ = rand.Read(key[:]) // never fails
	return key, run(s.creating(e, key))
}

// creating gives the key its name only when its content is durable; whoever is faster wins, and is not overwritten.
func (s *Store) creating(e entry, key [keySize]byte) []step {
	var temporary string
	return []step{
		func() (err error) {
			temporary, err = durable.Temporary(filepath.Join(s.dir, newDir), s.seal(e.hash, live, key))
			return err
		},
		func() error { return os.Link(temporary, e.path) },
		func() error { return s.syncDir(filepath.Dir(e.path)) },
		func() error { return os.Remove(temporary) },
	}
}

// forgetting first makes durable that it has begun, so that it is completed whatever happens; only then is the key
// destroyed, where it stands, and the tombstone takes its name.
func (s *Store) forgetting(e entry) []step {
	intent := filepath.Join(s.dir, forgotDir, e.hash)
	return []step{
		func() error { return durable.Write(intent, nil) },
		func() error {
			noise := make([]byte, fileSize)
			_, _ = rand.Read(noise) // never fails
			if err := durable.Overwrite(e.path, noise); !errors.Is(err, os.ErrNotExist) {
				return err
			}
			return nil
		},
		func() error { return durable.Write(e.path, s.seal(e.hash, forgotten, [keySize]byte{})) },
		func() error { return os.Remove(intent) }, // coming back after a crash, it is carried out once more in vain
	}
}

// resume completes what was being forgotten when the process ended.
func (s *Store) resume() error {
	begun, err := os.ReadDir(filepath.Join(s.dir, forgotDir))
	if err != nil {
		return err
	}
	for _, b := range begun {
		sum, err := hex.DecodeString(b.Name())
		if err != nil || len(sum) != len(s.name) {
			if err := os.Remove(filepath.Join(s.dir, forgotDir, b.Name())); err != nil { // a passing name of an intent
				return err
			}
			continue
		}
		if err := run(s.forgetting(s.entryOf(b.Name(), sum[0]))); err != nil {
			return err
		}
	}
	return nil
}

// probe refuses a key-encryption key that is not the one this directory was made with.
func (s *Store) probe() error {
	path := filepath.Join(s.dir, probeFile)
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return durable.WriteNew(path, s.seal(probeFile, live, [keySize]byte{}))
	}
	if err != nil {
		return err
	}
	if _, _, err := s.unseal(probeFile, content); err != nil {
		return fmt.Errorf("%s: %w: the secrets of another data directory, or a damaged file", path, err)
	}
	return nil
}
