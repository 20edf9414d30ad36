package esdb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"tillstream/commands"
	"tillstream/events"
	"tillstream/infra/esdb"
	"tillstream/projections"
)

// unknownOutcome tells errors that leave open whether anything was recorded.
func unknownOutcome(err error) bool {
	return err != nil && !errors.Is(err, commands.ErrNotRecorded) && !errors.As(err, new(*commands.ConflictError))
}

func TestAnAppendWithoutAnswerEndsWithItsDeadline(t *testing.T) {
	m := newMachine(t)
	m.faults.set(silent, nil)
	s := dialled(t, m.connection())
	facts := drafts(t, "one", "stock-a", 1)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Append(ctx, "stock-a", -1, facts); !unknownOutcome(err) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("append to a silent store: %v", err)
	}
	if h := s.Health(); h.InFlight != 0 {
		t.Errorf("%d appends are still in flight", h.InFlight)
	}
}

func TestASilentConnectionIsReplaced(t *testing.T) {
	m := newMachine(t)
	m.faults.set(silent, nil)
	s := dialled(t, m.connection())
	facts := drafts(t, "one", "stock-a", 1)
	// Only an append that has waited two seconds on the open connection condemns it: on a busy machine the first one may
	// spend its time on opening that.
	for range 8 {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		_, err := s.Append(ctx, "stock-a", -1, facts)
		cancel()
		if !unknownOutcome(err) {
			t.Fatalf("append to a silent store: %v", err)
		}
		if !s.Health().Connected {
			break
		}
	}
	m.faults.set(nil, nil)
	done, err := s.Append(t.Context(), "stock-a", -1, facts)
	if err != nil || done.Revision != 0 {
		t.Fatalf("asked again: %+v, %v", done, err)
	}
	if h := s.Health(); h.Connections != 2 {
		t.Errorf("health %+v", h)
	}
}

func TestABrokenStreamFailsWhatIsInFlightAndIsOpenedAgain(t *testing.T) {
	m := newMachine(t)
	m.faults.set(cutAfter(5), nil)
	s := dialled(t, m.connection())
	var group sync.WaitGroup
	for w := range 8 {
		stream := fmt.Sprintf("stock-w%d", w)
		group.Go(func() {
			facts := drafts(t, stream, stream, 1)
			for range 100 {
				_, err := s.Append(t.Context(), stream, -1, facts)
				if err == nil {
					return
				}
				if !unknownOutcome(err) {
					t.Errorf("%s: %v", stream, err)
					return
				}
			}
			t.Errorf("%s was never appended", stream)
		})
	}
	group.Wait()
	for w := range 8 {
		n := 0
		for _, err := range s.Read(t.Context(), fmt.Sprintf("stock-w%d", w), 0) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("stock-w%d has %d facts", w, n)
		}
	}
}

func TestEverythingGoesOnWhenTheStoreIsBack(t *testing.T) {
	for name, fault := range map[string]grpc.UnaryServerInterceptor{"batch append": nil, "single append": withoutBatchAppend} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.faults.set(nil, fault)
			s := dialled(t, m.connection())
			facts := drafts(t, "one", "stock-a", 1)
			if _, err := s.Append(t.Context(), "stock-a", -1, facts); err != nil {
				t.Fatal(err)
			}
			for range s.Read(t.Context(), "stock-a", 0) {
			}
			m.stop()
			for range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				if _, err := s.Append(ctx, "stock-b", -1, facts); !unknownOutcome(err) {
					t.Errorf("append to a store that is gone: %v", err)
				}
				for _, err := range s.Read(ctx, "stock-a", 0) {
					if err == nil {
						t.Error("read from a store that is gone")
					}
				}
				cancel()
			}
			if h := s.Health(); name == "batch append" && (h.Connected || h.Why == "") {
				t.Errorf("health %+v", h)
			}
			m.start()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			for {
				_, err := s.Append(ctx, "stock-b", -1, facts)
				if err == nil {
					break
				}
				if ctx.Err() != nil {
					t.Fatal(err)
				}
			}
			for {
				n := 0
				var failed error
				for _, err := range s.Read(ctx, "stock-b", 0) {
					failed = err
					n++
				}
				if failed == nil && n == 1 {
					break
				}
				if ctx.Err() != nil {
					t.Fatal(failed)
				}
			}
		})
	}
}

func TestFollowGoesOnWhereItWas(t *testing.T) {
	m := newMachine(t)
	s := dialled(t, m.connection())
	id, err := s.OpenLog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan projections.Interval, 1024)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- s.Follow(ctx, 0, func(i projections.Interval) error {
			heard <- i
			return nil
		})
	}()
	var at events.Position
	hear := func(upTo events.Position) (facts int) {
		t.Helper()
		for at < upTo {
			select {
			case i := <-heard:
				if i.From != at || i.To <= i.From || i.Log != id || len(i.Broken) > 0 {
					t.Fatalf("interval %+v follows position %d", i, at)
				}
				at, facts = i.To, facts+len(i.Facts)
			case <-time.After(20 * time.Second):
				t.Fatalf("nothing is heard beyond %d: %+v", at, s.Health().Following)
			}
		}
		return facts
	}
	for round := range int64(3) {
		appended := appendUntilDone(t, s, "stock-a", round*700-1, drafts(t, fmt.Sprint(round), "stock-a", 700))
		want := 700
		if round == 0 {
			want++ // log.opened
		}
		if n := hear(appended.Position); n != want {
			t.Errorf("heard %d facts of %d", n, want)
		}
		m.stop()
		m.start()
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func appendUntilDone(t *testing.T, s interface {
	Append(context.Context, string, int64, []commands.Draft) (commands.Appended, error)
}, stream string, after int64, facts []commands.Draft) commands.Appended {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		done, err := s.Append(ctx, stream, after, facts)
		if err == nil {
			return done
		}
		if ctx.Err() != nil || !unknownOutcome(err) {
			t.Fatal(err)
		}
	}
}

func TestReadsThatHangEndWithTheirDeadline(t *testing.T) {
	m := newMachine(t)
	s := dialled(t, m.connection())
	if _, err := s.Append(t.Context(), "stock-a", -1, drafts(t, "one", "stock-a", 1)); err != nil {
		t.Fatal(err)
	}
	m.faults.set(hung, nil)
	for range 4 { // the last ones on a client that has taken the place of the first
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		for _, err := range s.Read(ctx, "stock-a", 0) {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("read: %v", err)
			}
		}
		cancel()
	}
	m.faults.set(nil, nil)
	for _, err := range s.Read(t.Context(), "stock-a", 0) {
		if err != nil {
			t.Errorf("read afterwards: %v", err)
		}
	}
}

func TestAnAnswerWithoutPositionIsCompletedByAReading(t *testing.T) {
	m := newMachine(t)
	m.faults.set(rewritten("BatchAppend", func(r *streams.BatchAppendResp) {
		if success := r.GetSuccess(); success != nil {
			success.PositionOption = &streams.BatchAppendResp_Success_NoPosition{NoPosition: &emptypb.Empty{}}
		}
	}), nil)
	s := dialled(t, m.connection())
	done, err := s.Append(t.Context(), "stock-a", -1, drafts(t, "one", "stock-a", 3))
	if err != nil {
		t.Fatal(err)
	}
	if head, err := s.Head(t.Context()); done.Position != head || done.Revision != 2 || err != nil {
		t.Errorf("appended at %+v, the head is %d, %v", done, head, err)
	}
}

func TestALogWhosePositionsAreNoOrderIsRefused(t *testing.T) {
	m := newMachine(t)
	s := dialled(t, m.connection())
	if _, err := s.OpenLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	done, err := s.Append(t.Context(), "stock-a", -1, drafts(t, "one", "stock-a", 1))
	if err != nil {
		t.Fatal(err)
	}
	m.faults.set(rewritten("Read", func(r *streams.ReadResp) {
		if e := r.GetEvent().GetEvent(); string(e.GetStreamIdentifier().GetStreamName()) == "stock-a" {
			e.PreparePosition--
		}
	}), nil)
	var refused *esdb.PositionError
	for _, err := range s.Read(t.Context(), "stock-a", 0) {
		if !errors.As(err, &refused) || refused.Stream != "stock-a" || refused.Prepare != refused.Commit-1 {
			t.Errorf("read: %v", err)
		}
	}
	for _, err := range s.Between(t.Context(), 0, done.Position) {
		if !errors.As(err, &refused) {
			t.Errorf("between: %v", err)
		}
	}
	err = s.Follow(t.Context(), 0, func(projections.Interval) error { return nil })
	if !errors.As(err, &refused) {
		t.Errorf("follow: %v", err)
	}
}
