package proof

import (
	"strings"
	"testing"

	"tillstream/infra/targets/tilltest"
)

// A foreign client, or a newer release that ran here before, wrote a type that this one does not know.
func TestALogNewerThanTheReleaseStopsItsViewsAndIsSaid(t *testing.T) {
	till := tilltest.Start(t, dataDir(t, "data"))
	must(t, till, "POST", "/v1/products", nil, object{"sku": "LAMP", "name": "Lamp", "kind": "goods"})
	awaitViews(t, till)
	foreign(t, till).append(t, "future-1", "future.came", "{}")

	said := ""
	for !strings.Contains(said, "newer than this binary") {
		said = call(t, till, "GET", "/readyz", nil, nil).text
		if t.Context().Err() != nil {
			t.Fatalf("it says %s", said)
		}
	}
	if !strings.Contains(said, "future.came") {
		t.Errorf("it does not say which type it does not know: %s", said)
	}
	r := tilltest.Run(t.Context(), t, "replay", "apply", "products", "--data", till.Data)
	if r.Code != 1 || !strings.Contains(r.Err, "newer than this binary") || !strings.Contains(r.Err, "future.came") {
		t.Errorf("a rebuild ended with %d and said %s", r.Code, r.Err)
	}
	if p := must(t, till, "GET", "/v1/products/LAMP", nil, nil); p.json["name"] != "Lamp" {
		t.Errorf("what was known is answered with %s", p.text)
	}
}
