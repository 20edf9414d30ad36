package gateway

import (
	"context"
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/proto"

	"tillstream/aggregates"
	"tillstream/events"
	auditv1 "tillstream/gateway/api/audit/v1"
	"tillstream/projections"
)

// changesMost is how many changed fields one fact shows: an order of 1,500 lines has more than anybody reads.
const changesMost = 1000

// Get implements auditv1.AuditServer.
func (s auditService) Get(ctx context.Context, in *auditv1.GetRequest) (*auditv1.Detail, error) {
	if err := s.await(ctx, s.auditLog()); err != nil {
		return nil, err
	}
	row, err := s.auditRow(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	seen, err := s.replayed(ctx, row.Value)
	if err != nil {
		return nil, err
	}
	data, err := s.reveal(ctx, in, &seen)
	if err != nil {
		return nil, err
	}
	return s.detail(ctx, row, seen, data)
}

// replayed is a fact, and the state of its stream before and after it, as JSON that may be changed.
type replayed struct {
	fact                events.Recorded
	data, before, after any
	problem             string // why before and after are not known
}

// replayed folds a stream up to an entry. Nothing of it is kept: what is asked for again is folded again. The states of a
// stream that cannot be folded are left out, the fact is not.
func (g *Gateway) replayed(ctx context.Context, e projections.AuditEntry) (r replayed, err error) {
	fold, known := aggregates.ReplayOf(e.Stream)
	from := uint64(0)
	if !known {
		from, r.problem = uint64(e.Revision), "streams of this kind have no state"
	}
	for fact, err := range g.deps.Histories.Read(ctx, e.Stream, from) {
		if err != nil {
			return r, err
		}
		last := fact.Revision == uint64(e.Revision)
		if r.problem == "" {
			r.fold(fold, fact, last)
		}
		if last {
			r.fact = fact
			r.data, err = dataOf(fact.Event)
			return r, err
		}
	}
	return r, fmt.Errorf("the audit log knows %s at revision %d, the stream does not", e.Stream, e.Revision)
}

// fold folds the next fact of the stream, and notes what was before and after the last.
func (r *replayed) fold(state aggregates.Replay, fact events.Recorded, last bool) {
	var err error
	if last {
		r.before, err = stateOf(state)
	}
	if err == nil {
		err = evolve(state, fact.Event)
	}
	if err == nil && last {
		r.after, err = stateOf(state)
	}
	if err != nil {
		r.before, r.after, r.problem = nil, nil, fmt.Sprintf("the state cannot be folded at revision %d: %v", fact.Revision, err)
	}
}

// evolve turns the panic of a fold, which a foreign fact can cause, into an error.
func evolve(fold aggregates.Replay, e events.Event) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("folding %s panicked: %v", e.Type(), fault)
		}
	}()
	return fold.Evolve(e)
}

func stateOf(fold aggregates.Replay) (any, error) {
	b, err := fold.JSON()
	if err != nil {
		return nil, err
	}
	return treeOf(b)
}

func dataOf(e events.Event) (any, error) {
	b, err := events.Encode(e)
	if err != nil {
		return nil, err
	}
	return treeOf(b)
}

// detail puts together what is shown of a fact.
func (g *Gateway) detail(ctx context.Context, row projections.Row[projections.AuditEntry], seen replayed, personal []*auditv1.PersonalDatum) (*auditv1.Detail, error) {
	event, err := auditEvent(row)
	if err != nil {
		return nil, err
	}
	b, err := proto.Marshal(event)
	if err != nil {
		return nil, err
	}
	out := &auditv1.Detail{}
	if err := proto.Unmarshal(b, out); err != nil { // a Detail begins with the fields of an Event, under the same numbers
		return nil, err
	}
	out.PersonalData, out.NotFolded = personal, seen.problem
	for text, value := range map[*string]any{&out.Data: seen.data, &out.Before: seen.before, &out.After: seen.after} {
		b, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		*text = string(b)
	}
	changes := differences(seen.before, seen.after)
	for _, c := range changes[:min(len(changes), changesMost)] {
		out.Changes = append(out.Changes, &auditv1.Change{Field: c.field, Before: c.before, After: c.after})
	}
	out.ChangesOmitted = uint64(len(changes) - len(out.Changes))
	out.PreviousId, out.NextId, err = g.beside(ctx, row)
	return out, err
}
