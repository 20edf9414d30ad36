package targets

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tillstream/infra/eventstore"
	"tillstream/infra/local"
	"tillstream/infra/local/durable"
	"tillstream/infra/local/keys"
)

const (
	logDir = "eventstore" // in the data directory
	// keysNote lies in the directory of the log, so that a log that is moved or restored alone tells what it needs.
	keysNote     = "KEYS"
	keysNoteText = "Personal data in this log can be read only with secrets.json and keys/ of the data directory it came from.\n"
)

// openSecrets opens the secrets of a data directory and the keys of persons, making both where there is no log yet. A log
// without the keys it was sealed with is refused: with others in their place every person in it would be unreadable, and
// nobody would be told.
func openSecrets(dir string) (local.SecretSet, *keys.Store, error) {
	var none local.SecretSet
	path := filepath.Join(dir, local.KeysDir)
	made, err := keys.Made(path)
	if err != nil {
		return none, nil, err
	}
	if !made {
		sealed, err := logIsSealed(dir)
		if err != nil {
			return none, nil, err
		}
		if sealed {
			return none, nil, fmt.Errorf("%s is gone or empty, yet %s holds a log whose personal data only its keys can open; put it back, with %s, from a backup of the same time or later",
				path, filepath.Join(dir, logDir), local.SecretsFile)
		}
	}
	secrets, err := local.Secrets(dir)
	if err != nil {
		return none, nil, err
	}
	people, err := keys.OpenStore(path, secrets.KeyEncryption)
	if err != nil {
		return none, nil, err
	}
	return secrets, people, noteKeys(dir)
}

// logIsSealed tells whether the log in a data directory was written with keys. Older programs left no note of it.
func logIsSealed(dir string) (bool, error) {
	noted, err := exists(filepath.Join(dir, logDir, keysNote))
	if noted || err != nil {
		return noted, err
	}
	used, err := eventstore.Used(filepath.Join(dir, logDir))
	if !used || err != nil {
		return false, err
	}
	return exists(filepath.Join(dir, local.SecretsFile))
}

// noteKeys is called before anything is sealed.
func noteKeys(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, logDir), 0o700); err != nil {
		return err
	}
	if err := durable.SyncDir(dir); err != nil {
		return err
	}
	err := durable.WriteNew(filepath.Join(dir, logDir, keysNote), []byte(keysNoteText))
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	return err
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
