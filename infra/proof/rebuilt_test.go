package proof

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tillstream/infra/targets/tilltest"
	"tillstream/projections"
)

// step is one of a replay that is killed in the middle: a lock that the test holds has it wait there.
type step struct {
	args   []string
	view   string   // empty: any
	before []string // steps that have to be done before
	lock   string   // empty: none; $table is that of the generation that was built
	begun  string   // a question to the database: is it in the middle?
}

const (
	// A few events have been folded, at a rate that leaves seconds until the last.
	isReading = `SELECT EXISTS (SELECT FROM tillstream.generations JOIN tillstream.checkpoints ON generation = id
		WHERE state = 'building' AND NOT caught_up AND count > 0)`
	waitsForUs = `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))`

	// enoughToRead is how many commands are granted before the first step: more events than applyRate reads in seconds.
	enoughToRead = 500
	applyRate    = "100"
)

var killedSteps = []step{
	{args: []string{"apply", "--anew", "--rate", applyRate}, view: projections.AuditLog.Name, begun: isReading},
	{args: []string{"verify"}, before: []string{"apply"}, lock: "tillstream.parked IN ACCESS EXCLUSIVE MODE", begun: waitsForUs},
	{args: []string{"promote"}, before: []string{"apply"}, lock: "tillstream.served IN SHARE MODE", begun: waitsForUs},
	{args: []string{"rollback"}, before: []string{"apply", "promote"}, lock: "tillstream.served IN SHARE MODE", begun: waitsForUs},
	{args: []string{"verify", "--fresh"}, lock: "tillstream.parked IN ACCESS EXCLUSIVE MODE", begun: waitsForUs},
	{args: []string{"retire", "--yes"}, before: []string{"apply"}, lock: "$table IN ACCESS SHARE MODE", begun: waitsForUs},
}

// The promise to whoever rebuilds: everything may be killed at any step, under load. What was begun is gone on with, what was
// switched is switched or is not, and every view is right in the end, whichever of its generations answers.
func TestAReplayKilledAtAnyStepLeavesEveryViewRight(t *testing.T) {
	r := chance(t)
	data := dataDir(t, "data")
	l := &ledger{wishes: map[string]*wish{}}
	everybody := staff(l, r, 16, 4)
	for n, s := range killedSteps {
		begun := time.Now()
		till := tilltest.Start(t, data)
		granted := l.after(enoughToRead)
		stop := atWork(t, till, everybody)
		if n == 0 {
			reached(t, till, granted)
		}
		if list := projections.Views(); s.view == "" {
			s.view = list[r.IntN(len(list))].Name
		}
		for _, before := range s.before {
			operates(t, till, before, s.view)
		}
		came := s.killed(t, r, till)
		stop()
		t.Logf("%v of %s: killed, it ended with %d; %v in all", s.args, s.view, came.Code, time.Since(begun))
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
}

func reached(t *testing.T, till *tilltest.Till, granted <-chan struct{}) {
	t.Helper()
	select {
	case <-granted:
	case <-time.After(currentWithin):
		t.Fatalf("nobody is answered any more\n%s", till.Log)
	}
}

// killed runs the step and kills everything in the middle of it: while it waits for the lock, or at whatever moment soon
// after it has got it.
func (s step) killed(t *testing.T, r *rand.Rand, till *tilltest.Till) (came tilltest.Result) {
	t.Helper()
	db := database(t, till.Data)
	if s.lock != "" {
		s.takeLock(t, db)
	}
	ended := make(chan tilltest.Result, 1)
	go func() {
		ended <- tilltest.Run(t.Context(), t, append(append([]string{"replay"}, s.args...), s.view, "--quiet", "--data", till.Data)...)
	}()
	ctx, cancel := context.WithTimeout(t.Context(), currentWithin)
	defer cancel()
	for in := false; !in; {
		if err := db.QueryRow(ctx, s.begun).Scan(&in); err != nil {
			t.Fatalf("whether %v is in the middle is not known: %v", s.args, err)
		}
		select {
		case came = <-ended:
			t.Fatalf("%v of %s has ended before it was in the middle, with %d: %s%s", s.args, s.view, came.Code, came.Out, came.Err)
		case <-time.After(time.Millisecond):
		}
	}
	if r.IntN(2) == 0 && s.lock != "" {
		if _, err := db.Exec(ctx, "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(r.Int64N(int64(40 * time.Millisecond)))) // the moment of a kill is random, not a synchronisation
	}
	till.Kill(t)
	if came = <-ended; came.Code == 4 {
		t.Errorf("%v of %s found a difference: %s", s.args, s.view, came.Out)
	}
	return came
}

func (s step) takeLock(t *testing.T, db *pgx.Conn) {
	t.Helper()
	lock := s.lock
	if strings.Contains(lock, "$table") {
		var table string
		err := db.QueryRow(t.Context(), `SELECT table_name FROM tillstream.generations
			WHERE view = $1 AND state = 'building' AND caught_up ORDER BY id DESC LIMIT 1`, s.view).Scan(&table)
		if err != nil {
			t.Fatal(err)
		}
		lock = strings.Replace(lock, "$table", pgx.Identifier{"tillstream", table}.Sanitize(), 1)
	}
	if _, err := db.Exec(t.Context(), "BEGIN; LOCK TABLE "+lock); err != nil {
		t.Fatal(err)
	}
}
