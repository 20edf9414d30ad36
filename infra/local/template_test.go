package local_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"tillstream/infra/local"
)

var templateMade string // removed when the tests have ended

// template is a cluster made once, for making one takes longer than most tests.
var template = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tillstream-template-")
	if err != nil {
		return "", err
	}
	templateMade = dir
	p, err := local.StartPostgres(context.Background(), local.PostgresOptions{Dir: dir})
	if err != nil {
		return "", err
	}
	return dir, p.Stop(context.Background())
})

// clusterDir is a directory of the test's own with a cluster that has never been used.
func clusterDir(t *testing.T) string {
	t.Helper()
	from, err := template()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"cluster", "password"} {
		if err := copyTree(filepath.Join(from, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := to + path[len(from):]
		if d.IsDir() {
			return os.Mkdir(target, 0o700)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o600)
	})
}
