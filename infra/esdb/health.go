package esdb

import "time"

// Health is what status shows of the connection.
type Health struct {
	Address     string // without credentials
	Connected   bool   // to the node that takes appends
	Since       time.Time
	Why         string // why it is not connected; empty when it is
	Version     string // of the server; empty when it does not tell
	BatchAppend bool   // appends go through one stream; otherwise one by one
	Connections int    // made since Dial, for appends
	InFlight    int    // appends sent and not yet answered
	Following   Following
}

// Health tells the state of the connection without asking the store.
func (s *Store) Health() Health {
	a, c := s.appender.peek()
	h := Health{Address: s.address, Connected: c.there, Since: c.since, Connections: c.opened}
	if c.there {
		h.Version, h.BatchAppend, h.InFlight = a.node.version, a.stream != nil, len(a.space)
	}
	if c.why != nil {
		h.Why = c.why.Error()
	}
	if f := s.following.Load(); f != nil {
		h.Following = *f
	}
	return h
}
