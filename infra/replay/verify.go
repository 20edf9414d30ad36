package replay

import (
	"context"
	"math/rand/v2"
	"slices"

	"tillstream/events"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/infra/postgres"
	"tillstream/projections"
)

// Limits of a verdict.
const (
	tracedMost      = 10_000 // keys that differ, of which the causes are looked for
	differencesMost = 10_000 // told one by one
	differencesTold = 100    // where nobody says how many
	parkedTold      = 100
)

// verify compares what answers with another generation, at one position of both.
func (s *Switchboard[V]) verify(ctx context.Context, in *replayv1.VerifyRequest, tell func(*replayv1.Progress) error) (verdict *replayv1.Verdict, err error) {
	if in.Sample < 0 || in.Limit < 0 || in.Limit > differencesMost {
		return nil, refuse("invalid_argument", "a sample of %d rows, a limit of %d: give a sample from 0 (all), and a limit up to %d", in.Sample, in.Limit, differencesMost)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	b := &building{progress: newProgress(s.name()), stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(b.ended)
		verdict, b.err = s.compare(ctx, in, b.progress)
	}()
	if err := b.listen(tell); err != nil {
		return nil, err
	}
	return verdict, nil
}

func (s *Switchboard[V]) compare(ctx context.Context, in *replayv1.VerifyRequest, p *progress) (*replayv1.Verdict, error) {
	left, letGo := s.take()
	defer letGo()
	if left == nil {
		return nil, s.unprepared()
	}
	right, done, err := s.other(ctx, in, left, p)
	if err != nil {
		return nil, err
	}
	defer done()
	v := &verifying[V]{Switchboard: s, left: left, right: right, progress: p, limit: int(in.Limit), parked: map[string]bool{},
		verdict: &replayv1.Verdict{View: s.name(), Left: left.Table, Right: right.Table, Sampled: in.Sample > 0}}
	if v.limit == 0 {
		v.limit = differencesTold
	}
	return v.verdict, v.run(ctx, in.Sample)
}

// other is the generation to compare with. done lets it go.
func (s *Switchboard[V]) other(ctx context.Context, in *replayv1.VerifyRequest, left *generation[V], p *progress) (right *generation[V], done func(), err error) {
	if in.Fresh {
		if right, err = s.build(ctx, options{fresh: true}, p); err != nil {
			return nil, nil, err
		}
		return right, func() { s.dropFresh(right) }, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.held {
		if g != left && !g.Fresh && g.follower != nil && (g.Table == in.Generation || in.Generation == "" && newer(g, right)) {
			right = g
		}
	}
	if right == nil {
		return nil, nil, refuse("generation_unknown", "%s has no other generation that follows the log%s: run \"till replay apply %s\", or give --fresh", s.name(),
			map[bool]string{true: " and is named " + in.Generation}[in.Generation != ""], s.name())
	}
	return right, s.holding(right), nil
}

func newer[V any](g, than *generation[V]) bool {
	return than == nil || g.ID > than.ID
}

// dropFresh is for the end of a comparison, whatever ended it. What it cannot drop, the next start does.
func (s *Switchboard[V]) dropFresh(g *generation[V]) {
	ctx, cancel := context.WithTimeout(context.Background(), holdWithin)
	defer cancel()
	s.forget(g)
	if err := s.DB.Retire(ctx, g.ID); err != nil {
		s.Logger.Warn("a generation that was made to be compared with is not dropped; the next start does", "generation", g.Table, "err", err)
	}
}

// verifying is one comparison.
type verifying[V any] struct {
	*Switchboard[V]
	left, right *generation[V]
	progress    *progress
	limit       int
	parked      map[string]bool
	unlike      []postgres.Unlike
	verdict     *replayv1.Verdict
}

func (v *verifying[V]) run(ctx context.Context, sample int64) error {
	v.progress.of(v.right.Table)
	v.verdict.RulesRemoved, v.verdict.RulesAdded = differences(v.left.Rules, v.right.Rules)
	c, err := v.moment(ctx, postgres.Sample{Rows: sample, Seed: rand.Int64()})
	if err != nil {
		return err
	}
	defer c.Close()
	v.verdict.LeftOnlyColumns, v.verdict.RightOnlyColumns = c.LeftOnly, c.RightOnly
	v.progress.phase(phaseComparing, c.Rows)
	v.verdict.Compared, err = c.Each(ctx, v.note, v.progress.counted)
	if err != nil {
		return err
	}
	c.Close()
	v.verdict.Equal = v.verdict.Differ+v.verdict.OnlyLeft+v.verdict.OnlyRight == 0
	if !v.verdict.Equal {
		v.progress.phase(phaseCauses, v.Hub.Head().Count)
		if err := v.causes(ctx); err != nil {
			return err
		}
	}
	v.progress.done(events.Position(v.verdict.Position))
	return nil
}

// moment has both stand at one position while a moment of the database is taken. Who is frozen stands where it does: what
// the other changed since is told by the positions of its rows.
func (v *verifying[V]) moment(ctx context.Context, sample postgres.Sample) (*postgres.Comparison, error) {
	held, cancel := context.WithTimeout(ctx, holdWithin)
	defer cancel()
	var moves []turn
	release := func() {
		for _, m := range moves {
			m.leave()
		}
		moves = nil
	}
	defer func() { release() }()
	for _, g := range []*generation[V]{v.left, v.right} {
		if g.follower == nil {
			continue
		}
		if err := g.follower.moves.take(held); err != nil {
			return nil, err
		}
		moves = append(moves, g.follower.moves)
	}
	if err := v.level(held); err != nil {
		return nil, err
	}
	if err := v.noteParked(held); err != nil {
		return nil, err
	}
	v.mu.Lock()
	left, right := v.left.Generation, v.right.Generation
	v.mu.Unlock()
	return v.DB.Compare(ctx, left, right, len(v.left.changes) == 0, sample, release)
}

// level brings the one that is behind to where the other stands.
func (v *verifying[V]) level(ctx context.Context) error {
	to := max(v.left.at().At, v.right.at().At)
	for _, g := range []*generation[V]{v.left, v.right} {
		if g.projector == nil || g.at().At == to {
			continue
		}
		if err := g.projector.Advance(ctx, projections.Interval{Log: v.ID, From: to, To: to}); err != nil {
			return err
		}
	}
	v.verdict.Position = uint64(v.right.at().At)
	if v.left.projector == nil {
		v.verdict.Position = uint64(v.left.at().At)
	}
	return nil
}

func (v *verifying[V]) noteParked(ctx context.Context) error {
	for _, g := range []*generation[V]{v.left, v.right} {
		keys, err := g.rows.Parked(ctx, "", projections.ParkedMost)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if !v.parked[k.Key] && len(v.verdict.Parked) < parkedTold {
				v.verdict.Parked = append(v.verdict.Parked, k.Key)
			}
			v.parked[k.Key] = true
		}
	}
	v.verdict.ParkedKeys = uint64(len(v.parked))
	slices.Sort(v.verdict.Parked)
	return nil
}

// note counts a key of which both have not the same.
func (v *verifying[V]) note(u postgres.Unlike) error {
	switch {
	case v.parked[u.Key]:
		return nil
	case v.left.projector == nil && u.Right && u.RightAt > v.left.at().At:
		v.verdict.ChangedSince++
		return nil
	case !u.Right:
		v.verdict.OnlyLeft++
	case !u.Left:
		v.verdict.OnlyRight++
	default:
		v.verdict.Differ++
	}
	if len(v.unlike) < tracedMost {
		v.unlike = append(v.unlike, u)
	}
	return nil
}
