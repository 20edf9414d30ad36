package proof

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"tillstream/infra/targets/tilltest"
	"tillstream/projections"
)

// The promise to whoever rebuilds: everything may be killed at any step, under load. What was begun is gone on with, what was
// switched is switched or is not, and every view is right in the end, whichever of its generations answers.
func TestAReplayKilledAtAnyStepLeavesEveryViewRight(t *testing.T) {
	kills := 10
	if testing.Short() {
		kills = 3
	}
	r := chance(t)
	data := dataDir(t, "data")
	l := &ledger{wishes: map[string]*wish{}}
	everybody := staff(l, r, 16, 4)
	at := map[string]int{} // at which step a kill came
	for range kills {
		till := tilltest.Start(t, data)
		stop := atWork(t, till, everybody)
		ctx, cancel := context.WithCancel(t.Context())
		var step atomic.Value
		operated, next := make(chan struct{}), views(r)
		go func() {
			defer close(operated)
			for ctx.Err() == nil {
				replayOnce(ctx, t, till, next, &step)
			}
		}()
		time.Sleep(300*time.Millisecond + time.Duration(r.Int64N(int64(2500*time.Millisecond)))) // the moment of a kill is random, not a synchronisation
		killed, _ := step.Load().(string)
		at[killed]++
		till.Kill(t)
		cancel()
		<-operated
		stop()
	}

	till := tilltest.Start(t, data)
	answerAll(t, till, l, everybody)
	awaitViews(t, till)
	for _, v := range verifies(t, till, 0, "--fresh", "--all") {
		if !v.Equal {
			t.Errorf("what answers is not what a fold made now comes to: %+v", v)
		}
	}
	operates(t, till, "apply", "--all", "--promote") // what was begun is gone on with
	viewsEqualAFreshFold(t, till, facts(t, openLog(t, till)))
	t.Logf("%d kills, in the middle of %v", kills, at)
	if len(at) < 2 {
		t.Error("every kill came at the same step: this run has proven little")
	}
}

// views answers a source of views at random, for one goroutine.
func views(r *rand.Rand) func() string {
	own := rand.New(rand.NewPCG(r.Uint64(), 7))
	list := projections.Views()
	return func() string { return list[own.IntN(len(list))].Name }
}

// replayOnce takes a view through the life of a generation. Steps may fail, since the platform is killed meanwhile.
func replayOnce(ctx context.Context, t *testing.T, till *tilltest.Till, next func() string, step *atomic.Value) {
	view := next()
	for _, args := range [][]string{{"apply", "--anew"}, {"verify"}, {"promote"}, {"rollback"}, {"verify", "--fresh"}, {"retire", "--yes"}} {
		step.Store(args[0])
		ended := tilltest.Run(ctx, t, append([]string{"replay"}, append(args, view, "--quiet", "--data", till.Data)...)...)
		if ctx.Err() != nil {
			return
		}
		if ended.Code == 4 {
			t.Errorf("till replay %v of %s found a difference: %s", args, view, ended.Out)
		}
	}
}
