package targets

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tillstream/gateway"
	"tillstream/infra/feed"
	"tillstream/infra/postgres"
	"tillstream/projections"
)

// board is what status shows of this process: gateway.Platform.
type board struct {
	config      Config
	log         *log
	database    *database
	hub         *feed.Hub
	started     time.Time
	analysts    string                         // who they are to the database, or why there are none
	generations map[string]postgres.Generation // by view
	parkings    parkings
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
		case v.Lag > behindMax:
			return fmt.Errorf("%s is %d events and %s behind", v.Name, v.LagEvents, v.Lag.Round(time.Second))
		}
	}
	return nil
}

// Views implements gateway.Platform.
func (b *board) Views() []gateway.ViewStatus {
	versions := map[string]int{}
	for _, d := range projections.Views() {
		versions[d.Name] = d.Version
	}
	var list []gateway.ViewStatus
	for _, s := range b.hub.States() {
		v := gateway.ViewStatus{Name: s.Name, Version: versions[s.Name], Generation: b.generations[s.Name].Table, Position: s.At.At,
			Events: s.At.Count, LagEvents: s.Lag, Lag: s.Behind, Source: source, Serving: s.Err == nil,
			Parked: b.parkings.count(s.Name, b.generations[s.Name].Table)}
		if s.Err != nil {
			v.Problem = s.Err.Error()
		}
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, c gateway.ViewStatus) int { return strings.Compare(a.Name, c.Name) })
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

// parked is gateway.Deps.Parked.
func (b *board) parked(view, generation string) (gateway.ParkedView, bool) {
	if generation == "" {
		generation = b.generations[view].Table
	}
	return b.parkings.of(view, generation)
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
