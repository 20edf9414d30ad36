package commands

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"tillstream/aggregates"
	"tillstream/events"
)

// Limits of a Handler.
const (
	attemptsMax     = 16               // a command that loses so many races in a row sits on a hot spot: surface it
	groupMax        = 256              // commands decided on one state and appended at once
	groupBytesMax   = 512 << 10        // stored bytes appended at once, unless one command alone needs more
	waitingMax      = 4096             // commands waiting for one stream
	streamsMax      = 20_000           // folded states kept in memory
	seenMax         = 600_000          // command ids kept in memory with them
	storeWithin     = 30 * time.Second // for one group: read, decide, append until the outcome is known
	callWithin      = 5 * time.Second  // for one call to the store
	snapshotEvery   = 1000             // facts between two snapshots of a stream
	snapshotWithin  = 2 * time.Second
	betweenNamedMax = 20
	streamNameMax   = 512 // bytes
)

// ErrBusy says waitingMax commands already wait for the stream: ask again later.
var ErrBusy = errors.New("too many commands wait for this stream: ask again later")

// ErrNotRecorded is wrapped by errors of Store.Append that leave no doubt: nothing was recorded, and the same facts
// would be refused again.
var ErrNotRecorded = errors.New("not recorded")

// Handler answers commands on the streams of one store. Each stream has a mailbox: commands that wait for it are decided
// in order on one state in memory and appended at once, so there is one path for a lone command and for a crowd.
type Handler struct {
	store Store
	opts  Options

	mu     sync.Mutex
	open   map[string]*list.Element // of box
	recent list.List                // most recently used first
	seen   int
}

// Options of a Handler; the zero value serves.
type Options struct {
	Now       func() time.Time // record time; nil: time.Now
	Snapshots Snapshots        // nil: long streams are read from their beginning
	LogID     events.LogID     // snapshots of another log are void
	Log       *slog.Logger     // nil: slog.Default
}

// NewHandler makes a Handler on store. Several Handlers, here or in other processes, may share a store.
func NewHandler(store Store, o Options) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Handler{store: store, opts: o, open: map[string]*list.Element{}}
}

// Answer is what a command recorded, now or the first time it was asked.
type Answer struct {
	Facts    []events.Event
	At       events.Position // a query that waits for it sees these facts; 0 if the stream is empty
	Replayed bool            // the command was known: this is what it recorded the first time
}

// Handle answers a command exactly once per meta.Command: a repeat gets the first answer, another request under the
// same id fails with ErrReused, a lost race is decided again on the newer state. It fails with the command's *Rejection,
// a *LostRaceError, ErrBusy, ErrUnknownOutcome, or the error of the store; a refusal leaves nothing behind. meta.Rec is
// set here, meta.At where it is zero.
func Handle[S aggregates.State[S, E], E events.Event](ctx context.Context, h *Handler, meta events.Meta, cmd Command[S, E]) (Answer, error) {
	if meta.Command == "" {
		return Answer{}, errors.New("a command needs an id: events.FreshCommandID makes one")
	}
	stream := string(cmd.Stream())
	if !isStreamName(stream) {
		return Answer{}, unnameable(cmd)
	}
	a, err := post(ctx, h, stream, &ask[S, E]{meta: meta, cmd: cmd})
	if err != nil {
		if r := (*Rejection)(nil); errors.As(err, &r) {
			return a, err
		}
		return a, fmt.Errorf("%s on %s: %w", cmd.Name(), stream, err)
	}
	return a, nil
}

// Look reads the folded state of a stream as it is now in the store. The state is not kept past the call of look,
// which runs on the stream's mailbox and must be quick. The position is of the last fact seen, 0 for an empty stream.
func Look[S aggregates.State[S, E], E events.Event, R any](ctx context.Context, h *Handler, stream events.Stream[E], look func(S) R) (R, events.Position, error) {
	var none, found R
	if !isStreamName(string(stream)) {
		return none, 0, invalid("stream", "is not the name of a stream")
	}
	a, err := post(ctx, h, string(stream), &ask[S, E]{look: func(s S) { found = look(s) }})
	if err != nil {
		return none, 0, fmt.Errorf("look at %s: %w", stream, err) // look may be running still: found is not ours to read
	}
	return found, a.At, nil
}

// isStreamName tells whether a stream could have this name; the store is not bothered with others.
func isStreamName(stream string) bool {
	category, id, _ := strings.Cut(stream, "-")
	return category != "" && id != "" && len(stream) <= streamNameMax &&
		utf8.ValidString(stream) && !strings.ContainsFunc(stream, unicode.IsControl)
}

// unnameable is the refusal of a command whose stream cannot be: in its own words, which name the field.
func unnameable[S aggregates.State[S, E], E events.Event](cmd Command[S, E]) error {
	var empty S
	_, err := cmd.Decide(empty)
	if r := (*Rejection)(nil); errors.As(err, &r) && r.Reason == InvalidReason {
		return err
	}
	return invalid("command", "names no stream: %s needs the id of what it is about", cmd.Name())
}

// box is a mailbox whose types are forgotten.
type box interface {
	name() string
	idle() bool
	weight() int
}

func post[S aggregates.State[S, E], E events.Event](ctx context.Context, h *Handler, stream string, a *ask[S, E]) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return Answer{}, err
	}
	m, err := mailboxOf[S, E](h, stream)
	if err != nil {
		return Answer{}, err
	}
	a.ctx, a.done = ctx, make(chan outcome, 1)
	if !m.put(a) {
		return Answer{}, ErrBusy
	}
	select {
	case o := <-a.done:
		return o.Answer, o.err
	case <-ctx.Done():
		return Answer{}, fmt.Errorf("%w (%w)", ErrUnknownOutcome, ctx.Err())
	}
}

// mailboxOf finds or makes the mailbox of a stream, and closes the least recently used ones beyond the limits. Two
// mailboxes of one stream would be safe, since appends expect a revision; they would only race.
func mailboxOf[S aggregates.State[S, E], E events.Event](h *Handler, stream string) (*mailbox[S, E], error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e, ok := h.open[stream]; ok {
		h.recent.MoveToFront(e)
		m, ok := e.Value.(*mailbox[S, E])
		if !ok {
			return nil, fmt.Errorf("%s is already used as a stream of other facts", stream)
		}
		return m, nil
	}
	m := &mailbox[S, E]{h: h, stream: stream, last: -1}
	h.open[stream] = h.recent.PushFront(m)
	for e := h.recent.Back(); e != nil && (len(h.open) > streamsMax || h.seen > seenMax); {
		older := e.Prev()
		if b := e.Value.(box); b.idle() && b != box(m) {
			h.recent.Remove(e)
			delete(h.open, b.name())
			h.seen -= b.weight()
		}
		e = older
	}
	return m, nil
}
