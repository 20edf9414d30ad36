package projections_test

import (
	"testing"
	"time"

	"tillstream/events"
	. "tillstream/projections"
)

var ada = events.CustomerOpened{CustomerID: "ada", Number: "17850", Name: sealed("ada"), Email: sealed("ada"), Address: sealed("ada"), Country: "France"}

func TestCustomers(t *testing.T) {
	var nothing *events.Sealed
	specify(t, Customers, []spec[Customer]{
		{name: "opens the account", key: "ada", when: ada,
			then: columns{"customer_id": "ada", "number": "17850", "name": sealed("ada"), "email": sealed("ada"),
				"address": sealed("ada"), "country": "France", "origin": "api", "opened_at": dawn}},
		{name: "replaces name, country and address, whole", key: "ada", given: []events.Event{ada},
			when: events.CustomerDescribed{CustomerID: "ada", Name: sealed("countess"), Country: "Spain"},
			then: columns{"name": sealed("countess"), "country": "Spain", "address": nothing}},
		{name: "leaves nothing personal", key: "ada", given: []events.Event{ada}, when: events.CustomerErased{CustomerID: "ada"},
			then: columns{"erased": true, "name": nothing, "email": nothing, "address": nothing}},
	})
}

func TestCustomerProfiles(t *testing.T) {
	first := minute(1)
	placed := events.OrderPlaced{OrderID: "o1", CustomerID: "ada", Currency: "GBP"}
	specify(t, CustomerProfiles, []spec[CustomerProfile]{
		{name: "opens the profile", key: "ada", when: ada,
			then: columns{"customer_id": "ada", "number": "17850", "country": "France", "origin": "api", "opened_at": dawn,
				"recorded_at": dawn.Add(time.Hour)}},
		{name: "moves", key: "ada", given: []events.Event{ada}, when: events.CustomerDescribed{CustomerID: "ada", Name: sealed("ada"), Country: "Spain"},
			then: columns{"country": "Spain"}},
		{name: "says so", key: "ada", given: []events.Event{ada}, when: events.CustomerErased{CustomerID: "ada"}, then: columns{"erased": true}},
		{name: "counts", key: "ada", given: []events.Event{ada}, when: placed,
			then: columns{"orders": 1, "first_order_at": &first, "last_order_at": &first}},
	})
}

func TestCreditNotes(t *testing.T) {
	specify(t, CreditNotes, []spec[CreditNote]{
		{name: "opens it", key: "c1", when: imported(creditNote),
			then: columns{"credit_note_id": "c1", "number": "C536379", "customer_id": "ada", "country": "Spain", "currency": "GBP",
				"total_minor": 655, "part_count": 2, "parts": creditNote.Parts, "origin": "import", "correlation": "import-1",
				"at": dawn, "recorded_at": dawn.Add(time.Hour)}},
		{name: "all that follows is recorded", key: "c1", given: []events.Event{creditNote},
			when: events.CreditNoteSettled{CreditNoteID: "c1"}, then: columns{"settled": true}},
	})
}

func TestImports(t *testing.T) {
	started := events.ImportStarted{ImportID: "i1", Source: "online-retail", Digest: "ab12", Rows: 100, Documents: 9}
	first := events.ImportDayClosed{ImportID: "i1", Day: "2010-12-01", Documents: 4}
	specify(t, Imports, []spec[Import]{
		{name: "opens it", key: "i1", when: started,
			then: columns{"import_id": "i1", "source": "online-retail", "digest": "ab12", "rows": 100, "documents": 9,
				"started_at": dawn.Add(time.Hour)}},
		{name: "counts the day", key: "i1", given: []events.Event{started, first},
			when: events.ImportDayClosed{ImportID: "i1", Day: "2010-12-02", Documents: 5},
			then: columns{"days_closed": 2, "imported": 9, "last_day": "2010-12-02"}},
		{name: "is done", key: "i1", given: []events.Event{started, first},
			when: events.ImportCompleted{ImportID: "i1", Refused: 3}, then: columns{"completed": true, "refused": 3}},
	})
}

func TestLoyaltyAccounts(t *testing.T) {
	lot := func(id string, points int64) events.PointsEarned {
		return events.PointsEarned{CustomerID: "ada", LotID: id, OrderID: "o-" + id, Points: points, Spent: pounds(100 * points),
			ActivatesAt: tomorrow, ExpiresAt: tomorrow.AddDate(1, 0, 0)}
	}
	kept := func(n int, id string, earned, left int64, active bool) LoyaltyLot {
		return LoyaltyLot{LotID: id, OrderID: "o-" + id, Earned: earned, Left: left, Active: active, EarnedAt: minute(n),
			ActivatesAt: tomorrow, ExpiresAt: tomorrow.AddDate(1, 0, 0)}
	}
	active := events.PointsActivated{CustomerID: "ada", LotID: "a", Points: 10}
	two := []events.Event{lot("a", 10), lot("b", 5), active}
	specify(t, LoyaltyAccounts, []spec[LoyaltyAccount]{
		{name: "is pending", key: "ada", when: lot("a", 10),
			then: columns{"customer_id": "ada", "pending": 10, "earned": 10, "lots": []LoyaltyLot{kept(0, "a", 10, 10, false)}}},
		{name: "can be burned", key: "ada", given: two[:2], when: active,
			then: columns{"active": 10, "pending": 5,
				"lots": []LoyaltyLot{kept(0, "a", 10, 10, true), kept(1, "b", 5, 5, false)}}},
		{name: "takes from its lots", key: "ada", given: two,
			when: events.PointsBurned{CustomerID: "ada", RedemptionID: "d1", Points: 4, Lots: []events.LotPoints{{LotID: "a", Points: 4}}},
			then: columns{"active": 6, "burned": 4, "lots": []LoyaltyLot{kept(0, "a", 10, 6, true), kept(1, "b", 5, 5, false)}}},
		{name: "drops the lot", key: "ada", given: two,
			when: events.PointsExpired{CustomerID: "ada", LotID: "a", Points: 10},
			then: columns{"active": 0, "expired": 10, "lots": []LoyaltyLot{kept(1, "b", 5, 5, false)}}},
		{name: "takes back, and says what it could not", key: "ada", given: two,
			when: events.PointsReversed{CustomerID: "ada", ReversalID: "v1", OrderID: "o-b", Points: 3, Short: 1,
				Lots: []events.LotPoints{{LotID: "b", Points: 3}}},
			then: columns{"pending": 2, "reversed": 3, "short": 1,
				"lots": []LoyaltyLot{kept(0, "a", 10, 10, true), kept(1, "b", 5, 2, false)}}},
	})
}
