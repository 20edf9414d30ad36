package esdb_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	"tillstream/events"
	"tillstream/infra/esdb"
	"tillstream/infra/eventstore"
)

func TestDialWaitsForTheStore(t *testing.T) {
	m := newMachine(t)
	m.stop()
	time.AfterFunc(100*time.Millisecond, m.start)
	s := dialled(t, m.connection())
	if _, err := s.Append(t.Context(), "stock-a", -1, drafts(t, "one", "stock-a", 1)); err != nil {
		t.Error(err)
	}
}

func TestDialSaysWhichStoreIsNotThere(t *testing.T) {
	m := newMachine(t)
	m.stop()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := esdb.Dial(ctx, m.connection(), events.Catalog(), quiet); err == nil || !strings.Contains(err.Error(), m.addr) {
		t.Errorf("dial: %v", err)
	}
	m.start()
}

func TestTheLeaderIsFoundByGossip(t *testing.T) {
	m := newMachine(t)
	s := dialled(t, strings.Replace(m.connection(), "esdb://", "esdb+discover://", 1))
	if _, err := s.Append(t.Context(), "stock-a", -1, drafts(t, "one", "stock-a", 1)); err != nil {
		t.Error(err)
	}
	for _, err := range s.Read(t.Context(), "stock-a", 0) {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestCallsAfterCloseFail(t *testing.T) {
	s := dialled(t, newMachine(t).connection())
	s.Close()
	if _, err := s.Append(t.Context(), "stock-a", -1, drafts(t, "one", "stock-a", 1)); !errors.Is(err, esdb.ErrClosed) {
		t.Errorf("append: %v", err)
	}
	for _, err := range s.Read(t.Context(), "stock-a", 0) {
		if !errors.Is(err, esdb.ErrClosed) {
			t.Errorf("read: %v", err)
		}
	}
	if err := s.Follow(t.Context(), 0, nil); !errors.Is(err, esdb.ErrClosed) {
		t.Errorf("follow: %v", err)
	}
}

// TestCredentialsGoOverTLS: to batch appends, single calls and subscriptions alike.
func TestCredentialsGoOverTLS(t *testing.T) {
	certified := httptest.NewTLSServer(nil)
	defer certified.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certified.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := eventstore.Open(t.TempDir(), eventstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var mu sync.Mutex
	users := map[string][]string{}
	server := grpc.NewServer(append(eventstore.ServerOptions(), grpc.Creds(credentials.NewServerTLSFromCert(&certified.TLS.Certificates[0])),
		grpc.StreamInterceptor(func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, h grpc.StreamHandler) error {
			md, _ := metadata.FromIncomingContext(ss.Context())
			mu.Lock()
			users[filepath.Base(info.FullMethod)] = md.Get("authorization")
			mu.Unlock()
			return h(srv, ss)
		}))...)
	defer server.Stop()
	store.Register(server)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(lis)

	s := dialled(t, fmt.Sprintf("esdb://till:secret@%s?tlsCaFile=%s", lis.Addr(), ca))
	if _, err := s.OpenLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, method := range []string{"BatchAppend", "Read"} {
		if !slices.Equal(users[method], []string{"Basic dGlsbDpzZWNyZXQ="}) {
			t.Errorf("%s came from %q", method, users[method])
		}
	}
}
