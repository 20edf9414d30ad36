package proof

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tillstream/infra/esdb"
	"tillstream/infra/targets/tilltest"
)

// The promise to whoever was answered: it is stored, once, and every view shows it, however often and whenever everything
// is killed at once: the platform, its event store, its Postgres.
func TestNothingAcknowledgedIsLostHoweverOftenEverythingIsKilled(t *testing.T) {
	kills, most := 20, 1200
	if testing.Short() {
		kills, most = 4, 400
	}
	r := chance(t)
	data := dataDir(t, "data")
	l := &ledger{wishes: map[string]*wish{}}
	everybody := staff(l, r, writers, restWriters)
	var before []esdb.RawEvent
	cut := 0 // wishes whose answer was cut off by a kill

	for n := range kills {
		begun := time.Now()
		till := tilltest.Start(t, data)
		now := stored(t, openLog(t, till))
		l.audit(t, before, now)
		before = now
		audited := time.Since(begun)
		granted := l.after(1 + r.IntN(most))
		stop := atWork(t, till, everybody)
		select {
		case <-granted:
		case <-time.After(currentWithin):
			t.Fatalf("nobody is answered any more\n%s", till.Log)
		}
		time.Sleep(time.Duration(r.Int64N(int64(20 * time.Millisecond)))) // the moment of a kill is random, not a synchronisation
		worked := time.Since(begun) - audited
		till.Kill(t)
		stop()
		t.Logf("kill %d: ready after %v, %d events audited after %v, at work %v, %v in all", n+1, till.Took, len(now), audited, worked, time.Since(begun))
		cut += l.unanswered()
		killStarting(t, r, data, n)
		if t.Failed() {
			t.Fatalf("after %d kills", n+1)
		}
	}

	till := tilltest.Start(t, data)
	l.audit(t, before, stored(t, openLog(t, till)))
	answerAll(t, till, l, everybody)
	log := stored(t, openLog(t, till))
	l.audit(t, before, log)
	viewsEqualAFreshFold(t, till, facts(t, openLog(t, till)))
	peopleAreFoundUnlessErased(t, database(t, data), everybody)
	t.Logf("%d kills: %d attempts, %d granted, %d cut off and asked again, %d answered from the record, %d events",
		kills, len(l.wishes), l.granted, cut, l.replayed, len(log))
	if cut == 0 || l.replayed == 0 {
		t.Error("no kill cut an answer off, or nothing was asked again: this run has proven nothing")
	}
}

// killStarting kills some starts in the middle too, and some as soon as they are ready: twice in a row.
func killStarting(t *testing.T, r *rand.Rand, data string, n int) {
	t.Helper()
	if n%3 == 0 {
		till := tilltest.Up{Data: data}.Launch(t)
		time.Sleep(time.Duration(r.Int64N(int64(600 * time.Millisecond)))) // as above
		till.Kill(t)
	}
	if n%5 == 0 {
		tilltest.Start(t, data).Kill(t)
	}
}

// answerAll asks every wish that is not answered again, until all of them are.
func answerAll(t *testing.T, till *tilltest.Till, l *ledger, everybody []*writer) {
	t.Helper()
	for range 5 {
		for _, w := range everybody {
			askAgain(t, till, w)
		}
		if l.unanswered() == 0 {
			return
		}
	}
	t.Errorf("%d wishes are not answered by a platform that runs undisturbed", l.unanswered())
}

// peopleAreFoundUnlessErased checks the one place where a person's text may be read.
func peopleAreFoundUnlessErased(t *testing.T, db *pgx.Conn, everybody []*writer) {
	t.Helper()
	opened := tableOf(t, db, "customers")
	opened[1] += "_opened"
	rows, err := db.Query(t.Context(), "SELECT key, name, email FROM "+opened.Sanitize())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	type text struct{ name, email string }
	found := map[string]text{}
	for rows.Next() {
		var id string
		var is text
		if err := rows.Scan(&id, &is.name, &is.email); err != nil {
			t.Fatal(err)
		}
		found[id] = is
	}
	people, erased := 0, 0
	for _, w := range everybody {
		for id, p := range w.people {
			want := text{p.name, p.email}
			switch {
			case p.opening.told == nil || p.opening.told.refused != "":
				continue
			case p.erasing != nil && p.erasing.told != nil && p.erasing.told.refused == "":
				want = text{}
				erased++
			}
			if people++; found[id] != want {
				t.Errorf("of %s the opened columns say %q, not %q", id, found[id], want)
			}
		}
	}
	if people == 0 || erased == 0 {
		t.Errorf("%d people, %d of them erased: nothing was proven", people, erased)
	}
}
