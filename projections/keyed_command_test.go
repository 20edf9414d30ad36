package projections_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tillstream/events"
	. "tillstream/projections"
)

func TestAKeyedCommandSaysWhereItWasRecordedFirst(t *testing.T) {
	command := events.CommandID("staff:anna", "/Transfer", "k")
	under := func(id, request string, origin events.Origin, e events.Event) told {
		return told{e, func(m *events.Meta) { m.Command, m.Request, m.Origin = id, request, origin }}
	}
	out := events.StockTransferredOut{SKU: "LAMP", Warehouse: "MAIN", TransferID: "t", To: "NORTH", Quantity: 1}
	in := events.StockTransferredIn{SKU: "LAMP", Warehouse: "NORTH", TransferID: "t", From: "MAIN", Quantity: 1}
	log := history(under(command, "r1", events.FromAPI, out), under(events.FreshCommandID(), "r2", events.FromAPI, out),
		under(command, "r1", events.FromAPI, in), under(command, "r3", events.FromAPI, in),
		under(events.CommandID("import", "f", "1"), "r4", events.FromImport, out), under("by-hand", "r5", events.FromAPI, out))

	want := map[string]KeyedCommand{command: {Request: "r1", At: log[0].Rec,
		Recorded: []CommandRecorded{{log[0].Stream, 0}, {log[2].Stream, 0}}}}
	got := folded(KeyedCommands, log)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if from, found := got[command].In(log[2].Stream); from != 0 || !found {
		t.Errorf("%d, %v", from, found)
	}
	if _, found := got[command].In("stock-ELSEWHERE/LAMP"); found {
		t.Error("it is found where it was not recorded")
	}
}
