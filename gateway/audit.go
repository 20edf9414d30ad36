package gateway

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tillstream/events"
	auditv1 "tillstream/gateway/api/audit/v1"
	"tillstream/projections"
)

type auditService struct {
	auditv1.UnimplementedAuditServer
	*Gateway
}

// auditFilterMost is how many bytes one filter may have: a stream's name has 512.
const auditFilterMost = 512

// auditFilter is what lists of the audit log can be narrowed by.
type auditFilter interface {
	GetStream() string
	GetType() string
	GetActor() string
	GetOrderId() string
	GetCorrelationId() string
}

// auditWhere turns filters into conditions. Each is of one indexed column.
func auditWhere(in auditFilter) (where []projections.Cond, err error) {
	actor := in.GetActor()
	if actor != "" && !strings.ContainsAny(actor, ":*") {
		actor += ":*" // a kind alone
	}
	for _, f := range []struct{ field, column, value string }{
		{"stream", "stream", in.GetStream()}, {"type", "type", in.GetType()}, {"actor", "actor", actor},
		{"order_id", "order_id", in.GetOrderId()}, {"correlation_id", "correlation", in.GetCorrelationId()},
	} {
		if len(f.value) > auditFilterMost {
			return nil, badField(f.field, "has more than %d bytes", auditFilterMost)
		}
		if begin, open := strings.CutSuffix(f.value, "*"); open && begin != "" {
			where = append(where, projections.Cond{Column: f.column, Op: projections.Prefix, Value: begin})
		} else if !open {
			where = equal(where, f.column, f.value)
		}
	}
	return where, nil
}

// auditTimes are the columns that from and to may mean.
var auditTimes = map[string]string{"": "at", "business": "at", "recorded": "recorded_at"}

// auditQuery is a list, newest first: in the order of recording, or, where from or to is given, of the time they mean, so
// that either is a walk along one index however long the log is.
func auditQuery(in *auditv1.ListRequest) (q projections.Query, err error) {
	if q.Where, err = auditWhere(in); err != nil {
		return q, err
	}
	column, known := auditTimes[in.Time]
	if !known {
		return q, badField("time", "must be business or recorded")
	}
	q.Order = []projections.By{{Column: "key", Desc: true}}
	if in.From != nil || in.To != nil {
		q.Where = between(q.Where, column, in.From, in.To)
		q.Order = []projections.By{{Column: column, Desc: true}}
	}
	return q, nil
}

// auditLog is the view with its name.
func (g *Gateway) auditLog() named { return named{projections.AuditLog.Name, g.deps.Views.AuditLog} }

// List implements auditv1.AuditServer.
func (s auditService) List(ctx context.Context, in *auditv1.ListRequest) (*auditv1.EventList, error) {
	q, err := auditQuery(in)
	if err != nil {
		return nil, err
	}
	if err := s.await(ctx, s.auditLog()); err != nil {
		return nil, err
	}
	rows, next, err := pageOfRows(ctx, s.Gateway, s.deps.Views.AuditLog, in, in.Limit, in.Cursor, q)
	if err != nil {
		return nil, err
	}
	out := &auditv1.EventList{NextCursor: next}
	out.Items, err = auditEvents(rows)
	return out, err
}

func auditEvents(rows []projections.Row[projections.AuditEntry]) (list []*auditv1.Event, err error) {
	list = make([]*auditv1.Event, len(rows))
	for i, r := range rows {
		if list[i], err = auditEvent(r); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func auditEvent(r projections.Row[projections.AuditEntry]) (*auditv1.Event, error) {
	at, err := projections.AuditPosition(r.Key)
	if err != nil {
		return nil, err
	}
	e := r.Value
	kind, id, _ := strings.Cut(e.Actor, ":")
	return &auditv1.Event{Id: e.EventID, Position: uint64(at), Stream: e.Stream, Category: events.Category(e.Stream), Revision: uint64(e.Revision),
		Type: e.Type, Sentence: e.Sentence, Actor: &auditv1.Actor{Kind: kind, Id: id}, At: timestamppb.New(e.At),
		RecordedAt: timestamppb.New(e.RecordedAt), Origin: e.Origin, Why: e.Why, CommandId: e.Command, CorrelationId: e.Correlation,
		CausationId: e.Causation, OrderId: e.OrderID, CustomerId: e.CustomerID, Sku: e.SKU}, nil
}

// auditRow finds the entry of an event by its id.
func (g *Gateway) auditRow(ctx context.Context, id string) (projections.Row[projections.AuditEntry], error) {
	rows, err := g.deps.Views.AuditLog.List(ctx, projections.Query{Where: []projections.Cond{{Column: "event_id", Op: projections.Eq, Value: id}}, Limit: 1})
	if err == nil && len(rows) == 0 {
		err = notFound("event_unknown", "there is no such event, or none that the audit log shows yet").with("id", id)
	}
	if err != nil {
		return projections.Row[projections.AuditEntry]{}, err
	}
	return rows[0], nil
}

// beside finds the ids of the events before and after one in its stream; empty where it is the first or last.
func (g *Gateway) beside(ctx context.Context, r projections.Row[projections.AuditEntry]) (previous, next string, err error) {
	find := func(op projections.Op, desc bool) (string, error) {
		rows, err := g.deps.Views.AuditLog.List(ctx, projections.Query{Where: []projections.Cond{{Column: "stream", Op: projections.Eq, Value: r.Value.Stream},
			{Column: "key", Op: op, Value: r.Key}}, Order: []projections.By{{Column: "key", Desc: desc}}, Limit: 1})
		if err != nil || len(rows) == 0 {
			return "", err
		}
		return rows[0].Value.EventID, nil
	}
	if previous, err = find(projections.Lt, true); err != nil {
		return "", "", err
	}
	next, err = find(projections.Gt, false)
	return previous, next, err
}

// sees tells whether an actor may see personal data. Until accounts exist the kind is believed, as who asks is.
func sees(a events.Actor) bool {
	return slices.Contains([]string{"staff", "admin"}, a.Kind) && a.ID != ""
}
