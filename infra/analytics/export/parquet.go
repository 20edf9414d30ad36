package export

import (
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"
)

const (
	// groupRows is how many rows a row group has: it is in memory, compressed, until it is written.
	groupRows = 64 << 10
	// batchRows is how many rows are handed to the columns at once.
	batchRows = 1024
)

// parquetFile writes Parquet: text as UTF-8 with a dictionary, but for ids, which rarely repeat; whole numbers of 64 and
// 32 bits; instants as microseconds in UTC; days as days. Columns are in the order of the table and, but for those that
// may be null, required. Pages are compressed with Zstandard.
type parquetFile struct {
	out     *parquet.GenericWriter[any]
	columns []column
	rows    []parquet.Row // the first used are waiting
	used    int
	arena   []byte // text of the rows that are waiting
}

func newParquet(table string, columns []column, to io.Writer, facts map[string]string) *parquetFile {
	group := ordered{Group: parquet.Group{}}
	for _, c := range columns {
		group.names = append(group.names, c.name)
		group.Group[c.name] = c.node()
	}
	options := []parquet.WriterOption{parquet.NewSchema(table, group), parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(groupRows),
		parquet.CreatedBy("till", "", "")}
	for name, said := range facts {
		options = append(options, parquet.KeyValueMetadata(name, said))
	}
	f := &parquetFile{out: parquet.NewGenericWriter[any](to, options...), columns: columns, rows: make([]parquet.Row, batchRows)}
	for i := range f.rows {
		f.rows[i] = make(parquet.Row, len(columns))
	}
	return f
}

// ordered is a group whose fields keep the order of the table; that of the library has them by name.
type ordered struct {
	parquet.Group
	names []string
}

// Fields implements parquet.Node.
func (o ordered) Fields() []parquet.Field {
	byName := map[string]parquet.Field{}
	for _, f := range o.Group.Fields() {
		byName[f.Name()] = f
	}
	fields := make([]parquet.Field, len(o.names))
	for i, name := range o.names {
		fields[i] = byName[name]
	}
	return fields
}

func (c column) node() parquet.Node {
	var n parquet.Node
	switch c.kind {
	case truth:
		n = parquet.Leaf(parquet.BooleanType)
	case whole:
		n = parquet.Encoded(parquet.Int(64), &parquet.DeltaBinaryPacked)
	case small:
		n = parquet.Encoded(parquet.Int(32), &parquet.DeltaBinaryPacked)
	case instant:
		n = parquet.Encoded(parquet.Timestamp(parquet.Microsecond), &parquet.DeltaBinaryPacked)
	case day:
		n = parquet.Encoded(parquet.Date(), &parquet.DeltaBinaryPacked)
	case text:
		n = parquet.String()
		if !strings.HasSuffix(c.name, "_id") {
			n = parquet.Encoded(n, &parquet.RLEDictionary)
		}
	}
	if c.nullable {
		n = parquet.Optional(n)
	}
	return n
}

func (f *parquetFile) write(row []value) error {
	into := f.rows[f.used]
	for i, v := range row {
		into[i] = f.cell(i, v)
	}
	if f.used++; f.used == batchRows {
		return f.flush()
	}
	return nil
}

func (f *parquetFile) cell(i int, v value) parquet.Value {
	c := f.columns[i]
	var cell parquet.Value
	switch {
	case v.null:
		return parquet.NullValue().Level(0, 0, i)
	case c.kind == text:
		from := len(f.arena)
		f.arena = append(f.arena, v.text...) // a larger arena leaves what points into the smaller one alone
		cell = parquet.ByteArrayValue(f.arena[from:])
	case c.kind == truth:
		cell = parquet.BooleanValue(v.number != 0)
	case c.kind == small || c.kind == day:
		cell = parquet.Int32Value(int32(v.number))
	default:
		cell = parquet.Int64Value(v.number)
	}
	if c.nullable {
		return cell.Level(0, 1, i)
	}
	return cell.Level(0, 0, i)
}

func (f *parquetFile) flush() error {
	_, err := f.out.WriteRows(f.rows[:f.used])
	f.used, f.arena = 0, f.arena[:0]
	return err
}

func (f *parquetFile) end() error {
	if err := f.flush(); err != nil {
		return err
	}
	return f.out.Close()
}
