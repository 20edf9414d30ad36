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
	if err := s.await(ctx, s.productPages()); err != nil {
		return nil, err
	}
	sku := events.SKU(in.Sku)
	p, found, err := s.deps.Views.ProductPages.Get(ctx, sku)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notFound("product_unknown", "there is no product %q", sku).with("sku", sku)
	}
	return s.productOf(p, s.warehouse(in.Warehouse)), nil
}

// List implements productsv1.ProductsServer.
func (s productsService) List(ctx context.Context, in *productsv1.ListRequest) (*productsv1.ProductList, error) {
	if err := s.await(ctx, s.productPages()); err != nil {
		return nil, err
	}
	rows, next, err := page(ctx, s.Gateway, s.deps.Views.ProductPages, in, in.Limit, in.Cursor,
		projections.Query{Where: equal(nil, "category", in.Category)})
	out := &productsv1.ProductList{NextCursor: next}
	for _, p := range rows {
		out.Items = append(out.Items, s.productOf(p, s.warehouse(in.Warehouse)))
	}
	return out, err
}

func (g *Gateway) productPages() named {
	return named{projections.ProductPages.Name, g.deps.Views.ProductPages}
}

// productOf is a product as it is at one warehouse now.
func (g *Gateway) productOf(p projections.ProductPage, warehouse string) *productsv1.Product {
	at := p.Place(warehouse)
	return &productsv1.Product{Sku: p.SKU, Name: p.Name, Description: p.Description, Category: p.Category, Kind: p.Kind,
		Discontinued: p.Discontinued, Warehouse: warehouse, Price: priceNow(at.Prices, g.deps.Now()), Availability: at.Availability}
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
