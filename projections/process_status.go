package projections

import "time"

// ProcessStatus answers what one run of a business process waits for, since when, and what becomes of it when that does
// not come.
type ProcessStatus struct {
	Process   string     `col:",index"` // its name, such as fulfilment
	Subject   string     `col:",index"` // what it is about: an order's id, as a rule
	State     string     `col:",index"` // waiting or done
	WaitsFor  string     // the fact it waits for, in plain words; empty once it is done
	Since     time.Time  // when it began to wait, or was done
	Until     *time.Time `col:",index"` // when it goes on without that fact; null: never
	Step      string     // the command it sent last; empty: none yet
	Attempts  int64      // how often that was sent
	Refusal   string     // the reason for which it was refused last; empty: it was not
	ChangedAt time.Time
}

// ProcessStatuses holds one row per run, under <process>/<subject>. There is no process yet, hence nothing to hear.
var ProcessStatuses = Define[ProcessStatus]("process_status", 1)
