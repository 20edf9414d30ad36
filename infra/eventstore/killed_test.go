package eventstore_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"

	"tillstream/infra/eventstore"
)

// childDir makes this test program a store of its own, which its parent kills.
const childDir = "EVENTSTORE_TEST_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(childDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	err := eventstore.Run(context.Background(), dir, "127.0.0.1:0", slog.New(slog.NewTextHandler(os.Stdout, nil)))
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// startChild gives a store in another process and the means to kill it.
func startChild(t *testing.T, dir string) (conn string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	kill = func() { once.Do(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) }
	t.Cleanup(kill)
	ready, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the store did not start: %v", err)
	}
	_, rest, _ := strings.Cut(ready, `connection="`)
	conn, _, _ = strings.Cut(rest, `"`)
	return conn, kill
}

// What a store has acknowledged outlives its process, killed at any moment under many writers.
func TestKilledStoreKeepsWhatItAcknowledged(t *testing.T) {
	dir := t.TempDir()
	attempted, acknowledged := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	for life := range 6 {
		conn, kill := startChild(t, dir)
		check(t, conn, attempted, acknowledged)
		writeUntilKilled(t, conn, kill, life, attempted, acknowledged)
	}
	conn, _ := startChild(t, dir)
	check(t, conn, attempted, acknowledged)
}

func writeUntilKilled(t *testing.T, conn string, kill func(), life int, attempted, acknowledged map[uuid.UUID]bool) {
	t.Helper()
	// Not the official client: once its server is gone, its calls may wait for ever.
	c := streams.NewStreamsClient(dial(t, conn))
	var mu sync.Mutex
	var group sync.WaitGroup
	enough := len(acknowledged) + 1 + rand.N(400)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for w := range 16 {
		group.Go(func() {
			for {
				id := uuid.New()
				mu.Lock()
				attempted[id] = true
				mu.Unlock()
				if err := appendOne(ctx, c, fmt.Sprintf("s-%d-%d", life, w), id); err != nil {
					return
				}
				mu.Lock()
				acknowledged[id] = true
				due := len(acknowledged) == enough
				mu.Unlock()
				if due {
					kill()
					cancel()
				}
			}
		})
	}
	group.Wait()
}

func appendOne(ctx context.Context, c streams.StreamsClient, stream string, id uuid.UUID) error {
	call, err := c.Append(ctx)
	if err != nil {
		return err
	}
	e := event(64)
	e.GetProposedMessage().Id = structured(id)
	for _, req := range []*streams.AppendReq{options(stream), e} {
		if err := call.Send(req); err != nil {
			return err
		}
	}
	resp, err := call.CloseAndRecv()
	if err == nil && resp.GetSuccess() == nil {
		err = fmt.Errorf("refused: %v", resp)
	}
	return err
}

// check: acknowledged ⊆ stored ⊆ attempted, and revisions without gaps.
func check(t *testing.T, conn string, attempted, acknowledged map[uuid.UUID]bool) {
	t.Helper()
	read, err := connect(t, conn).ReadAll(timeout(t), esdb.ReadAllOptions{From: esdb.Start{}}, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	stored, next := map[uuid.UUID]bool{}, map[string]uint64{}
	for {
		e, err := read.Recv()
		if err != nil {
			break
		}
		if !attempted[e.Event.EventID] || stored[e.Event.EventID] {
			t.Fatalf("event %s is stored twice or was never attempted", e.Event.EventID)
		}
		if e.Event.EventNumber != next[e.Event.StreamID] {
			t.Fatalf("%s: revision %d where %d is due", e.Event.StreamID, e.Event.EventNumber, next[e.Event.StreamID])
		}
		next[e.Event.StreamID]++
		stored[e.Event.EventID] = true
	}
	for id := range acknowledged {
		if !stored[id] {
			t.Fatalf("acknowledged event %s is gone, %d of %d are there", id, len(stored), len(acknowledged))
		}
	}
}
