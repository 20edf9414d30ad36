package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"google.golang.org/grpc"

	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/projections"
)

// Replays is what operators do with the generations of views. It says by a *ReplayError that something cannot be done.
type Replays interface {
	// Generations lists those of a view, or of all for an empty name.
	Generations(ctx context.Context, view string) ([]*replayv1.Generation, error)
	Plan(ctx context.Context, view string) (*replayv1.ReplayPlan, error)
	// Apply builds until it is done, telling how far it is, or until ctx ends or tell fails; then it goes on next time.
	Apply(ctx context.Context, in *replayv1.ApplyRequest, tell func(*replayv1.Progress) error) error
	// Start builds until it is done or stopped, and returns at once.
	Start(ctx context.Context, in *replayv1.ApplyRequest) error
	Stop(ctx context.Context, view string) error
	Verify(ctx context.Context, in *replayv1.VerifyRequest, tell func(*replayv1.Progress) error) (*replayv1.Verdict, error)
	// Promote has a generation answer; an empty name is the last that was built.
	Promote(ctx context.Context, view, generation string) (*replayv1.Generation, error)
	Rollback(ctx context.Context, view string) (*replayv1.Generation, error)
	Retire(ctx context.Context, view, generation string) error
}

// ReplayError says why something cannot be done with a generation.
type ReplayError struct {
	Reason  string // of Reasons
	Message string
}

func (e *ReplayError) Error() string { return e.Message }

var replayCodes = map[string]int{
	"view_unknown": http.StatusNotFound, "generation_unknown": http.StatusNotFound, "invalid_argument": http.StatusBadRequest,
}

// replayProblem is what clients are told of a *ReplayError; other errors are as they were.
func replayProblem(err error) error {
	var no *ReplayError
	if !errors.As(err, &no) {
		return err
	}
	code, known := replayCodes[no.Reason]
	if !known {
		code = http.StatusConflict
	}
	return problem(code, no.Reason, "%s", no.Message)
}

// unprepared is what clients are told when no generation of a view can answer.
func unprepared(e *projections.UnpreparedError) *Problem {
	return problem(http.StatusServiceUnavailable, "view_unprepared", "%s", e.Error()).with("view", e.View).with("retry_after", 1)
}

type replayService struct {
	replayv1.UnimplementedReplayServer
	*Gateway
}

func (s replayService) replays() (Replays, error) {
	if s.deps.Replays == nil {
		return nil, problem(http.StatusNotFound, "view_unknown", "no generations are kept here")
	}
	return s.deps.Replays, nil
}

// All implements replayv1.ReplayServer.
func (s replayService) All(ctx context.Context, _ *replayv1.AllRequest) (*replayv1.GenerationList, error) {
	return s.list(ctx, "")
}

// List implements replayv1.ReplayServer.
func (s replayService) List(ctx context.Context, in *replayv1.ListRequest) (*replayv1.GenerationList, error) {
	return s.list(ctx, in.View)
}

func (s replayService) list(ctx context.Context, view string) (*replayv1.GenerationList, error) {
	r, err := s.replays()
	if err != nil {
		return nil, err
	}
	list, err := r.Generations(ctx, view)
	return &replayv1.GenerationList{Items: list}, replayProblem(err)
}

// Plan implements replayv1.ReplayServer.
func (s replayService) Plan(ctx context.Context, in *replayv1.PlanRequest) (*replayv1.ReplayPlan, error) {
	r, err := s.replays()
	if err != nil {
		return nil, err
	}
	plan, err := r.Plan(ctx, in.View)
	return plan, replayProblem(err)
}

// Start implements replayv1.ReplayServer.
func (s replayService) Start(ctx context.Context, in *replayv1.ApplyRequest) (*replayv1.Generation, error) {
	return s.change(ctx, "start", in.View, "", func(r Replays) (*replayv1.Generation, error) {
		if err := r.Start(ctx, in); err != nil {
			return nil, err
		}
		return &replayv1.Generation{View: in.View, State: "building"}, nil
	})
}

// Stop implements replayv1.ReplayServer.
func (s replayService) Stop(ctx context.Context, in *replayv1.StopRequest) (*replayv1.Generation, error) {
	return s.change(ctx, "stop", in.View, "", func(r Replays) (*replayv1.Generation, error) {
		return &replayv1.Generation{View: in.View, State: "building"}, r.Stop(ctx, in.View)
	})
}

// Promote implements replayv1.ReplayServer.
func (s replayService) Promote(ctx context.Context, in *replayv1.PromoteRequest) (*replayv1.Generation, error) {
	return s.change(ctx, "promote", in.View, in.Generation, func(r Replays) (*replayv1.Generation, error) {
		return r.Promote(ctx, in.View, in.Generation)
	})
}

// Rollback implements replayv1.ReplayServer.
func (s replayService) Rollback(ctx context.Context, in *replayv1.RollbackRequest) (*replayv1.Generation, error) {
	return s.change(ctx, "rollback", in.View, "", func(r Replays) (*replayv1.Generation, error) { return r.Rollback(ctx, in.View) })
}

// Retire implements replayv1.ReplayServer.
func (s replayService) Retire(ctx context.Context, in *replayv1.RetireRequest) (*replayv1.Generation, error) {
	return s.change(ctx, "retire", in.View, in.Generation, func(r Replays) (*replayv1.Generation, error) {
		return &replayv1.Generation{View: in.View, Name: in.Generation, State: "retired"}, r.Retire(ctx, in.View, in.Generation)
	})
}

func (s replayService) change(ctx context.Context, what, view, generation string, do func(Replays) (*replayv1.Generation, error)) (*replayv1.Generation, error) {
	r, err := s.replays()
	if err != nil {
		return nil, err
	}
	g, err := do(r)
	s.log.InfoContext(ctx, "an operator replays a view", "what", what, "view", view, "generation", generation, "actor", callOf(ctx).actor.String(),
		slog.Any("err", err))
	if err != nil {
		return nil, replayProblem(err)
	}
	return g, nil
}

// Check implements replayv1.ReplayServer.
func (s replayService) Check(ctx context.Context, in *replayv1.VerifyRequest) (*replayv1.Verdict, error) {
	r, err := s.replays()
	if err != nil {
		return nil, err
	}
	verdict, err := r.Verify(ctx, in, func(*replayv1.Progress) error { return ctx.Err() })
	return verdict, replayProblem(err)
}

// Apply implements replayv1.ReplayServer.
func (s replayService) Apply(in *replayv1.ApplyRequest, stream replayv1.Replay_ApplyServer) error {
	return s.long(stream, replayv1.Replay_Apply_FullMethodName, func(ctx context.Context, r Replays) error {
		return r.Apply(ctx, in, stream.Send)
	})
}

// Verify implements replayv1.ReplayServer.
func (s replayService) Verify(in *replayv1.VerifyRequest, stream replayv1.Replay_VerifyServer) error {
	return s.long(stream, replayv1.Replay_Verify_FullMethodName, func(ctx context.Context, r Replays) error {
		verdict, err := r.Verify(ctx, in, func(p *replayv1.Progress) error { return stream.Send(&replayv1.VerifyUpdate{Progress: p}) })
		if err != nil {
			return err
		}
		return stream.Send(&replayv1.VerifyUpdate{Verdict: verdict})
	})
}

// long runs what takes as long as it takes, and ends with the call, or with the platform.
func (s replayService) long(stream grpc.ServerStream, method string, do func(context.Context, Replays) error) error {
	ctx, err := s.begin(stream, method)
	if err != nil {
		return err
	}
	r, err := s.replays()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	if err := do(ctx, r); err != nil {
		return problemOf(ctx, s.log, replayProblem(err))
	}
	return nil
}
