package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tillstream/events"
	"tillstream/projections"
)

// parkedRow is a parked key as the database takes it. Bytes are in hex: a key may hold what text cannot.
type parkedRow struct {
	ID      string    `json:"id"`
	Key     string    `json:"key"`
	Cause   string    `json:"cause"`
	Follows string    `json:"follows"`
	Failed  int64     `json:"failed"`
	Wire    string    `json:"wire"`
	Error   string    `json:"error"`
	Stack   string    `json:"stack"`
	Since   time.Time `json:"since"`
	Tries   int       `json:"tries"`
}

type rememberedRow struct {
	ID        string  `json:"id"`
	Positions []int64 `json:"positions"`
}

type operationRow struct {
	Key     string    `json:"key"`
	What    string    `json:"what"`
	Kind    string    `json:"kind"`
	Actor   string    `json:"actor"`
	Why     string    `json:"why"`
	At      time.Time `json:"at"`
	Facts   int       `json:"facts"`
	Outcome string    `json:"outcome"`
}

// parkedID names a key of any length in an index.
func parkedID(key string) []byte {
	id := sha256.Sum256([]byte(key))
	return id[:]
}

// withoutNUL is text as the database takes it.
func withoutNUL(text string) string { return strings.ReplaceAll(text, "\x00", "\uFFFD") }

const (
	releaseParked = `DELETE FROM tillstream.parked WHERE generation = %d
		AND id IN (SELECT decode(r.hex, 'hex') FROM json_array_elements_text($1::json) AS r (hex))`
	insertParked = `INSERT INTO tillstream.parked (generation, id, key, cause, follows, failed, wire, error, stack, since, tries)
		SELECT %d, decode(id, 'hex'), decode(key, 'hex'), cause, decode(follows, 'hex'), failed, wire, error, stack, since, tries
		FROM json_to_recordset($1::json) AS r (id text, key text, cause text, follows text, failed bigint, wire text, error text, stack text,
			since timestamptz, tries integer)
		ON CONFLICT (generation, id) DO UPDATE SET cause = excluded.cause, follows = excluded.follows, failed = excluded.failed,
			wire = excluded.wire, error = excluded.error, stack = excluded.stack, since = excluded.since, tries = excluded.tries`
	insertRemembered = `INSERT INTO tillstream.parked_facts (generation, id, position)
		SELECT %d, decode(id, 'hex'), unnest(positions) FROM json_to_recordset($1::json) AS r (id text, positions bigint[])`
	insertOperation = `INSERT INTO tillstream.parked_operations (generation, key, what, kind, actor, why, at, facts, outcome)
		SELECT %d, decode(key, 'hex'), what, kind, actor, why, at, facts, outcome
		FROM json_to_recordset($1::json) AS r (key text, what text, kind text, actor text, why text, at timestamptz, facts integer, outcome text)`
	pruneOperations = `DELETE FROM tillstream.parked_operations WHERE generation = %[1]d AND id <= (
		SELECT id FROM tillstream.parked_operations WHERE generation = %[1]d ORDER BY id DESC OFFSET $1::json::text::integer LIMIT 1)`
)

// savePark adds what a batch parks to its transaction.
func (r *Rows[V]) savePark(tx *transaction, change projections.Parked) error {
	if len(change.Released) > 0 {
		ids := make([]string, len(change.Released))
		for i, key := range change.Released {
			ids[i] = hex.EncodeToString(parkedID(key))
		}
		if err := r.addJSON(tx, releaseParked, ids); err != nil {
			return err
		}
	}
	if len(change.Parked) > 0 {
		rows := make([]parkedRow, len(change.Parked))
		for i, k := range change.Parked {
			rows[i] = parkedRow{hex.EncodeToString(parkedID(k.Key)), hex.EncodeToString([]byte(k.Key)), string(k.Cause), hex.EncodeToString([]byte(k.Follows)),
				int64(k.Failed), withoutNUL(k.Wire), withoutNUL(k.Error), withoutNUL(k.Stack), k.Since, k.Tries}
		}
		if err := r.addJSON(tx, insertParked, rows); err != nil {
			return err
		}
	}
	if len(change.Remembered) > 0 {
		var rows []rememberedRow
		for _, key := range slices.Sorted(maps.Keys(change.Remembered)) {
			row := rememberedRow{ID: hex.EncodeToString(parkedID(key))}
			for _, at := range change.Remembered[key] {
				row.Positions = append(row.Positions, int64(at))
			}
			rows = append(rows, row)
		}
		if err := r.addJSON(tx, insertRemembered, rows); err != nil {
			return err
		}
	}
	if o := change.Done; o != nil {
		row := operationRow{hex.EncodeToString([]byte(o.Key)), o.What, o.Actor.Kind, o.Actor.ID, withoutNUL(o.Why), o.At, o.Facts, withoutNUL(o.Outcome)}
		if err := r.addJSON(tx, insertOperation, []operationRow{row}); err != nil {
			return err
		}
		return r.addJSON(tx, pruneOperations, projections.OperationsMost)
	}
	return nil
}

// addJSON adds a statement on this generation, of one parameter in JSON: these are few, and seldom.
func (r *Rows[V]) addJSON(tx *transaction, sql string, parameter any) error {
	text, err := json.Marshal(parameter)
	if err != nil {
		return err
	}
	tx.batch.ExecParams(fmt.Sprintf(sql, r.generation.ID), [][]byte{text}, nil, nil, nil)
	tx.sent++
	return nil
}

// Parked lists parked keys in the order of their bytes, from a key on.
func (r *Rows[V]) Parked(ctx context.Context, from string, limit int) (list []projections.ParkedKey, err error) {
	err = reading(ctx, r.db.ask, func() error {
		rows, err := r.db.ask.Query(ctx, `SELECT key, cause, follows, failed, wire, error, stack, since, tries,
				(SELECT count(*) FROM tillstream.parked_facts f WHERE f.generation = p.generation AND f.id = p.id)
			FROM tillstream.parked p WHERE generation = $1 AND key >= $2 ORDER BY key LIMIT $3`, r.generation.ID, []byte(from), limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (k projections.ParkedKey, err error) {
			var key, follows []byte
			var failed int64
			err = row.Scan(&key, &k.Cause, &follows, &failed, &k.Wire, &k.Error, &k.Stack, &k.Since, &k.Tries, &k.Facts)
			k.Key, k.Follows, k.Failed, k.Since = string(key), string(follows), events.Position(failed), k.Since.UTC()
			return k, err
		})
		return err
	})
	return list, err
}

// Remembered lists the positions that a parked key remembers after one.
func (r *Rows[V]) Remembered(ctx context.Context, key string, after events.Position, limit int) (list []events.Position, err error) {
	err = reading(ctx, r.db.ask, func() error {
		rows, err := r.db.ask.Query(ctx, `SELECT position FROM tillstream.parked_facts WHERE generation = $1 AND id = $2 AND position > $3
			ORDER BY position LIMIT $4`, r.generation.ID, parkedID(key), int64(after), limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (events.Position, error) {
			var at int64
			err := row.Scan(&at)
			return events.Position(at), err
		})
		return err
	})
	return list, err
}

// Operations lists what operators did last, the newest first.
func (r *Rows[V]) Operations(ctx context.Context, limit int) (list []projections.Operation, err error) {
	err = reading(ctx, r.db.ask, func() error {
		rows, err := r.db.ask.Query(ctx, `SELECT key, what, kind, actor, why, at, facts, outcome FROM tillstream.parked_operations
			WHERE generation = $1 ORDER BY id DESC LIMIT $2`, r.generation.ID, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (o projections.Operation, err error) {
			var key []byte
			err = row.Scan(&key, &o.What, &o.Actor.Kind, &o.Actor.ID, &o.Why, &o.At, &o.Facts, &o.Outcome)
			o.Key, o.At = string(key), o.At.UTC()
			return o, err
		})
		return err
	})
	return list, err
}
