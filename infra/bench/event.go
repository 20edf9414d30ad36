package bench

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"
)

const eventType = "bench.appended"

// event is the n-th event of a writer. Its data lives until the append is answered.
type event struct {
	writer int
	n      uint64
	id     uuid.UUID
	data   []byte
}

// idOf names the n-th event of a writer.
func idOf(writer int, n uint64) (id uuid.UUID) {
	binary.BigEndian.PutUint32(id[:4], uint32(writer))
	id[6], id[8] = 0x80, 0x80 // version 8, RFC 9562 §5.8
	binary.BigEndian.PutUint64(id[8:], n|1<<63)
	return id
}

func streamOf(writer int) string { return fmt.Sprintf("bench-%d", writer) }

// payload makes the data of events: JSON of a fixed size that says which event it is of.
type payload []byte

func newPayload(size int) payload {
	p := []byte(`{"writer":"00000000","n":"0000000000000000","pad":"`)
	p = append(p, bytes.Repeat([]byte{'x'}, size-len(p)-2)...)
	return append(p, `"}`...)
}

const digits = "0123456789abcdef"

func (p payload) event(writer int, n uint64) event {
	hexInto(p[11:19], uint64(writer))
	hexInto(p[26:42], n)
	return event{writer, n, idOf(writer, n), p}
}

func hexInto(b []byte, v uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = digits[v&15]
		v >>= 4
	}
}

// whose reads back which event data is of; data that was changed is of none.
func whose(data []byte) (writer int, n uint64, err error) {
	if len(data) < payloadMin {
		return 0, 0, fmt.Errorf("data of %d bytes was cut", len(data))
	}
	writer, n = int(unhex(data[11:19])), unhex(data[26:42])
	if !bytes.Equal(data, newPayload(len(data)).event(writer, n).data) {
		return 0, 0, fmt.Errorf("data of %d bytes was changed", len(data))
	}
	return writer, n, nil
}

func unhex(b []byte) (v uint64) {
	for _, c := range b {
		v = v<<4 | uint64(bytes.IndexByte([]byte(digits), c))
	}
	return v
}
