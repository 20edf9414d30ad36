package projections

// Unheard is an event of which only the type was read, since nobody asked for more.
type Unheard string

// Type implements events.Event.
func (u Unheard) Type() string { return string(u) }
