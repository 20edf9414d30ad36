package onlineretail

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
)

// Asked is a command of an import and why it is asked. ID derives from what the file says, so that every run of an
// import asks the same commands under the same ids.
type Asked struct {
	ID        string
	Request   commands.Request
	At        time.Time // business time
	Causation string    // id of the fact that the command follows from
	Tolerates []string  // reasons of a refusal that say: it is so already
	Line      int       // of the file, for error messages; 0: none
}

// Outcome is what came of a command.
type Outcome struct {
	Facts     []events.Event
	Replayed  bool   // recorded by an earlier run
	Tolerated string // the reason of a refusal that was tolerated
}

// Desk is the command API of a running platform. Ask sends commands in order, those of one stream one after the other,
// and answers in that order; it fails on the first command that failed, or was refused for a reason it does not tolerate.
type Desk interface {
	Ask(ctx context.Context, importID string, asked []Asked) ([]Outcome, error)
}

// identity derives the ids of one import. What a document becomes is named by its number, whatever file it stands in;
// what depends on the file as a whole is named by its digest.
type identity struct {
	importID, digest, warehouse string
}

func newIdentity(digest, warehouse string) identity {
	return identity{events.CommandID(Source, "import", digest), digest, warehouse}
}

func commandID(kind, key string) string { return events.CommandID(Source, kind, key) }

func (i identity) ofFile(kind, key string) string { return commandID(kind, i.digest+"/"+key) }

// customerID, orderID, … name the things of a document.
func customerID(number string) string { return events.DerivedID(commandID("customer.open", number), 0) }

func placeID(document string) string { return commandID("order.place", document) }

func orderID(document string) string { return events.DerivedID(placeID(document), 0) }

func lineID(document string, ordinal int) string { return events.LineID(placeID(document), ordinal) }

func paymentID(document string) string { return events.DerivedID(placeID(document), 1) }

func shipmentID(document string) string { return events.DerivedID(placeID(document), 2) }

func fulfillmentID(document string) string { return events.DerivedID(placeID(document), 3) }

func lotID(document string) string { return events.DerivedID(placeID(document), 4) }

func creditNoteID(document string) string {
	return events.DerivedID(commandID("credit_note.issue", document), 0)
}

func noteID(document string) string {
	return events.DerivedID(commandID("accounting_note.record", document), 0)
}

func (a Asked) tolerates(reason string) bool { return slices.Contains(a.Tolerates, reason) }

// refused words a refusal for the operator.
func (a Asked) refused(r *commands.Rejection) error {
	where := ""
	if a.Line > 0 {
		where = fmt.Sprintf("line %d: ", a.Line)
	}
	return fmt.Errorf("%s%s on %s was refused: %s: %s; the import stops here and goes on from this day when it is run again", where, a.Request.Command.Name(), a.Request.Stream, r.Reason, r.Message)
}

// ask makes an Asked of a command named kind/key.
func ask[C commands.Command[S, E], S aggregates.State[S, E], E events.Event](id string, at time.Time, cause string, cmd C) Asked {
	return Asked{ID: id, Request: commands.Ask[S, E](cmd), At: at, Causation: cause}
}
