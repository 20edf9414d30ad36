package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Table is what a workload measured, and under which conditions.
type Table struct {
	Workload   string     `json:"workload"`
	Conditions Conditions `json:"conditions"`
	Rows       []Row      `json:"rows"`
	Reach      []Reach    `json:"reach"`
}

// Row is one subject under one number of writers. A Void row has no figures.
type Row struct {
	Subject   string  `json:"subject"`
	Writers   int     `json:"writers"`
	Appends   int64   `json:"appends"`
	PerSecond float64 `json:"appends_per_second"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
	CPU       float64 `json:"cpu_us_per_append"` // of client and server together
	Void      string  `json:"void,omitempty"`    // what was lost, doubled or changed
}

// Reach compares a subject with its limit under the same number of writers.
type Reach struct {
	Subject string  `json:"subject"`
	Limit   string  `json:"limit"`
	Writers int     `json:"writers"`
	Ratio   float64 `json:"ratio"` // 0 where either has no figures
	Wanted  float64 `json:"wanted"`
	Met     bool    `json:"met"`
}

func (t *Table) describe(o Options) {
	t.Workload = "append"
	t.Conditions.Payload, t.Conditions.WarmUp, t.Conditions.Duration, t.Conditions.Turns = o.Payload, o.WarmUp.String(), o.Duration.String(), turns
	t.Conditions.Client = "client and server in one process, over TCP on loopback; each writer waits for its answer"
}

func (t *Table) reach(subject, limit string, wanted float64) {
	for _, r := range t.Rows {
		if r.Subject != subject {
			continue
		}
		of := t.row(limit, r.Writers)
		reach := Reach{Subject: subject, Limit: limit, Writers: r.Writers, Wanted: wanted}
		if of.PerSecond > 0 {
			reach.Ratio = r.PerSecond / of.PerSecond
		}
		reach.Met = reach.Ratio >= wanted
		t.Reach = append(t.Reach, reach)
	}
}

func (t *Table) row(subject string, writers int) Row {
	for _, r := range t.Rows {
		if r.Subject == subject && r.Writers == writers {
			return r
		}
	}
	return Row{}
}

// Sound tells that no row is void.
func (t Table) Sound() bool {
	for _, r := range t.Rows {
		if r.Void != "" {
			return false
		}
	}
	return true
}

// Write prints the table for people.
func (t Table) Write(to io.Writer) error {
	var b strings.Builder
	c := t.Conditions
	c.write(&b, fmt.Sprintf("%d bytes of payload; %s for each row in %d turns, each after %s of warm-up", c.Payload, c.Duration, c.Turns, c.WarmUp))
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\nwriters\tappends/s\tp50 µs\tp99 µs\tCPU µs/append\t  \n")
	for _, r := range t.Rows {
		if r.Void != "" {
			fmt.Fprintf(w, "%d\tvoid\t\t\t\t  %s: %s\n", r.Writers, r.Subject, r.Void)
			continue
		}
		fmt.Fprintf(w, "%d\t%.0f\t%.0f\t%.0f\t%.1f\t  %s\n", r.Writers, r.PerSecond, r.P50, r.P99, r.CPU, r.Subject)
	}
	w.Flush() // into memory
	b.WriteString("\n")
	for _, r := range t.Reach {
		verdict := "met"
		if !r.Met {
			verdict = "not met"
		}
		fmt.Fprintf(&b, "%s reaches %.2f of %s with %d writers; %.1f is wanted: %s\n", r.Subject, r.Ratio, r.Limit, r.Writers, r.Wanted, verdict)
	}
	_, err := io.WriteString(to, b.String())
	return err
}
