package events_test

import (
	"time"

	. "tillstream/events"
)

// samples is one speaking example of every fact, with every field said. Their stored form is in testdata, for ever.
func samples() []Event {
	var all []Event
	for _, some := range [][]Event{shopSamples(), orderSamples(), paymentSamples(), parcelSamples(), afterSamples()} {
		all = append(all, some...)
	}
	return all
}

var (
	spring = time.Date(2026, 3, 1, 12, 30, 45, 123456000, time.UTC)
	summer = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
)

func gbp(minor int64) Money { return Money{Minor: minor, Currency: "GBP"} }

func sealed(subject string) *Sealed {
	return &Sealed{Subject: subject, Key: 1, Cipher: []byte("nonce, cipher text and tag <&>")}
}

func shopSamples() []Event {
	return []Event{
		LogOpened{LogID: "0198c1b4-7a56-7c3e-9d0b-2f6c1a8e4d10"},
		ImportStarted{ImportID: "i1", Source: "online-retail", Digest: "9f86d081", Rows: 105335, Documents: 4894},
		ImportDayClosed{ImportID: "i1", Day: "2010-12-01", Documents: 143},
		ImportCompleted{ImportID: "i1", Refused: 1},

		ProductRegistered{SKU: "85123A", Name: "White hanging heart T-light holder", Description: "It hangs.", Category: "hearts", Kind: Goods},
		ProductDescribed{SKU: "85123A", Name: "Cream hanging heart", Description: "<b>It</b> hangs & shines."},
		ProductCategorised{SKU: "85123A", Category: "lights"},
		ProductDiscontinued{SKU: "85123A", Reason: "sold out at the maker"},

		PriceSet{PriceID: "p1", SKU: "85123A", Warehouse: "MAIN", Unit: UnitPrice{Amount: 2095, Scale: 3, Currency: "GBP"}, ValidFrom: spring, ValidUntil: &summer},
		PriceWithdrawn{PriceID: "p1", SKU: "85123A", Warehouse: "MAIN", Until: summer, Reason: "a slip of the pen"},

		StockReceived{SKU: "85123A", Warehouse: "MAIN", Quantity: 20, Reference: "DN-7"},
		StockAdjusted{SKU: "85123A", Warehouse: "MAIN", Quantity: -3, Reason: "damaged", Reference: "shift 2"},
		StockReserved{SKU: "85123A", Warehouse: "MAIN", OrderID: "o1", Lines: []LineQuantity{{"l1", 5}, {"l2", 3}}, ExpiresAt: &spring},
		StockReleased{SKU: "85123A", Warehouse: "MAIN", OrderID: "o1", Lines: []LineQuantity{{"l2", 1}}, Reason: "cancelled"},
		ReservationExpired{SKU: "85123A", Warehouse: "MAIN", OrderID: "o1", Lines: []LineQuantity{{"l2", 2}}, ExpiredAt: spring},
		StockCommitted{SKU: "85123A", Warehouse: "MAIN", OrderID: "o1", Lines: []LineQuantity{{"l1", 5}}},
		StockReturned{SKU: "85123A", Warehouse: "MAIN", OrderID: "o1", ReturnID: "r1", Quantity: 1},
		StockTransferredOut{SKU: "85123A", Warehouse: "MAIN", TransferID: "t1", To: "NORTH", Quantity: 4, Reference: "lorry 3"},
		StockTransferredIn{SKU: "85123A", Warehouse: "NORTH", TransferID: "t1", From: "MAIN", Quantity: 4, Reference: "lorry 3"},
		StockCounted{SKU: "85123A", Warehouse: "MAIN", Counted: 10, Difference: -2, Reference: "inventory 2026"},
		BackorderAllowed{SKU: "85123A", Warehouse: "MAIN", Limit: 50},

		CustomerOpened{CustomerID: "c1", Number: "12346", Name: sealed("customer-c1"), Email: sealed("customer-c1"), EmailBlind: "b1ind", Country: "Germany", Address: sealed("customer-c1")},
		CustomerDescribed{CustomerID: "c1", Name: sealed("customer-c1"), Country: "FR", Address: sealed("customer-c1")},
		CustomerErased{CustomerID: "c1", EmailBlind: "b1ind"},
		EmailClaimed{Blind: "b1ind", CustomerID: "c1"},
		EmailReleased{Blind: "b1ind", CustomerID: "c1", Reason: "erased"},
	}
}
