package local

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

// Root reads everything, so that the whole way is only gone by an ordinary user.
func TestAClusterOfAnotherUserIsSaidToBeTheirs(t *testing.T) {
	for cause, says := range map[error]string{fs.ErrPermission: "belongs to another user", fs.ErrNotExist: "password is gone"} {
		err := unreadable("/data/postgres", &fs.PathError{Op: "open", Path: "/data/postgres/password", Err: cause})
		if !errors.Is(err, cause) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "/data/postgres") {
			t.Errorf("%v", err)
		}
	}
}
