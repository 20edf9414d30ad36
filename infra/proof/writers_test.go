package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc"

	commandsv1 "tillstream/gateway/api/commands/v1"
	"tillstream/infra/targets/tilltest"
)

const (
	batchMost   = 8 // wishes a writer of the inner door has under way
	againMost   = 4 // granted wishes that a writer asks again after a restart
	writers     = 64
	restWriters = 16 // of them, by REST; the others by the stream of commands
)

// writer is one who asks, again and again, until the platform is gone.
type writer struct {
	name   string
	ledger *ledger
	chance *rand.Rand
	next   func(*writer) []*wish // more wishes, in order
	made   int                   // stories told so far: names of things derive from it

	queue  []*wish // made and not yet asked
	asked  []*wish // all that were
	people map[string]person
}

// work asks for what has no answer yet, asks some of what was granted again, and goes on with new wishes until the
// platform does not answer any more or ctx ends. Its error is a broken promise.
func (w *writer) work(ctx context.Context, d door) error {
	for wishes := range slices.Chunk(w.again(), batchMost) {
		if err := d.ask(ctx, w.ledger, wishes); err != nil {
			return broken(err)
		}
	}
	for ctx.Err() == nil {
		for len(w.queue) < batchMost {
			w.queue = append(w.queue, w.next(w)...)
		}
		n := 1 + w.chance.IntN(batchMost)
		wishes := w.queue[:n]
		w.queue = w.queue[n:]
		w.asked = append(w.asked, wishes...)
		if err := d.ask(ctx, w.ledger, wishes); err != nil {
			return broken(err)
		}
	}
	return nil
}

// again lists what is to be asked after a restart: all that nobody knows the outcome of, and some of what was granted.
func (w *writer) again() (wishes []*wish) {
	for _, x := range w.asked {
		if x.told == nil {
			wishes = append(wishes, x)
		}
	}
	for range min(againMost, len(w.asked)) {
		x := w.asked[w.chance.IntN(len(w.asked))]
		recorded := x.told != nil && x.told.refused == "" && (x.command == nil || len(x.told.facts) > 0)
		if recorded && !slices.Contains(wishes, x) {
			wishes = append(wishes, x)
		}
	}
	return wishes
}

// errGone says the platform is not there any more.
var errGone = errors.New("the platform is gone")

func broken(err error) error {
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

// door is a way to ask.
type door interface {
	// ask notes wishes, sends them, and notes their answers. It fails with errGone when the platform does not answer.
	ask(ctx context.Context, l *ledger, wishes []*wish) error
}

// innerDoor is the stream of commands.
type innerDoor struct{ client commandsv1.CommandsClient }

func (d innerDoor) ask(ctx context.Context, l *ledger, wishes []*wish) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := d.client.Send(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	for _, w := range wishes {
		l.ask(w)
		if stream.Send(w.command) != nil {
			break // Recv tells why
		}
	}
	_ = stream.CloseSend()
	for _, w := range wishes {
		answer, err := stream.Recv()
		if err != nil {
			return fmt.Errorf("%w: %w", errGone, err)
		}
		is := &told{}
		switch outcome := answer.Outcome.(type) {
		case *commandsv1.Answer_Recorded:
			is.facts, is.replayed = outcome.Recorded.Facts, outcome.Recorded.Replayed
		case *commandsv1.Answer_Refused:
			is.refused = outcome.Refused.Reason
		case *commandsv1.Answer_Failed:
			if !outcome.Failed.Retry {
				return fmt.Errorf("%s failed for good: %s: %s", w.id, outcome.Failed.Reason, outcome.Failed.Message)
			}
			continue // not known: it is asked again after the restart
		}
		if err := l.tell(w, is); err != nil {
			return err
		}
	}
	return nil
}

// outerDoor is REST.
type outerDoor struct {
	client *http.Client
	base   string
	actor  string
}

// request is one by REST.
type request struct {
	verb, path, key string
	body            any
}

func (d outerDoor) ask(ctx context.Context, l *ledger, wishes []*wish) error {
	for _, w := range wishes {
		l.ask(w)
		is, err := d.one(ctx, w.rest)
		if err != nil {
			return err
		}
		if is == nil {
			continue
		}
		if err := l.tell(w, is); err != nil {
			return err
		}
	}
	return nil
}

// one sends a request; no answer means that the outcome is not known.
func (d outerDoor) one(ctx context.Context, r *request) (*told, error) {
	body, err := json.Marshal(r.body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.verb, d.base+r.path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", r.key)
	req.Header.Set("X-Actor", d.actor)
	answer, err := d.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errGone, err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errGone, err)
	}
	is := &told{status: answer.StatusCode, body: string(said), replayed: answer.Header.Get("Idempotency-Replayed") == "true"}
	if answer.StatusCode < 300 {
		return is, nil
	}
	var p struct{ Reason, Message string }
	if err := json.Unmarshal(said, &p); err != nil {
		return nil, fmt.Errorf("%s %s was answered %d, which is no error of the platform: %q", r.verb, r.path, answer.StatusCode, said)
	}
	switch p.Reason {
	case "busy", "outcome_unknown", "out_of_time", "unavailable", "lost_race", "command_in_flight":
		return nil, nil
	case "invalid_argument", "internal":
		return nil, fmt.Errorf("%s %s: %s: %s", r.verb, r.path, p.Reason, p.Message)
	}
	is.refused = p.Reason
	return is, nil
}

// doorOf is the way that a writer asks.
func doorOf(w *writer, conn grpc.ClientConnInterface, transport *http.Transport, till *tilltest.Till) door {
	if w.people != nil {
		return outerDoor{&http.Client{Transport: transport}, till.HTTP, "staff:" + w.name}
	}
	return innerDoor{commandsv1.NewCommandsClient(conn)}
}

// askAgain asks what a writer got no answer to, once.
func askAgain(t *testing.T, till *tilltest.Till, w *writer) {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	d := doorOf(w, till.Conn(t), transport, till)
	for wishes := range slices.Chunk(w.again(), batchMost) {
		if err := d.ask(t.Context(), w.ledger, wishes); err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
	}
}

// atWork lets every writer work until the platform is gone or stop is called, which waits for all of them.
func atWork(t *testing.T, till *tilltest.Till, all []*writer) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	conns := make([]*grpc.ClientConn, 4)
	for i := range conns {
		conns[i] = till.Conn(t)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: len(all)}
	var working sync.WaitGroup
	for i, w := range all {
		d := doorOf(w, conns[i%len(conns)], transport, till)
		working.Go(func() {
			if err := w.work(ctx, d); err != nil {
				t.Errorf("%s: %v", w.name, err)
			}
		})
	}
	return func() {
		cancel()
		working.Wait()
		transport.CloseIdleConnections()
	}
}
