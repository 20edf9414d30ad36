package commands

import (
	"tillstream/aggregates"
	"tillstream/events"
)

// onHandMax keeps every sum of a stock item far from the end of 64 bits.
const onHandMax = 1_000_000_000_000

// ReceiveStock says goods came in. Two receipts of five are ten: the command id alone tells a repeat.
type ReceiveStock struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Quantity  int64  `json:"quantity"`
	Reference string `json:"reference,omitempty"`
}

// AdjustStock corrects what is on hand by Quantity, which is negative for a loss. A loss of promised units is refused:
// release them first.
type AdjustStock struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Quantity  int64  `json:"quantity"`
	Reason    string `json:"reason"`
	Reference string `json:"reference,omitempty"`
}

// ReturnStock puts units of an order back on the shelf.
type ReturnStock struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	OrderID   string `json:"order_id"`
	ReturnID  string `json:"return_id"`
	Quantity  int64  `json:"quantity"`
}

// TransferStockOut says units that no order was promised left for another warehouse.
type TransferStockOut struct {
	SKU        string `json:"sku"`
	Warehouse  string `json:"warehouse"`
	TransferID string `json:"transfer_id"`
	To         string `json:"to"`
	Quantity   int64  `json:"quantity"`
	Reference  string `json:"reference,omitempty"`
}

// TransferStockIn says units arrived from another warehouse. That they arrive once is told by the command's id, as for
// every movement: a list of transfers in the state would grow, and a bounded one would forget sooner than Handle does.
type TransferStockIn struct {
	SKU        string `json:"sku"`
	Warehouse  string `json:"warehouse"`
	TransferID string `json:"transfer_id"`
	From       string `json:"from"`
	Quantity   int64  `json:"quantity"`
	Reference  string `json:"reference,omitempty"`
}

// CountStock says how many units a person found. It is recorded even when the books agree: that somebody looked is a fact.
type CountStock struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Counted   int64  `json:"counted"`
	Reference string `json:"reference,omitempty"`
}

// AllowBackorder lets orders reserve up to Limit units more than are on hand; 0 ends it.
type AllowBackorder struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Limit     int64  `json:"limit"`
}

// Name implements Command.
func (ReceiveStock) Name() string     { return "stock.receive" }
func (AdjustStock) Name() string      { return "stock.adjust" }
func (ReturnStock) Name() string      { return "stock.return" }
func (TransferStockOut) Name() string { return "stock.transfer_out" }
func (TransferStockIn) Name() string  { return "stock.transfer_in" }
func (CountStock) Name() string       { return "stock.count" }
func (AllowBackorder) Name() string   { return "stock.allow_backorder" }

type stockStream = events.Stream[events.StockEvent]

// Stream implements Command.
func (c ReceiveStock) Stream() stockStream     { return stockOf(c.Warehouse, c.SKU) }
func (c AdjustStock) Stream() stockStream      { return stockOf(c.Warehouse, c.SKU) }
func (c ReturnStock) Stream() stockStream      { return stockOf(c.Warehouse, c.SKU) }
func (c TransferStockOut) Stream() stockStream { return stockOf(c.Warehouse, c.SKU) }
func (c TransferStockIn) Stream() stockStream  { return stockOf(c.Warehouse, c.SKU) }
func (c CountStock) Stream() stockStream       { return stockOf(c.Warehouse, c.SKU) }
func (c AllowBackorder) Stream() stockStream   { return stockOf(c.Warehouse, c.SKU) }

func stockOf(warehouse, sku string) stockStream {
	return events.Stock(events.Warehouse(warehouse), events.SKU(sku))
}

// Decide implements Command.
func (c ReceiveStock) Decide(s aggregates.StockItem) ([]events.StockEvent, error) {
	c.SKU, c.Warehouse = events.SKU(c.SKU), events.Warehouse(c.Warehouse)
	err := check(CheckItem(c.Warehouse, c.SKU), checkQuantity("quantity", c.Quantity),
		checkNote("reference", c.Reference, noteMax), room(s, c.Warehouse, c.SKU, c.Quantity))
	if err != nil {
		return nil, err
	}
	return []events.StockEvent{events.StockReceived(c)}, nil
}

// Decide implements Command.
func (c AdjustStock) Decide(s aggregates.StockItem) ([]events.StockEvent, error) {
	c.SKU, c.Warehouse = events.SKU(c.SKU), events.Warehouse(c.Warehouse)
	err := check(CheckItem(c.Warehouse, c.SKU), checkDifference("quantity", c.Quantity),
		checkName("reason", c.Reason, noteMax), checkNote("reference", c.Reference, noteMax),
		room(s, c.Warehouse, c.SKU, c.Quantity), removable(s, c.Warehouse, c.SKU, -c.Quantity))
	if err != nil {
		return nil, err
	}
	return []events.StockEvent{events.StockAdjusted(c)}, nil
}

// Decide implements Command.
func (c ReturnStock) Decide(s aggregates.StockItem) ([]events.StockEvent, error) {
	c.SKU, c.Warehouse = events.SKU(c.SKU), events.Warehouse(c.Warehouse)
	err := check(CheckItem(c.Warehouse, c.SKU), checkID("order_id", c.OrderID), checkID("return_id", c.ReturnID),
		checkQuantity("quantity", c.Quantity), room(s, c.Warehouse, c.SKU, c.Quantity))
	if err != nil {
		return nil, err
	}
	return []events.StockEvent{events.StockReturned(c)}, nil
}

// Decide implements Command.
func (c TransferStockOut) Decide(s aggregates.StockItem) ([]events.StockEvent, error) {
	c.SKU, c.Warehouse, c.To = events.SKU(c.SKU), events.Warehouse(c.Warehouse), events.Warehouse(c.To)
	err := check(CheckItem(c.Warehouse, c.SKU), checkTransfer(c.TransferID, "to", c.To, c.Warehouse),
		checkQuantity("quantity", c.Quantity), checkNote("reference", c.Reference, noteMax),
		removable(s, c.Warehouse, c.SKU, c.Quantity))
	if err != nil {
		return nil, err
	}
	return []events.StockEvent{events.StockTransferredOut(c)}, nil
}

// Decide implements Command.
func (c TransferStockIn) Decide(s aggregates.StockItem) ([]events.StockEvent, error) {
	c.SKU, c.Warehouse, c.From = events.SKU(c.SKU), events.Warehouse(c.Warehouse), events.Warehouse(c.From)
	err := check(CheckItem(c.Warehouse, c.SKU), checkTransfer(c.TransferID, "from", c.From, c.Warehouse),
		checkQuantity("quantity", c.Quantity), checkNote("reference", c.Reference, noteMax),
		room(s, c.Warehouse, c.SKU, c.Quantity))
	if err != nil {
		return nil, err
	}
	return []events.StockEvent{events.StockTransferredIn(c)}, nil
}

// Decide implements Command.
func (c CountStock) Decide(s aggregates.StockItem) ([]events.StockEvent, error) {
	c.SKU, c.Warehouse = events.SKU(c.SKU), events.Warehouse(c.Warehouse)
	err := check(CheckItem(c.Warehouse, c.SKU), checkUpTo("counted", c.Counted), checkNote("reference", c.Reference, noteMax))
	switch {
	case err != nil:
		return nil, err
	case s.OnHand-c.Counted > s.Removable():
		return nil, short(s, "count_below_reserved", "%d units of %s counted at %s leave promised ones uncovered: release reservations first",
			c.Counted, c.SKU, c.Warehouse)
	}
	return []events.StockEvent{events.StockCounted{SKU: c.SKU, Warehouse: c.Warehouse, Counted: c.Counted,
		Difference: c.Counted - s.OnHand, Reference: c.Reference}}, nil
}

// Decide implements Command.
func (c AllowBackorder) Decide(s aggregates.StockItem) ([]events.StockEvent, error) {
	c.SKU, c.Warehouse = events.SKU(c.SKU), events.Warehouse(c.Warehouse)
	err := check(CheckItem(c.Warehouse, c.SKU), checkUpTo("limit", c.Limit))
	switch {
	case err != nil:
		return nil, err
	case c.Limit == s.Backorder:
		return nil, nil
	case s.Available()+c.Limit < 0:
		return nil, short(s, "backorder_in_use", "%d units of %s at %s are on backorder already: receive goods or release reservations before the limit is %d",
			-s.Available(), c.SKU, c.Warehouse, c.Limit)
	}
	return []events.StockEvent{events.BackorderAllowed(c)}, nil
}

// CheckItem wants the canonical code of a warehouse and a canonical SKU; nil says that they are.
func CheckItem(warehouse, sku string) *Rejection {
	if bad := checkSKU(sku); bad != nil {
		return bad
	}
	return checkWarehouse("warehouse", warehouse)
}

func checkTransfer(id, field, other, own string) *Rejection {
	if bad := checkID("transfer_id", id); bad != nil {
		return bad
	}
	if other == own {
		return invalid(field, "is %s itself: a transfer is between two warehouses", own)
	}
	return checkWarehouse(field, other)
}

// checkUpTo wants 0 to a thousand million units.
func checkUpTo(field string, n int64) *Rejection {
	if n < 0 || n > quantityMax {
		return invalid(field, "is %d, it must be from 0 to %d", n, int64(quantityMax))
	}
	return nil
}

// room refuses units beyond what a warehouse could ever hold.
func room(s aggregates.StockItem, warehouse, sku string, n int64) *Rejection {
	if s.OnHand+n > onHandMax {
		return short(s, "stock_beyond_limit", "%d more units of %s at %s are more than the %d a stock item may hold: check the quantity",
			n, sku, warehouse, int64(onHandMax))
	}
	return nil
}

// removable refuses to take away what is not there or was promised to an order.
func removable(s aggregates.StockItem, warehouse, sku string, n int64) *Rejection {
	if n > s.Removable() {
		return short(s, "stock_insufficient", "%d units of %s cannot leave %s, %d can: the others are not there, or reserved",
			n, sku, warehouse, s.Removable())
	}
	return nil
}

// short says no, with the figures it was decided on.
func short(s aggregates.StockItem, reason, format string, args ...any) *Rejection {
	return reject(reason, format, args...).
		with("on_hand", s.OnHand).with("reserved", s.Reserved).with("available", s.Available())
}

func offerStock(c *Codec) {
	Offer[ReceiveStock](c)
	Offer[AdjustStock](c)
	Offer[ReturnStock](c)
	Offer[TransferStockOut](c)
	Offer[TransferStockIn](c)
	Offer[CountStock](c)
	Offer[AllowBackorder](c)
	Offer[ReserveStock](c)
	Offer[ReleaseStock](c)
	Offer[ExpireReservation](c)
	Offer[CommitStock](c)
}
