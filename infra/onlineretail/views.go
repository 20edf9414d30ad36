package onlineretail

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
	statusv1 "tillstream/gateway/api/status/v1"
	typesv1 "tillstream/gateway/api/types/v1"
)

// Views reads the query API of a running platform, by gRPC. When the platform goes away in the middle it waits for it, up
// to retryFor, and goes on.
type Views struct {
	Client bulkv1.BulkClient
	Status statusv1.StatusClient

	shown uint64 // the position that every view is known to have shown
}

// State is what earlier runs have recorded of an import.
type State struct {
	Closed    map[string]bool // days
	Completed bool
}

// State reads how far earlier runs have come. It may lag behind the log: a day that is asked again adds nothing.
func (v *Views) State(ctx context.Context, p *Plan) (State, error) {
	s := State{Closed: map[string]bool{}}
	imports, err := gather(ctx, v, func(ctx context.Context) (grpc.ServerStreamingClient[bulkv1.Import], error) {
		return v.Client.Imports(ctx, &bulkv1.ImportsRequest{ImportId: ID(p.File)})
	})
	for _, i := range imports {
		s.Completed = i.Completed
		for _, d := range p.Days {
			if i.LastDay != "" && d.Date <= i.LastDay {
				s.Closed[d.Date] = true
			}
		}
	}
	return s, err
}

// Earlier reads the lines of other imports that credits of a file may name, by customer, oldest first, with what the
// credits of those imports left of them: as it was when the import of the file began.
func (v *Views) Earlier(ctx context.Context, f *File) (map[string][]EarlierLine, error) {
	zone, err := time.LoadLocation(Zone)
	if err != nil {
		return nil, err
	}
	customers, id := credited(f), ID(f)
	if len(customers) == 0 {
		return nil, nil
	}
	before, err := v.began(ctx, id)
	if err != nil {
		return nil, err
	}
	gone := map[string]int64{} // units by line
	notes, err := gather(ctx, v, func(ctx context.Context) (grpc.ServerStreamingClient[bulkv1.CreditNote], error) {
		return v.Client.CreditNotes(ctx, &bulkv1.CreditNotesRequest{})
	})
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		if n.CorrelationId != id && before(n.RecordedAt) {
			for _, p := range n.Parts {
				gone[p.OrderId+"/"+p.LineId] += p.Quantity
			}
		}
	}
	found := map[string][]earlierOrder{}
	for customer := range customers {
		orders, err := gather(ctx, v, func(ctx context.Context) (grpc.ServerStreamingClient[bulkv1.Order], error) {
			return v.Client.Orders(ctx, &bulkv1.OrdersRequest{CustomerId: customerID(customer)})
		})
		if err != nil {
			return nil, err
		}
		for _, o := range orders {
			if o.CorrelationId != id && o.Number != "" && before(o.RecordedAt) {
				found[customer] = append(found[customer], earlierOf(o, gone, zone))
			}
		}
	}
	return inOrder(found), nil
}

// began tells what was known when an import began: what came later was not there to be credited, so that every run of an
// import plans the same. All of what is known now, when it has not begun.
func (v *Views) began(ctx context.Context, id string) (before func(*timestamppb.Timestamp) bool, err error) {
	imports, err := gather(ctx, v, func(ctx context.Context) (grpc.ServerStreamingClient[bulkv1.Import], error) {
		return v.Client.Imports(ctx, &bulkv1.ImportsRequest{ImportId: id})
	})
	if err != nil || len(imports) == 0 {
		return func(*timestamppb.Timestamp) bool { return true }, err
	}
	began := imports[0].StartedAt.AsTime()
	return func(recorded *timestamppb.Timestamp) bool { return recorded.AsTime().Before(began) }, nil
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
				Unit: unitOf(l.Unit), Quantity: l.Quantity, Gross: l.GetGross().GetMinor(), Left: left})
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
