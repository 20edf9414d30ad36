package gateway

import "time"

// Marked is the views as the gateway reads them.
func Marked(v Views) Views { return v.marked() }

// DayIn tells the times tests where a day begins.
func DayIn(text string, zone *time.Location) (from, to time.Time) {
	s, _ := dayIn(text, zone)
	return s.from, s.to
}

// Listening is how many listen.
func (g *Gateway) Listening() int { return len(g.listeners) }

// CanBeWatched tells whether a view has a stream.
func (g *Gateway) CanBeWatched(view string) bool { return g.byName[view].waitable != nil }

// NoteRates has the gateway sample its views at a time.
func (g *Gateway) NoteRates(at time.Time, views []ViewStatus) { g.rates.note(at, views) }

// PerSecond is the rate of a view.
func (g *Gateway) PerSecond(view string) uint64 { return g.rates.perSecond(view) }
