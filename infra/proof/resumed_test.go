package proof

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"tillstream/infra/esdb"
	"tillstream/infra/targets/tilltest"
	"tillstream/projections"
)

const importWithin = 5 * time.Minute

// The promise of resuming: an import that was killed anywhere, or whose platform was, and is run again, leaves the log
// that an undisturbed one leaves.
func TestAKilledImportThatIsRunAgainLeavesTheSameLog(t *testing.T) {
	n, kills := days(2), 4
	if testing.Short() {
		n, kills = 1, 3
	}
	r, file := chance(t), excerpt(t, n)
	undisturbed := tilltest.Start(t, dataDir(t, "data"))
	s, _ := imports(t, undisturbed, 0, file)
	want := stored(t, openLog(t, undisturbed))
	undisturbed.Stop(t)
	for _, way := range []struct {
		name string
		run  func(*testing.T, *rand.Rand, string, int, int) *tilltest.Till
	}{
		{"the importer is killed", killImporter},
		{"everything is killed, and the importer goes on", killPlatform},
	} {
		t.Run(way.name, func(t *testing.T) {
			till := way.run(t, r, file, kills, len(want))

			again, _ := imports(t, till, 0, file)

			if len(again.Differences) > 0 || again.Net != s.Net {
				t.Errorf("net %d, %d differences", again.Net, len(again.Differences))
			}
			isTheSameLog(t, stored(t, openLog(t, till)), want)
			if last, _ := imports(t, till, 0, file); last.EventsAdded != 0 {
				t.Errorf("run once more it added %d events", last.EventsAdded)
			}
			viewsEqualAFreshFold(t, till, facts(t, openLog(t, till)), projections.KeyedCommands.Name) // an import has no Idempotency-Key
		})
	}
}

// killImporter runs the importer and kills it, again and again, whenever so many more events are stored.
func killImporter(t *testing.T, r *rand.Rand, file string, kills, events int) *tilltest.Till {
	t.Helper()
	till := tilltest.Start(t, dataDir(t, "data"))
	for range kills {
		ctx, kill := context.WithTimeout(t.Context(), importWithin)
		grown := growing(ctx, t, till, 1+r.IntN(2*events/kills))
		ended := make(chan tilltest.Result, 1)
		go func() { ended <- tilltest.Run(ctx, t, "import", "online-retail", file, "--quiet", "--data", till.Data) }()
		select {
		case <-grown:
			kill()
			<-ended
		case ran := <-ended:
			if ran.Code != 0 {
				t.Errorf("the import ended with %d: %s", ran.Code, ran.Err)
			}
		}
		kill()
	}
	return till
}

// killPlatform kills the platform under one importer, again and again, and starts it again at the same address. The
// importer waits for it, or gives up in time with a word of it.
func killPlatform(t *testing.T, r *rand.Rand, file string, kills, events int) *tilltest.Till {
	t.Helper()
	data, address := dataDir(t, "data"), freeAddress(t)
	up := tilltest.Up{Data: data, Flags: []string{"--http", "127.0.0.1:0", "--grpc", address}, Bare: true}
	till := up.Launch(t)
	till.Ready(t)
	ctx, cancel := context.WithTimeout(t.Context(), importWithin)
	defer cancel()
	ended := make(chan tilltest.Result, 1)
	run := func() {
		ended <- tilltest.Run(ctx, t, "import", "online-retail", file, "--quiet", "--server", address)
	}
	go run()
	for n := range kills {
		watch, stop := context.WithCancel(ctx)
		select {
		case <-growing(watch, t, till, 1+r.IntN(2*events/kills)):
		case ran := <-ended:
			t.Logf("before kill %d the import ended with %d %.300s", n+1, ran.Code, ran.Err)
			go run()
		}
		stop()
		till.Kill(t)
		till = up.Launch(t)
		till.Ready(t)
	}
	ran := <-ended
	if t.Logf("the import that was running ended with %d %.300s", ran.Code, ran.Err); ran.Code != 0 && ran.Code != 1 {
		t.Errorf("the importer ended with %d: %s", ran.Code, ran.Err)
	}
	return till
}

// growing answers a channel that is closed when so many more events are stored.
func growing(ctx context.Context, t *testing.T, till *tilltest.Till, more int) <-chan struct{} {
	t.Helper()
	store := openLog(t, till)
	before := len(stored(t, store))
	grown := make(chan struct{})
	go func() {
		n := 0
		for _, err := range store.RawEvents(ctx, esdb.RawQuery{Follow: true}) {
			if err != nil {
				return
			}
			if n++; n >= before+more {
				close(grown)
				return
			}
		}
	}()
	return grown
}

// isTheSameLog compares streams event by event, by type and data. Streams that are independent may lie otherwise.
func isTheSameLog(t *testing.T, log, want []esdb.RawEvent) {
	t.Helper()
	isWellFormed(t, log)
	is, should := streams(log), streams(want)
	for stream, events := range should {
		if len(is[stream]) != len(events) {
			t.Errorf("%s has %d events, undisturbed it has %d", stream, len(is[stream]), len(events))
			continue
		}
		for i, e := range events {
			if got := is[stream][i]; got.Type != e.Type || !bytes.Equal(got.Data, e.Data) {
				t.Errorf("%s at revision %d is %s %s, undisturbed it is %s %s", stream, i, got.Type, got.Data, e.Type, e.Data)
			}
		}
	}
	if len(log) != len(want) || len(is) != len(should) {
		t.Errorf("%d events in %d streams, undisturbed there are %d in %d", len(log), len(is), len(want), len(should))
	}
}

// streams are the business streams of a log: its own identity is another in each.
func streams(log []esdb.RawEvent) map[string][]esdb.RawEvent {
	by := map[string][]esdb.RawEvent{}
	for _, e := range log {
		if e.Type != "log.opened" {
			by[e.Stream] = append(by[e.Stream], e)
		}
	}
	return by
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
