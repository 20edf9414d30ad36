// Package eventstoretest starts event stores for tests: in memory, on a free port, gone with the test.
package eventstoretest

import (
	"net"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"tillstream/infra/eventstore"
)

// Start gives the connection string of a new and empty event store, which ends with the test.
func Start(t testing.TB) string {
	t.Helper()
	return StartWith(t, eventstore.Options{FS: vfs.NewMem()})
}

// StartWith is Start with options; without a file system in them the store lies in a temporary directory.
func StartWith(t testing.TB, o eventstore.Options) string {
	t.Helper()
	dir := "/store"
	if o.FS == nil {
		dir = t.TempDir()
	}
	s, err := eventstore.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(lis) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close event store: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve event store: %v", err)
		}
	})
	return eventstore.ConnectionString(lis.Addr())
}
