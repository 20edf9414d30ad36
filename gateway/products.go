package gateway

import (
	"context"
	"time"

	"tillstream/commands"
	"tillstream/events"
	productsv1 "tillstream/gateway/api/products/v1"
	typesv1 "tillstream/gateway/api/types/v1"
	"tillstream/projections"
)

// lowStock is how many available units or fewer are called low.
const lowStock = 5

type productsService struct {
	productsv1.UnimplementedProductsServer
	*Gateway
}

// Register implements productsv1.ProductsServer.
func (s productsService) Register(ctx context.Context, in *productsv1.RegisterRequest) (*productsv1.Registered, error) {
	a, err := s.send(ctx, commands.Ask(commands.RegisterProduct{SKU: in.Sku, ProductName: in.Name, Description: in.Description,
		Category: in.Category, Kind: events.Kind(in.Kind)}))
	if err != nil {
		return nil, err
	}
	e, _ := factOf[events.ProductRegistered](a)
	return &productsv1.Registered{Sku: e.SKU, Name: e.Name, Description: e.Description, Category: e.Category, Kind: string(e.Kind)}, nil
}

// Describe implements productsv1.ProductsServer.
func (s productsService) Describe(ctx context.Context, in *productsv1.DescribeRequest) (*productsv1.Changed, error) {
	return s.change(ctx, in.Sku, commands.Ask(commands.DescribeProduct{SKU: in.Sku, ProductName: in.Name, Description: in.Description}))
}

// Categorise implements productsv1.ProductsServer.
func (s productsService) Categorise(ctx context.Context, in *productsv1.CategoriseRequest) (*productsv1.Changed, error) {
	return s.change(ctx, in.Sku, commands.Ask(commands.CategoriseProduct{SKU: in.Sku, Category: in.Category}))
}

// Discontinue implements productsv1.ProductsServer.
func (s productsService) Discontinue(ctx context.Context, in *productsv1.DiscontinueRequest) (*productsv1.Changed, error) {
	return s.change(ctx, in.Sku, commands.Ask(commands.DiscontinueProduct{SKU: in.Sku, Reason: in.Reason}))
}

func (s productsService) change(ctx context.Context, sku string, cmd commands.Request) (*productsv1.Changed, error) {
	a, err := s.send(ctx, cmd)
	if err != nil {
		return nil, err
	}
	return &productsv1.Changed{Sku: events.SKU(sku), Changed: len(a.Facts) > 0}, nil
}

// Get implements productsv1.ProductsServer.
func (s productsService) Get(ctx context.Context, in *productsv1.GetRequest) (*productsv1.Product, error) {
	if err := s.await(ctx, s.productViews()...); err != nil {
		return nil, err
	}
	sku := events.SKU(in.Sku)
	p, found, err := s.deps.Views.Products.Get(ctx, sku)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notFound("product_unknown", "there is no product %q", sku).with("sku", sku)
	}
	items, err := s.joined(ctx, s.warehouse(in.Warehouse), []projections.Product{p})
	if err != nil {
		return nil, err
	}
	return items[0], nil
}

// List implements productsv1.ProductsServer.
func (s productsService) List(ctx context.Context, in *productsv1.ListRequest) (*productsv1.ProductList, error) {
	if err := s.await(ctx, s.productViews()...); err != nil {
		return nil, err
	}
	var where []projections.Cond
	where = equal(where, "category", in.Category)
	rows, next, err := page(ctx, s.Gateway, s.deps.Views.Products, in, in.Limit, in.Cursor, projections.Query{Where: where})
	if err != nil {
		return nil, err
	}
	items, err := s.joined(ctx, s.warehouse(in.Warehouse), rows)
	return &productsv1.ProductList{Items: items, NextCursor: next}, err
}

func (g *Gateway) productViews() []named {
	v := g.deps.Views
	return []named{{projections.Products.Name, v.Products}, {projections.Prices.Name, v.Prices}, {projections.StockLevels.Name, v.StockLevels}}
}

// joined adds to products what they cost and how many there are at one warehouse.
func (g *Gateway) joined(ctx context.Context, warehouse string, products []projections.Product) ([]*productsv1.Product, error) {
	keys := make([]string, len(products))
	for i, p := range products {
		keys[i] = projections.StockKey(warehouse, p.SKU)
	}
	prices, err := g.deps.Views.Prices.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	levels, err := g.deps.Views.StockLevels.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	now := g.deps.Now()
	items := make([]*productsv1.Product, len(products))
	for i, p := range products {
		items[i] = &productsv1.Product{Sku: p.SKU, Name: p.Name, Description: p.Description, Category: p.Category,
			Kind: p.Kind, Discontinued: p.Discontinued, Warehouse: warehouse,
			Price:        priceNow(prices[keys[i]].List(), now),
			Availability: availability(p, levels[keys[i]])}
	}
	return items, nil
}

// priceNow is the price that holds at t; of several currencies, the one that began to hold last.
func priceNow(list events.PriceList, t time.Time) *typesv1.UnitPrice {
	var held *events.PriceWindow
	for i, w := range list {
		if w.Covers(t) && (held == nil || !w.From.Before(held.From)) {
			held = &list[i]
		}
	}
	if held == nil {
		return nil
	}
	return unitOf(held.Unit)
}

func availability(p projections.Product, level projections.StockLevel) string {
	switch {
	case p.Discontinued:
		return "out"
	case p.Kind == string(events.Service) || level.Available > lowStock:
		return "in"
	case level.Available > 0:
		return "low"
	}
	return "out"
}
