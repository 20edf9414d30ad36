package onlineretail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
	statusv1 "tillstream/gateway/api/status/v1"
	typesv1 "tillstream/gateway/api/types/v1"
)

// Views reads the query API of a running platform, by gRPC.
type Views struct {
	Client bulkv1.BulkClient
	Status statusv1.StatusClient
}

// each calls f for every row of a stream of rows.
func each[M any](rows grpc.ServerStreamingClient[M], err error, f func(*M) error) error {
	if err != nil {
		return fmt.Errorf("read the views: %w", err)
	}
	for {
		row, err := rows.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the views: %w", err)
		}
		if err := f(row); err != nil {
			return err
		}
	}
}

// State is what earlier runs have recorded of an import.
type State struct {
	Closed    map[string]bool // days
	Completed bool
}

// State reads how far earlier runs have come. It may lag behind the log: a day that is asked again adds nothing.
func (v *Views) State(ctx context.Context, p *Plan) (State, error) {
	s := State{Closed: map[string]bool{}}
	rows, err := v.Client.Imports(ctx, &bulkv1.ImportsRequest{ImportId: ID(p.File)})
	err = each(rows, err, func(i *bulkv1.Import) error {
		s.Completed = i.Completed
		for _, d := range p.Days {
			if i.LastDay != "" && d.Date <= i.LastDay {
				s.Closed[d.Date] = true
			}
		}
		return nil
	})
	return s, err
}

// Earlier reads the lines of other imports that credits of a file may name, by customer, oldest first, with what the
// credits of those imports left of them.
func (v *Views) Earlier(ctx context.Context, f *File) (map[string][]EarlierLine, error) {
	zone, err := time.LoadLocation(Zone)
	if err != nil {
		return nil, err
	}
	customers, id := credited(f), ID(f)
	if len(customers) == 0 {
		return nil, nil
	}
	gone := map[string]int64{} // units by line
	notes, err := v.Client.CreditNotes(ctx, &bulkv1.CreditNotesRequest{})
	err = each(notes, err, func(n *bulkv1.CreditNote) error {
		if n.CorrelationId != id {
			for _, p := range n.Parts {
				gone[p.OrderId+"/"+p.LineId] += p.Quantity
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	found := map[string][]earlierOrder{}
	for customer := range customers {
		orders, err := v.Client.Orders(ctx, &bulkv1.OrdersRequest{CustomerId: customerID(customer)})
		err = each(orders, err, func(o *bulkv1.Order) error {
			if o.CorrelationId != id && o.Number != "" {
				found[customer] = append(found[customer], earlierOf(o, gone, zone))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return inOrder(found), nil
}

// earlierOrder is an order of another import.
type earlierOrder struct {
	number string
	placed time.Time
	lines  []EarlierLine
}

func earlierOf(o *bulkv1.Order, gone map[string]int64, zone *time.Location) earlierOrder {
	e := earlierOrder{number: o.Number, placed: o.PlacedAt.AsTime()}
	for i, l := range o.Lines {
		if left := l.Quantity - gone[o.OrderId+"/"+l.LineId]; left > 0 {
			e.lines = append(e.lines, EarlierLine{Document: o.Number, Ordinal: i, Day: e.placed.In(zone).Format(time.DateOnly), SKU: l.Sku,
				Unit: unitOf(l.Unit), Left: left})
		}
	}
	return e
}

func inOrder(found map[string][]earlierOrder) map[string][]EarlierLine {
	lines := map[string][]EarlierLine{}
	for customer, orders := range found {
		slices.SortFunc(orders, func(a, b earlierOrder) int {
			if c := a.placed.Compare(b.placed); c != 0 {
				return c
			}
			return strings.Compare(a.number, b.number)
		})
		for _, o := range orders {
			lines[customer] = append(lines[customer], o.lines...)
		}
	}
	return lines
}

// credited lists the customers that a file has credit documents of.
func credited(f *File) map[string]bool {
	customers := map[string]bool{}
	for _, r := range f.Rows {
		if r.Customer != "" && r.Document[0] == 'C' {
			customers[r.Customer] = true
		}
	}
	return customers
}

func unitOf(u *typesv1.UnitPrice) events.UnitPrice {
	return events.UnitPrice{Amount: u.GetAmount(), Scale: uint8(u.GetScale()), Currency: u.GetCurrency()}
}

// Limits of waiting for the views.
const (
	currentWithin = 15 * time.Minute
	currentEvery  = 200 * time.Millisecond
)

// Current waits until every view shows the log up to a position (0: as far as the platform knows it). report, which may be
// nil, is told how many events the slowest view lacks. It fails when a view says why it cannot go on.
func (v *Views) Current(ctx context.Context, upTo uint64, report func(what string, lag uint64)) error {
	ctx, cancel := context.WithTimeout(ctx, currentWithin)
	defer cancel()
	for {
		p, err := v.Status.Get(ctx, &statusv1.GetRequest{})
		if err != nil {
			return fmt.Errorf("ask how far the views are: %w", err)
		}
		upTo = max(upTo, p.GetLog().GetHead())
		slowest, lag, behind := "", uint64(0), false
		for _, view := range p.Views {
			if view.Problem != "" {
				return fmt.Errorf("the view %s cannot go on: %s", view.Name, view.Problem)
			}
			if view.Position < upTo {
				behind = true
			}
			if view.LagEvents > lag {
				slowest, lag = view.Name, view.LagEvents
			}
		}
		if !behind {
			return nil
		}
		if report != nil {
			report("waiting for the view "+slowest, lag)
		}
		select {
		case <-time.After(currentEvery):
		case <-ctx.Done():
			return fmt.Errorf("the view %s is still %d events behind: %w", slowest, lag, ctx.Err())
		}
	}
}
