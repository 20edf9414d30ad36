package bench

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Lags is what Lag measured, and under which conditions. A Void one has no figures.
type Lags struct {
	Workload   string     `json:"workload"`
	Conditions Conditions `json:"conditions"`
	Rate       int        `json:"rate"`
	Commands   int64      `json:"commands"` // measured
	Events     int64      `json:"events"`   // that were recorded, in warm-ups too
	PerSecond  float64    `json:"commands_per_second"`
	Took       Took       `json:"took"` // the whole of the platform's turns, warm-ups and those who ask included
	Rows       []LagRow   `json:"rows"`
	Goals      []Goal     `json:"goals"`
	Void       string     `json:"void,omitempty"`
}

// LagRow tells how long something took, in milliseconds.
type LagRow struct {
	Subject string  `json:"subject"`
	Count   int64   `json:"count"`
	P50     float64 `json:"p50_ms"`
	P90     float64 `json:"p90_ms"`
	P99     float64 `json:"p99_ms"`
	Max     float64 `json:"max_ms"`
}

// The subjects of the lag workload, as rows name them.
const (
	Visible      = "command acknowledged → visible, by token"
	Acknowledged = "command due → acknowledged"
	Question     = "query that need not wait"
	Heard        = "bare store: append acknowledged → heard"
	Stored       = "bare store: append due → acknowledged"
)

func (t *Took) add(more Took) {
	t.Seconds, t.Own, t.Children = t.Seconds+more.Seconds, t.Own+more.Own, t.Children+more.Children
}

func (l *Lags) describe(o LagOptions) {
	l.Workload, l.Rate = "lag", o.Rate
	l.Conditions.WarmUp, l.Conditions.Duration, l.Conditions.Turns = o.WarmUp.String(), o.For.String(), turns
	l.Conditions.Client = "who asks is in the platform's process, and asks it by gRPC over TCP on loopback, as does the platform its store"
}

// Sound tells that it is not void.
func (l Lags) Sound() bool { return l.Void == "" }

// Write prints the figures for people.
func (l Lags) Write(to io.Writer) error {
	var b strings.Builder
	c := l.Conditions
	l.Conditions.write(&b, fmt.Sprintf("%d commands a second of an event each, %s in %d turns, each after %s of warm-up", l.Rate, c.Duration, c.Turns, c.WarmUp))
	if l.Void != "" {
		fmt.Fprintf(&b, "\nvoid: %s\n", l.Void)
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\ncount\tp50 ms\tp90 ms\tp99 ms\tmax ms\t  \n")
	for _, r := range l.Rows {
		fmt.Fprintf(w, "%d\t%.2f\t%.2f\t%.2f\t%.2f\t  %s\n", r.Count, r.P50, r.P90, r.P99, r.Max, r.Subject)
	}
	w.Flush() // into memory
	if n := float64(l.Events); n > 0 {
		fmt.Fprintf(&b, "\n%.0f commands a second; %.0f µs of processor time for each, its queries included, and %.0f µs of Postgres's\n",
			l.PerSecond, l.Took.Own/n*1e6, l.Took.Children/n*1e6)
	}
	for _, g := range l.Goals {
		g.write(&b)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// latencies are noted by many at once.
type latencies struct {
	mu   sync.Mutex
	seen *hdrhistogram.Histogram
}

func newSharedLatencies() *latencies { return &latencies{seen: newLatencies()} }

func (l *latencies) note(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.seen.RecordValue(min(int64(max(took, 0)/latencyUnit), int64(latencyMax/latencyUnit))) // within its bounds by that
}

func (l *latencies) row(subject string) LagRow {
	l.mu.Lock()
	defer l.mu.Unlock()
	ms := func(v int64) float64 { return float64(time.Duration(v)*latencyUnit) / float64(time.Millisecond) }
	return LagRow{Subject: subject, Count: l.seen.TotalCount(), P50: ms(l.seen.ValueAtQuantile(50)), P90: ms(l.seen.ValueAtQuantile(90)),
		P99: ms(l.seen.ValueAtQuantile(99)), Max: ms(l.seen.Max())}
}
