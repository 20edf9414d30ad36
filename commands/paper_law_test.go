package commands_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
)

func TestReturnsNeverReceiveMoreThanWasRequested(t *testing.T) {
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s, arrived := newStory[aggregates.Return, events.ReturnEvent](t, reached), int64(0)
		for range rapid.IntRange(1, 8).Draw(t, "wishes") {
			if likely(t, "wish", map[string]int{"request": 1, "receive": 2}) == "request" {
				s.ask(requestReturn)
				continue
			}
			line := rapid.SampledFrom([]string{"lamps", "lamps", "boxes"}).Draw(t, "line")
			facts, _ := s.ask(commands.ReceiveReturn{ReturnID: "r1", Lines: []events.ReceivedLine{{LineID: line,
				Quantity: rapid.Int64Range(0, 3).Draw(t, "units"), Disposition: events.Restock}}})
			for _, f := range facts {
				arrived += f.(events.ReturnReceived).Lines[0].Quantity
			}
		}
		if requested := requestReturn.Lines[0].Quantity; arrived > requested {
			t.Fatalf("%d of %d lamps came back", arrived, requested)
		}
	}, append(typesOf("return"), "return_exists", "return_unknown", "return_exceeded", "invalid_argument")...)
}

func TestACreditNoteIsAllocatedOnce(t *testing.T) {
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s, issued := newStory[aggregates.CreditNote, events.CreditNoteEvent](t, reached), 0
		for range rapid.IntRange(1, 6).Draw(t, "wishes") {
			var c commands.Command[aggregates.CreditNote, events.CreditNoteEvent] = issueCreditNote
			switch likely(t, "wish", map[string]int{"issue": 2, "otherwise": 1, "settle": 2}) {
			case "otherwise":
				c = spoiltNote(func(c *commands.IssueCreditNote) { c.Number = "C1" })
			case "settle":
				c = commands.SettleCreditNote{CreditNoteID: "n1"}
			}
			facts, _ := s.ask(c)
			for _, f := range facts {
				if _, is := f.(events.CreditNoteIssued); is {
					issued++
				}
			}
		}
		if issued > 1 {
			t.Fatalf("a credit note was allocated %d times", issued)
		}
	}, append(typesOf("credit_note"), "credit_note_exists", "credit_note_unknown")...)
}

func TestAnAccountingNoteIsRecordedOnce(t *testing.T) {
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s := newStory[aggregates.AccountingNote, events.AccountingEvent](t, reached)
		for range rapid.IntRange(1, 4).Draw(t, "wishes") {
			amount := gbp(rapid.Int64Range(-2, 2).Draw(t, "amount"))
			s.ask(commands.RecordAccountingNote{NoteID: "a1", Country: "United Kingdom", Currency: "GBP", Total: amount,
				Lines: []events.AccountingLine{{SKU: "B", Amount: amount}}})
		}
		if len(s.facts) > 1 {
			t.Fatalf("an accounting note was recorded %d times", len(s.facts))
		}
	}, append(typesOf("accounting_note"), "accounting_note_exists")...)
}

// told is every event type that any story reached.
var told = struct {
	sync.Mutex
	types map[string]bool
}{types: map[string]bool{}}

// TestMain fails a run of all tests in which some event type of the catalog was reached by no story: a new one cannot be
// left out.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" && flag.Lookup("test.list").Value.String() == "" {
		untold := slices.DeleteFunc(events.Catalog().Wires(), func(wire string) bool { return told.types[wire] })
		if len(untold) > 0 {
			fmt.Fprintf(os.Stderr, "no story reached %v\n", untold)
			code = 1
		}
	}
	os.Exit(code)
}
