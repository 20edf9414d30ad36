package bench

import (
	"fmt"
	"strings"
)

// Goal is a figure beside what is wanted of it.
type Goal struct {
	What   string  `json:"what"`
	Value  float64 `json:"value"`
	Wanted float64 `json:"wanted"`
	Most   bool    `json:"at_most"` // else at least
	Met    bool    `json:"met"`
}

func atLeast(what string, value, wanted float64) Goal {
	return Goal{What: what, Value: value, Wanted: wanted, Met: value >= wanted}
}

func atMost(what string, value, wanted float64) Goal {
	return Goal{What: what, Value: value, Wanted: wanted, Most: true, Met: value <= wanted}
}

func (g Goal) write(b *strings.Builder) {
	bound, verdict := "at least", "met"
	if g.Most {
		bound = "at most"
	}
	if !g.Met {
		verdict = "not met"
	}
	fmt.Fprintf(b, "%s: %s; %s %s is wanted: %s\n", g.What, figure(g.Value), bound, figure(g.Wanted), verdict)
}

// figure has about three digits that count.
func figure(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
