package projections

import (
	"time"

	"tillstream/events"
)

// Import answers how far the import of a file has come.
type Import struct {
	ImportID   string
	Source     string    `col:",index"` // which importer and books
	Digest     string    `col:",index"` // SHA-256 of what the file says
	Rows       int64     // of the file
	Documents  int64     // of the file
	DaysClosed int64     // business days of which every document is recorded
	Imported   int64     // documents of the closed days
	LastDay    string    // YYYY-MM-DD: the latest day closed; empty before the first
	Completed  bool      // every row is recorded or refused
	Refused    int64     // rows, once completed
	StartedAt  time.Time // record time
	ChangedAt  time.Time // record time of the latest fact
}

// Imports holds one import per id.
var Imports = Define("imports", 1,
	On(func(e events.ImportStarted) []string { return []string{e.ImportID} }, Import.started),
	On(func(e events.ImportDayClosed) []string { return []string{e.ImportID} }, Import.dayClosed),
	On(func(e events.ImportCompleted) []string { return []string{e.ImportID} }, Import.completed),
)

func (Import) started(_ string, f Fact[events.ImportStarted]) Import {
	e := f.Event
	return Import{ImportID: e.ImportID, Source: e.Source, Digest: e.Digest, Rows: e.Rows, Documents: e.Documents,
		StartedAt: f.Rec, ChangedAt: f.Rec}
}

func (i Import) dayClosed(_ string, f Fact[events.ImportDayClosed]) Import {
	i.DaysClosed++
	i.Imported += f.Event.Documents
	i.LastDay, i.ChangedAt = max(i.LastDay, f.Event.Day), f.Rec
	return i
}

func (i Import) completed(_ string, f Fact[events.ImportCompleted]) Import {
	i.Completed, i.Refused, i.ChangedAt = true, f.Event.Refused, f.Rec
	return i
}
