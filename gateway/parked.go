package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	parkedv1 "tillstream/gateway/api/parked/v1"
	"tillstream/projections"
)

// ParkedView is what operators can do about the parked keys of one generation of a view; a projections.Projector is one.
type ParkedView interface {
	ListParked(ctx context.Context, from string, limit int) ([]projections.ParkedKey, error)
	ParkedOperations(ctx context.Context, limit int) ([]projections.Operation, error)
	ShowParked(ctx context.Context, key string) (projections.Shown, error)
	RetryParked(ctx context.Context, key string, by projections.Operator) (projections.Mended, error)
	DropParked(ctx context.Context, key string, count int, by projections.Operator) (projections.Mended, error)
}

// operationsShown is how many of the last operations a list of parked keys shows.
const operationsShown = 20

type parkedService struct {
	parkedv1.UnimplementedParkedServer
	*Gateway
}

// List implements parkedv1.ParkedServer.
func (s parkedService) List(ctx context.Context, in *parkedv1.ListRequest) (*parkedv1.KeyList, error) {
	view, err := s.parkedView(in.View, in.Generation)
	if err != nil {
		return nil, err
	}
	n, err := pageLimit(in.Limit)
	if err != nil {
		return nil, err
	}
	after, err := s.after(in, in.Cursor)
	if err != nil {
		return nil, err
	}
	from := ""
	if len(after) == 1 {
		from, _ = after[0].(string)
	}
	keys, err := view.ListParked(ctx, from, n+1)
	if err != nil {
		return nil, err
	}
	did, err := view.ParkedOperations(ctx, operationsShown)
	if err != nil {
		return nil, err
	}
	out := &parkedv1.KeyList{}
	if len(keys) > n {
		if out.NextCursor, err = s.cursor(in, []any{keys[n].Key}); err != nil {
			return nil, err
		}
		keys = keys[:n]
	}
	out.Items = parkedKeys(keys)
	for _, o := range did {
		out.Operations = append(out.Operations, &parkedv1.Operation{What: o.What, Key: utf8Of(o.Key), Actor: o.Actor.String(), Why: o.Why,
			At: stampOf(o.At), Facts: int64(o.Facts), Outcome: o.Outcome})
	}
	return out, nil
}

// Show implements parkedv1.ParkedServer.
func (s parkedService) Show(ctx context.Context, in *parkedv1.ShowRequest) (*parkedv1.Shown, error) {
	view, err := s.parkedView(in.View, in.Generation)
	if err != nil {
		return nil, err
	}
	shown, err := view.ShowParked(ctx, in.Key)
	if err != nil {
		return nil, parkedProblem(err, in.View, in.Key)
	}
	out := &parkedv1.Shown{Key: parkedKeys([]projections.ParkedKey{shown.ParkedKey})[0], Stack: shown.Stack, Document: string(shown.Document)}
	for _, f := range shown.Facts {
		one, err := parkedFact(f)
		if err != nil {
			return nil, err
		}
		out.Facts = append(out.Facts, one)
	}
	return out, nil
}

func parkedFact(f projections.ParkedFact) (*parkedv1.Fact, error) {
	out := &parkedv1.Fact{Position: uint64(f.Position)}
	if b := f.Broken; b != nil {
		out.Id, out.Stream, out.Revision, out.Type = b.ID, b.Stream, b.Revision, b.Wire
		out.Stored, out.Error = utf8Of(string(b.Data)), utf8Of(b.Err.Error())
	}
	if r := f.Fact; r != nil {
		data, err := json.Marshal(r.Event)
		if err != nil {
			return nil, err
		}
		out.Id, out.Stream, out.Revision, out.Type, out.At, out.Data = r.ID, r.Stream, r.Revision, r.Type(), stampOf(r.At), string(data)
	}
	return out, nil
}

// Retry implements parkedv1.ParkedServer.
func (s parkedService) Retry(ctx context.Context, in *parkedv1.RetryRequest) (*parkedv1.Mended, error) {
	return s.mend(ctx, projections.Retry, in.View, in.Generation, in.Key, in.Why, func(view ParkedView, by projections.Operator) (projections.Mended, error) {
		return view.RetryParked(ctx, in.Key, by)
	})
}

// Drop implements parkedv1.ParkedServer.
func (s parkedService) Drop(ctx context.Context, in *parkedv1.DropRequest) (*parkedv1.Mended, error) {
	if in.Count == nil {
		return nil, badField("count", "must say how many facts are forgotten: as many as are remembered")
	}
	return s.mend(ctx, projections.Drop, in.View, in.Generation, in.Key, in.Why, func(view ParkedView, by projections.Operator) (projections.Mended, error) {
		return view.DropParked(ctx, in.Key, int(in.GetCount()), by)
	})
}

func (s parkedService) mend(ctx context.Context, what, name, generation, key, why string, do func(ParkedView, projections.Operator) (projections.Mended, error)) (*parkedv1.Mended, error) {
	view, err := s.parkedView(name, generation)
	if err != nil {
		return nil, err
	}
	if len(why) > whyMost {
		return nil, badField("why", "has more than %d bytes", whyMost)
	}
	by := projections.Operator{Actor: callOf(ctx).actor, Why: why}
	m, err := do(view, by)
	s.log.InfoContext(ctx, "an operator mends a view", "what", what, "view", name, "key", key, "actor", by.Actor.String(), "healed", m.Healed,
		"facts", m.Facts, slog.Any("err", err))
	if err != nil {
		return nil, parkedProblem(err, name, key)
	}
	return &parkedv1.Mended{Key: key, Healed: int64(m.Healed), Facts: int64(m.Facts), Still: parkedKeys(m.Still)}, nil
}

func (g *Gateway) parkedView(name, generation string) (ParkedView, error) {
	if g.deps.Parked != nil {
		if view, found := g.deps.Parked(name, generation); found {
			return view, nil
		}
	}
	if generation != "" {
		return nil, notFound("view_unknown", "there is no view %q with a generation %q that is fed here: look at /v1/views", name, generation).with("view", name)
	}
	return nil, notFound("view_unknown", "there is no view %q: look at /v1/views", name).with("view", name)
}

// parkedProblem is what clients are told of an operation that was not done.
func parkedProblem(err error, view, key string) error {
	var follows *projections.FollowsError
	var still *projections.StillParkedError
	var count *projections.CountError
	switch {
	case errors.Is(err, projections.ErrNotParked):
		return notFound("parked_unknown", "%q of the view %s is not parked", key, view).with("view", view).with("key", key)
	case errors.As(err, &follows):
		return problem(http.StatusConflict, "parked_behind_stream", "it waits for %s: retry or drop that first", follows.Stream).with("stream", follows.Stream)
	case errors.As(err, &still):
		return problem(http.StatusConflict, "still_parked", "the fact at position %d still fails: %s", still.Failed, still.ParkedKey.Error).
			with("position", uint64(still.Failed)).with("type", still.Wire).with("cause", string(still.Cause)).with("tries", still.Tries)
	case errors.As(err, &count):
		return problem(http.StatusConflict, "count_differs", "%d facts would be forgotten: give that count to confirm", count.Facts).with("count", count.Facts)
	}
	return err
}

func parkedKeys(keys []projections.ParkedKey) (list []*parkedv1.Key) {
	for _, k := range keys {
		list = append(list, &parkedv1.Key{Key: utf8Of(k.Key), Cause: string(k.Cause), Follows: utf8Of(k.Follows), Position: uint64(k.Failed),
			Type: utf8Of(k.Wire), Error: utf8Of(k.Error), Since: stampOf(k.Since), Tries: int32(k.Tries), Facts: int64(k.Facts)})
	}
	return list
}

// utf8Of is text as proto takes it.
func utf8Of(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
