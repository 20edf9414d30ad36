package gateway_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tillstream/gateway"
	replayv1 "tillstream/gateway/api/replay/v1"
)

// rehearsal is the generations of the view "products", built in no time when the test says so.
type rehearsal struct {
	mu       sync.Mutex
	now      int64 // of promotions
	served   int   // its run
	promoted map[int]int64
	next     string // of products_2: "", begun, building, built
	calls    string
	unequal  bool
}

// rehearsed is a shop whose view "products" can be rebuilt.
func rehearsed(t testing.TB) (*shop, *rehearsal) {
	s, r := open(t), &rehearsal{}
	r.begin()
	s.end()
	s.deps.Replays, s.deps.Platform, s.deps.Metrics = r, staged{platform{s.log}, r}, prometheus.NewRegistry()
	s.serve(gateway.Options{})
	return s, r
}

// begin forgets all but the first generation.
func (r *rehearsal) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now, r.served, r.promoted, r.next, r.calls = 1, 1, map[int]int64{1: 1}, "", ""
}

// finish has the next generation be built to the end.
func (r *rehearsal) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next = "built"
}

func (r *rehearsal) did(format string, args ...any) {
	if r.calls != "" {
		r.calls += ", "
	}
	r.calls += fmt.Sprintf(format, args...)
}

func (r *rehearsal) progress() *replayv1.Progress {
	if r.next != "building" {
		return nil
	}
	return &replayv1.Progress{View: "products", Generation: "products_2", Phase: "reading", Events: 250, Of: 1000, PerSecond: 50, LeftMs: proto.Int64(15000)}
}

func (r *rehearsal) generation(run int) *replayv1.Generation {
	g := &replayv1.Generation{View: "products", Name: fmt.Sprintf("products_%d", run), Run: int32(run), Version: 1, Declared: 1, State: "live", Fed: true, CaughtUp: true,
		Served: run == r.served}
	if at := r.promoted[run]; at > 0 {
		g.PromotedAt = timestamppb.New(time.Unix(at, 0))
	}
	if run == 2 && r.next != "built" {
		g.State, g.Fed, g.CaughtUp, g.Progress = "building", false, false, r.progress()
	}
	return g
}

func no(reason, format string, args ...any) error {
	return &gateway.ReplayError{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func (r *rehearsal) Generations(context.Context, string) ([]*replayv1.Generation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := []*replayv1.Generation{r.generation(1)}
	if r.next != "" {
		list = append(list, r.generation(2))
	}
	return list, nil
}

func (r *rehearsal) Plan(_ context.Context, view string) (*replayv1.ReplayPlan, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &replayv1.ReplayPlan{View: view, Declared: 1, Served: r.generation(r.served), Events: 1000, Bytes: 5 << 20, PerSecond: 100, Measured: "here",
		ExpectedMs: 10_000, DiskBytes: 2 << 20, DiskFreeBytes: proto.Int64(1 << 20)}
	if r.next != "" {
		p.Begun = r.generation(2)
	}
	return p, nil
}

func (r *rehearsal) Start(_ context.Context, in *replayv1.ApplyRequest) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == "building" {
		return no("replay_running", "%s is being built already", in.View)
	}
	r.next = "building"
	r.did("start %d", in.Rate)
	return nil
}

func (r *rehearsal) Stop(_ context.Context, view string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next != "building" {
		return no("replay_idle", "%s is not being built", view)
	}
	r.next = "begun"
	r.did("stop")
	return nil
}

func (*rehearsal) Apply(context.Context, *replayv1.ApplyRequest, func(*replayv1.Progress) error) error {
	return no("invalid_argument", "pages start, they do not listen")
}

func (r *rehearsal) Verify(_ context.Context, in *replayv1.VerifyRequest, _ func(*replayv1.Progress) error) (*replayv1.Verdict, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := &replayv1.Verdict{View: in.View, Left: "products_1", Right: "products_2", Equal: !r.unequal, Position: 7, Compared: 10, Sampled: in.Sample > 0}
	if r.unequal {
		v.Differ = 1
		v.Differences = []*replayv1.Difference{{Key: "LAMP-1", Kind: "differs", Columns: []string{"name"}, Types: []string{"product.described"}}}
		v.Types = []*replayv1.EventType{{Type: "product.described", Keys: 1, Changed: 1, Events: 1, EventsInAll: 3}}
	}
	return v, nil
}

func (r *rehearsal) Promote(_ context.Context, _, generation string) (*replayv1.Generation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next != "built" {
		return nil, no("generation_behind", "%s is behind", generation)
	}
	r.did("promote %s", generation)
	return r.answer(2), nil
}

func (r *rehearsal) Rollback(context.Context, string) (*replayv1.Generation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.served == 1 {
		return nil, no("generation_unknown", "no generation answered before")
	}
	r.did("rollback")
	return r.answer(1), nil
}

func (r *rehearsal) answer(run int) *replayv1.Generation {
	r.now++
	r.served, r.promoted[run] = run, r.now
	return r.generation(run)
}

func (r *rehearsal) Retire(_ context.Context, _, generation string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if generation == fmt.Sprintf("products_%d", r.served) {
		return no("generation_served", "%s answers", generation)
	}
	r.next = ""
	r.did("retire %s", generation)
	return nil
}

// staged is a platform whose view "products" stands as its rehearsal does.
type staged struct {
	platform
	is *rehearsal
}

func (s staged) Views() []gateway.ViewStatus {
	list := s.platform.Views()
	s.is.mu.Lock()
	defer s.is.mu.Unlock()
	for i := range list {
		if list[i].Name == "products" {
			list[i].Generation, list[i].Building = fmt.Sprintf("products_%d", s.is.served), s.is.progress()
		}
	}
	return list
}

func (s staged) View(name string) gateway.ViewStatus {
	for _, v := range s.Views() {
		if v.Name == name {
			return v
		}
	}
	return gateway.ViewStatus{}
}
