package onlineretail

import (
	"context"
	"fmt"

	"tillstream/events"
)

// Progress is how far an import has come.
type Progress struct {
	Day   string // the business day at work; empty before the first
	Rows  int    // of the file, worked through
	Total int    // rows of the file
	Added int    // events recorded by this run
}

// Import brings a plan into the shop. It is resumable: days that an earlier run has closed are not asked again, and what
// is asked again adds nothing.
type Import struct {
	Plan      *Plan
	Desk      Desk
	Warehouse string          // where all goods of the books are kept
	Closed    map[string]bool // days that an earlier run has closed
	Completed bool            // an earlier run has come to the end
	Report    func(Progress)  // called now and then from the goroutine of Run; may be nil

	progress Progress
}

// ID is the id of the import of a file: the correlation of everything it records.
func ID(f *File) string { return newIdentity(f.Digest, "").importID }

// Run asks whatever is missing and answers how many events were added.
func (i *Import) Run(ctx context.Context) (added int, err error) {
	p := i.Plan
	i.progress.Total = len(p.File.Rows)
	if i.Completed || len(p.Days) == 0 {
		return 0, nil
	}
	id := newIdentity(p.File.Digest, i.Warehouse)
	if err := i.prepare(ctx, id); err != nil {
		return i.progress.Added, err
	}
	for _, day := range p.Days {
		i.progress.Day = day.Date
		if !i.Closed[day.Date] {
			if err := i.day(ctx, id, day); err != nil {
				return i.progress.Added, fmt.Errorf("%s: %w", day.Date, err)
			}
		}
		for _, d := range day.Documents {
			i.progress.Rows += len(d.Rows)
		}
		i.report()
	}
	_, err = i.ask(ctx, id, id.end(p))
	return i.progress.Added, err
}

// prepare records what the documents stand on: the import itself, opening stock, products and customers.
func (i *Import) prepare(ctx context.Context, id identity) error {
	if len(i.Closed) > 0 {
		return nil // the first closed day stood on all of it
	}
	begin := id.begin(i.Plan)
	first, renamed := id.register(i.Plan)
	for _, phase := range [][]Asked{begin[:1], begin[1:], id.people(i.Plan)} {
		if _, err := i.ask(ctx, id, phase); err != nil {
			return err
		}
	}
	outcomes, err := i.ask(ctx, id, first)
	if err != nil {
		return err
	}
	taken := map[string]bool{}
	for n, o := range outcomes {
		taken[first[n].Request.Stream] = o.Tolerated != ""
	}
	var describe []Asked
	for _, a := range renamed {
		if taken[a.Request.Stream] {
			describe = append(describe, a)
		}
	}
	_, err = i.ask(ctx, id, describe)
	return err
}

// day records one business day. Each phase stands on the one before.
func (i *Import) day(ctx context.Context, id identity, day *Day) error {
	w, err := id.work(day)
	if err != nil {
		return err
	}
	documents, err := w.open()
	if err != nil {
		return err
	}
	cancellations := w.creditsOf()
	requests, receipts, bookings := w.takeBack()
	for _, phase := range [][]Asked{
		append(id.prices(day), documents...),
		append(w.credit(), w.request()...),
		append(w.move(), requests...),
		append(w.confirm(), receipts...),
	} {
		if _, err := i.ask(ctx, id, phase); err != nil {
			return err
		}
	}
	both, err := i.ask(ctx, id, append(cancellations, bookings...))
	if err != nil {
		return err
	}
	w.owe(both[:len(cancellations)])
	for _, phase := range [][]Asked{append(w.dispatch(), w.refund(both[len(cancellations):])...), w.settle(), id.closed(day)} {
		if _, err := i.ask(ctx, id, phase); err != nil {
			return err
		}
	}
	return nil
}

func (i *Import) ask(ctx context.Context, id identity, asked []Asked) ([]Outcome, error) {
	if len(asked) == 0 {
		return nil, nil
	}
	outcomes, err := i.Desk.Ask(ctx, id.importID, asked)
	for _, o := range outcomes {
		if !o.Replayed {
			i.progress.Added += len(o.Facts)
		}
	}
	i.report()
	return outcomes, err
}

func (i *Import) report() {
	if i.Report != nil {
		i.Report(i.progress)
	}
}

// Actor is who every fact of an import is recorded for.
var Actor = events.Actor{Kind: "import", ID: Source}
