package gateway

import (
	"context"
	"slices"

	auditv1 "tillstream/gateway/api/audit/v1"
	"tillstream/projections"
)

// Limits of a tree of causes. An order of 1,500 lines has as many effects.
const (
	causesMost       = 32  // facts between the first cause and the fact asked about
	effectsMost      = 200 // facts that followed from it, and from those
	besideMost       = 20  // other effects of each cause
	generationsMost  = 16  // of effects
	conversationMost = 25  // facts of the conversation before it, and after it
)

type auditRows = []projections.Row[projections.AuditEntry]

// Tree implements auditv1.AuditServer.
func (s auditService) Tree(ctx context.Context, in *auditv1.TreeRequest) (*auditv1.CauseTree, error) {
	if err := s.await(ctx, s.auditLog()); err != nil {
		return nil, err
	}
	row, err := s.auditRow(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	out := &auditv1.CauseTree{}
	self, err := s.withEffects(ctx, row, out)
	if err != nil {
		return nil, err
	}
	self.Asked = true
	if out.Root, err = s.causesOf(ctx, row, self, out); err != nil {
		return nil, err
	}
	out.Conversation, err = s.conversation(ctx, row)
	return out, err
}

// withEffects finds what followed from a fact, generation by generation, the nearest first.
func (s auditService) withEffects(ctx context.Context, row projections.Row[projections.AuditEntry], out *auditv1.CauseTree) (*auditv1.Cause, error) {
	root, err := causeOf(row)
	if err != nil {
		return nil, err
	}
	known := map[string]*auditv1.Cause{row.Value.EventID: root}
	parents := []string{row.Value.EventID}
	for range generationsMost {
		rows, err := s.followedFrom(ctx, parents, effectsMost-len(known)+2) // the root is no effect, and one more tells of more
		if err != nil {
			return nil, err
		}
		parents = nil
		for _, r := range rows {
			if len(known) > effectsMost {
				out.Truncated = true
				return root, nil
			}
			if _, met := known[r.Value.EventID]; met {
				continue // a foreign client may have made a circle
			}
			effect, err := causeOf(r)
			if err != nil {
				return nil, err
			}
			cause := known[r.Value.Causation]
			cause.Effects = append(cause.Effects, effect)
			known[r.Value.EventID] = effect
			parents = append(parents, r.Value.EventID)
		}
		if len(parents) == 0 {
			return root, nil
		}
	}
	out.Truncated = true
	return root, nil
}

func (s auditService) followedFrom(ctx context.Context, causes []string, limit int) (auditRows, error) {
	return s.deps.Views.AuditLog.List(ctx, projections.Query{Where: []projections.Cond{{Column: "causation", Op: projections.In, Value: causes}},
		Order: []projections.By{{Column: "key"}}, Limit: limit})
}

// causesOf climbs from a fact to the first cause that is known, and shows some of what else each cause had.
func (s auditService) causesOf(ctx context.Context, row projections.Row[projections.AuditEntry], self *auditv1.Cause, out *auditv1.CauseTree) (*auditv1.Cause, error) {
	root, met := self, []string{row.Value.EventID}
	for range causesMost {
		id := row.Value.Causation
		if id == "" || slices.Contains(met, id) {
			return root, nil
		}
		found, err := s.deps.Views.AuditLog.List(ctx, projections.Query{Where: []projections.Cond{{Column: "event_id", Op: projections.Eq, Value: id}}, Limit: 1})
		if err != nil || len(found) == 0 {
			return root, err // it follows from something that is no event
		}
		row, met = found[0], append(met, id)
		cause, err := causeOf(row)
		if err != nil {
			return nil, err
		}
		others, err := s.followedFrom(ctx, []string{id}, besideMost+1)
		if err != nil {
			return nil, err
		}
		if cause.Effects, err = among(others, root); err != nil {
			return nil, err
		}
		out.Truncated = out.Truncated || len(others) > besideMost
		root = cause
	}
	out.Truncated = true
	return root, nil
}

// among puts an effect in its place among others of the same cause.
func among(others auditRows, one *auditv1.Cause) (list []*auditv1.Cause, err error) {
	placed := false
	for _, r := range others[:min(len(others), besideMost)] {
		if r.Value.EventID == one.Event.Id {
			continue
		}
		other, err := causeOf(r)
		if err != nil {
			return nil, err
		}
		if !placed && other.Event.Position > one.Event.Position {
			list, placed = append(list, one), true
		}
		list = append(list, other)
	}
	if !placed {
		list = append(list, one)
	}
	return list, nil
}

func causeOf(row projections.Row[projections.AuditEntry]) (*auditv1.Cause, error) {
	e, err := auditEvent(row)
	return &auditv1.Cause{Event: e}, err
}

// conversation reads what was recorded around a fact for the same request: of an import, which is one conversation, that
// is the rows beside it.
func (s auditService) conversation(ctx context.Context, row projections.Row[projections.AuditEntry]) ([]*auditv1.Event, error) {
	if row.Value.Correlation == "" {
		return nil, nil
	}
	part := func(op projections.Op, desc bool) (auditRows, error) {
		return s.deps.Views.AuditLog.List(ctx, projections.Query{Where: []projections.Cond{
			{Column: "correlation", Op: projections.Eq, Value: row.Value.Correlation}, {Column: "key", Op: op, Value: row.Key}},
			Order: []projections.By{{Column: "key", Desc: desc}}, Limit: conversationMost})
	}
	before, err := part(projections.Lt, true)
	if err != nil {
		return nil, err
	}
	slices.Reverse(before)
	after, err := part(projections.Gt, false)
	if err != nil {
		return nil, err
	}
	return auditEvents(append(append(before, row), after...))
}
