package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	customersv1 "tillstream/gateway/api/customers/v1"
	ordersv1 "tillstream/gateway/api/orders/v1"
	pricesv1 "tillstream/gateway/api/prices/v1"
	productsv1 "tillstream/gateway/api/products/v1"
	stockv1 "tillstream/gateway/api/stock/v1"
	typesv1 "tillstream/gateway/api/types/v1"
)

// What is there before anything is measured.
const (
	soldGoods    = 200
	stockAtFirst = 1_000_000
	buyers       = 50
	setUpAtOnce  = 8
	connections  = 4
	askedAgain   = 10 // every so many commands: the query is asked again, when it need not wait
	unitsIn      = 3  // of a receipt
)

// customers ask the platform: of ten commands six receive stock, two set a price and two place an order.
type customers struct {
	conns                []*grpc.ClientConn
	ids                  []string
	visible              *latencies
	byView               map[string]*latencies
	acknowledged, answer *latencies
	receipts             *pieces
}

func openCustomers(ctx context.Context, address string, o LagOptions) (c *customers, err error) {
	c = &customers{visible: newSharedLatencies(), acknowledged: newSharedLatencies(), answer: newSharedLatencies(), byView: map[string]*latencies{},
		ids: make([]string, buyers), receipts: newPieces()}
	for _, view := range []string{"stock_levels", "prices", "orders"} {
		c.byView[view] = newSharedLatencies()
	}
	for range connections {
		conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, errors.Join(err, c.close())
		}
		c.conns = append(c.conns, conn)
	}
	o.Progress("registering goods and customers")
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := c.setUp(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("set up a shop: %w", err), c.close())
	}
	return c, nil
}

func (c *customers) close() (err error) {
	for _, conn := range c.conns {
		err = errors.Join(err, conn.Close())
	}
	return err
}

func (c *customers) conn(n int64) *grpc.ClientConn { return c.conns[n%connections] }

func skuOf(n int64) string { return fmt.Sprintf("BENCH-%03d", n%soldGoods) }

func (c *customers) setUp(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(setUpAtOnce)
	for n := range int64(soldGoods) {
		group.Go(func() error {
			_, err := productsv1.NewProductsClient(c.conn(n)).Register(ctx, &productsv1.RegisterRequest{Sku: skuOf(n), Name: "Brass lamp", Kind: "goods", Category: "lamps"})
			if err != nil {
				return err
			}
			if _, err := c.price(ctx, 5*n); err != nil {
				return err
			}
			_, err = stockv1.NewStockClient(c.conn(n)).Receive(ctx, &stockv1.ReceiveRequest{Sku: skuOf(n), Quantity: stockAtFirst})
			return err
		})
	}
	for n := range int64(buyers) {
		group.Go(func() error {
			opened, err := customersv1.NewCustomersClient(c.conn(n)).Open(ctx, &customersv1.OpenRequest{Name: "Ada Lovelace", Email: fmt.Sprintf("ada%d@example.org", n), Country: "GB"})
			c.ids[n] = opened.GetCustomerId()
			return err
		})
	}
	return group.Wait()
}

// shown answers whether a query's answer shows what a command recorded.
type shown func(ctx context.Context) (bool, error)

// command asks the n-th command and, once it is acknowledged, for what it recorded.
func (c *customers) command(ctx context.Context, n int64, due time.Time, measured bool) error {
	view, ask := c.nth(n)
	var head metadata.MD
	seen, err := ask(ctx, grpc.Header(&head))
	if err != nil {
		return err
	}
	acknowledged := time.Now()
	token := head.Get("consistency-token")
	if len(token) != 1 {
		return fmt.Errorf("a command was acknowledged with %d tokens", len(token))
	}
	is, err := seen(metadata.AppendToOutgoingContext(ctx, "consistency-token", token[0], "max-wait", "20s"))
	if err != nil {
		return err
	}
	visible := time.Now()
	if !is {
		return fmt.Errorf("%s was asked with the token of a command and does not show what it recorded", view)
	}
	if measured {
		c.acknowledged.note(acknowledged.Sub(due))
		c.visible.note(visible.Sub(acknowledged))
		c.byView[view].note(visible.Sub(acknowledged))
	}
	if n%askedAgain > 0 {
		return nil
	}
	if _, err = seen(ctx); err == nil && measured {
		c.answer.note(time.Since(visible))
	}
	return err
}

type asking func(ctx context.Context, with ...grpc.CallOption) (shown, error)

func (c *customers) nth(n int64) (view string, ask asking) {
	switch n % 10 {
	case 2, 7:
		return "prices", func(ctx context.Context, with ...grpc.CallOption) (shown, error) { return c.price(ctx, n, with...) }
	case 4, 9:
		return "orders", func(ctx context.Context, with ...grpc.CallOption) (shown, error) { return c.order(ctx, n, with...) }
	}
	return "stock_levels", func(ctx context.Context, with ...grpc.CallOption) (shown, error) { return c.receive(ctx, n, with...) }
}

func (c *customers) receive(ctx context.Context, n int64, with ...grpc.CallOption) (shown, error) {
	client, before := stockv1.NewStockClient(c.conn(n)), c.receipts.of(skuOf(n))
	_, err := client.Receive(ctx, &stockv1.ReceiveRequest{Sku: skuOf(n), Quantity: unitsIn, Reference: "bench"}, with...)
	if err != nil {
		return nil, err
	}
	c.receipts.add(skuOf(n), unitsIn)
	return func(ctx context.Context) (bool, error) {
		list, err := client.Levels(ctx, &stockv1.LevelsRequest{Sku: skuOf(n)})
		return err == nil && len(list.Items) == 1 && list.Items[0].OnHand >= stockAtFirst+before+unitsIn, err
	}, nil
}

func (c *customers) price(ctx context.Context, n int64, with ...grpc.CallOption) (shown, error) {
	client := pricesv1.NewPricesClient(c.conn(n))
	set, err := client.Set(ctx, &pricesv1.SetRequest{Sku: skuOf(n / 5), Unit: &typesv1.UnitPrice{Amount: proto.Int64(1000 + n%500), Scale: proto.Uint32(2), Currency: "GBP"}}, with...)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (bool, error) {
		list, err := client.List(ctx, &pricesv1.ListRequest{Sku: skuOf(n / 5)})
		for _, p := range list.GetItems() {
			if p.PriceId == set.PriceId {
				return true, err
			}
		}
		return false, err
	}, nil
}

func (c *customers) order(ctx context.Context, n int64, with ...grpc.CallOption) (shown, error) {
	client := ordersv1.NewOrdersClient(c.conn(n))
	placed, err := client.Place(ctx, &ordersv1.PlaceRequest{CustomerId: c.ids[n%buyers], Currency: "GBP", Payment: &ordersv1.Payment{Token: "tok_ok"},
		Lines: []*ordersv1.PlaceLine{{Sku: skuOf(n), Quantity: 1}, {Sku: skuOf(n + 1), Quantity: 2}, {Sku: skuOf(n + 2), Quantity: 1}}}, with...)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (bool, error) {
		o, err := client.Get(ctx, &ordersv1.GetRequest{OrderId: placed.OrderId})
		return o.GetOrderId() == placed.OrderId && len(o.GetLines()) == 3, err
	}, nil
}
