package eventstore

import (
	"context"
	"math"

	"tillstream/infra/eventstore/eventlog"
)

// allRead sends at most left events of $all that pass the filter.
type allRead struct {
	*sender
	filter *filter
	left   uint64
	page   eventlog.Page
}

func (r *allRead) run(ctx context.Context, from start, backwards bool) error {
	if backwards {
		return r.backward(ctx, from)
	}
	return r.forward(ctx, from)
}

func (r *allRead) forward(ctx context.Context, from start) error {
	if from.last {
		return nil
	}
	next, head := from.at, r.log.Head()
	for r.left > 0 && next <= head && ctx.Err() == nil {
		if err := r.log.Forward(next, r.pageLimit(), &r.page); err != nil {
			return err
		}
		for i := range r.page.Records {
			rec := &r.page.Records[i]
			next = rec.Position + 1
			if err := r.send(rec); err != nil {
				return err
			}
		}
		if r.page.End {
			break
		}
	}
	return ctx.Err()
}

func (r *allRead) backward(ctx context.Context, from start) error {
	before := from.at
	if from.last {
		before = math.MaxUint64
	}
	for r.left > 0 && ctx.Err() == nil {
		if err := r.log.Backward(before, r.pageLimit(), &r.page); err != nil {
			return err
		}
		for i := range r.page.Records {
			rec := &r.page.Records[i]
			before = rec.Position
			if err := r.send(rec); err != nil {
				return err
			}
		}
		if r.page.End {
			break
		}
	}
	return ctx.Err()
}

func (r *allRead) send(rec *eventlog.Record) error {
	if r.left == 0 || !r.filter.matches(rec) {
		return nil
	}
	r.left--
	return r.event(rec)
}

// pageLimit does not shrink to what is left under a filter: most of the page may not match.
func (r *allRead) pageLimit() int {
	if r.filter != nil {
		return eventlog.MaxPageRecords
	}
	return limit(r.left)
}

func limit(left uint64) int { return int(min(left, eventlog.MaxPageRecords)) }
