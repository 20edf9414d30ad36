package gateway

import (
	"context"

	processesv1 "tillstream/gateway/api/processes/v1"
	"tillstream/projections"
)

type processesService struct {
	processesv1.UnimplementedProcessesServer
	*Gateway
}

// List implements processesv1.ProcessesServer.
func (s processesService) List(ctx context.Context, in *processesv1.ListRequest) (*processesv1.ProcessList, error) {
	view := s.deps.Views.ProcessStatuses
	if err := s.await(ctx, named{projections.ProcessStatuses.Name, view}); err != nil {
		return nil, err
	}
	if err := oneOf("state", in.State, []string{"waiting", "done"}); err != nil {
		return nil, err
	}
	where := equal(equal(equal(nil, "process", in.Name), "state", in.State), "subject", in.Subject)
	rows, next, err := page(ctx, s.Gateway, view, in, in.Limit, in.Cursor, projections.Query{Where: where, Order: []projections.By{{Column: "until"}}})
	out := &processesv1.ProcessList{NextCursor: next}
	for _, p := range rows {
		out.Items = append(out.Items, &processesv1.Process{Name: p.Process, Subject: p.Subject, State: p.State, WaitsFor: p.WaitsFor,
			Since: stampOf(p.Since), Until: stampOrNil(p.Until), Step: p.Step, Attempts: p.Attempts, Refusal: p.Refusal})
	}
	return out, err
}
