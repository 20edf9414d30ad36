// Package keys keeps one key per person, by which that person's data is sealed and, when the key is deleted, forgotten.
package keys

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"tillstream/events"
	"tillstream/infra/local/durable"
)

const (
	// cacheMost is how many keys are held in memory, about 20 MB; the least recently used go first.
	cacheMost = 1 << 16
	// firstNumber is the number of a subject's only key; a later one would be the number after it.
	firstNumber = 1

	newDir    = ".new"        // keys that are being written, never yet used
	forgotDir = ".forgetting" // hashes of subjects whose forgetting has begun and must be completed
	probeFile = ".probe"      // tells the right key-encryption key from a wrong one
)

var (
	// ErrForgotten says that the subject's key was deleted: what was sealed with it can never be opened again, and nothing
	// new is sealed for that subject.
	ErrForgotten = fmt.Errorf("the subject was forgotten: %w", events.ErrForgotten)
	// ErrUnknown says that the subject has no such key and was not forgotten either.
	ErrUnknown = fmt.Errorf("the subject has no such key: %w", events.ErrUnreadable)
	// ErrDamaged says that the file of the subject's key does not hold what was written to it.
	ErrDamaged = fmt.Errorf("damaged: %w", events.ErrUnreadable)
)

// Store is the keys of one directory. It is safe for concurrent use. Only one process may have it open.
type Store struct {
	dir  string
	aead cipher.AEAD
	name [sha256.Size]byte // key of the hash that names files, so that a directory listing tells no subject

	syncDir func(dir string) error // makes the names in a directory durable

	shards [256]sync.Mutex // each guards the files of one subdirectory and what the cache says of them
	cache  *lru.Cache[string, [32]byte]
}

// Made says whether dir holds keys, or could: whether it was ever opened.
func Made(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, probeFile))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// OpenStore opens the keys in dir, making it with mode 0700 when there is none, under the key that encrypts them. It
// completes every forgetting that a crash has interrupted before it returns, and refuses another key-encryption key than
// the directory was made with, and a directory that has lost a part.
func OpenStore(dir string, encryption [32]byte) (*Store, error) {
	return openStore(dir, encryption, durable.SyncDir)
}

func openStore(dir string, encryption [32]byte, syncDir func(string) error) (*Store, error) {
	s := &Store{dir: dir, syncDir: syncDir}
	if err := s.derive(encryption); err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("open keys in %s: %w", dir, err)
	}
	if err := s.resume(); err != nil {
		return nil, fmt.Errorf("complete a forgetting in %s: %w", dir, err)
	}
	return s, nil
}

// derive gives the two uses of the key-encryption key a key each.
func (s *Store) derive(encryption [32]byte) error {
	sealing, err := hkdf.Expand(sha256.New, encryption[:], "tillstream keys: seal", 32)
	if err != nil {
		return err
	}
	naming, err := hkdf.Expand(sha256.New, encryption[:], "tillstream keys: name", len(s.name))
	if err != nil {
		return err
	}
	copy(s.name[:], naming)
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return err
	}
	if s.aead, err = cipher.NewGCM(block); err != nil {
		return err
	}
	s.cache, err = lru.New[string, [32]byte](cacheMost)
	return err
}

// Key returns the subject's key and its number, making it when there is none. It is durable before it is returned, and all
// who ask at once get the same one.
func (s *Store) Key(ctx context.Context, subject string) (int, [32]byte, error) {
	key, err := s.load(ctx, subject, true)
	return firstNumber, key, err
}

// Open returns the subject's key of that number, ErrForgotten when it was deleted, or ErrUnknown when it never was.
func (s *Store) Open(ctx context.Context, subject string, number int) ([32]byte, error) {
	if number != firstNumber {
		return [32]byte{}, fmt.Errorf("open key %d of subject %s: %w", number, subject, ErrUnknown)
	}
	return s.load(ctx, subject, false)
}

func (s *Store) load(ctx context.Context, subject string, create bool) ([32]byte, error) {
	if key, ok := s.cache.Get(subject); ok {
		return key, nil
	}
	if err := ctx.Err(); err != nil {
		return [32]byte{}, err
	}
	if subject == "" {
		return [32]byte{}, errors.New("open key: no subject given")
	}
	e := s.entry(subject)
	e.shard.Lock()
	defer e.shard.Unlock()
	key, err := s.read(e)
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%s: %w", e.path, ErrUnknown)
		if create {
			key, err = s.create(e)
		}
	}
	if err != nil {
		return [32]byte{}, fmt.Errorf("open key of subject %s: %w", subject, err)
	}
	s.cache.Add(subject, key)
	return key, nil
}

// Forget deletes the subject's key. When it returns without error the key is gone for good, from memory and from disk, and
// the subject can not be given another. A crash in between is made good by the next OpenStore. Forgetting twice, or a
// subject that never had a key, is no error.
func (s *Store) Forget(ctx context.Context, subject string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if subject == "" {
		return errors.New("forget: no subject given")
	}
	e := s.entry(subject)
	e.shard.Lock()
	defer e.shard.Unlock()
	if _, err := s.read(e); errors.Is(err, ErrForgotten) {
		return nil
	}
	err := run(s.forgetting(e))
	s.cache.Remove(subject) // within the lock: nobody can put it back from what was read before
	if err != nil {
		return fmt.Errorf("forget subject %s: %w", subject, err)
	}
	return nil
}

// entry is where a subject's key is.
type entry struct {
	hash  string
	path  string
	shard *sync.Mutex
}

func (s *Store) entry(subject string) entry {
	mac := hmac.New(sha256.New, s.name[:])
	mac.Write([]byte(subject))
	sum := mac.Sum(nil)
	return s.entryOf(hex.EncodeToString(sum), sum[0])
}

func (s *Store) entryOf(hash string, shard byte) entry {
	return entry{hash: hash, path: filepath.Join(s.dir, hash[:2], hash), shard: &s.shards[shard]}
}

// prepare makes the directories, once, and drops keys whose making was interrupted: they were never used.
func (s *Store) prepare() error {
	before, err := Made(s.dir)
	if err != nil {
		return err
	}
	if before {
		err = s.complete()
	} else {
		err = s.make()
	}
	if err != nil {
		return err
	}
	left, err := os.ReadDir(filepath.Join(s.dir, newDir))
	for i := 0; err == nil && i < len(left); i++ {
		err = os.Remove(filepath.Join(s.dir, newDir, left[i].Name()))
	}
	if err != nil {
		return err
	}
	return s.probe()
}

func (s *Store) make() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	for _, name := range append(shardNames(), newDir, forgotDir) {
		if err := os.Mkdir(filepath.Join(s.dir, name), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	if err := s.syncDir(s.dir); err != nil {
		return err
	}
	return s.syncDir(filepath.Dir(s.dir))
}

// complete refuses a directory that has lost a part, with the keys that were in it.
func (s *Store) complete() error {
	for _, name := range append(shardNames(), newDir, forgotDir) {
		path := filepath.Join(s.dir, name)
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s is gone, and every key that was in it; put it back from a backup", path)
		} else if err != nil {
			return err
		}
	}
	return nil
}

func shardNames() []string {
	names := make([]string, 256)
	for i := range names {
		names[i] = fmt.Sprintf("%02x", i)
	}
	return names
}
