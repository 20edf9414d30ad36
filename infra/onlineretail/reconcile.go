package onlineretail

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
	"tillstream/projections"
)

// differencesMax is how many differences of one view are listed; all are counted.
const differencesMax = 1000

// Difference is a value that the file and a view do not agree on.
type Difference struct {
	View  string `json:"view"`
	Key   string `json:"key"`
	Field string `json:"field"` // a column; row: the whole of it
	File  any    `json:"file"`  // what the file implies; null: nothing should be there
	Found any    `json:"found"` // what the view says; null: nothing is there
}

// Reconciliation is a file on one side, the views on the other. Figures are those of the views.
type Reconciliation struct {
	ImportID    string
	EventsAdded int
	Figures     Figures
	Expected    Figures // of the file
	Compared    int64   // values
	Refused     []RefusedRow
	Differences []Difference   // by view, the first differencesMax of each
	More        map[string]int // by view: how many more there are
	Found       int            // all of them
}

// comparison is a reconciliation at work.
//
// What every row of every view must be is worked out from the file: a rehearsal decides what the import's commands record,
// and the facts are folded as the views fold them, at the places and record times that the audit log gives them, which no
// file knows. So the views are held against each other, column by column, as well as against the file. What the file
// comes to in money, units and counts is worked out from its rows a second time, by figures, without any of that.
type comparison struct {
	Reconciliation
	plan      *Plan
	warehouse string
	views     *Views
	log       *logbook
	shelves   []compared
	earlier   map[string]bool // orders and payments of other imports that credits of the file take something off
	listed    map[string]int  // differences by view
	sums      sums
	today     int // the day whose facts are being folded

	misentered []misentry
	report     func(what string, done int)
}

// compared is a shelf of a view whose type is forgotten.
type compared interface {
	name() string
	fold(day []events.Recorded) error
	finish() error
	check(context.Context) error
	again() compared
	explain()
}

// Reconcile compares the file with every view, row by row, column by column and figure by figure. report, which may be
// nil, is told how many of the file's rows were worked through.
func (v *Views) Reconcile(ctx context.Context, p *Plan, warehouse string, report func(what string, done int)) (*Reconciliation, error) {
	c := &comparison{plan: p, warehouse: warehouse, views: v, log: newLogbook(), listed: map[string]int{}, earlier: map[string]bool{}, report: report}
	if report == nil {
		c.report = func(string, int) {}
	}
	c.ImportID, c.Expected, c.Refused, c.More = ID(p.File), p.Expected, p.Refused, map[string]int{}
	for document := range earlierOrders(p) {
		c.earlier[orderID(document)], c.earlier[paymentID(document)] = true, true
	}
	c.report("reading the audit log", 0)
	if err := c.readLog(ctx); err != nil {
		return nil, err
	}
	if err := c.sums.begin(ctx, c); err != nil {
		return nil, err
	}
	c.shelves = c.every()
	if err := c.rehearse(ctx, c.shelves, c.entered); err != nil {
		return nil, err
	}
	if err := c.misread(ctx); err != nil {
		return nil, err
	}
	var second []compared
	for _, s := range c.shelves {
		c.report("comparing "+s.name(), len(p.File.Rows))
		if err := s.check(ctx); err != nil {
			return nil, err
		}
		if again := s.again(); again != nil {
			second = append(second, again)
		}
	}
	if err := c.explain(ctx, second); err != nil {
		return nil, err
	}
	if err := c.sums.end(ctx, c); err != nil {
		return nil, err
	}
	slices.SortStableFunc(c.Differences, func(a, b Difference) int { return cmp.Or(cmp.Compare(a.View, b.View), cmp.Compare(a.Key, b.Key)) })
	return &c.Reconciliation, nil
}

// rehearse folds what the file implies into shelves.
func (c *comparison) rehearse(ctx context.Context, shelves []compared, entered func([]rehearsed) error) error {
	c.today, c.sums.rows = 0, 0
	r := newRehearsal(c.plan, c.log, func(day []rehearsed) error {
		if err := entered(day); err != nil {
			return err
		}
		facts := c.log.place(day)
		if c.today < len(c.plan.Days) {
			c.sums.rows += rowsOf(c.plan.Days[c.today])
			c.today++
		}
		for _, s := range shelves {
			if err := s.fold(facts); err != nil {
				return err
			}
		}
		c.report("working out what the file implies", min(c.sums.rows, len(c.plan.File.Rows)))
		return nil
	})
	if err := rehearse(ctx, c.plan, c.warehouse, r); err != nil {
		return err
	}
	for _, s := range shelves {
		if err := s.finish(); err != nil {
			return err
		}
	}
	return nil
}

// explain rehearses once more, and says in what the rows differ that did not match.
func (c *comparison) explain(ctx context.Context, shelves []compared) error {
	if len(shelves) == 0 {
		return nil
	}
	if err := c.rehearse(ctx, shelves, func([]rehearsed) error { return nil }); err != nil {
		return err
	}
	for _, s := range shelves {
		s.explain()
	}
	return nil
}

func rowsOf(day *Day) (n int) {
	for _, d := range day.Documents {
		n += len(d.Rows)
	}
	return n
}

// expect compares one value.
func (c *comparison) expect(view, key, field string, file, found any) {
	c.Compared++
	if file != found {
		c.differ(Difference{View: view, Key: key, Field: field, File: file, Found: found})
	}
}

func (c *comparison) differ(d Difference) {
	if c.listed[d.View] == differencesMax {
		c.more(d.View, 1)
		return
	}
	c.listed[d.View]++
	c.Found++
	c.Differences = append(c.Differences, d)
}

// more counts differences that are not listed.
func (c *comparison) more(view string, n int) {
	c.More[view] += n
	c.Found += n
}

func (c *comparison) unreadable(view string, r *bulkv1.Row) {
	c.differ(Difference{View: view, Key: r.Key, Field: "row", File: "readable", Found: "not readable: " + r.Unreadable})
}

// decoded is a row as a value of its view; one that cannot be read is a difference.
func decoded[V any](c *comparison, view string, r *bulkv1.Row) (value V, ok bool) {
	if r.Unreadable == "" {
		err := json.Unmarshal(r.Value, projections.Named(&value))
		if err == nil {
			return value, true
		}
		r.Unreadable = err.Error()
	}
	c.unreadable(view, r)
	return value, false
}

// compare names the columns in which two rows differ, of those that count. A time that the audit log did not tell counts
// for nothing.
func (c *comparison) compare(view, key string, want, got []byte, counts func(column string) bool) {
	var file, found map[string]json.RawMessage
	if err := cmp.Or(json.Unmarshal(want, &file), json.Unmarshal(got, &found)); err != nil {
		c.differ(Difference{View: view, Key: key, Field: "row", File: "readable", Found: fmt.Sprintf("not readable: %v", err)})
		return
	}
	for _, column := range slices.Sorted(maps.Keys(file)) {
		if counts(column) && !bytes.Equal(file[column], found[column]) && string(file[column]) != `"0001-01-01T00:00:00Z"` {
			c.differ(Difference{View: view, Key: key, Field: column, File: file[column], Found: found[column]})
		}
	}
}
