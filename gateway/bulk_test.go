package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
	ordersv1 "tillstream/gateway/api/orders/v1"
	productsv1 "tillstream/gateway/api/products/v1"
	"tillstream/projections"
)

// drain reads a stream to its end.
func drain[M any](t testing.TB, stream grpc.ServerStreamingClient[M], err error) (all []*M) {
	t.Helper()
	for err == nil {
		var m *M
		if m, err = stream.Recv(); err == nil {
			all = append(all, m)
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return all
}

// traded is a shop whose log holds an import of orders, credits and stock, and one order by hand.
func traded(t testing.TB) *shop {
	s := stocked(t)
	meta := events.Meta{Correlation: "import-1", Origin: events.FromImport, At: noon.AddDate(0, -2, 0), Rec: noon}
	for i := range 600 {
		id := fmt.Sprintf("o%04d", i)
		line := events.Line{LineID: "l1", SKU: "LAMP-1", Name: "Blue lamp", Kind: events.Goods, Warehouse: "MAIN", Quantity: 2,
			Unit: events.UnitPrice{Amount: 5, Currency: "GBP"}, Net: gbp(1000), Gross: gbp(1000)}
		second := line
		second.LineID, second.SKU = "l0", "BULB"
		s.log.Record("order-"+id, meta, events.OrderPlaced{OrderID: id, Number: fmt.Sprint(i), CustomerID: "c1", Country: "France", Currency: "GBP",
			Lines: []events.Line{line, second}, Totals: events.Totals{Net: gbp(2000), Tax: gbp(0), Gross: gbp(2000)}, Rounding: events.HalfAwayPerLine})
	}
	s.log.Record("credit_note-n1", meta, events.CreditNoteIssued{CreditNoteID: "n1", Number: "C1", CustomerID: "c1", Country: "France", Currency: "GBP",
		Parts: []events.CreditPart{{PartID: "p1", Row: 1, Kind: events.CreditReturned, OrderID: "o0001", LineID: "l1", SKU: "LAMP-1", Goods: events.Goods, Warehouse: "MAIN",
			Quantity: 1, Unit: events.UnitPrice{Amount: 5, Currency: "GBP"}, Amount: gbp(500)}}, Total: gbp(500)})
	s.log.Record("stock-MAIN/LAMP-1", meta, events.StockAdjusted{SKU: "LAMP-1", Warehouse: "MAIN", Quantity: -3, Reason: "damaged"},
		events.StockAdjusted{SKU: "LAMP-1", Warehouse: "MAIN", Quantity: -1, Reason: "lost"})
	s.log.Record("customer-c1", meta, events.CustomerOpened{CustomerID: "c1", Number: "12345", Country: "France"})
	s.log.Record("import-1", meta, events.ImportStarted{ImportID: "1", Source: "online-retail", Digest: "d", Rows: 10, Documents: 3},
		events.ImportDayClosed{ImportID: "1", Day: "2010-12-01", Documents: 3})
	s.log.tell()
	s.order("").is(201)
	return s
}

func gbp(minor int64) events.Money { return events.Money{Minor: minor, Currency: "GBP"} }

func TestOrdersAreReadInBulk(t *testing.T) {
	s := traded(t)
	client := bulkv1.NewBulkClient(s.grpc)
	stream, err := client.Orders(t.Context(), &bulkv1.OrdersRequest{CorrelationId: "import-1"})
	orders := drain(t, stream, err)
	if len(orders) != 600 {
		t.Fatalf("%d orders", len(orders))
	}
	for i, o := range orders {
		if o.OrderId != fmt.Sprintf("o%04d", i) || len(o.Lines) != 2 || o.Lines[0].LineId != "l1" || o.Lines[1].Sku != "BULB" || o.Totals.Gross.Minor != 2000 {
			t.Fatalf("%v", o)
		}
	}
	header, err := stream.Header()
	if err != nil || len(header.Get("as_of_position")) != 1 || len(header.Get("lag_ms")) != 1 {
		t.Errorf("no word of where the view stands: %v %v", header, err)
	}
	stream, err = client.Orders(t.Context(), &bulkv1.OrdersRequest{WithoutLines: true})
	if all := drain(t, stream, err); len(all) != 601 || len(all[0].Lines) != 0 {
		t.Errorf("%d orders, without lines", len(all))
	}
}

func TestEverythingIsReadInBulk(t *testing.T) {
	s := traded(t)
	ctx, c := t.Context(), bulkv1.NewBulkClient(s.grpc)

	notes, err := c.CreditNotes(ctx, &bulkv1.CreditNotesRequest{CorrelationId: "import-1"})
	if got := drain(t, notes, err); len(got) != 1 || len(got[0].Parts) != 1 || got[0].Parts[0].Amount.Minor != 500 {
		t.Errorf("credit notes: %v", got)
	}
	imports, err := c.Imports(ctx, &bulkv1.ImportsRequest{ImportId: "1"})
	if got := drain(t, imports, err); len(got) != 1 || got[0].LastDay != "2010-12-01" || got[0].DocumentsClosed != 3 || got[0].Completed {
		t.Errorf("imports: %v", got)
	}
	movements, err := c.StockMovements(ctx, &bulkv1.StockMovementsRequest{CorrelationId: "import-1", GroupBy: []string{"sku", "reason"}})
	if got := drain(t, movements, err); len(got) != 2 || got[0].Keys[1] != "damaged" || got[0].Quantity != -3 || got[1].Movements != 1 {
		t.Errorf("movements: %v", got)
	}
	sales, err := c.Sales(ctx, &bulkv1.SalesRequest{CorrelationId: "import-1", GroupBy: []string{"month", "country"}, Tz: "Europe/London"})
	got := drain(t, sales, err)
	if len(got) != 1 || got[0].Keys[0] != "2026-01" || got[0].Gross != 1_200_000 || got[0].Returned != 500 || got[0].Net != 1_199_500 || got[0].Orders != 600 {
		t.Errorf("sales: %v", got)
	}
	bySKU, err := c.Sales(ctx, &bulkv1.SalesRequest{CorrelationId: "import-1", GroupBy: []string{"sku"}})
	if got := drain(t, bySKU, err); len(got) != 2 || got[1].Keys[0] != "LAMP-1" || got[1].UnitsSold != 1200 || got[1].UnitsReturned != 1 || got[1].Orders != 600 {
		t.Errorf("sales by SKU: %v", got)
	}
}

// rowsOf reads a view as it is.
func rowsOf(t testing.TB, s *shop, in *bulkv1.RowsRequest) (rows []*bulkv1.Row) {
	t.Helper()
	stream, err := bulkv1.NewBulkClient(s.grpc).Rows(t.Context(), in)
	for _, page := range drain(t, stream, err) {
		rows = append(rows, page.Rows...)
	}
	return rows
}

func TestEveryViewIsReadAsItIs(t *testing.T) {
	s, filled := traded(t), 0
	for _, view := range projections.Views() {
		rows := rowsOf(t, s, &bulkv1.RowsRequest{View: view.Name})
		if len(rows) > 0 {
			filled++
		}
		for i, r := range rows {
			var columns map[string]any
			if err := json.Unmarshal(r.Value, &columns); err != nil || len(columns) != len(view.Columns) || i > 0 && r.Key <= rows[i-1].Key {
				t.Fatalf("%s %q behind %q: %v, %s", view.Name, r.Key, rows[max(0, i-1)].Key, err, r.Value)
			}
			for _, c := range view.Columns {
				if _, there := columns[c.Name]; !there {
					t.Fatalf("%s has no %s: %s", view.Name, c.Name, r.Value)
				}
			}
		}
	}
	if filled < 14 {
		t.Errorf("%d views have rows: too few to prove anything", filled)
	}
}

func TestRowsAreReadInPartAndOn(t *testing.T) {
	s := traded(t)
	all := rowsOf(t, s, &bulkv1.RowsRequest{View: "orders"})
	ours := rowsOf(t, s, &bulkv1.RowsRequest{View: "orders", CorrelationId: "import-1"})
	rest := rowsOf(t, s, &bulkv1.RowsRequest{View: "orders", After: ours[99].Key, CorrelationId: "import-1"})
	if len(all) != 601 || len(ours) != 600 || len(rest) != 500 || rest[0].Key != ours[100].Key {
		t.Errorf("%d orders, %d of the import, %d behind the hundredth", len(all), len(ours), len(rest))
	}
	for _, in := range []*bulkv1.RowsRequest{{View: "secrets"}, {View: "products", CorrelationId: "import-1"}} {
		stream, err := bulkv1.NewBulkClient(s.grpc).Rows(t.Context(), in)
		if err == nil {
			_, err = stream.Recv()
		}
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("%v: %v", in, err)
		}
	}
}

func TestOfSealedColumnsRowsSayOnlyThatTheyAreThere(t *testing.T) {
	s := traded(t)
	s.post("/v1/customers", `{"name": "Ada Lovelace", "email": "ada@example.org", "country": "GB"}`).is(201)
	for _, r := range rowsOf(t, s, &bulkv1.RowsRequest{View: "customers"}) {
		var sealed struct{ Name, Address *events.Sealed }
		if err := json.Unmarshal(r.Value, &sealed); err != nil {
			t.Fatal(err)
		}
		if imported := r.Key == "c1"; imported != (sealed.Name == nil) || sealed.Name != nil && !reflect.DeepEqual(*sealed.Name, events.Sealed{}) {
			t.Errorf("%s: %s", r.Key, r.Value)
		}
	}
}

func TestAStreamWaitsForWhatACommandRecorded(t *testing.T) {
	s := stocked(t)
	s.log.hold(true)
	token := s.post("/v1/products", `{"sku":"NEW","name":"New","kind":"goods"}`).header.Get("Consistency-Token")
	c := bulkv1.NewBulkClient(s.grpc)
	read := make(chan []*bulkv1.RowsPage, 1)
	go func() {
		stream, err := c.Rows(withToken(t.Context(), token), &bulkv1.RowsRequest{View: "products"})
		read <- drain(t, stream, err)
	}()
	s.log.hold(false)
	if got := <-read; len(got) != 1 || len(got[0].Rows) != 2 {
		t.Errorf("products: %v", got)
	}
	stream, err := c.Sales(t.Context(), &bulkv1.SalesRequest{GroupBy: []string{"colour"}})
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("an unknown column: %v", err)
	}
}

func TestTheSameMethodByGRPC(t *testing.T) {
	s := stocked(t)
	ctx, cancel := context.WithTimeout(withKey(t.Context(), "k"), 10*time.Second)
	defer cancel()
	products := productsv1.NewProductsClient(s.grpc)
	ask := func(name string) (*productsv1.Registered, string, string, error) {
		var header metadataOf
		got, err := products.Register(ctx, &productsv1.RegisterRequest{Sku: "a", Name: name, Kind: "goods"}, grpc.Header(&header.MD))
		return got, header.first("consistency-token"), header.first("idempotency-replayed"), err
	}
	first, token, replayed, err := ask("A")
	if err != nil || first.Sku != "A" || token == "" || replayed != "" {
		t.Fatalf("%v %q %q %v", first, token, replayed, err)
	}
	if again, _, replayed, err := ask("A"); err != nil || again.Name != "A" || replayed != "true" {
		t.Errorf("asked again: %v %q %v", again, replayed, err)
	}
	_, _, _, err = ask("B")
	if status.Code(err) != codes.InvalidArgument || reasonOf(err) != "idempotency_key_reused" {
		t.Errorf("another body: %v", err)
	}
	// The key is of the method, not of the way to it.
	if r := s.post("/v1/products", `{"sku":"a","name":"A","kind":"goods"}`, "Idempotency-Key", "k", "X-Actor", "staff:anna"); r.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("by HTTP: %d %s", r.code, r.body)
	}
	_, err = ordersv1.NewOrdersClient(s.grpc).Get(ctx, &ordersv1.GetRequest{OrderId: "none"})
	if status.Code(err) != codes.NotFound || reasonOf(err) != "order_unknown" {
		t.Errorf("an unknown order: %v", err)
	}
}
