package projections_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tillstream/events"
	. "tillstream/projections"
)

// spec says which columns of a value a fact changes, and into what: given what happened before, when this happens.
// Everything that is not named stays as it was. The time of the change is left out: it is always the fact's.
type spec[V any] struct {
	name  string
	key   string
	given []events.Event
	when  events.Event
	then  columns
}

type columns map[string]any

// told is a fact with reasons of its own.
type told struct {
	events.Event
	why func(*events.Meta)
}

func imported(e events.Event) told {
	return told{e, func(m *events.Meta) { m.Origin, m.Correlation = events.FromImport, "import-1" }}
}

// day is a fact of a day of December 2010, at noon.
func day(n int, e events.Event) told {
	return told{e, func(m *events.Meta) { m.At = time.Date(2010, 12, n, 12, 0, 0, 0, time.UTC) }}
}

// dawn is when histories begin; each fact is a minute after the one before, and known an hour later.
var dawn = time.Date(2010, 12, 1, 8, 0, 0, 0, time.UTC)

// history records facts in the order given. The n-th is named en, from e1; positions are not dense.
func history(facts ...events.Event) (log []events.Recorded) {
	revisions := map[string]uint64{}
	for i, e := range facts {
		m := events.Meta{At: minute(i), Origin: events.FromAPI}
		if t, is := e.(told); is {
			e = t.Event
			t.why(&m)
		}
		m.Rec = m.At.Add(time.Hour)
		stream := streamOf(e)
		log = append(log, events.Recorded{Event: e, Meta: m, ID: eventID(i), Stream: stream,
			Revision: revisions[stream], Position: events.Position(10 * (i + 1))})
		revisions[stream]++
	}
	return log
}

// streamOf is right for stock items and points, whose views name streams and revisions; of other facts no view looks at
// the stream.
func streamOf(e events.Event) string {
	v := reflect.ValueOf(e)
	if _, is := e.(events.StockEvent); is {
		return string(events.Stock(v.FieldByName("Warehouse").String(), v.FieldByName("SKU").String()))
	}
	if _, is := e.(events.LoyaltyEvent); is {
		return string(events.Loyalty(v.FieldByName("CustomerID").String()))
	}
	return events.Category(e.Type())
}

// folded is all values of a view after a history, each fact a batch of its own.
func folded[V any](view View[V], log []events.Recorded) map[string]V {
	docs := map[string]Doc[V]{}
	for _, r := range log {
		if view.Hears(r.Type()) {
			for key, doc := range view.Fold(docs, []events.Recorded{r}) {
				docs[key] = doc
			}
		}
	}
	values := make(map[string]V, len(docs))
	for key, doc := range docs {
		if !IsGone(doc.Value) {
			values[key] = doc.Value
		}
	}
	return values
}

// specify checks the specs of a view, and that every event type it hears has one.
func specify[V any](t *testing.T, view View[V], specs []spec[V]) {
	t.Helper()
	specified := map[string]bool{}
	for _, s := range specs {
		log := history(append(slices.Clone(s.given), s.when)...)
		last := log[len(log)-1]
		specified[last.Type()] = true
		t.Run(last.Type()+"/"+s.name, func(t *testing.T) {
			before := folded(view, log[:len(log)-1])[s.key]
			after, found := folded(view, log)[s.key]
			if !found {
				t.Fatalf("no value %q", s.key)
			}
			if at, has := changedAt(after); has && !at.Equal(last.At) && !at.Equal(last.Rec) {
				t.Errorf("changed at %v by a fact of %v", at, last.At)
			}
			if diff := cmp.Diff(s.then, difference(before, after)); diff != "" {
				t.Errorf("columns of %s %q (-want +got):\n%s", view.Name, s.key, diff)
			}
		})
	}
	for _, wire := range view.Wires() {
		if !specified[wire] {
			t.Errorf("no spec says what %s makes of %s", view.Name, wire)
		}
	}
}

// difference is the columns that differ, as they are afterwards: text as string, numbers as int.
func difference[V any](before, after V) columns {
	changed := columns{}
	b, a := reflect.ValueOf(before), reflect.ValueOf(after)
	for _, c := range Columns[V]() {
		if c.Name == "changed_at" || reflect.DeepEqual(b.Field(c.Field).Interface(), a.Field(c.Field).Interface()) {
			continue
		}
		switch v := a.Field(c.Field); c.Kind {
		case TextColumn:
			changed[c.Name] = v.String()
		case IntColumn:
			changed[c.Name] = int(v.Int())
		default:
			changed[c.Name] = v.Interface()
		}
	}
	return changed
}

func changedAt[V any](value V) (time.Time, bool) {
	field := reflect.ValueOf(value).FieldByName("ChangedAt")
	if !field.IsValid() {
		return time.Time{}, false
	}
	return field.Interface().(time.Time), true
}

func pounds(minor int64) events.Money { return events.Money{Minor: minor, Currency: "GBP"} }

func price(amount int64) events.UnitPrice {
	return events.UnitPrice{Amount: amount, Scale: 2, Currency: "GBP"}
}

func sealed(subject string) *events.Sealed {
	return &events.Sealed{Subject: subject, Key: 1, Cipher: []byte(subject)}
}

// minute is the business time of the n-th fact of a history, from 0.
func minute(n int) time.Time { return dawn.Add(time.Duration(n) * time.Minute) }

// eventID is the name of the n-th fact of a history, from 0.
func eventID(n int) string { return fmt.Sprintf("e%d", n+1) }
