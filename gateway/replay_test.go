package gateway_test

import (
	"context"
	"io"
	"testing"

	"tillstream/gateway"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/projections"
)

// operations can do to the view "products" what is asked, slowly; to a view named like a reason they cannot, for that.
type operations struct{}

func (operations) no(view string) error {
	if view == "products" || view == "" {
		return nil
	}
	return &gateway.ReplayError{Reason: view, Message: "it cannot be done"}
}

func (o operations) generation(view string) (*replayv1.Generation, error) {
	return &replayv1.Generation{View: view, Name: view + "_v1_g2"}, o.no(view)
}

func (o operations) Generations(_ context.Context, view string) ([]*replayv1.Generation, error) {
	g, err := o.generation(view)
	return []*replayv1.Generation{g}, err
}

func (o operations) Plan(_ context.Context, view string) (*replayv1.ReplayPlan, error) {
	return &replayv1.ReplayPlan{View: view}, o.no(view)
}

func (o operations) Start(_ context.Context, in *replayv1.ApplyRequest) error { return o.no(in.View) }

func (o operations) Stop(_ context.Context, view string) error { return o.no(view) }

func (o operations) Apply(ctx context.Context, in *replayv1.ApplyRequest, tell func(*replayv1.Progress) error) error {
	if err := tell(&replayv1.Progress{View: in.View, Events: 1}); err != nil {
		return err
	}
	if in.Rate == 0 {
		return o.no(in.View)
	}
	<-ctx.Done() // its rate is low
	return ctx.Err()
}

func (operations) Verify(_ context.Context, in *replayv1.VerifyRequest, _ func(*replayv1.Progress) error) (*replayv1.Verdict, error) {
	return nil, &projections.UnpreparedError{View: in.View, Declared: 2, Why: "nothing is built"}
}

func (o operations) Promote(_ context.Context, view, _ string) (*replayv1.Generation, error) {
	return o.generation(view)
}

func (o operations) Rollback(_ context.Context, view string) (*replayv1.Generation, error) {
	return o.generation(view)
}

func (o operations) Retire(_ context.Context, view, _ string) error { return o.no(view) }

// replaying asks for what cannot be done for a reason.
func replaying(reason string) func(*shop) reply {
	return func(s *shop) reply { return s.post("/v1/views/"+reason+"/promote", `{}`) }
}

func TestGenerationsAreListedAndChangedByREST(t *testing.T) {
	s := open(t)
	for _, path := range []string{"/v1/generations", "/v1/views/products/generations", "/v1/views/products/plan"} {
		s.get(path).is(200)
	}
	for _, what := range []string{"apply", "stop", "promote", "rollback", "retire"} {
		s.post("/v1/views/products/"+what, `{}`).is(200)
		s.post("/v1/views/view_unknown/"+what, `{}`).fails(404, "view_unknown")
	}
}

func TestARebuildTellsHowFarItIsAndEndsWithTheCall(t *testing.T) {
	s := open(t)
	client := replayv1.NewReplayClient(s.grpc)
	told, err := client.Apply(t.Context(), &replayv1.ApplyRequest{View: "products"})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := told.Recv(); err != nil || p.Events != 1 {
		t.Errorf("told is %v, %v", p, err)
	}
	if _, err := told.Recv(); err != io.EOF {
		t.Errorf("it ends with %v", err)
	}
	ctx, hangUp := context.WithCancel(t.Context())
	slow, err := client.Apply(ctx, &replayv1.ApplyRequest{View: "products", Rate: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := slow.Recv(); err != nil {
		t.Fatal(err)
	}
	hangUp()
	if _, err := slow.Recv(); err == nil {
		t.Error("it goes on without a caller")
	}
}
