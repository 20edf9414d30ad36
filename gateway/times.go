package gateway

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tillstream/events"
	"tillstream/projections"
)

// times are the two times that a question may be asked of. The zero time sets no bound; both bounds are inclusive.
type times struct {
	asOf    time.Time // what was so by then, by business time
	knownAt time.Time // what we had come to know by then, by record time
}

// timed is a query that has both as instants.
type timed interface {
	GetAsOf() *timestamppb.Timestamp
	GetKnownAt() *timestamppb.Timestamp
}

func timesOf(in timed) times { return times{timeOf(in.GetAsOf()), timeOf(in.GetKnownAt())} }

// asked tells whether the question is of another time than now.
func (t times) asked() bool { return !t.asOf.IsZero() || !t.knownAt.IsZero() }

// holds tells whether a fact is part of the answer.
func (t times) holds(m events.Meta) bool {
	return (t.asOf.IsZero() || !m.At.After(t.asOf)) && (t.knownAt.IsZero() || !m.Rec.After(t.knownAt))
}

// where adds the bounds that were given, on the columns that hold the two times of a fact.
func (t times) where(where []projections.Cond, at, recordedAt string) []projections.Cond {
	if !t.asOf.IsZero() {
		where = append(where, projections.Cond{Column: at, Op: projections.Le, Value: t.asOf})
	}
	if !t.knownAt.IsZero() {
		where = append(where, projections.Cond{Column: recordedAt, Op: projections.Le, Value: t.knownAt})
	}
	return where
}

// The headers that repeat the times an answer is of.
const (
	headerAsOfTime = "As-Of"
	headerKnownAt  = "Known-At"
)

// tell has the answer of the call say which times it is of.
func (t times) tell(ctx context.Context) {
	c := callOf(ctx)
	if !t.asOf.IsZero() {
		c.header(headerAsOfTime, t.asOf.Format(time.RFC3339Nano))
	}
	if !t.knownAt.IsZero() {
		c.header(headerKnownAt, t.knownAt.Format(time.RFC3339Nano))
	}
}

// span is a time from an instant to another, which is not in it; the zero time is no bound.
type span struct{ from, to time.Time }

// last is the last instant in the span that a fact can have.
func (s span) last() time.Time { return s.to.Add(-time.Microsecond) }

func (s span) where(where []projections.Cond, column string) []projections.Cond {
	if !s.from.IsZero() {
		where = append(where, projections.Cond{Column: column, Op: projections.Ge, Value: s.from})
	}
	if !s.to.IsZero() {
		where = append(where, projections.Cond{Column: column, Op: projections.Lt, Value: s.to})
	}
	return where
}

// zoneOf reads the name of a time zone; UTC for none.
func zoneOf(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, badField("tz", "is no time zone, such as Europe/London")
	}
	return zone, nil
}

// dayIn is the span of a day (2010-12-01) in a zone; false for what is no day.
func dayIn(text string, zone *time.Location) (span, bool) {
	day, err := time.Parse(time.DateOnly, text)
	return span{dayStart(day, zone), dayStart(day.AddDate(0, 0, 1), zone)}, err == nil
}

// monthIn is the span of a month (2010-12) in a zone; false for what is no month.
func monthIn(text string, zone *time.Location) (span, bool) {
	month, err := time.Parse("2006-01", text)
	return span{dayStart(month, zone), dayStart(month.AddDate(0, 1, 0), zone)}, err == nil
}

// yearIn is the span of a year (2010) in a zone; false for what is no year.
func yearIn(text string, zone *time.Location) (span, bool) {
	year, err := time.Parse("2006", text)
	return span{dayStart(year, zone), dayStart(year.AddDate(1, 0, 0), zone)}, err == nil
}

// dayStart is the first instant of a date where a zone is. Clocks that are put forward at midnight leave none: then the
// day begins as they are. Clocks that are put back to midnight show it twice: then the day begins with the first.
func dayStart(date time.Time, zone *time.Location) time.Time {
	y, m, d := date.Date()
	start := time.Date(y, m, d, 0, 0, 0, 0, zone)
	from, until := start.ZoneBounds()
	clock, midnight := start.Format(time.DateTime), date.Format(time.DateTime)
	switch {
	case clock < midnight:
		return events.Time(until)
	case clock > midnight:
		return events.Time(from)
	}
	if !from.IsZero() {
		_, offset := from.Add(-time.Nanosecond).Zone()
		if first := date.Add(-time.Duration(offset) * time.Second); first.Before(from) {
			start = first
		}
	}
	return events.Time(start)
}
