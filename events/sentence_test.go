package events_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	. "tillstream/events"
)

// The words may be bettered at any time: `go test ./events -run Sentence -reword` writes them anew.
func TestEveryFactHasASentence(t *testing.T) {
	const path = "testdata/sentences.txt"
	var b strings.Builder
	for _, e := range samples() {
		if _, told := e.(interface{ Sentence() string }); !told {
			t.Errorf("nobody says what %s means: give %T a Sentence", e.Type(), e)
		}
		fmt.Fprintf(&b, "%-28s %s\n", e.Type(), Sentence(e))
	}
	if *reword {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != b.String() {
		t.Errorf("%s (%v) is not what the facts say:\n%s", path, err, b.String())
	}
}

// A fact of a foreign client may leave out everything.
func TestAnEmptyFactHasASentenceToo(t *testing.T) {
	for _, e := range Catalog().Types() {
		if s := Sentence(e); s == "" || strings.Contains(s, "%!") {
			t.Errorf("%s is told as %q", e.Type(), s)
		}
	}
}

func TestSentencesHideWhatIsSealed(t *testing.T) {
	for _, e := range samples() {
		if s := Sentence(e); strings.Contains(s, "cipher") || strings.Contains(s, "b1ind") {
			t.Errorf("%s tells what is sealed: %s", e.Type(), s)
		}
	}
	if s := Sentence(OrderPlaced{OrderID: "o1", Guest: &Guest{Name: sealed("guest-o1")}}); !strings.Contains(s, "name (sealed)") {
		t.Errorf("nobody learns that a name is there: %s", s)
	}
}

func TestSentencesSayNumbersAsPeopleDo(t *testing.T) {
	for want, e := range map[string]Event{
		"1 × A was reserved for order o1":                                              StockReserved{SKU: "A", OrderID: "o1", Lines: []LineQuantity{{"l", 1}}},
		"12 × 85123A were reserved for order 0198c1b4…":                                StockReserved{SKU: "85123A", OrderID: "0198c1b4-7a56-7c3e-9d0b-2f6c1a8e4d10", Lines: []LineQuantity{{"l", 7}, {"m", 5}}},
		"GBP -0.05 was given back for order o1":                                        PaymentRefunded{OrderID: "o1", Amount: gbp(-5)},
		"JPY 120 was taken for order o1":                                               PaymentCaptured{OrderID: "o1", Amount: Money{Minor: 120, Currency: "JPY"}},
		"Orders may no longer reserve A at MAIN beyond what is on hand":                BackorderAllowed{SKU: "A", Warehouse: "MAIN"},
		"2 × A were counted at MAIN, 1 more than in the books":                         StockCounted{SKU: "A", Warehouse: "MAIN", Counted: 2, Difference: 1},
		"A costs GBP 0.0005 at MAIN from 2026-03-01":                                   PriceSet{SKU: "A", Warehouse: "MAIN", Unit: UnitPrice{Amount: 5, Scale: 4, Currency: "GBP"}, ValidFrom: spring},
		"Personal data of the guest of order o1 was opened: name (the parcel is back)": PersonalDataOpened{Subject: "guest-o1", Fields: []string{"name"}, Purpose: "the parcel is back"},
	} {
		if got := Sentence(e); got != want {
			t.Errorf("%s\nnot %s", got, want)
		}
	}
}
