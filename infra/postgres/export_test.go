package postgres

import "context"

// AskToWrite writes by a connection of queries, if it can.
func (r *Rows[V]) AskToWrite(ctx context.Context) error {
	_, err := r.db.ask.Exec(ctx, "DELETE FROM "+r.table.quoted())
	return err
}

// SnapshotsMost is how many snapshots are kept.
const SnapshotsMost = snapshotsMost

// Prune drops what is beyond them now, instead of after some more savings.
func (s *Snapshots) Prune(ctx context.Context) error { return s.prune(ctx) }

// DoChores tries now what was left to be done, instead of a little later.
func (db *DB) DoChores(ctx context.Context) { db.chores.attempt(ctx) }

// CopyAll copies new rows of a batch however few they are.
func (r *Rows[V]) CopyAll() { r.copyLeast = 1 }
