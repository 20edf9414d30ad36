package gateway

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tillstream/events"
	replayv1 "tillstream/gateway/api/replay/v1"
	statusv1 "tillstream/gateway/api/status/v1"
)

// Platform tells how the platform is. Its methods are quick and may be called by anyone at any time.
type Platform interface {
	// Ready is nil when every view serves, else it says which does not and why.
	Ready() error
	// Views lists every view in the order of their names.
	Views() []ViewStatus
	// View is one of them; the zero ViewStatus for a name that is none.
	View(name string) ViewStatus
	// Status is everything else.
	Status(ctx context.Context) (PlatformStatus, error)
}

// ViewStatus is where one view stands.
type ViewStatus struct {
	Name       string
	Version    int    // declared by this binary
	Generation string // the one that is served
	Position   events.Position
	Events     uint64        // how many events that is
	LagEvents  uint64        // counted
	Lag        time.Duration // since the log moved past Position; 0 when current
	Source     string        // where its news come from
	Serving    bool
	Parked     int64              // keys that cannot be folded
	Stale      bool               // it answers from a generation that is not fed any more
	Problem    string             // why it does not serve or move; empty: it does
	Building   *replayv1.Progress // of the next generation; nil: none is built
}

// PlatformStatus is how the platform is, but for its views.
type PlatformStatus struct {
	Versions  map[string]string // part → version
	Head      events.Position   // of the last event of the log
	Events    uint64            // how many there are
	Source    string            // of the feed
	Since     time.Time
	Why       string
	Processes map[string]int64  // name → how many wait
	Providers map[string]string // part → what serves it
	StartedAt time.Time
}

type statusService struct {
	statusv1.UnimplementedStatusServer
	*Gateway
}

// Views implements statusv1.StatusServer.
func (s statusService) Views(context.Context, *statusv1.ViewsRequest) (*statusv1.ViewList, error) {
	return &statusv1.ViewList{Items: s.views()}, nil
}

func (g *Gateway) views() []*statusv1.View {
	var list []*statusv1.View
	for _, v := range g.deps.Platform.Views() {
		list = append(list, g.viewOf(v))
	}
	return list
}

func (g *Gateway) viewOf(v ViewStatus) *statusv1.View {
	return &statusv1.View{Name: v.Name, Version: int32(v.Version), Generation: v.Generation, Position: uint64(v.Position), Events: v.Events,
		LagEvents: v.LagEvents, LagMs: v.Lag.Milliseconds(), Source: v.Source, Serving: v.Serving, Parked: v.Parked, Problem: v.Problem,
		Stale: v.Stale, PerSecond: g.rates.perSecond(v.Name), Building: v.Building}
}

// Get implements statusv1.StatusServer.
func (s statusService) Get(ctx context.Context, _ *statusv1.GetRequest) (*statusv1.Platform, error) {
	p, err := s.deps.Platform.Status(ctx)
	if err != nil {
		return nil, err
	}
	out := &statusv1.Platform{
		Versions:  p.Versions,
		Log:       &statusv1.Log{LogId: string(s.deps.LogID), Head: uint64(p.Head), Events: p.Events},
		Feed:      &statusv1.Feed{Source: p.Source, Since: stampOf(p.Since), Why: p.Why},
		Views:     s.views(),
		Providers: p.Providers,
		StartedAt: stampOf(p.StartedAt),
	}
	for _, name := range sortedKeys(p.Processes) {
		out.Processes = append(out.Processes, &statusv1.Process{Name: name, Waiting: p.Processes[name]})
	}
	return out, nil
}

// stampOf is nil for the zero time.
func stampOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
