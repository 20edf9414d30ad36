package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"tillstream/events"
	auditv1 "tillstream/gateway/api/audit/v1"
	"tillstream/projections"
)

// Limits of those who follow the audit log.
const (
	followersMost = 256              // at once
	followFor     = 50 * time.Second // then the stream ends, and the follower goes on from its last event
	beatEvery     = 10 * time.Second // a sign of life where nothing happens: a connection that is gone is noticed by it
)

// follow sends what is recorded after a position and passes the filters, until ctx ends, which is no error. send is told
// how far the log was looked at, with or without rows, at least every beatEvery.
func (s auditService) follow(ctx context.Context, in *auditv1.FollowRequest, send func(rows auditRows, to events.Position) error) error {
	where, err := auditWhere(in)
	if err != nil {
		return err
	}
	select {
	case s.followers <- struct{}{}:
		defer func() { <-s.followers }()
	default:
		return problem(http.StatusTooManyRequests, "busy", "%d follow already: ask again later", followersMost).with("retry_after", 10)
	}
	ctx, cancel := context.WithTimeout(ctx, followFor)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	view, last := s.deps.Views.AuditLog, events.Position(in.After)
	if last == 0 {
		last = view.At().At
	}
	if err := send(nil, last); err != nil { // so that the follower knows it is heard
		return unlessEnded(ctx, err)
	}
	for {
		beat, done := context.WithTimeout(ctx, beatEvery)
		err := view.Wait(beat, last+1)
		done()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return unlessEnded(ctx, err)
		}
		to := max(last, view.At().At)
		since := append([]projections.Cond{{Column: "key", Op: projections.Gt, Value: projections.AuditKey(last)},
			{Column: "key", Op: projections.Le, Value: projections.AuditKey(to)}}, where...)
		if to > last {
			err = each(ctx, view, projections.Query{Where: since, Order: []projections.By{{Column: "key"}}}, func(rows auditRows) error { return send(rows, to) })
			if err != nil {
				return unlessEnded(ctx, err)
			}
		}
		if last = to; ctx.Err() != nil {
			return nil
		}
		if err := send(nil, to); err != nil {
			return unlessEnded(ctx, err)
		}
	}
}

func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Follow implements auditv1.AuditServer.
func (s auditService) Follow(in *auditv1.FollowRequest, stream auditv1.Audit_FollowServer) error {
	ctx, err := s.begin(stream, auditv1.Audit_Follow_FullMethodName, s.auditLog())
	if err != nil {
		return err
	}
	return s.told(ctx, s.follow(ctx, in, func(rows auditRows, _ events.Position) error { return sendEvents(stream, rows) }))
}

// Export implements auditv1.AuditServer.
func (s auditService) Export(in *auditv1.ListRequest, stream auditv1.Audit_ExportServer) error {
	ctx, err := s.begin(stream, auditv1.Audit_Export_FullMethodName, s.auditLog())
	if err != nil {
		return err
	}
	return s.told(ctx, s.export(ctx, in, func(rows auditRows) error { return sendEvents(stream, rows) }))
}

// export reads a whole list, page by page. Limit, where given, is of the whole.
func (s auditService) export(ctx context.Context, in *auditv1.ListRequest, send func(auditRows) error) error {
	q, err := auditQuery(in)
	if err != nil {
		return err
	}
	if in.Limit < 0 {
		return badField("limit", "must be at least 1")
	}
	if q.After, err = s.after(in, in.Cursor); err != nil {
		return err
	}
	if err := s.await(ctx, s.auditLog()); err != nil {
		return err
	}
	left := int(in.Limit)
	return unlessEnough(each(ctx, s.deps.Views.AuditLog, q, func(rows auditRows) error {
		if in.Limit > 0 {
			rows = rows[:min(len(rows), left)]
			left -= len(rows)
		}
		if err := send(rows); err != nil {
			return err
		}
		if in.Limit > 0 && left == 0 {
			return errEnough
		}
		return s.closing.Err()
	}))
}

type eventSender interface{ Send(*auditv1.Event) error }

func sendEvents(stream eventSender, rows auditRows) error {
	list, err := auditEvents(rows)
	for _, e := range list {
		if err := stream.Send(e); err != nil {
			return err
		}
	}
	return err
}

func (s auditService) told(ctx context.Context, err error) error {
	if err != nil {
		return problemOf(ctx, s.log, err)
	}
	return nil
}
