package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
	ordersv1 "tillstream/gateway/api/orders/v1"
)

// linesMost is how many lines an order may have.
const linesMost = 1500

// Place implements ordersv1.OrdersServer. Products and prices are read from their own streams, not from views, so that
// an order is never placed at a price that was changed before it.
func (s ordersService) Place(ctx context.Context, in *ordersv1.PlaceRequest) (*ordersv1.Placed, error) {
	c := callOf(ctx)
	id := events.DerivedID(c.command, 0)
	if c.keyed {
		placed, _, err := commands.Look(ctx, s.deps.Handler, events.Order(id), func(o aggregates.Order) bool {
			return o.Status != aggregates.OrderUnknown
		})
		if err != nil {
			return nil, err
		}
		if placed { // answered from what was recorded, whatever became of products and prices since
			return s.place(ctx, commands.PlaceOrder{OrderID: id})
		}
	}
	if err := checkPlace(in); err != nil {
		return nil, err
	}
	cmd := commands.PlaceOrder{OrderID: id, CustomerID: in.CustomerId, Currency: in.Currency, Rounding: events.HalfAwayPerLine}
	var err error
	if cmd.Country, err = s.buyer(ctx, in); err != nil {
		return nil, err
	}
	if cmd.Lines, err = s.linesOf(ctx, in); err != nil {
		return nil, err
	}
	cmd.Totals = commands.TotalsOf(cmd.Currency, cmd.Lines, nil)
	if cmd.Totals.Gross.Minor > 0 && in.GetPayment().GetToken() == "" {
		return nil, badField("payment.token", "is required: the order costs something")
	}
	if in.Guest != nil {
		cmd.Guest = &events.Guest{}
	}
	if _, err := cmd.Decide(aggregates.Order{}); err != nil { // before a key is made for a guest
		return nil, err
	}
	if err := s.sealOrder(ctx, in, &cmd); err != nil {
		return nil, err
	}
	return s.place(ctx, cmd)
}

func (s ordersService) place(ctx context.Context, cmd commands.PlaceOrder) (*ordersv1.Placed, error) {
	a, err := s.send(ctx, commands.Ask(cmd))
	if err != nil {
		return nil, err
	}
	e, _ := factOf[events.OrderPlaced](a)
	out := &ordersv1.Placed{OrderId: e.OrderID, State: "placed", Currency: e.Currency, Totals: totalsOf(e.Totals)}
	for _, l := range e.Lines {
		out.Lines = append(out.Lines, &ordersv1.PlacedLine{LineId: l.LineID, Sku: l.SKU, Name: l.Name, Kind: string(l.Kind),
			Warehouse: l.Warehouse, Quantity: l.Quantity, Unit: unitOf(l.Unit), Net: moneyOf(l.Net), Gross: moneyOf(l.Gross)})
	}
	return out, nil
}

func checkPlace(in *ordersv1.PlaceRequest) error {
	switch {
	case in.CustomerId == "" && in.Guest == nil:
		return badField("customer_id", "is required, or else a guest")
	case in.CustomerId != "" && in.Guest != nil:
		return badField("guest", "is given as well as a customer_id: an order has one buyer")
	case in.CustomerId != "" && !visible(in.CustomerId, 1, 64):
		return badField("customer_id", "is no id of a customer")
	case len(in.Lines) == 0:
		return badField("lines", "is required: order at least one thing")
	case len(in.Lines) > linesMost:
		return problem(http.StatusBadRequest, "lines_too_many", "the order has %d lines, at most %d are allowed: place several orders", len(in.Lines), linesMost).
			with("lines", len(in.Lines)).with("limit", linesMost)
	case len(in.GetPayment().GetToken()) > tokenMost:
		return badField("payment.token", "has more than %d bytes", tokenMost)
	}
	if in.Currency == "" {
		return badField("currency", "is required: an ISO 4217 code, such as GBP")
	}
	if _, err := events.Digits(in.Currency); err != nil {
		return badField("currency", "is not usable: %v", err)
	}
	if _, err := addressText("ship_to", in.ShipTo); err != nil {
		return err
	}
	if in.Guest == nil {
		return nil
	}
	return errors.Join(checkPerson("guest.name", in.Guest.Name, personNameMost), checkEmail("guest.email", in.Guest.Email))
}

// buyer checks who buys, and answers the country the order goes to.
func (s ordersService) buyer(ctx context.Context, in *ordersv1.PlaceRequest) (country string, err error) {
	country = strings.TrimSpace(in.GetShipTo().GetCountry())
	if in.Guest != nil {
		if country == "" {
			return "", badField("ship_to.country", "is required of a guest")
		}
		return country, nil
	}
	c, err := s.customer(ctx, in.CustomerId)
	switch {
	case err != nil:
		return "", err
	case !c.Exists():
		return "", problem(http.StatusConflict, "customer_unknown", "there is no customer %s: open the account first", in.CustomerId).
			with("customer_id", in.CustomerId)
	case c.Erased:
		return "", erasedPerson().with("customer_id", in.CustomerId)
	case country == "":
		return c.Opened.Country, nil
	}
	return country, nil
}

// linesOf resolves what each line is and costs now. The same SKU at the same warehouse is looked at once.
func (s ordersService) linesOf(ctx context.Context, in *ordersv1.PlaceRequest) ([]events.Line, error) {
	offers, err := s.offersFor(ctx, in)
	if err != nil {
		return nil, err
	}
	command := callOf(ctx).command
	lines := make([]events.Line, len(in.Lines))
	for i, asked := range in.Lines {
		w := s.warehouseOf(in, asked)
		line := events.Line{LineID: events.LineID(command, i), SKU: events.SKU(asked.Sku), Warehouse: w, Quantity: asked.Quantity}
		offer := offers[place{w, line.SKU}]
		if p := offer.refusal(in.Currency); p != nil {
			return nil, p.with("line", i).with("sku", line.SKU).with("warehouse", w)
		}
		line.Name, line.Kind, line.Unit = offer.product.Name, offer.product.Kind, offer.unit
		if lines[i], err = commands.PriceLine(line); err != nil {
			return nil, inside(lineAt(i), err)
		}
	}
	return lines, nil
}

func (g *Gateway) warehouseOf(in *ordersv1.PlaceRequest, line *ordersv1.PlaceLine) string {
	if line.Warehouse != "" {
		return g.warehouse(line.Warehouse)
	}
	return g.warehouse(in.Warehouse)
}

// sealOrder seals what the order says about a person: under the customer's key, or the key of this order's guest.
func (s ordersService) sealOrder(ctx context.Context, in *ordersv1.PlaceRequest, cmd *commands.PlaceOrder) error {
	subject := events.CustomerSubject(cmd.CustomerID)
	if in.Guest != nil {
		subject = events.GuestSubject(cmd.OrderID)
	}
	address, err := addressText("ship_to", in.ShipTo)
	if err != nil {
		return err
	}
	seal, err := s.sealerOf(ctx, subject)
	if err != nil {
		return err
	}
	if cmd.ShipTo, err = seal.seal(events.FieldAddress, address); err != nil {
		return err
	}
	if cmd.PaymentToken, err = seal.seal(events.FieldPaymentToken, in.GetPayment().GetToken()); err != nil || in.Guest == nil {
		return err
	}
	if cmd.Guest.Name, err = seal.seal(events.FieldName, strings.TrimSpace(in.Guest.Name)); err != nil {
		return err
	}
	cmd.Guest.Email, err = seal.seal(events.FieldEmail, strings.TrimSpace(in.Guest.Email))
	return err
}
