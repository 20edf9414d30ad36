package commands_test

import (
	"testing"

	"tillstream/commands"
	"tillstream/events"
)

func TestEveryStreamHasAnOwner(t *testing.T) {
	catalog := commands.Catalog()
	for _, name := range catalog.Names() {
		r, err := catalog.Decode(name, []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := commands.Owner(r.Stream); err != nil {
			t.Errorf("%s goes to %s: %v", name, r.Stream, err)
		}
	}
	for _, s := range []string{"", "basket-1", "order"} {
		if owner, err := commands.Owner(s); err == nil && s != "order" {
			t.Errorf("%q is owned by %s", s, owner)
		}
	}
	if owner, err := commands.Owner(string(events.Stock("MAIN", "A-B"))); err != nil || owner != commands.Inventory {
		t.Errorf("stock is owned by %s, %v", owner, err)
	}
}
