package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The histogram's unit is 100 ns, its longest value a minute, with three digits.
const (
	latencyUnit = 100 * time.Nanosecond
	latencyMax  = time.Minute
	latencyKeep = 3
)

func newLatencies() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(latencyMax/latencyUnit), latencyKeep)
}

// writer appends one event after the other. It is used by one goroutine.
type writer struct {
	number    int
	payload   payload
	appended  uint64 // since the beginning, for verification
	measured  int64
	latencies *hdrhistogram.Histogram
	err       error
}

// run appends until end; what began after from and ended before end is measured.
func (w *writer) run(ctx context.Context, s subject, from, end time.Time) {
	began := time.Now()
	for began.Before(end) && w.err == nil {
		if w.err = s.append(ctx, w.payload.event(w.number, w.appended)); w.err != nil {
			return
		}
		w.appended++
		now := time.Now()
		if began.After(from) && now.Before(end) {
			w.measured++
			w.err = w.latencies.RecordValue(min(int64(now.Sub(began)/latencyUnit), int64(latencyMax/latencyUnit)))
		}
		began = now
	}
}

// run is a subject under a number of writers, measured in turns.
type run struct {
	name     string
	subject  subject
	writers  []*writer
	measured time.Duration
	cpu      time.Duration
}

func newRun(name string, s subject, writers, payloadBytes int) *run {
	r := &run{name: name, subject: s}
	for i := range writers {
		r.writers = append(r.writers, &writer{number: i, payload: newPayload(payloadBytes), latencies: newLatencies()})
	}
	return r
}

// turn lets all writers append for a while after a warm-up.
func (r *run) turn(ctx context.Context, warmUp, duration time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, warmUp+duration+settle)
	defer cancel()
	from := time.Now().Add(warmUp)
	end := from.Add(duration)
	var group sync.WaitGroup
	for _, w := range r.writers {
		group.Go(func() { w.run(ctx, r.subject, from, end) })
	}
	r.cpu += cpuBetween(ctx, from, end)
	r.measured += duration
	group.Wait()
	for _, w := range r.writers {
		if w.err != nil {
			return fmt.Errorf("writer %d, event %d: %w", w.number, w.appended, w.err)
		}
	}
	return nil
}

// row reads back what was stored, and sums up.
func (r *run) row(ctx context.Context) (Row, error) {
	row := Row{Subject: r.name, Writers: len(r.writers)}
	latencies, counts := newLatencies(), make([]uint64, len(r.writers))
	for i, w := range r.writers {
		counts[i] = w.appended
		row.Appends += w.measured
		latencies.Merge(w.latencies)
	}
	if row.Appends == 0 {
		return row, fmt.Errorf("nothing was appended within %v", r.measured)
	}
	ctx, cancel := context.WithTimeout(ctx, verifyWithin)
	defer cancel()
	if err := r.subject.verify(ctx, counts); err != nil {
		return Row{Subject: r.name, Writers: len(r.writers), Void: err.Error()}, nil
	}
	row.PerSecond = float64(row.Appends) / r.measured.Seconds()
	row.P50 = micros(time.Duration(latencies.ValueAtQuantile(50)) * latencyUnit)
	row.P99 = micros(time.Duration(latencies.ValueAtQuantile(99)) * latencyUnit)
	row.CPU = micros(r.cpu) / float64(row.Appends)
	return row, nil
}

const verifyWithin = 5 * time.Minute

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// cpuBetween is the processor time that this process took between two moments.
func cpuBetween(ctx context.Context, from, end time.Time) time.Duration {
	until(ctx, from)
	before := cpuTime()
	until(ctx, end)
	return cpuTime() - before
}

func until(ctx context.Context, at time.Time) {
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
