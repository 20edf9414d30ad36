package proof

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"tillstream/events"
	"tillstream/infra/targets/tilltest"
	"tillstream/projections"
	"tillstream/projections/projectiontest"
)

// numbers are the columns of a report of sales, and of an event behind it.
func numbers(row object) map[string]float64 {
	found := map[string]float64{}
	for _, name := range []string{"gross", "cancelled", "returned", "credited", "accounting", "net"} {
		found[name] = row[name].(object)["minor"].(float64)
	}
	for _, name := range []string{"orders", "units", "units_sold", "units_cancelled", "units_returned", "units_credited"} {
		found[name] = row[name].(float64)
	}
	return found
}

// The promise of a number: whatever the sales of a real shop are grouped by, the events behind each row add up to it.
func TestEveryNumberOfARealShopIsTheSumOfItsEvents(t *testing.T) {
	till := tilltest.Start(t, dataDir(t, "data"))
	sample := days(2)
	if testing.Short() {
		sample = 1
	}
	imports(t, till, 0, excerpt(t, sample))
	awaitViews(t, till)
	for _, report := range []string{"", "?group_by=day,country&tz=Europe/London", "?group_by=month,kind", "?group_by=year,warehouse",
		"?group_by=sku&country=Germany", "?group_by=customer_id&to=2010-12-02T12:00:00Z", "?group_by=kind,country&as_of=2010-12-01"} {
		rows := must(t, till, http.MethodGet, "/v1/analytics/sales"+report, nil, nil).json["items"].([]any)
		if len(rows) == 0 {
			t.Errorf("sales%s has no rows", report)
		}
		for _, row := range rows {
			isTheSumOfItsEvents(t, till, row.(object))
		}
	}
	stockIsTheSumOfItsFacts(t, till)
}

func isTheSumOfItsEvents(t *testing.T, till *tilltest.Till, row object) {
	t.Helper()
	way, sums, cursor, seen := row["events"].(string), map[string]float64{}, "", map[string]bool{}
	for more := true; more; more = cursor != "" {
		page := must(t, till, http.MethodGet, way+"&limit=200&cursor="+cursor, nil, nil).json
		for _, item := range page["items"].([]any) {
			e := item.(object)
			if id := e["event_id"].(string); seen[id] || e["stream"] == "" {
				t.Errorf("%s is told twice, or without its stream: %v", id, e)
			} else {
				seen[id] = true
			}
			for name, n := range numbers(e) {
				sums[name] += n
			}
		}
		cursor = page["next_cursor"].(string)
	}
	if want := numbers(row); !maps.Equal(sums, want) {
		t.Errorf("%d events of %s come to %v, the row says %v", len(seen), way, sums, want)
	}
}

// stockIsTheSumOfItsFacts compares stock of some times with the fold of what was so and known then.
func stockIsTheSumOfItsFacts(t *testing.T, till *tilltest.Till) {
	t.Helper()
	log := facts(t, openLog(t, till))
	for _, at := range []struct{ asOf, knownAt time.Time }{
		{asOf: time.Date(2010, 12, 1, 12, 0, 0, 0, time.UTC)},
		{asOf: time.Date(2010, 12, 2, 9, 30, 0, 0, time.UTC), knownAt: log[2*len(log)/3].Rec},
		{knownAt: log[len(log)/2].Rec},
		{knownAt: log[len(log)-1].Rec},
	} {
		then := slices.DeleteFunc(slices.Clone(log), func(r events.Recorded) bool {
			return !at.asOf.IsZero() && r.At.After(at.asOf) || !at.knownAt.IsZero() && r.Rec.After(at.knownAt)
		})
		want := projectiontest.Folded(projections.StockLevels, then)
		query := url.Values{"limit": {"500"}}
		if !at.asOf.IsZero() {
			query.Set("as_of", at.asOf.Format(time.RFC3339Nano))
		}
		if !at.knownAt.IsZero() {
			query.Set("known_at", at.knownAt.Format(time.RFC3339Nano))
		}
		n := 0
		for cursor, more := "", true; more; more = cursor != "" {
			query.Set("cursor", cursor)
			page := must(t, till, http.MethodGet, "/v1/stock?"+query.Encode(), nil, nil).json
			for _, item := range page["items"].([]any) {
				n++
				l := item.(object)
				w := want[projections.StockKey(l["warehouse"].(string), l["sku"].(string))].Value
				if got := fmt.Sprint(l["on_hand"], l["reserved"]); got != fmt.Sprint(float64(w.OnHand), float64(w.Reserved)) {
					t.Errorf("of %v the stock of %v was %s, the facts come to %d and %d", query, l["sku"], got, w.OnHand, w.Reserved)
				}
			}
			cursor = page["next_cursor"].(string)
		}
		if n != len(want) || n == 0 {
			t.Errorf("of %v %d stock items are told, facts have %d", query, n, len(want))
		}
	}
}
