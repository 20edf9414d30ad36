package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/gateway/wirejson"
)

// replayProgress shows long work of the platform: a bar on a terminal, lines elsewhere, an object a line in JSON. Speed and
// time left are what the platform measured: work that goes on where it was begins with much of it done. Why nothing moves
// is said once, in a line of its own.
type replayProgress struct {
	c     *console
	phase string
	still string
	last  time.Time
	drawn bool
}

func newReplayProgress(c *console) *replayProgress { return &replayProgress{c: c} }

func (r *replayProgress) tell(p *replayv1.Progress) {
	switch {
	case r.c.JSON:
		fmt.Fprintf(r.c.Out, "%s\n", wirejson.Marshal(p))
		return
	case r.c.Quiet:
		return
	}
	if p.Waiting != r.still {
		if r.still = p.Waiting; p.Waiting != "" {
			r.end()
			fmt.Fprintf(r.c.Err, "%s: nothing has moved for a while: %s\n", p.Generation, printable(p.Waiting))
		}
	}
	screen, is := r.c.Err.(*os.File)
	switch {
	case is && terminal(screen) && !p.Done:
		r.drawn = true
		fmt.Fprint(screen, eraseLine, barLine(p, widthOf(screen)))
	case !r.drawn && (p.Done || p.Phase != r.phase || time.Since(r.last) >= lineEvery):
		r.last, r.phase = time.Now(), p.Phase
		fmt.Fprintln(r.c.Err, progressLine(p))
	}
}

// eraseLine goes back to where the line begins, and empties it.
const eraseLine = "\r\x1b[K"

func (r *replayProgress) end() {
	if r.drawn {
		fmt.Fprint(r.c.Err, eraseLine)
	}
	r.drawn = false
}

// barWidth is how many characters a bar has, barsMost how many a line of a terminal of unknown width.
const (
	barWidth = 20
	barsMost = 120
)

func widthOf(screen *os.File) int {
	if width, _, err := term.GetSize(int(screen.Fd())); err == nil && width > 0 {
		return width
	}
	return barsMost
}

// barLine is progressLine with a bar, cut to the width of a terminal.
func barLine(p *replayv1.Progress, width int) string {
	line := progressLine(p)
	if p.Of > 0 {
		done := min(p.Events, p.Of)
		full := int(barWidth * done / p.Of)
		line = fmt.Sprintf("%3d%% %s%s %s", 100*done/p.Of, strings.Repeat("█", full), strings.Repeat("░", barWidth-full), line)
	}
	if runes := []rune(line); len(runes) >= width { // the last column would wrap
		line = string(runes[:width-1])
	}
	return line
}

// Phases whose units are named.
const (
	phaseReading   = "reading"
	phaseComparing = "comparing"
)

func unitOf(phase string) string {
	if phase == phaseComparing {
		return "keys"
	}
	return "events"
}

// progressLine is how far long work is, in a line.
func progressLine(p *replayv1.Progress) string {
	line, unit := p.Generation+" "+p.Phase, unitOf(p.Phase)
	switch {
	case p.Of == 0:
	case p.Done:
		line += fmt.Sprintf(": %d %s", p.Events, unit)
	default:
		line += fmt.Sprintf(": %d of %d %s", p.Events, p.Of, unit)
	}
	if p.PerSecond > 0 {
		line += fmt.Sprintf(", %d %s/s", p.PerSecond, unit)
	}
	if p.Phase == phaseReading && p.Of > p.Events {
		line += fmt.Sprintf(", lag %d", p.Of-p.Events)
	}
	if p.LeftMs != nil {
		line += fmt.Sprintf(", %v left", (time.Duration(*p.LeftMs) * time.Millisecond).Round(time.Second))
	}
	return line
}
