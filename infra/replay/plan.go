package replay

import (
	"context"
	"fmt"
	"time"

	"tillstream/events"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/infra/postgres"
)

// trialFor is how long a trial reads the log, where no rebuild was measured.
const trialFor = time.Second

// plan says what building anew would take.
func (s *Switchboard[V]) plan(ctx context.Context) (*replayv1.ReplayPlan, error) {
	registered, err := s.DB.GenerationsOf(ctx, s.name())
	if err != nil {
		return nil, err
	}
	plan := &replayv1.ReplayPlan{View: s.name(), Declared: int32(s.declared.Version), HeardTypes: uint64(len(s.declared.Wires()))}
	var from postgres.Generation
	for _, g := range registered {
		if g.Served {
			plan.Served, plan.Changes = s.statusOf(g), s.changes(g)
			if plan.DiskBytes, err = s.DB.Size(ctx, g); err != nil {
				return nil, fmt.Errorf("measure %s: %w", g.Table, err)
			}
		}
		if g.State == postgres.Building && !g.Fresh && len(s.changes(g)) == 0 {
			plan.Begun, from = s.statusOf(g), g
		}
	}
	if err := s.distance(ctx, plan, from); err != nil {
		return nil, err
	}
	if err := s.speed(ctx, plan, registered); err != nil {
		return nil, err
	}
	if free, known := freeBytes(s.Disk); known {
		plan.DiskFreeBytes = &free
	}
	return plan, nil
}

// distance is how much of the log is still to be read: positions count its bytes.
func (s *Switchboard[V]) distance(ctx context.Context, plan *replayv1.ReplayPlan, from postgres.Generation) error {
	head, err := s.Log.Head(ctx)
	if err != nil {
		return fmt.Errorf("look for the end of the log: %w", err)
	}
	at := from.Checkpoint
	if plan.Begun != nil {
		at.At, at.Count = events.Position(plan.Begun.Position), plan.Begun.Events
	}
	if head > at.At {
		plan.Bytes = uint64(head - at.At)
	}
	if all := s.Hub.Head().Count; all > at.Count {
		plan.Events = all - at.Count
	}
	return nil
}

// speed is how fast this view was built last, else any view; where none was, how fast the log is read and decoded.
func (s *Switchboard[V]) speed(ctx context.Context, plan *replayv1.ReplayPlan, registered []postgres.Generation) error {
	if g, known := lastMeasured(registered); known {
		plan.PerSecond, plan.Measured = uint64(g.PerSecond), "building "+g.Table
	} else {
		all, err := s.DB.Generations(ctx)
		if err != nil {
			return err
		}
		if g, known := lastMeasured(all); known {
			plan.PerSecond, plan.Measured = uint64(g.PerSecond), "building "+g.Table+", another view"
		} else if plan.PerSecond, err = s.trial(ctx); err != nil {
			return err
		} else if plan.PerSecond > 0 {
			plan.Measured = "a second of reading and decoding alone: keeping takes longer"
		}
	}
	if plan.PerSecond > 0 {
		plan.ExpectedMs = int64(float64(plan.Events) / float64(plan.PerSecond) * 1000)
	}
	return nil
}

func lastMeasured(list []postgres.Generation) (last postgres.Generation, known bool) {
	for _, g := range list {
		if g.PerSecond > 0 && g.Created.After(last.Created) {
			last, known = g, true
		}
	}
	return last, known
}

func (s *Switchboard[V]) trial(ctx context.Context) (perSecond uint64, err error) {
	head, err := s.Log.Head(ctx)
	if err != nil || head == 0 {
		return 0, err
	}
	begun, read := time.Now(), uint64(0)
	for page, err := range s.Log.Scan(ctx, 0, head, pageEvents, s.declared.Hears) {
		if err != nil {
			return 0, err
		}
		if read += page.Count(); time.Since(begun) > trialFor {
			break
		}
	}
	return uint64(float64(read) / time.Since(begun).Seconds()), nil
}
