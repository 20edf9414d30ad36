package postgres

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"tillstream/events"
	"tillstream/projections"
)

// blanks are rows of the opened table, and whether any column of them is blank.
type blanks struct {
	*arrays
	any bool
}

// openedOf opens what has to be searched by plain text. It fails when the opener cannot tell.
func (r *Rows[V]) openedOf(ctx context.Context, keys []string, docs map[string]projections.Doc[V]) ([]*blanks, error) {
	if len(r.table.opened) == 0 {
		return nil, nil
	}
	var all []*blanks
	for _, key := range keys {
		if n := len(all); n == 0 || all[n-1].full() {
			all = append(all, &blanks{arrays: newArrays(r.table.openedOIDs())})
		}
		doc := docs[key]
		if err := r.open(ctx, all[len(all)-1], key, reflect.ValueOf(doc.Value), projections.IsGone(doc.Value)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (r *Rows[V]) open(ctx context.Context, to *blanks, key string, value reflect.Value, gone bool) (err error) {
	if to.columns[0], err = appendString(to.columns[0], key); err != nil {
		return &projections.DataError{Key: key, Err: err}
	}
	for i, f := range r.table.opened {
		plain := ""
		if sealed := value.Field(f.Field).Interface().(*events.Sealed); sealed != nil && !gone {
			plain, err = r.opener.Open(ctx, *sealed, f.Opens)
			if err != nil && !errors.Is(err, events.ErrForgotten) {
				return fmt.Errorf("open %s of key %q: %w", f.Name, key, err)
			}
			if err != nil {
				plain = ""
			}
		}
		to.any = to.any || plain == ""
		if to.columns[i+1], err = appendString(to.columns[i+1], plain); err != nil {
			return &projections.DataError{Key: key, Column: f.Name, Err: err}
		}
	}
	to.rows++
	return nil
}

func (t table) openedOIDs() []uint32 { return slices.Repeat([]uint32{pgtype.TextOID}, 1+len(t.opened)) }

// saveOpened adds the rows of the opened table to a transaction; where they blank plain text, that is noted with them.
func (r *Rows[V]) saveOpened(tx *transaction, o *blanks) error {
	if o.any {
		tx.blanking = append(tx.blanking, tx.sent)
		if err := tx.arrays(r.table.name+" blanks", r.noteBlanked, o.arrays); err != nil {
			return err
		}
	}
	return tx.arrays(r.table.name+" opened", r.table.upsertOpened, o.arrays)
}

func (t table) upsertOpened() string {
	columns, parameters, set := []string{"key"}, []string{"$1::text[]"}, []string{}
	for i, f := range t.opened {
		columns = append(columns, quoted(f.Name))
		parameters = append(parameters, fmt.Sprintf("$%d::text[]", i+2))
		set = append(set, fmt.Sprintf("%[1]s = excluded.%[1]s", quoted(f.Name)))
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT * FROM unnest(%s) ON CONFLICT (key) DO UPDATE SET %s",
		t.quotedOpened(), strings.Join(columns, ", "), strings.Join(parameters, ", "), strings.Join(set, ", "))
}

// noteBlanked counts up where a row that has plain text is about to lose some of it.
func (r *Rows[V]) noteBlanked() string {
	parameters, names, loses := []string{"$1::text[]"}, []string{"key"}, []string{}
	for i, f := range r.table.opened {
		parameters = append(parameters, fmt.Sprintf("$%d::text[]", i+2))
		names = append(names, quoted(f.Name))
		loses = append(loses, fmt.Sprintf("o.%[1]s <> '' AND n.%[1]s = ''", quoted(f.Name)))
	}
	return fmt.Sprintf(`UPDATE tillstream.generations SET blanked = blanked + 1 WHERE id = %d AND EXISTS (
		SELECT FROM %s o JOIN unnest(%s) n (%s) ON o.key = n.key WHERE %s)`,
		r.generation.ID, r.table.quotedOpened(), strings.Join(parameters, ", "), strings.Join(names, ", "), strings.Join(loses, " OR "))
}
