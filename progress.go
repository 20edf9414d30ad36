package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows long work on standard error: a bar on a terminal, a line every few seconds elsewhere, nothing when
// quiet. Show and end are called from one goroutine.
type progress struct {
	out     io.Writer
	unit    string
	bar     *progressbar.ProgressBar
	quiet   bool
	started time.Time
	last    time.Time
}

// lineEvery is how often a plain line is written.
const lineEvery = 5 * time.Second

func newProgress(c *console, unit string) *progress {
	return &progress{out: c.Err, unit: unit, quiet: c.Quiet, started: time.Now()}
}

// show tells that done of total units are done; what says at which step.
func (p *progress) show(what string, done, total int) {
	switch {
	case p.quiet:
	case terminal(p.out):
		if p.bar == nil {
			p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.out), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
				progressbar.OptionSetItsString(p.unit), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
				progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish())
		}
		p.bar.Describe(what)
		_ = p.bar.Set(done) // it can only fail to draw
	case time.Since(p.last) >= lineEvery:
		p.last = time.Now()
		fmt.Fprintln(p.out, p.line(what, done, total))
	}
}

func (p *progress) line(what string, done, total int) string {
	spent := time.Since(p.started)
	rate := float64(done) / spent.Seconds()
	left := "?"
	if done > 0 {
		left = (time.Duration(float64(total-done)/rate) * time.Second).Round(time.Second).String()
	}
	return fmt.Sprintf("%s: %d of %d %s, %.0f %s/s, %s left", what, done, total, p.unit, rate, p.unit, left)
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
