package projections

import (
	"context"
	"errors"
	"fmt"

	"tillstream/events"
)

const (
	mendPage    = 512 // facts folded between two looks at how many more there are
	catchUpMost = 64  // facts folded while the feed of the view waits
	startsMost  = 5   // beginnings of one retry: the host lost what it kept, and it begins again
)

// errLost says that what is parked is not what it was when a retry began.
var errLost = errors.New("what is parked has changed: retry again")

// mend retries one key. Live facts are remembered meanwhile; the last of them are folded while the feed waits.
func (p *Projector[V]) mend(ctx context.Context, key string, by Operator) (facts int, err error) {
	for range startsMost {
		m := mending[V]{p: p, key: key, by: by}
		if facts, err = m.run(ctx); !errors.Is(err, errLost) {
			break
		}
	}
	return facts, err
}

// mending is one retry of one key.
type mending[V any] struct {
	p       *Projector[V]
	key     string
	by      Operator
	epoch   int
	entry   ParkedKey
	loaded  map[string]Doc[V]
	folding *folding[V]
	after   events.Position // the last fact that was folded
	facts   int
}

func (m *mending[V]) run(ctx context.Context) (int, error) {
	if err := m.begin(ctx); err != nil {
		return 0, err
	}
	for {
		// Whatever is known so far, while the feed goes on.
		for more := true; more; {
			n, err := m.page(ctx, mendPage)
			if err != nil {
				return 0, m.stays(ctx, err)
			}
			more = n == mendPage
		}
		done, err := m.end(ctx)
		if err != nil {
			return 0, m.stays(ctx, err)
		}
		if done {
			return m.facts, nil
		}
	}
}

func (m *mending[V]) begin(ctx context.Context) (err error) {
	if err := m.p.feeding.take(ctx); err != nil {
		return err
	}
	defer m.p.feeding.leave()
	if err := m.p.reload(ctx, m.p.At().Log); err != nil {
		return err
	}
	m.epoch = m.p.epoch
	if m.entry, err = m.p.parkedKey(ctx, m.key); err != nil {
		return err
	}
	if m.loaded, err = m.p.docs.Load(ctx, []string{m.key}); err != nil {
		return fmt.Errorf("%s loads a parked key: %w", m.p.view.Name, err)
	}
	docs := m.loaded
	if m.entry.Cause == FoldedAnew {
		docs = nil
	}
	m.folding = newFolding(m.p.view, docs)
	return nil
}

// page folds the next facts that are remembered, at most so many.
func (m *mending[V]) page(ctx context.Context, most int) (int, error) {
	positions, err := m.p.docs.Remembered(ctx, m.key, m.after, most)
	if err != nil {
		return 0, fmt.Errorf("%s reads what a parked key remembers: %w", m.p.view.Name, err)
	}
	for _, at := range positions {
		if err := m.fold(ctx, at); err != nil {
			return 0, err
		}
	}
	return len(positions), nil
}

func (m *mending[V]) fold(ctx context.Context, at events.Position) error {
	r, still, err := m.p.factAt(ctx, at)
	if err != nil {
		return err
	}
	if still != nil {
		still.Cause = FoldFailed // it is not a stream that is parked
		return m.failed(*still)
	}
	if stream := StreamKey(r.Stream); m.p.isBehind(stream, at) {
		return m.failed(ParkedKey{Cause: Behind, Follows: stream, Failed: at, Wire: r.Type(), Error: "the fact belongs to the parked stream " + stream})
	}
	named, _, fault := m.p.view.namedBy(r)
	if fault != nil {
		return m.failed(fault.parked(m.key, FoldFailed, r))
	}
	if t := m.p.view.touchOf(m.key, m.folding.doc(m.key).Value, r, named); len(t.rules) > 0 {
		if fault := m.folding.into(t, r); fault != nil {
			return m.failed(fault.parked(m.key, FoldFailed, r))
		}
	}
	m.after, m.facts = at, m.facts+1
	return nil
}

// end folds the last facts and keeps everything, while the feed waits; it answers false when there are too many for that.
func (m *mending[V]) end(ctx context.Context) (done bool, err error) {
	if err := m.p.feeding.take(ctx); err != nil {
		return false, err
	}
	defer m.p.feeding.leave()
	if m.epoch != m.p.epoch {
		return false, errLost
	}
	n, err := m.page(ctx, catchUpMost+1)
	if err != nil || n > catchUpMost {
		return false, err
	}
	if _, had := m.loaded[m.key]; had && m.entry.Cause == FoldedAnew {
		if _, made := m.folding.changed[m.key]; !made {
			m.folding.changed[m.key] = Doc[V]{Position: m.after}
		}
	}
	err = m.p.keep(ctx, Batch[V]{Changed: m.folding.changed, Indexed: m.folding.moves(m.loaded), To: m.p.At(),
		Parked: Parked{Released: []string{m.key}, Done: m.by.did(Retry, m.key, m.facts, "")}})
	var data *DataError
	if errors.As(err, &data) {
		return false, m.failed(ParkedKey{Cause: SaveFailed, Failed: m.entry.Failed, Wire: m.entry.Wire, Error: data.Error()})
	}
	return err == nil, err
}

// failed is the key as it stays parked.
func (m *mending[V]) failed(why ParkedKey) error {
	k := m.entry
	if k.Cause != FoldedAnew {
		k.Cause = why.Cause
	}
	k.Follows, k.Failed, k.Wire = why.Follows, why.Failed, why.Wire
	k.Error, k.Stack, k.Tries = cut(why.Error, errorMost), cut(why.Stack, stackMost), k.Tries+1
	return &StillParkedError{k}
}

// stays keeps why a retry failed, when it was for the data.
func (m *mending[V]) stays(ctx context.Context, err error) error {
	var still *StillParkedError
	if !errors.As(err, &still) {
		return err
	}
	if err := m.p.feeding.take(ctx); err != nil {
		return err
	}
	defer m.p.feeding.leave()
	if m.epoch != m.p.epoch {
		return errLost
	}
	change := Parked{Parked: []ParkedKey{still.ParkedKey}, Done: m.by.did(Retry, m.key, 0, still.ParkedKey.Error)}
	if kept := m.p.keep(ctx, Batch[V]{Parked: change, To: m.p.At()}); kept != nil {
		return kept
	}
	return err
}

// isBehind tells whether a fact of a stream came after what the stream is parked for.
func (p *Projector[V]) isBehind(stream string, at events.Position) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	w, parked := p.parked[stream]
	return parked && at >= w.failed
}

// factAt reads one fact; when it cannot be decoded, why.
func (p *Projector[V]) factAt(ctx context.Context, at events.Position) (r events.Recorded, still *ParkedKey, err error) {
	one, err := p.log.EventAt(ctx, at)
	switch {
	case err != nil:
		return r, nil, fmt.Errorf("read position %d of the log: %w", at, err)
	case len(one.Broken) == 1:
		b := one.Broken[0]
		return r, &ParkedKey{Cause: Unreadable, Failed: at, Wire: b.Wire, Error: b.Err.Error()}, nil
	case len(one.Facts) != 1:
		return r, nil, fmt.Errorf("the log holds no event at position %d, which a parked key of %s remembers", at, p.view.Name)
	}
	return one.Facts[0], nil, nil
}
