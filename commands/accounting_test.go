package commands_test

import (
	"testing"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

func note(past ...events.AccountingEvent) Given[aggregates.AccountingNote, events.AccountingEvent] {
	return History[aggregates.AccountingNote](past...)
}

func TestRecordAccountingNote(t *testing.T) {
	lines := []events.AccountingLine{{SKU: "B", Text: "Adjust bad debt", Amount: events.Money{Minor: -1106206, Currency: "GBP"}}}
	record := commands.RecordAccountingNote{NoteID: "n1", Number: "A563186", Country: "United Kingdom", Currency: "GBP", Lines: lines,
		Total: events.Money{Minor: -1106206, Currency: "GBP"}}
	recorded := events.AccountingNoteRecorded{NoteID: "n1", Number: "A563186", Country: "United Kingdom", Currency: "GBP", Lines: lines,
		Total: events.Money{Minor: -1106206, Currency: "GBP"}}

	note().Then(t, record, recorded)
	note(recorded).Rejects(t, record, "accounting_note_exists")

	wrongTotal, foreign, empty := record, record, record
	wrongTotal.Total.Minor++
	foreign.Currency, foreign.Total.Currency = "EUR", "EUR"
	empty.Lines = nil
	note().Rejects(t, wrongTotal, "totals_differ")
	note().Rejects(t, foreign, commands.InvalidReason)
	note().Rejects(t, empty, commands.InvalidReason)
}
