package events_test

import (
	"testing"

	"github.com/google/uuid"

	. "tillstream/events"
)

// These ids are in logs: a binary that derives others would record again what was recorded.
func TestDerivedIDsAreForEver(t *testing.T) {
	command := CommandID("staff:eve", "/v1/stock/receipts", "k-1")
	for name, id := range map[string]struct{ got, want string }{
		"command": {command, "472e49a0-4f1b-8d61-a0bd-7309dfc3fb29"},
		"thing":   {DerivedID(command, 0), "946c3836-bccd-892b-8cb7-422d31f4dd41"},
		"line":    {LineID(command, 1499), "18c60a880fc4b06f"},
		"event":   {EventID(command, "stock-MAIN/85123A", 2), "51f16997-cb29-8f57-b0e9-72f9874321a9"},
	} {
		if id.got != id.want {
			t.Errorf("the %s id is %s, it was %s", name, id.got, id.want)
		}
	}
}

func TestIDsAreUUIDsOfTheirVersion(t *testing.T) {
	command := CommandID("a", "b", "c")
	for _, id := range []string{command, DerivedID(command, 1), EventID(command, "order-1", 1)} {
		if u, err := uuid.Parse(id); err != nil || u.Version() != 8 || u.Variant() != uuid.RFC4122 {
			t.Errorf("%s: version %d, %v", id, u.Version(), err)
		}
	}
	if u, err := uuid.Parse(FreshCommandID()); err != nil || u.Version() != 7 {
		t.Errorf("a fresh id has version %d, %v", u.Version(), err)
	}
	if !IsDerivedID(command) || IsDerivedID(FreshCommandID()) || IsDerivedID("by-hand") {
		t.Error("a derived id is not told from others")
	}
	if one, other := FreshCommandID(), FreshCommandID(); one == other {
		t.Error("two fresh ids are one")
	}
}

func TestWhatIsAskedOtherwiseHasAnotherID(t *testing.T) {
	seen := map[string]string{}
	for name, id := range map[string]string{
		"a command":                     CommandID("ab", "c", "d"),
		"framed otherwise":              CommandID("a", "bc", "d"),
		"framed otherwise again":        CommandID("ab", "", "cd"),
		"the first thing":               DerivedID("x", 0),
		"the second thing":              DerivedID("x", 1),
		"the 257th thing":               DerivedID("x", 256),
		"the first fact":                EventID("x", "order-1", 0),
		"the second fact":               EventID("x", "order-1", 1),
		"the first fact of another one": EventID("x", "order-2", 0),
		"the first line":                LineID("x", 0),
		"the second line":               LineID("x", 1),
	} {
		if other, taken := seen[id]; taken {
			t.Errorf("%s and %s have the id %s", name, other, id)
		}
		seen[id] = name
	}
}
