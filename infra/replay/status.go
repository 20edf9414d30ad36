package replay

import (
	"context"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tillstream/events"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/infra/postgres"
)

// Standing is where a view stands.
type Standing struct {
	View       string
	Version    int    // declared
	Generation string // that answers; empty: none does
	Position   events.Position
	Events     uint64
	Parked     int64
	Stale      bool               // it answers from a generation that is not fed any more
	Problem    string             // why it is stale, or does not answer
	Building   *replayv1.Progress // of the next generation; nil: none is built
}

func (s *Switchboard[V]) standing() Standing {
	keys, streams := s.ParkedCount()
	s.mu.Lock()
	defer s.mu.Unlock()
	is := Standing{View: s.name(), Version: s.declared.Version, Parked: int64(keys + streams)}
	if s.building != nil {
		is.Building = s.building.progress.message()
	}
	if s.served == nil {
		if s.missing != nil {
			is.Problem = s.missing.Error()
		}
		return is
	}
	at := s.served.at()
	is.Generation, is.Position, is.Events = s.served.Table, at.At, at.Count
	if s.served.projector == nil {
		is.Stale = true
		is.Problem = "it answers as of position " + strconv.FormatUint(uint64(at.At), 10) + " and is not fed any more (" + strings.Join(s.served.changes, "; ") +
			"): run \"till replay apply " + s.name() + "\", then promote it"
	}
	return is
}

// status lists the generations that are registered, as they stand here.
func (s *Switchboard[V]) status(ctx context.Context) ([]*replayv1.Generation, error) {
	registered, err := s.DB.GenerationsOf(ctx, s.name())
	if err != nil {
		return nil, err
	}
	var list []*replayv1.Generation
	for _, g := range registered {
		list = append(list, s.statusOf(g))
	}
	return list, nil
}

func (s *Switchboard[V]) statusOf(g postgres.Generation) *replayv1.Generation {
	is := &replayv1.Generation{View: g.View, Name: g.Table, Version: int32(g.Version), Declared: int32(s.declared.Version), Run: int32(g.Run),
		State: string(g.State), Served: g.Served, CaughtUp: g.CaughtUp || g.State == postgres.Live, Changes: s.changes(g), Fresh: g.Fresh,
		Position: uint64(g.Checkpoint.At), Events: g.Checkpoint.Count, CreatedAt: timestamppb.New(g.Created)}
	if !g.Promoted.IsZero() {
		is.PromotedAt = timestamppb.New(g.Promoted)
	}
	if open := s.find(g.Table); open != nil {
		at := open.at()
		is.Position, is.Events = uint64(at.At), at.Count
		is.Fed = s.follows(open)
		if open.projector != nil {
			keys, streams := open.projector.ParkedCount()
			is.Parked = int64(keys + streams)
		}
	}
	s.mu.Lock()
	building := s.building
	s.mu.Unlock()
	if building != nil && building.progress.isOf(g.Table) {
		is.Progress = building.progress.message()
	}
	if head := s.Hub.Head(); head.At > events.Position(is.Position) {
		is.LagEvents = head.Count - min(head.Count, is.Events)
	}
	return is
}
