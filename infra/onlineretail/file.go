package onlineretail

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the shop's calendar, on machines that have none
)

// rowsMax bounds what one import holds in memory; the whole data set has 541,909 rows.
const rowsMax = 1_000_000

// recordMax bounds a row, in bytes: far more than all its fields may have.
const recordMax = 1 << 20

// faultsMax is how many bad lines a refused file is told of at most.
const faultsMax = 20

// File is what a file says: every row of it, in order.
type File struct {
	Digest string // SHA-256 of what its rows say, hexadecimal: the same however the file is packed, marked and broken into lines
	Rows   []Row
}

// MalformedError says which lines of a file cannot be read. Such a file is refused whole: nothing of it is recorded.
type MalformedError struct {
	Faults []string // "line 17: …", at most faultsMax
	More   int      // further bad lines
}

func (e *MalformedError) Error() string {
	text := "the file is refused whole, nothing of it was recorded; mend these lines and run it again:\n  " + strings.Join(e.Faults, "\n  ")
	if e.More > 0 {
		text += fmt.Sprintf("\n  and %d more", e.More)
	}
	return text
}

func (e *MalformedError) note(line int, err error) {
	if len(e.Faults) == faultsMax {
		e.More++
		return
	}
	e.Faults = append(e.Faults, fmt.Sprintf("line %d: %v", line, err))
}

// Read reads a file, plain or gzip (by its first bytes, whatever its name; several members are one file), with or
// without a byte order mark, with LF or CRLF, with or without an end of its last line; empty lines say nothing. Anything
// it cannot read to the end and to the letter refuses the file, with a *MalformedError where lines can be named; a file
// without a row is refused too.
func Read(r io.Reader) (*File, error) {
	zone, err := time.LoadLocation(Zone)
	if err != nil {
		return nil, err
	}
	plain, err := decompress(r)
	if err != nil {
		return nil, err
	}
	digest := sha256.New()
	rows, err := readRows(plain, digest, zone)
	if err != nil {
		return nil, err
	}
	return &File{Digest: hex.EncodeToString(digest.Sum(nil)), Rows: rows}, nil
}

func decompress(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	if magic, _ := b.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return b, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, fmt.Errorf("the file is not readable gzip: %w", err)
	}
	return z, nil
}

func readRows(r io.Reader, digest hash.Hash, zone *time.Location) ([]Row, error) {
	limited := &recordLimit{from: r}
	b := bufio.NewReader(limited)
	if mark, _ := b.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		if _, err := b.Discard(3); err != nil {
			return nil, err
		}
	}
	c := csv.NewReader(b)
	c.ReuseRecord = true
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty: its first line names the columns " + strings.Join(columns, ", "))
	}
	if err != nil {
		return nil, unreadable(err, 0)
	}
	place, err := places(header)
	if err != nil {
		return nil, err
	}
	var rows []Row
	var malformed MalformedError
	fields, kept, line := make([]string, len(columns)), texts{}, 1
	for {
		limited.ended()
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if p := (*csv.ParseError)(nil); errors.As(err, &p) {
			line = p.StartLine
			malformed.note(line, p.Err)
			if errors.Is(p.Err, csv.ErrFieldCount) {
				continue
			}
			break // after a broken quote no line can be told from another
		}
		if err != nil {
			return nil, unreadable(err, line)
		}
		line, _ = c.FieldPos(0)
		for i, at := range place {
			fields[i] = record[at]
		}
		addTo(digest, fields)
		row, err := parseRow(line, fields, zone)
		if err != nil {
			malformed.note(line, err)
			continue
		}
		if rows = append(rows, kept.of(row)); len(rows) > rowsMax {
			return nil, fmt.Errorf("the file has more than %d rows: split it by month", rowsMax)
		}
	}
	switch {
	case len(malformed.Faults) > 0:
		return nil, &malformed
	case len(rows) == 0:
		return nil, errors.New("the file has no rows below its header: there is nothing to import")
	}
	return rows, nil
}

// addTo frames each field by its length: ("a", "bc") and ("ab", "c") are different rows.
func addTo(digest hash.Hash, fields []string) {
	for _, field := range fields {
		_, _ = digest.Write(binary.BigEndian.AppendUint32(nil, uint32(len(field))))
		_, _ = io.WriteString(digest, field)
	}
}

// recordLimit reads no further when a record does not end: behind a quote that nobody closed, all the rest of a file
// would be one field.
type recordLimit struct {
	from io.Reader
	read int // bytes since the last record ended, give or take a buffer
}

var errEndless = fmt.Errorf("a row of more than %d bytes", recordMax)

// Read implements io.Reader.
func (l *recordLimit) Read(p []byte) (int, error) {
	if l.read > recordMax {
		return 0, errEndless
	}
	n, err := l.from.Read(p)
	l.read += n
	return n, err
}

func (l *recordLimit) ended() { l.read = 0 }

// texts keeps one copy of each text: a file of half a million rows names a few thousand things.
type texts map[string]string

func (t texts) of(r Row) Row {
	for _, text := range []*string{&r.Document, &r.SKU, &r.Description, &r.Customer, &r.Country} {
		kept, known := t[*text]
		if !known {
			kept = strings.Clone(*text) // the row's own is a piece of its whole line
			t[kept] = kept
		}
		*text = kept
	}
	return r
}

// unreadable words an error that ends the reading; line is the last one that was read.
func unreadable(err error, line int) error {
	if errors.Is(err, errEndless) {
		return fmt.Errorf("after line %d there is %w: a quote was opened and not closed", line, err)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends in the middle: it was cut off; get it again")
	}
	if p := (*csv.ParseError)(nil); errors.As(err, &p) {
		return &MalformedError{Faults: []string{fmt.Sprintf("line %d: %v", p.Line, p.Err)}}
	}
	return fmt.Errorf("the file is not readable to its end: %w", err)
}

// places finds where each of columns stands in the header.
func places(header []string) ([]int, error) {
	place := make([]int, len(columns))
	for i, name := range columns {
		if place[i] = slices.Index(header, name); place[i] < 0 {
			return nil, fmt.Errorf("the column %s is missing: the first line must name %s", name, strings.Join(columns, ", "))
		}
	}
	for i, name := range header {
		if !slices.Contains(columns, name) {
			return nil, fmt.Errorf("the column %q is not known: the file has %s", name, strings.Join(columns, ", "))
		}
		if slices.Index(header, name) != i {
			return nil, fmt.Errorf("the column %s stands twice", name)
		}
	}
	return place, nil
}
