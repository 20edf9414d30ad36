package events

import "fmt"

// ImportEvent is the closed set of facts about the import of one file.
//
//sumtype:decl
type ImportEvent interface {
	Event
	importEvent()
}

// ImportStarted opens the import of a file, named by its source and the SHA-256 of what it says.
type ImportStarted struct {
	ImportID  string `json:"import_id"`
	Source    string `json:"source"`
	Digest    string `json:"digest"`
	Rows      int64  `json:"rows"`
	Documents int64  `json:"documents"`
}

// ImportDayClosed says every document of a business day is recorded: a later run starts with the day after.
type ImportDayClosed struct {
	ImportID  string `json:"import_id"`
	Day       string `json:"day"` // YYYY-MM-DD where the shop is
	Documents int64  `json:"documents"`
}

// ImportCompleted says every row of the file is recorded or refused.
type ImportCompleted struct {
	ImportID string `json:"import_id"`
	Refused  int64  `json:"refused"`
}

func (ImportStarted) Type() string   { return "import.started" }
func (ImportDayClosed) Type() string { return "import.day_closed" }
func (ImportCompleted) Type() string { return "import.completed" }

func (ImportStarted) importEvent()   {}
func (ImportDayClosed) importEvent() {}
func (ImportCompleted) importEvent() {}

// Import is the stream of the import of one file.
func Import(id string) Stream[ImportEvent] { return Stream[ImportEvent]("import-" + id) }

// Sentence says the fact in plain words.
func (e ImportStarted) Sentence() string {
	return fmt.Sprintf("The import of %s began: %s, %s", e.Source, count(e.Documents, "document", "documents"), count(e.Rows, "row", "rows"))
}

// Sentence says the fact in plain words.
func (e ImportDayClosed) Sentence() string {
	return fmt.Sprintf("The import recorded every document of %s: %d", e.Day, e.Documents)
}

// Sentence says the fact in plain words.
func (e ImportCompleted) Sentence() string {
	return fmt.Sprintf("The import is complete, %s refused", count(e.Refused, "row", "rows"))
}

func admitImport(c *Codec) {
	Current[ImportStarted](c)
	Current[ImportDayClosed](c)
	Current[ImportCompleted](c)
}
