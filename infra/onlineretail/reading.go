package onlineretail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	bulkv1 "tillstream/gateway/api/bulk/v1"
	statusv1 "tillstream/gateway/api/status/v1"
)

// Limits of reading the views.
const (
	silentFor     = 2 * time.Minute // between two messages of a stream
	currentWithin = 15 * time.Minute
	currentEvery  = 200 * time.Millisecond
)

// gather reads a stream whole.
func gather[M any](ctx context.Context, v *Views, open func(context.Context) (grpc.ServerStreamingClient[M], error)) (all []*M, err error) {
	err = v.insist(ctx, func(ctx context.Context, _ func()) error {
		all = nil
		return receive(ctx, open, func(m *M) error { all = append(all, m); return nil })
	})
	return all, err
}

// rows reads a view row by row, in the order of its keys: once each, however often the reading is cut.
func (v *Views) rows(ctx context.Context, view, correlation string, do func(*bulkv1.Row) error) error {
	after := ""
	return v.insist(ctx, func(ctx context.Context, progress func()) error {
		return receive(ctx, func(ctx context.Context) (grpc.ServerStreamingClient[bulkv1.RowsPage], error) {
			return v.Client.Rows(ctx, &bulkv1.RowsRequest{View: view, CorrelationId: correlation, After: after})
		}, func(page *bulkv1.RowsPage) error {
			for _, r := range page.Rows {
				if err := do(r); err != nil {
					return err
				}
				after = r.Key
			}
			progress()
			return nil
		})
	})
}

// errEnough ends a reading that has what it wants.
var errEnough = errors.New("enough")

// first is the first row of a view behind a key; nil when there is none.
func (v *Views) first(ctx context.Context, view, after string) (row *bulkv1.Row, err error) {
	err = v.insist(ctx, func(ctx context.Context, _ func()) error {
		err := receive(ctx, func(ctx context.Context) (grpc.ServerStreamingClient[bulkv1.RowsPage], error) {
			return v.Client.Rows(ctx, &bulkv1.RowsRequest{View: view, After: after})
		}, func(page *bulkv1.RowsPage) error {
			row = page.Rows[0]
			return errEnough
		})
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
	return row, err
}

// receive calls do for every message of a stream. It ends a stream that is silent for too long.
func receive[M any](ctx context.Context, open func(context.Context) (grpc.ServerStreamingClient[M], error), do func(*M) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silence := time.AfterFunc(silentFor, cancel)
	defer silence.Stop()
	stream, err := open(ctx)
	for err == nil {
		var m *M
		if m, err = stream.Recv(); err == nil {
			silence.Reset(silentFor)
			err = do(m)
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// insist reads until it succeeds, or until the platform was away for retryFor at a stretch. Before it reads again it waits
// until every view shows what it showed before: a view may lose what it wrote last, and catches up.
func (v *Views) insist(ctx context.Context, read func(ctx context.Context, progress func()) error) error {
	until := time.Now().Add(retryFor)
	err := read(ctx, func() {})
	for away(err) && ctx.Err() == nil && time.Now().Before(until) {
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
		}
		if err = v.current(ctx, v.shown, nil); err == nil {
			until = time.Now().Add(retryFor)
			err = read(ctx, func() { until = time.Now().Add(retryFor) })
		}
	}
	if err != nil {
		return fmt.Errorf("read the views: %w", err)
	}
	return nil
}

// away tells whether an error is that of a platform that ends, or is not there yet.
func away(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.Canceled, codes.Aborted, codes.DeadlineExceeded:
		return true
	}
	return false
}

// Current waits until every view shows the log up to a position (0: as far as the platform knows it). report, which may be
// nil, is told how many events the slowest view lacks. It fails when a view says why it cannot go on.
func (v *Views) Current(ctx context.Context, upTo uint64, report func(what string, lag uint64)) error {
	return v.insist(ctx, func(ctx context.Context, progress func()) error {
		return v.current(ctx, upTo, func(what string, lag uint64) {
			progress()
			if report != nil {
				report(what, lag)
			}
		})
	})
}

func (v *Views) current(ctx context.Context, upTo uint64, report func(what string, lag uint64)) error {
	ctx, cancel := context.WithTimeout(ctx, currentWithin)
	defer cancel()
	for {
		p, err := v.Status.Get(ctx, &statusv1.GetRequest{})
		if err != nil {
			return err
		}
		upTo = max(upTo, p.GetLog().GetHead())
		slowest, lag, behind := "", uint64(0), false
		for _, view := range p.Views {
			if view.Problem != "" {
				return fmt.Errorf("the view %s cannot go on: %s", view.Name, view.Problem)
			}
			if view.Position < upTo {
				behind = true
			}
			if view.LagEvents > lag {
				slowest, lag = view.Name, view.LagEvents
			}
		}
		if !behind {
			v.shown = upTo
			return nil
		}
		if report != nil {
			report("waiting for the view "+slowest, lag)
		}
		select {
		case <-time.After(currentEvery):
		case <-ctx.Done():
			return fmt.Errorf("the view %s is still %d events behind: %w", slowest, lag, ctx.Err())
		}
	}
}
