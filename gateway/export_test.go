package gateway

import "time"

// Marked is the views as the gateway reads them.
func Marked(v Views) Views { return v.marked() }

// DayIn tells the times tests where a day begins.
func DayIn(text string, zone *time.Location) (from, to time.Time) {
	s, _ := dayIn(text, zone)
	return s.from, s.to
}
