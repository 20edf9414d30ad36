package eventstore

import (
	"encoding/binary"
	"strconv"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"tillstream/infra/eventstore/eventlog"
)

// Field numbers of ReadResp, ReadEvent, RecordedEvent, UUID and StreamIdentifier.
const (
	fieldRespEvent = 1

	fieldEventEvent  = 1
	fieldEventLink   = 2
	fieldEventCommit = 3

	fieldRecordID       = 1
	fieldRecordStream   = 2
	fieldRecordRevision = 3
	fieldRecordPrepare  = 4
	fieldRecordCommit   = 5
	fieldRecordMetadata = 6
	fieldRecordCustom   = 7
	fieldRecordData     = 8

	fieldUUIDStructured = 1
	fieldUUIDString     = 2
	fieldStreamName     = 3
)

// frame is a ReadResp whose event is written in wire form straight from the log, without the two dozen
// allocations of building the message. Its bytes travel as the message's unknown fields, which marshal as they are.
type frame struct {
	resp  streams.ReadResp
	buf   []byte
	parts [2]recordSizes
}

// event encodes an event, and the link it was reached by if there is one; the event is nil when a link leads nowhere.
func (f *frame) event(event, link *eventlog.Record, stringID bool) proto.Message {
	original := event
	if link != nil {
		original = link
	}
	size := 1 + protowire.SizeVarint(original.Position)
	if event != nil {
		f.parts[0] = sizeOf(event, stringID)
		size += 1 + protowire.SizeBytes(f.parts[0].total)
	}
	if link != nil {
		f.parts[1] = sizeOf(link, stringID)
		size += 1 + protowire.SizeBytes(f.parts[1].total)
	}

	b := protowire.AppendTag(f.buf[:0], fieldRespEvent, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	if event != nil {
		b = appendRecord(b, fieldEventEvent, event, &f.parts[0])
	}
	if link != nil {
		b = appendRecord(b, fieldEventLink, link, &f.parts[1])
	}
	b = protowire.AppendTag(b, fieldEventCommit, protowire.VarintType)
	b = protowire.AppendVarint(b, original.Position)
	f.buf = b
	f.resp.ProtoReflect().SetUnknown(b)
	return &f.resp
}

// recordSizes are the lengths a record's nested messages are prefixed with.
type recordSizes struct {
	total   int
	uuid    int
	id      string // set when the client wants ids as text
	msb     uint64
	lsb     uint64
	created [20]byte
	digits  int
}

func sizeOf(r *eventlog.Record, stringID bool) (s recordSizes) {
	if stringID {
		s.id = uuid.UUID(r.ID).String()
		s.uuid = 1 + protowire.SizeBytes(len(s.id))
	} else {
		s.msb, s.lsb = binary.BigEndian.Uint64(r.ID[:8]), binary.BigEndian.Uint64(r.ID[8:])
		s.uuid = 1 + protowire.SizeBytes(2+protowire.SizeVarint(s.msb)+protowire.SizeVarint(s.lsb))
	}
	s.digits = len(strconv.AppendInt(s.created[:0], r.Created, 10))
	s.total = 1 + protowire.SizeBytes(s.uuid) +
		1 + protowire.SizeBytes(1+protowire.SizeBytes(len(r.Stream))) +
		1 + protowire.SizeVarint(r.Revision) +
		2*(1+protowire.SizeVarint(r.Position)) +
		1 + protowire.SizeBytes(entrySize(len(keyType), len(r.Type))) +
		1 + protowire.SizeBytes(entrySize(len(keyContentType), len(contentType(r)))) +
		1 + protowire.SizeBytes(entrySize(len(keyCreated), s.digits)) +
		1 + protowire.SizeBytes(len(r.Metadata)) +
		1 + protowire.SizeBytes(len(r.Data))
	return s
}

func contentType(r *eventlog.Record) string {
	if r.JSON {
		return contentJSON
	}
	return contentBytes
}

func entrySize(key, value int) int {
	return 1 + protowire.SizeBytes(key) + 1 + protowire.SizeBytes(value)
}

func appendRecord(b []byte, field protowire.Number, r *eventlog.Record, s *recordSizes) []byte {
	b = appendLen(b, field, s.total)
	b = appendLen(b, fieldRecordID, s.uuid)
	if s.id != "" {
		b = appendText(b, fieldUUIDString, s.id)
	} else {
		b = appendLen(b, fieldUUIDStructured, 2+protowire.SizeVarint(s.msb)+protowire.SizeVarint(s.lsb))
		b = appendUint(b, 1, s.msb)
		b = appendUint(b, 2, s.lsb)
	}
	b = appendLen(b, fieldRecordStream, 1+protowire.SizeBytes(len(r.Stream)))
	b = appendText(b, fieldStreamName, r.Stream)
	b = appendUint(b, fieldRecordRevision, r.Revision)
	b = appendUint(b, fieldRecordPrepare, r.Position)
	b = appendUint(b, fieldRecordCommit, r.Position)
	b = appendEntry(b, keyType, r.Type)
	b = appendEntry(b, keyContentType, contentType(r))
	b = appendEntry(b, keyCreated, s.created[:s.digits])
	b = appendText(b, fieldRecordCustom, r.Metadata)
	return appendText(b, fieldRecordData, r.Data)
}

func appendEntry[V ~string | ~[]byte](b []byte, key string, value V) []byte {
	b = appendLen(b, fieldRecordMetadata, entrySize(len(key), len(value)))
	b = appendText(b, 1, key)
	return appendText(b, 2, value)
}

func appendLen(b []byte, field protowire.Number, n int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.BytesType), uint64(n))
}

func appendText[V ~string | ~[]byte](b []byte, field protowire.Number, v V) []byte {
	return append(appendLen(b, field, len(v)), v...)
}

func appendUint(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}
