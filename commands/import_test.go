package commands_test

import (
	"strings"
	"testing"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

var (
	importStarted   = events.ImportStarted{ImportID: "i1", Source: "online-retail", Digest: "d1", Rows: 100, Documents: 7}
	firstDayClosed  = events.ImportDayClosed{ImportID: "i1", Day: "2010-12-01", Documents: 3}
	importCompleted = events.ImportCompleted{ImportID: "i1", Refused: 2}

	startImport = commands.StartImport{ImportID: "i1", Source: "online-retail", Digest: "d1", Rows: 100, Documents: 7}
	closeFirst  = commands.CloseImportDay{ImportID: "i1", Day: "2010-12-01", Documents: 3}
	complete    = commands.CompleteImport{ImportID: "i1", Refused: 2}
)

func imported(past ...events.ImportEvent) Given[aggregates.Import, events.ImportEvent] {
	return History[aggregates.Import](past...)
}

func TestStartImport(t *testing.T) {
	imported().Then(t, startImport, importStarted)
	imported(importStarted).ThenNothing(t, startImport)
	imported(importStarted, firstDayClosed, importCompleted).ThenNothing(t, startImport)

	other := startImport
	other.Digest = "d2"
	imported(importStarted).Rejects(t, other, "import_exists")
	for field, broken := range map[string]commands.StartImport{
		"import_id": {Source: "s", Digest: "d"},
		"source":    {ImportID: "i1", Digest: "d"},
		"digest":    {ImportID: "i1", Source: "s", Digest: strings.Repeat("d", 65)},
		"rows":      {ImportID: "i1", Source: "s", Digest: "d", Rows: -1},
		"documents": {ImportID: "i1", Source: "s", Digest: "d", Documents: -1},
	} {
		refusesField(t, imported(), broken, field)
	}
}

func TestCloseImportDay(t *testing.T) {
	imported(importStarted).Then(t, closeFirst, firstDayClosed)
	imported(importStarted, firstDayClosed).ThenNothing(t, closeFirst)
	imported(importStarted, firstDayClosed, importCompleted).ThenNothing(t, closeFirst)

	imported().Rejects(t, closeFirst, "import_unknown")
	imported(importStarted, firstDayClosed).Rejects(t, commands.CloseImportDay{ImportID: "i1", Day: "2010-12-01", Documents: 4}, "import_day_closed")
	imported(importStarted, importCompleted).Rejects(t, closeFirst, "import_completed")
	refusesField(t, imported(importStarted), commands.CloseImportDay{ImportID: "i1", Day: "2010-02-30"}, "day")
	refusesField(t, imported(importStarted), commands.CloseImportDay{ImportID: "i1", Day: "2010-12-01", Documents: -1}, "documents")
	refusesField(t, imported(), commands.CloseImportDay{Day: "2010-12-01"}, "import_id")
}

func TestCompleteImport(t *testing.T) {
	imported(importStarted, firstDayClosed).Then(t, complete, importCompleted)
	imported(importStarted, importCompleted).ThenNothing(t, complete)

	imported().Rejects(t, complete, "import_unknown")
	imported(importStarted, importCompleted).Rejects(t, commands.CompleteImport{ImportID: "i1", Refused: 3}, "import_completed")
	refusesField(t, imported(importStarted), commands.CompleteImport{ImportID: "i1", Refused: -1}, "refused")
	refusesField(t, imported(), commands.CompleteImport{}, "import_id")
}
