package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
	"tillstream/projections"
)

// pageBytes is how large a page of rows becomes before it is sent: far below the most that a gRPC client takes.
const pageBytes = 256 << 10

// whole is a view that can be read as it is.
type whole struct {
	named
	correlated bool
	read       func(ctx context.Context, where []projections.Cond, send func(*bulkv1.Row) error) error
}

func (v Views) whole() []whole {
	return []whole{
		asItIs(projections.Products, v.Products),
		asItIs(projections.ProductPages, v.ProductPages),
		asItIs(projections.Prices, v.Prices),
		asItIs(projections.StockLevels, v.StockLevels),
		asItIs(projections.StockMovements, v.StockMovements),
		asItIs(projections.DailyStockMovements, v.DailyStockMovements),
		asItIs(projections.StockLedger, v.StockLedger),
		asItIs(projections.Customers, v.Customers),
		asItIs(projections.CustomerProfiles, v.CustomerProfiles),
		asItIs(projections.CustomerOrders, v.CustomerOrders),
		asItIs(projections.Orders, v.Orders),
		asItIs(projections.OrderLines, v.OrderLines),
		asItIs(projections.CreditNotes, v.CreditNotes),
		asItIs(projections.PaymentMovements, v.PaymentMovements),
		asItIs(projections.SalesFacts, v.SalesFacts),
		asItIs(projections.LoyaltyAccounts, v.LoyaltyAccounts),
		asItIs(projections.LoyaltyStatement, v.LoyaltyStatement),
		asItIs(projections.ProcessStatuses, v.ProcessStatuses),
		asItIs(projections.Imports, v.Imports),
		asItIs(projections.KeyedCommands, v.KeyedCommands),
		asItIs(projections.AuditLog, v.AuditLog),
	}
}

func asItIs[V any](view projections.View[V], served projections.Served[V]) whole {
	columns := projections.Columns[V]()
	correlated := slices.ContainsFunc(columns, func(c projections.Column) bool { return c.Name == "correlation" })
	columns = slices.DeleteFunc(columns, func(c projections.Column) bool { return c.Kind != projections.SealedColumn })
	return whole{named{view.Name, served}, correlated, func(ctx context.Context, where []projections.Cond, send func(*bulkv1.Row) error) error {
		return everyRow(ctx, served, projections.Query{Where: where, Limit: pageRows}, func(r projections.Row[V]) error {
			hide(&r.Value, columns)
			value, err := json.Marshal(projections.Named(&r.Value))
			if err != nil {
				return fmt.Errorf("write the row %q of %s: %w", r.Key, view.Name, err)
			}
			return send(&bulkv1.Row{Key: r.Key, Value: value})
		}, func(u *projections.UnreadableError) error {
			return send(&bulkv1.Row{Key: u.Key, Unreadable: u.Column + " is no value of the view"})
		})
	}}
}

// hide leaves of what is sealed only that it is there.
func hide[V any](value *V, sealed []projections.Column) {
	for _, c := range sealed {
		if field := reflect.ValueOf(value).Elem().Field(c.Field); !field.IsNil() {
			field.Set(reflect.ValueOf(&events.Sealed{}))
		}
	}
}

// everyRow reads all rows of a query in the order of their keys, around those that cannot be read.
func everyRow[V any](ctx context.Context, view projections.Reader[V], q projections.Query, do func(projections.Row[V]) error, skip func(*projections.UnreadableError) error) error {
	given := q.Where
	for {
		rows, err := view.List(ctx, q)
		var unreadable *projections.UnreadableError
		switch {
		case errors.As(err, &unreadable) && q.Limit > 1:
			q.Limit = 1 // row by row, until it is found again
			continue
		case errors.As(err, &unreadable):
			if err := skip(unreadable); err != nil {
				return err
			}
			q.Limit, q.After = pageRows, nil
			q.Where = append(slices.Clip(given), projections.Cond{Column: "key", Op: projections.Gt, Value: unreadable.Key})
			continue
		case err != nil:
			return err
		}
		for _, r := range rows {
			if err := do(r); err != nil {
				return err
			}
		}
		if len(rows) < q.Limit {
			return nil
		}
		q.After = rows[len(rows)-1].After
	}
}

// Rows implements bulkv1.BulkServer.
func (s bulkService) Rows(in *bulkv1.RowsRequest, stream bulkv1.Bulk_RowsServer) error {
	all := s.deps.Views.whole()
	i := slices.IndexFunc(all, func(v whole) bool { return v.name == in.View })
	if i < 0 {
		return badField("view", "%q is no view: GET /v1/status names them", in.View)
	}
	view := all[i]
	if in.CorrelationId != "" && !view.correlated {
		return badField("correlation_id", "is not kept by %s", in.View)
	}
	ctx, err := s.begin(stream, bulkv1.Bulk_Rows_FullMethodName, view.named)
	if err != nil {
		return err
	}
	where := equal(nil, "correlation", in.CorrelationId)
	if in.After != "" {
		where = append(where, projections.Cond{Column: "key", Op: projections.Gt, Value: in.After})
	}
	page, bytes := &bulkv1.RowsPage{}, 0
	err = view.read(ctx, where, func(r *bulkv1.Row) error {
		page.Rows, bytes = append(page.Rows, r), bytes+len(r.Key)+len(r.Value)
		if bytes < pageBytes {
			return nil
		}
		full := page
		page, bytes = &bulkv1.RowsPage{}, 0
		if err := s.closing.Err(); err != nil {
			return err
		}
		return stream.Send(full)
	})
	if err == nil && len(page.Rows) > 0 {
		err = stream.Send(page)
	}
	if err != nil {
		return problemOf(ctx, s.log, err)
	}
	return nil
}
