package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	commandsv1 "tillstream/gateway/api/commands/v1"
	"tillstream/infra/esdb"
)

// wish is one command that somebody wants, by one of the two doors. It is asked again as it is, under the same id.
type wish struct {
	id      string              // of the command
	command *commandsv1.Command // by the stream of commands; nil: by REST
	rest    *request
	facts   int // how many events it records, if it is granted; 0: that depends

	told *told // nil: asked, and the answer never came
}

// told is how a wish was answered.
type told struct {
	refused  string             // reason; empty: granted
	facts    []*commandsv1.Fact // by the stream of commands
	status   int                // by REST
	body     string
	replayed bool
}

// ledger is what all who ask remember, outside the platform: what they asked, and what they were told.
type ledger struct {
	mu       sync.Mutex
	wishes   map[string]*wish
	granted  int           // over all runs
	enough   int           // granted wishes after which reached is closed
	reached  chan struct{} // nil: nobody waits
	replayed int           // wishes asked again and answered from the record
}

// ask notes a wish before it is sent.
func (l *ledger) ask(w *wish) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wishes[w.id] = w
}

// tell notes the answer to a wish. It fails when the wish was answered before, otherwise.
func (l *ledger) tell(w *wish, is *told) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if is.replayed {
		l.replayed++
	}
	before := w.told
	w.told = is
	if before != nil {
		return alike(w, before, is)
	}
	if is.refused == "" {
		l.granted++
	}
	if l.reached != nil && l.granted >= l.enough {
		close(l.reached)
		l.reached = nil
	}
	return nil
}

// alike holds a repeated answer to the first one.
func alike(w *wish, before, is *told) error {
	same := before.refused == is.refused && before.status == is.status && before.body == is.body && len(before.facts) == len(is.facts)
	for i := range before.facts {
		same = same && before.facts[i].Type == is.facts[i].Type && bytes.Equal(before.facts[i].Data, is.facts[i].Data)
	}
	if !same {
		return fmt.Errorf("%s was answered %+v, and asked again %+v", w.id, *before, *is)
	}
	if is.refused == "" && !is.replayed {
		return fmt.Errorf("%s was granted twice, not answered from the record", w.id)
	}
	return nil
}

// after answers a channel that is closed when so many more wishes have been granted.
func (l *ledger) after(more int) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.enough, l.reached = l.granted+more, make(chan struct{})
	return l.reached
}

// unanswered counts the wishes whose outcome nobody knows.
func (l *ledger) unanswered() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.wishes {
		if w.told == nil {
			n++
		}
	}
	return n
}

// audit holds the stored log to the ledger, and to what was stored when it was read before.
func (l *ledger) audit(t *testing.T, before, log []esdb.RawEvent) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	isWellFormed(t, log)
	goesOn(t, before, log)
	by := map[string][]esdb.RawEvent{}
	for _, e := range log {
		id := commandOf(t, e)
		if _, asked := l.wishes[id]; !asked && e.Type != "log.opened" {
			t.Errorf("%s revision %d was stored and never attempted", e.Stream, e.Revision)
		}
		by[id] = append(by[id], e)
	}
	lost := 0
	for id, w := range l.wishes {
		if err := w.holds(by[id]); err != nil {
			if lost++; lost <= 5 {
				t.Error(err)
			}
		}
	}
	if lost > 5 {
		t.Errorf("%d wishes are not as they were answered", lost)
	}
}

// holds compares what was told of a wish with what is stored of it.
func (w *wish) holds(events []esdb.RawEvent) error {
	switch {
	case w.told == nil: // all of it, some steps of it, or none
		return nil
	case w.told.refused != "" && len(events) > 0:
		return fmt.Errorf("%s was refused (%s), and %d events of it are stored", w.id, w.told.refused, len(events))
	case w.told.refused != "":
		return nil
	case w.facts > 0 && len(events) != w.facts:
		return fmt.Errorf("%s was granted, and %d of its %d events are stored", w.id, len(events), w.facts)
	case w.command == nil:
		return nil
	case len(events) != len(w.told.facts):
		return fmt.Errorf("%s was granted with %d events, and %d are stored", w.id, len(w.told.facts), len(events))
	}
	for i, e := range events {
		if told := w.told.facts[i]; told.Type != e.Type || !bytes.Equal(told.Data, e.Data) {
			return fmt.Errorf("%s was granted with %s %s, stored is %s %s", w.id, told.Type, told.Data, e.Type, e.Data)
		}
	}
	return nil
}

// isWellFormed checks the laws of any log: revisions without a gap, no id twice, positions that increase.
func isWellFormed(t *testing.T, log []esdb.RawEvent) {
	t.Helper()
	next, ids, last := map[string]uint64{}, map[string]bool{}, esdb.RawEvent{}
	for _, e := range log {
		if e.Revision != next[e.Stream] {
			t.Errorf("%s has revision %d where %d is next", e.Stream, e.Revision, next[e.Stream])
		}
		if ids[e.ID] {
			t.Errorf("the event id %s stands twice, again in %s", e.ID, e.Stream)
		}
		if e.Position <= last.Position {
			t.Errorf("position %d of %s follows %d", e.Position, e.Stream, last.Position)
		}
		next[e.Stream]++
		ids[e.ID], last = true, e
	}
}

// goesOn checks that a log still begins with what was read of it before.
func goesOn(t *testing.T, before, log []esdb.RawEvent) {
	t.Helper()
	if len(log) < len(before) {
		t.Fatalf("the log has %d events, it had %d", len(log), len(before))
	}
	for i, was := range before {
		is := log[i]
		if was.Position != is.Position || was.ID != is.ID || was.Stream != is.Stream || was.Revision != is.Revision || was.Type != is.Type ||
			!was.Recorded.Equal(is.Recorded) || !bytes.Equal(was.Data, is.Data) || !bytes.Equal(was.Metadata, is.Metadata) {
			t.Fatalf("the event at position %d was changed:\n%+v\n%+v", was.Position, was, is)
		}
	}
}

func commandOf(t *testing.T, e esdb.RawEvent) string {
	t.Helper()
	var meta struct {
		Command string `json:"cmd"`
	}
	if err := json.Unmarshal(e.Metadata, &meta); err != nil || meta.Command == "" {
		t.Errorf("%s revision %d names no command: %s", e.Stream, e.Revision, e.Metadata)
	}
	return meta.Command
}
