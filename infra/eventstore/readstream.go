package eventstore

import (
	"context"

	"tillstream/infra/eventstore/eventlog"
)

// streamRead sends at most left events of one stream as it was when the read began.
type streamRead struct {
	*sender
	name       string
	left       uint64
	compatible bool // the client understands first and last revision
	page       eventlog.Page
}

func (r *streamRead) run(ctx context.Context, from start, backwards bool) error {
	v, err := r.log.View(r.name)
	switch {
	case err != nil:
		return err
	case v.Tombstoned:
		return streamDeleted(r.name)
	case v.Missing:
		return r.notFound(r.name)
	}
	if backwards {
		err = r.backward(ctx, from, v)
	} else {
		err = r.forward(ctx, from, v)
	}
	if err != nil || !r.compatible {
		return err
	}
	return r.lastRevision(v.Last)
}

func (r *streamRead) forward(ctx context.Context, from start, v eventlog.View) error {
	if from.last {
		return nil
	}
	next := max(from.at, v.First)
	if r.compatible && next > from.at && next > uint64(v.Last) {
		if err := r.firstRevision(next); err != nil {
			return err
		}
	}
	for r.left > 0 && ctx.Err() == nil {
		if err := r.log.StreamForward(r.name, next, v.Head, limit(r.left), &r.page); err != nil {
			return err
		}
		for i := range r.page.Records {
			rec := &r.page.Records[i]
			next = rec.Revision + 1
			if rec.Created < v.Oldest {
				continue
			}
			if err := r.event(rec); err != nil {
				return err
			}
			r.left--
		}
		if r.page.End {
			break
		}
	}
	return ctx.Err()
}

func (r *streamRead) backward(ctx context.Context, from start, v eventlog.View) error {
	next := uint64(v.Last)
	if !from.last {
		next = min(from.at, next)
	}
	for r.left > 0 && ctx.Err() == nil {
		if err := r.log.StreamBackward(r.name, next, v.Head, limit(r.left), &r.page); err != nil {
			return err
		}
		for i := range r.page.Records {
			rec := &r.page.Records[i]
			if rec.Revision < v.First {
				return nil
			}
			next = rec.Revision - 1
			if rec.Created < v.Oldest {
				continue
			}
			if err := r.event(rec); err != nil {
				return err
			}
			r.left--
		}
		if r.page.End {
			break
		}
	}
	return ctx.Err()
}
