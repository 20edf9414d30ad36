package export

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"time"
)

// csvBuffer is how many bytes are gathered before they are written.
const csvBuffer = 64 << 10

// csvFile writes RFC 4180: lines end with CR and LF, the first has the names. A null is nothing at all, an empty text is
// "". Times are RFC 3339 in UTC. Text is written as it is, unless guarded: then what a spreadsheet would run as a formula
// is led by an apostrophe, and what is read back is not what was written.
type csvFile struct {
	out     *bufio.Writer
	columns []column
	guarded bool
	line    []byte
}

func newCSV(columns []column, to io.Writer, guarded bool) *csvFile {
	f := &csvFile{out: bufio.NewWriterSize(to, csvBuffer), columns: columns, guarded: guarded}
	for i, c := range columns {
		if i > 0 {
			f.line = append(f.line, ',')
		}
		f.line = appendCell(f.line, []byte(c.name))
	}
	f.line = append(f.line, '\r', '\n')
	_, _ = f.out.Write(f.line) // the next write, or the end, tells what became of it
	return f
}

func (f *csvFile) write(row []value) error {
	f.line = f.line[:0]
	for i, v := range row {
		if i > 0 {
			f.line = append(f.line, ',')
		}
		if !v.null {
			f.line = f.append(f.line, f.columns[i].kind, v)
		}
	}
	f.line = append(f.line, '\r', '\n')
	_, err := f.out.Write(f.line)
	return err
}

func (f *csvFile) append(line []byte, k kind, v value) []byte {
	switch k {
	case truth:
		return strconv.AppendBool(line, v.number != 0)
	case instant:
		return time.UnixMicro(v.number).UTC().AppendFormat(line, time.RFC3339Nano)
	case day:
		return time.Unix(v.number*24*60*60, 0).UTC().AppendFormat(line, time.DateOnly)
	case text:
		if f.guarded && runs(v.text) {
			return appendCell(line, append([]byte{'\''}, v.text...))
		}
		return appendCell(line, v.text)
	default:
		return strconv.AppendInt(line, v.number, 10)
	}
}

// runs tells whether a spreadsheet might take text for a formula.
func runs(text []byte) bool {
	return len(text) > 0 && bytes.IndexByte([]byte("=+-@\t\r\n"), text[0]) >= 0
}

func appendCell(line, text []byte) []byte {
	if len(text) > 0 && !bytes.ContainsAny(text, "\",\r\n") && text[0] != ' ' && text[len(text)-1] != ' ' {
		return append(line, text...)
	}
	line = append(line, '"')
	for _, b := range text {
		if b == '"' {
			line = append(line, '"')
		}
		line = append(line, b)
	}
	return append(line, '"')
}

func (f *csvFile) end() error { return f.out.Flush() }
