package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Rebuilds is what Rebuild measured, and under which conditions.
type Rebuilds struct {
	Workload   string     `json:"workload"`
	Conditions Conditions `json:"conditions"`
	Log        Filled     `json:"log"`
	Views      []Rebuilt  `json:"views"`
	Goals      []Goal     `json:"goals"` // where one view was rebuilt
}

// Rebuilt is one view that was built anew, beside its limits. A Void one has no figures.
type Rebuilt struct {
	View       string   `json:"view"`
	Generation string   `json:"generation"`
	Events     uint64   `json:"events"`
	Heard      uint64   `json:"events_heard"`
	Rows       int64    `json:"rows"`
	TableBytes int64    `json:"table_bytes"` // with its indexes
	Apply      Took     `json:"apply"`
	Read       Took     `json:"limit_read"`     // the same log read and decoded as the view wants it, not folded
	ReadAll    Took     `json:"limit_read_all"` // and decoded whole
	Copy       Took     `json:"limit_copy"`     // COPY of the same rows into a table with the same indexes
	CopyBare   Took     `json:"limit_copy_bare"`
	Peak       [3]int64 `json:"peak_rss_bytes"` // of this process, store included, in each third of the log
	Void       string   `json:"void,omitempty"`
	bytes      int64    // of the log's data and metadata
}

// Took is what something took, and of whom.
type Took struct {
	Seconds  float64 `json:"seconds"`
	Own      float64 `json:"cpu_seconds"`          // processor time of this process: the store, its client, the fold
	Children float64 `json:"postgres_cpu_seconds"` // of the private Postgres
}

func (t Took) per(n float64) float64 {
	if t.Seconds == 0 {
		return 0
	}
	return n / t.Seconds
}

// cpu is microseconds of processor time for each of n.
func (t Took) cpu(n float64) float64 {
	if n == 0 {
		return 0
	}
	return (t.Own + t.Children) / n * 1e6
}

// goals compares a rebuild with what is wanted of one.
func (r Rebuilt) goals() []Goal {
	if r.Void != "" {
		return nil
	}
	goals := []Goal{
		atLeast(r.View+", events/s", r.Apply.per(float64(r.Events)), wantedEvents),
		atLeast(r.View+", rows/s by those of COPY into the same indexes", r.ofCopy(), wantedOfCopy),
	}
	if r.Peak[1] > 0 {
		goals = append(goals, atMost(r.View+", peak memory of the last third by that of the second", float64(r.Peak[2])/float64(r.Peak[1]), wantedFlat))
	}
	return goals
}

func (r Rebuilt) ofCopy() float64 {
	if r.Apply.Seconds == 0 {
		return 0
	}
	return r.Copy.Seconds / r.Apply.Seconds
}

// Sound tells that no view is void.
func (r Rebuilds) Sound() bool {
	for _, v := range r.Views {
		if v.Void != "" {
			return false
		}
	}
	return true
}

// Write prints the figures for people.
func (r Rebuilds) Write(to io.Writer) error {
	var b strings.Builder
	r.Conditions.write(&b, fmt.Sprintf("%d events, %s of data and metadata, written in %d appends at %.0f events/s", r.Log.Events, mebibytes(r.Log.Bytes),
		r.Log.Appends, float64(r.Log.Events)/r.Log.Seconds))
	for _, v := range r.Views {
		v.write(&b)
	}
	b.WriteString("\n")
	for _, g := range r.Goals {
		g.write(&b)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

func (r Rebuilt) write(b *strings.Builder) {
	if r.Void != "" {
		fmt.Fprintf(b, "\n%s: void: %s\n", r.View, r.Void)
		return
	}
	fmt.Fprintf(b, "\n%s: %d of %d events heard, %d rows, %s with indexes; peak memory %s, %s, %s by thirds of the log\n", r.Generation, r.Heard, r.Events,
		r.Rows, mebibytes(r.TableBytes), mebibytes(r.Peak[0]), mebibytes(r.Peak[1]), mebibytes(r.Peak[2]))
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "seconds\tevents/s\tMiB/s\trows/s\tCPU µs/event\tof it Postgres\tCPU µs/row\t  \n")
	for _, line := range []struct {
		what string
		took Took
		read bool
		rows bool
	}{{"rebuild", r.Apply, true, true}, {"read and decode what is heard", r.Read, true, false}, {"read and decode all", r.ReadAll, true, false},
		{"COPY into the same indexes", r.Copy, false, true}, {"COPY without an index", r.CopyBare, false, true}} {
		events, bytes, rows, cpu, postgres, row := "", "", "", "", "", ""
		if line.read {
			n := float64(r.Events)
			events, bytes = fmt.Sprintf("%.0f", line.took.per(n)), fmt.Sprintf("%.1f", line.took.per(float64(r.bytes))/(1<<20))
			cpu, postgres = fmt.Sprintf("%.1f", line.took.cpu(n)), fmt.Sprintf("%.1f", line.took.Children/max(n, 1)*1e6)
		}
		if line.rows {
			rows, row = fmt.Sprintf("%.0f", line.took.per(float64(r.Rows))), fmt.Sprintf("%.1f", line.took.cpu(float64(r.Rows)))
		}
		fmt.Fprintf(w, "%.2f\t%s\t%s\t%s\t%s\t%s\t%s\t  %s\n", line.took.Seconds, events, bytes, rows, cpu, postgres, row, line.what)
	}
	w.Flush() // into memory
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
