package shop_test

import (
	"bytes"
	"slices"
	"testing"

	"tillstream/events"
	"tillstream/infra/bench/shop"
)

const long = 20_000 // appends: enough for every kind of order to end

func record(t *testing.T, number int) (appends []shop.Append) {
	t.Helper()
	b := shop.NewBranch(number)
	for range long {
		a, err := b.Next()
		if err != nil {
			t.Fatal(err)
		}
		appends = append(appends, a)
	}
	return appends
}

func TestABranchIsTheSameEveryTime(t *testing.T) {
	one, again := record(t, 7), record(t, 7)
	for i, a := range one {
		b := again[i]
		if a.Stream != b.Stream || a.After != b.After || len(a.Facts) != len(b.Facts) {
			t.Fatalf("append %d is %+v, then %+v", i, a, b)
		}
		for j, f := range a.Facts {
			g := b.Facts[j]
			if f.ID != g.ID || f.Type != g.Type || !bytes.Equal(f.Data, g.Data) || !bytes.Equal(f.Metadata, g.Metadata) {
				t.Fatalf("fact %d of append %d differs", j, i)
			}
		}
	}
}

func TestAppendsFollowOnEachOther(t *testing.T) {
	ends, ids := map[string]int64{}, map[string]bool{}
	for _, number := range []int{0, 1} {
		for _, a := range record(t, number) {
			last, known := ends[a.Stream]
			if !known {
				last = -1
			}
			if a.After != last {
				t.Fatalf("%s ends at %d, what is next follows %d", a.Stream, last, a.After)
			}
			ends[a.Stream] = last + int64(len(a.Facts))
			for _, f := range a.Facts {
				if ids[f.ID] {
					t.Fatalf("%s has the id %s again", a.Stream, f.ID)
				}
				ids[f.ID] = true
			}
		}
	}
}

func TestFactsAreOfTheCatalogAndOfEveryKindAShopHas(t *testing.T) {
	codec, seen := events.Catalog(), map[string]int{}
	for _, a := range record(t, 3) {
		for _, f := range a.Facts {
			if _, err := codec.Decode(f.Type, f.Data); err != nil {
				t.Fatalf("%s: %v", f.Type, err)
			}
			if _, err := events.DecodeMeta(f.Metadata); err != nil {
				t.Fatal(err)
			}
			seen[f.Type]++
		}
	}
	for _, wanted := range []events.Event{events.ProductRegistered{}, events.PriceSet{}, events.StockReceived{}, events.CustomerOpened{}, events.OrderPlaced{},
		events.StockReserved{}, events.StockReleased{}, events.StockCommitted{}, events.StockReturned{}, events.PaymentAuthorized{}, events.PaymentCaptured{},
		events.PaymentVoided{}, events.PaymentRefunded{}, events.ShipmentPlanned{}, events.FulfillmentDelivered{}, events.OrderDelivered{},
		events.OrderCancelled{}, events.OrderReturned{}, events.OrderClosed{}, events.PointsEarned{}, events.PointsActivated{}} {
		if seen[wanted.Type()] == 0 {
			t.Errorf("no %s among %v", wanted.Type(), slices.Sorted(func(yield func(string) bool) {
				for name := range seen {
					if !yield(name) {
						return
					}
				}
			}))
		}
	}
}
