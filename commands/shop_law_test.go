package commands_test

import (
	"testing"

	"pgregory.net/rapid"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
)

// These stories have few words, so that wishes often meet; newStory checks that each asked twice adds nothing.

func TestProductsUnderAnyWishes(t *testing.T) {
	word := rapid.SampledFrom([]string{"lamp", "desk lamp", ""})
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s := newStory[aggregates.Product, events.ProductEvent](t, reached)
		registered, discontinued := 0, 0
		for range rapid.IntRange(1, 12).Draw(t, "wishes") {
			var c commands.Command[aggregates.Product, events.ProductEvent]
			switch likely(t, "wish", map[string]int{"register": 3, "describe": 3, "categorise": 2, "discontinue": 1}) {
			case "register":
				c = commands.RegisterProduct{SKU: "lamp", ProductName: word.Draw(t, "name"), Description: word.Draw(t, "description"), Kind: events.Goods}
			case "describe":
				c = commands.DescribeProduct{SKU: "lamp", ProductName: word.Draw(t, "name"), Description: word.Draw(t, "description")}
			case "categorise":
				c = commands.CategoriseProduct{SKU: "lamp", Category: word.Draw(t, "category")}
			default:
				c = commands.DiscontinueProduct{SKU: "lamp", Reason: word.Draw(t, "reason")}
			}
			facts, _ := s.ask(c)
			for _, f := range facts {
				if _, is := f.(events.ProductRegistered); is {
					registered++
				} else if registered == 0 || discontinued > 0 {
					t.Fatalf("%s of a product that is not on sale", f.Type())
				}
				if _, is := f.(events.ProductDiscontinued); is {
					discontinued++
				}
			}
		}
		if registered > 1 || discontinued > 1 {
			t.Fatalf("registered %d times, discontinued %d times", registered, discontinued)
		}
	}, append(typesOf("product"), "sku_taken", "product_unknown", "product_discontinued", "invalid_argument")...)
}

func TestCustomersUnderAnyWishes(t *testing.T) {
	country := rapid.SampledFrom([]string{"DE", "FR", ""})
	name := rapid.SampledFrom([]*events.Sealed{nil, sealedFor("customer-ada", "a"), sealedFor("customer-ada", "b"), sealedFor("customer-bob", "c")})
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s := newStory[aggregates.Customer, events.CustomerEvent](t, reached)
		erased := false
		for range rapid.IntRange(1, 10).Draw(t, "wishes") {
			var c commands.Command[aggregates.Customer, events.CustomerEvent]
			switch likely(t, "wish", map[string]int{"open": 3, "describe": 3, "erase": 1}) {
			case "open":
				c = commands.OpenCustomer{CustomerID: "ada", FullName: name.Draw(t, "name"), Country: country.Draw(t, "country")}
			case "describe":
				c = commands.DescribeCustomer{CustomerID: "ada", FullName: name.Draw(t, "name"), Country: country.Draw(t, "country")}
			default:
				c = commands.EraseCustomer{CustomerID: "ada"}
			}
			facts, _ := s.ask(c)
			if erased && len(facts) > 0 {
				t.Fatalf("%s of a person who was forgotten", facts[0].Type())
			}
			erased = s.state.Erased
		}
	}, append(typesOf("customer"), "customer_exists", "customer_unknown", "customer_erased", "invalid_argument")...)
}

func TestAnEmailHasOneHolder(t *testing.T) {
	who := rapid.SampledFrom([]string{"ada", "bob", ""})
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s, holder := newStory[aggregates.Email, events.EmailEvent](t, reached), ""
		for range rapid.IntRange(1, 10).Draw(t, "wishes") {
			if rapid.Bool().Draw(t, "claim") {
				s.ask(commands.ClaimEmail{Blind: "b", CustomerID: who.Draw(t, "who")})
			} else {
				s.ask(commands.ReleaseEmail{Blind: "b", CustomerID: who.Draw(t, "who")})
			}
			if s.state.CustomerID != holder && s.state.CustomerID != "" && holder != "" {
				t.Fatalf("%s took the address of %s", s.state.CustomerID, holder)
			}
			holder = s.state.CustomerID
		}
	}, append(typesOf("email"), "email_taken", "email_not_held", "invalid_argument")...)
}

func TestImportsUnderAnyWishes(t *testing.T) {
	few := rapid.Int64Range(-1, 2)
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s := newStory[aggregates.Import, events.ImportEvent](t, reached)
		closed := map[string]int{}
		for range rapid.IntRange(1, 12).Draw(t, "wishes") {
			var c commands.Command[aggregates.Import, events.ImportEvent]
			switch likely(t, "wish", map[string]int{"start": 3, "close": 4, "complete": 1}) {
			case "start":
				c = commands.StartImport{ImportID: "i1", Source: "books", Digest: "d", Rows: few.Draw(t, "rows")}
			case "close":
				c = commands.CloseImportDay{ImportID: "i1", Day: rapid.SampledFrom([]string{"2010-12-01", "2010-12-02"}).Draw(t, "day"), Documents: few.Draw(t, "documents")}
			default:
				c = commands.CompleteImport{ImportID: "i1", Refused: few.Draw(t, "refused")}
			}
			facts, _ := s.ask(c)
			for _, f := range facts {
				if d, is := f.(events.ImportDayClosed); is {
					closed[d.Day]++
				}
			}
		}
		for day, times := range closed {
			if times > 1 {
				t.Fatalf("%s was closed %d times", day, times)
			}
		}
	}, append(typesOf("import"), "import_exists", "import_unknown", "import_day_closed", "import_completed", "invalid_argument")...)
}

func TestALogHasOneIdentity(t *testing.T) {
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s := newStory[aggregates.Log, events.LogEvent](t, reached)
		for range rapid.IntRange(1, 4).Draw(t, "wishes") {
			s.ask(commands.OpenLog{LogID: events.LogID(rapid.SampledFrom([]string{"one", "two", ""}).Draw(t, "id"))})
		}
		if len(s.facts) > 1 {
			t.Fatalf("a log was opened %d times", len(s.facts))
		}
	}, append(typesOf("log"), "invalid_argument")...)
}
