package commands

import (
	"time"

	"tillstream/aggregates"
	"tillstream/events"
)

// StartImport opens the import of a file, named by its source and the digest of what it says.
type StartImport struct {
	ImportID  string `json:"import_id"`
	Source    string `json:"source"`
	Digest    string `json:"digest"`
	Rows      int64  `json:"rows"`
	Documents int64  `json:"documents"`
}

// CloseImportDay says every document of a business day is recorded.
type CloseImportDay struct {
	ImportID  string `json:"import_id"`
	Day       string `json:"day"` // YYYY-MM-DD where the shop is
	Documents int64  `json:"documents"`
}

// CompleteImport says every row of the file is recorded or refused.
type CompleteImport struct {
	ImportID string `json:"import_id"`
	Refused  int64  `json:"refused"`
}

// Name implements Command.
func (StartImport) Name() string    { return "import.start" }
func (CloseImportDay) Name() string { return "import.close_day" }
func (CompleteImport) Name() string { return "import.complete" }

// Stream implements Command.
func (c StartImport) Stream() events.Stream[events.ImportEvent]    { return events.Import(c.ImportID) }
func (c CloseImportDay) Stream() events.Stream[events.ImportEvent] { return events.Import(c.ImportID) }
func (c CompleteImport) Stream() events.Stream[events.ImportEvent] { return events.Import(c.ImportID) }

// Decide implements Command.
func (c StartImport) Decide(i aggregates.Import) ([]events.ImportEvent, error) {
	err := check(checkID("import_id", c.ImportID), checkName("source", c.Source, nameMax), checkID("digest", c.Digest),
		checkNumber("rows", c.Rows), checkNumber("documents", c.Documents))
	started := events.ImportStarted{ImportID: c.ImportID, Source: c.Source, Digest: c.Digest, Rows: c.Rows, Documents: c.Documents}
	switch {
	case err != nil:
		return nil, err
	case i.Started == nil:
		return []events.ImportEvent{started}, nil
	case *i.Started != started:
		return nil, reject("import_exists", "import %s is of another file: a file is named by its source and digest", c.ImportID)
	}
	return nil, nil
}

// Decide implements Command.
func (c CloseImportDay) Decide(i aggregates.Import) ([]events.ImportEvent, error) {
	err := check(checkID("import_id", c.ImportID), checkDay(c.Day), checkNumber("documents", c.Documents), started(i, c.ImportID))
	if err != nil {
		return nil, err
	}
	documents, closed := i.Days[c.Day]
	switch {
	case closed && documents == c.Documents:
		return nil, nil
	case closed:
		return nil, reject("import_day_closed", "%s of import %s was closed with %d documents, not %d: read the same file", c.Day,
			c.ImportID, documents, c.Documents)
	case i.Completed != nil:
		return nil, reject("import_completed", "import %s is complete: another day belongs to another file", c.ImportID)
	}
	return []events.ImportEvent{events.ImportDayClosed{ImportID: c.ImportID, Day: c.Day, Documents: c.Documents}}, nil
}

// Decide implements Command.
func (c CompleteImport) Decide(i aggregates.Import) ([]events.ImportEvent, error) {
	err := check(checkID("import_id", c.ImportID), checkNumber("refused", c.Refused), started(i, c.ImportID))
	completed := events.ImportCompleted{ImportID: c.ImportID, Refused: c.Refused}
	switch {
	case err != nil:
		return nil, err
	case i.Completed == nil:
		return []events.ImportEvent{completed}, nil
	case *i.Completed != completed:
		return nil, reject("import_completed", "import %s was completed with %d rows refused, not %d: read the same file", c.ImportID,
			i.Completed.Refused, c.Refused)
	}
	return nil, nil
}

func started(i aggregates.Import, id string) *Rejection {
	if i.Started == nil {
		return reject("import_unknown", "import %s was never started: start it first", id)
	}
	return nil
}

func checkNumber(field string, n int64) *Rejection {
	if n < 0 {
		return invalid(field, "is %d, it must not be negative", n)
	}
	return nil
}

func checkDay(day string) *Rejection {
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return invalid("day", "is %q, it must be a day such as 2010-12-01", day)
	}
	return nil
}

func offerImport(c *Codec) {
	Offer[StartImport](c)
	Offer[CloseImportDay](c)
	Offer[CompleteImport](c)
}
