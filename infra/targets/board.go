package targets

import (
	"context"
	"fmt"
	"time"

	"tillstream/gateway"
	"tillstream/infra/feed"
	"tillstream/infra/replay"
)

// board is what status shows of this process: gateway.Platform.
type board struct {
	config   Config
	log      *log
	database *database
	hub      *feed.Hub
	views    *replay.Views
	started  time.Time
	analysts string // who they are to the database, or why there are none
}

// behindMax is how far a view may lag for the platform to count as ready.
const behindMax = 5 * time.Second

// Ready implements gateway.Platform.
func (b *board) Ready() error {
	if f := b.log.Health().Following; !f.Heard {
		return fmt.Errorf("the log is not heard since %s: %s", f.Since.UTC().Format(time.RFC3339), f.Why)
	}
	for _, v := range b.Views() {
		switch {
		case !v.Serving:
			return fmt.Errorf("%s does not serve: %s", v.Name, v.Problem)
		case v.Stale:
			return fmt.Errorf("%s is stale: %s", v.Name, v.Problem)
		case v.Lag > behindMax:
			return fmt.Errorf("%s is %d events and %s behind", v.Name, v.LagEvents, v.Lag.Round(time.Second))
		}
	}
	return nil
}

// Views implements gateway.Platform.
func (b *board) Views() []gateway.ViewStatus {
	states := map[string]feed.State{} // by generation
	for _, s := range b.hub.States() {
		states[s.Name] = s
	}
	head := b.hub.Head()
	var list []gateway.ViewStatus
	for _, is := range b.views.Standings() {
		v := gateway.ViewStatus{Name: is.View, Version: is.Version, Generation: is.Generation, Position: is.Position, Events: is.Events,
			Source: source, Serving: is.Generation != "", Parked: is.Parked, Stale: is.Stale, Problem: is.Problem, Building: is.Building}
		if s, fed := states[is.Generation]; fed {
			v.Position, v.Events, v.LagEvents, v.Lag = s.At.At, s.At.Count, s.Lag, s.Behind
			if s.Err != nil {
				v.Serving, v.Problem = false, s.Err.Error()
			}
		} else if head.At > is.Position {
			v.LagEvents = head.Count - min(head.Count, is.Events)
		}
		list = append(list, v)
	}
	return list
}

// source is where views hear their news from.
const source = "direct"

// View implements gateway.Platform.
func (b *board) View(name string) gateway.ViewStatus {
	for _, v := range b.Views() {
		if v.Name == name {
			return v
		}
	}
	return gateway.ViewStatus{}
}

// Status implements gateway.Platform.
func (b *board) Status(ctx context.Context) (gateway.PlatformStatus, error) {
	health, head := b.log.Health(), b.hub.Head()
	return gateway.PlatformStatus{
		Versions:  map[string]string{"till": b.config.Version, "eventstore": health.Version},
		Head:      head.At,
		Events:    head.Count,
		Source:    source,
		Since:     health.Following.Since,
		Why:       health.Following.Why,
		Processes: map[string]int64{},
		Providers: b.providers(health.Address),
		StartedAt: b.started,
	}, nil
}

// providers names what serves each part.
func (b *board) providers(store string) map[string]string {
	p := map[string]string{"event store": "embedded at " + store, "row views": "configured Postgres", "analysts": b.analysts}
	if b.log.embedded == nil {
		p["event store"] = "configured at " + store
	}
	if s := b.database.server; s != nil {
		p["row views"] = "private Postgres " + s.Version()
	}
	return p
}
