package events_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	. "tillstream/events"
)

// drawn says how the parts of facts are drawn: times as facts keep them, text as JSON can hold it.
var drawn = rapid.MakeConfig{Types: map[reflect.Type]*rapid.Generator[any]{
	reflect.TypeFor[time.Time](): rapid.Custom(func(t *rapid.T) any {
		const year9999 = 253_402_300_799
		return Time(time.UnixMicro(rapid.Int64Range(-year9999, year9999*1e6).Draw(t, "µs")))
	}),
	reflect.TypeFor[string](): rapid.Custom(func(t *rapid.T) any {
		return strings.ToValidUTF8(rapid.String().Draw(t, "text"), "")
	}),
	reflect.TypeFor[[]byte](): rapid.Custom(func(t *rapid.T) any {
		return rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, "bytes")
	}),
}}

// generators makes facts of every type of the catalog.
func generators() map[string]*rapid.Generator[Event] {
	byWire := map[string]*rapid.Generator[Event]{}
	add := func(g *rapid.Generator[Event]) { byWire[g.Example(0).Type()] = g }
	for _, g := range []*rapid.Generator[Event]{
		made[LogOpened](), made[ImportStarted](), made[ImportDayClosed](), made[ImportCompleted](),
		made[ProductRegistered](), made[ProductDescribed](), made[ProductCategorised](), made[ProductDiscontinued](),
		made[PriceSet](), made[PriceWithdrawn](),
		made[StockReceived](), made[StockAdjusted](), made[StockReserved](), made[StockReleased](), made[ReservationExpired](), made[StockCommitted](),
		made[StockReturned](), made[StockTransferredOut](), made[StockTransferredIn](), made[StockCounted](), made[BackorderAllowed](),
		made[CustomerOpened](), made[CustomerDescribed](), made[CustomerErased](), made[EmailClaimed](), made[EmailReleased](),
		made[OrderPlaced](), made[OrderConfirmed](), made[OrderLineCancelled](), made[OrderPartiallyShipped](), made[OrderShipped](),
		made[OrderDelivered](), made[OrderCancelled](), made[OrderReturned](), made[OrderClosed](), made[OrderGuestForgotten](),
		made[PaymentRequested](), made[PaymentAuthorized](), made[PaymentDeclined](), made[PaymentCaptured](), made[PaymentRefunded](),
		made[PaymentVoided](), made[PaymentExpired](), made[PaymentDisputed](),
		made[ShipmentPlanned](), made[FulfillmentReduced](), made[FulfillmentPicked](), made[FulfillmentPacked](), made[FulfillmentDispatched](),
		made[FulfillmentDelivered](), made[FulfillmentFailed](), made[FulfillmentReturned](),
		made[ReturnRequested](), made[ReturnReceived](), made[CreditNoteIssued](), made[CreditNoteSettled](), made[AccountingNoteRecorded](),
		made[PointsEarned](), made[PointsActivated](), made[PointsBurned](), made[PointsExpired](), made[PointsReversed](),
		made[PersonalDataOpened](),
	} {
		add(g)
	}
	return byWire
}

func made[E Event]() *rapid.Generator[Event] {
	return rapid.Map(rapid.MakeCustom[E](drawn), func(e E) Event { return e })
}

func TestEveryFactSurvivesStorage(t *testing.T) {
	catalog, reached := Catalog(), map[string]int{}
	all := generators()
	for _, wire := range slices.Sorted(maps.Keys(all)) {
		rapid.Check(t, func(t *rapid.T) {
			e := all[wire].Draw(t, wire)
			b, err := Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			back, err := catalog.Decode(e.Type(), b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(e, back, emptyIsNil); diff != "" {
				t.Fatalf("%s is read as another fact: %s", wire, diff)
			}
			again, err := Encode(back)
			if err != nil || string(again) != string(b) {
				t.Fatalf("%s is stored anew as %s, it was %s: %v", wire, again, b, err)
			}
			reached[e.Type()]++
		})
	}
	for _, zero := range catalog.Types() {
		t.Logf("%s × %d", zero.Type(), reached[zero.Type()])
		if reached[zero.Type()] == 0 {
			t.Errorf("no %s was made", zero.Type())
		}
	}
}

// A list left out when empty comes back as none.
var emptyIsNil = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().Type() != nil && p.Last().Type().Kind() == reflect.Slice },
	cmp.FilterValues(func(a, b any) bool { return reflect.ValueOf(a).Len() == 0 && reflect.ValueOf(b).Len() == 0 }, cmp.Ignore()))

// A made-up shape: a new system has no old ones, and invents none.
type lampLit struct{ Lumen int }

func (lampLit) Type() string { return "lamp.lit.v2" }

func TestOldShapesAreLifted(t *testing.T) {
	c := new(Codec)
	Current[lampLit](c)
	Retired(c, "lamp.lit", func(old struct{ Watt int }) lampLit { return lampLit{old.Watt * 15} })

	for wire, stored := range map[string]string{"lamp.lit": `{"Watt":40}`, "lamp.lit.v2": `{"Lumen":600}`} {
		if e, err := c.Decode(wire, []byte(stored)); err != nil || e != (lampLit{600}) {
			t.Errorf("%s: %+v, %v", wire, e, err)
		}
	}
	if got := c.Wires(); !slices.Equal(got, []string{"lamp.lit", "lamp.lit.v2"}) {
		t.Errorf("readable are %v", got)
	}
	if got := c.Types(); len(got) != 1 || got[0] != (lampLit{}) {
		t.Errorf("current are %v: an old shape is read, never written", got)
	}
	if _, err := c.Decode("lamp.lit", []byte(`{"Watt":"forty"}`)); err == nil {
		t.Error("a broken old shape was lifted")
	}
}

func TestAnUnknownNameSaysTheLogIsNewer(t *testing.T) {
	for _, wire := range []string{"", "order.teleported", "ORDER.PLACED", "$metadata"} {
		if e, err := Catalog().Decode(wire, []byte(`{}`)); !errors.Is(err, ErrUnknownType) || Catalog().Knows(wire) {
			t.Errorf("%q is read as %+v, %v", wire, e, err)
		}
	}
	for _, broken := range []string{`{"lines":7}`, `null`, ` null `, ``, `{`, `7`} {
		if e, err := Catalog().Decode("order.placed", []byte(broken)); err == nil || errors.Is(err, ErrUnknownType) {
			t.Errorf("%q, under a known name, is read as %+v, %v", broken, e, err)
		}
	}
}

func TestANameIsAdmittedOnce(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two facts share a wire name")
		}
	}()
	c := new(Codec)
	Current[lampLit](c)
	Retired(c, "lamp.lit.v2", func(old lampLit) lampLit { return old })
}

func TestWireNamesReadSubjectVerb(t *testing.T) {
	for _, wire := range Catalog().Wires() {
		subject, verb, ok := strings.Cut(wire, ".")
		if !ok || subject == "" || verb == "" || strings.ToLower(wire) != wire {
			t.Errorf("%q is not subject.verb", wire)
		}
	}
}

func TestTheCategoryIsBeforeTheFirstDash(t *testing.T) {
	for stream, want := range map[string]string{
		string(Stock("NORTH-2", "A-B/C")): "stock",
		string(Order("0198c1b4-7a56")):    "order",
		string(CreditNote("n-1")):         "credit_note",
		string(Log()):                     "log",
		"nodash":                          "nodash",
	} {
		if got := Category(stream); got != want {
			t.Errorf("%s is of category %s", stream, got)
		}
	}
}

func TestOneSpellingOfAThing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "code")
		if SKU(SKU(s)) != SKU(s) || Warehouse(Warehouse(s)) != Warehouse(s) {
			t.Fatalf("%q has two canonical forms", s)
		}
	})
	if SKU(" 85123a\t") != "85123A" || Warehouse("north ") != "NORTH" {
		t.Error("trimmed and upper-cased is the form")
	}
}
