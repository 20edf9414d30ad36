package eventstore

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"

	"tillstream/infra/eventstore/eventlog"
)

// Appends are the store's hot path, and the generated messages cost them some thirty allocations each, most for a map
// of two metadata entries. So they are received as the unknown fields of an empty message and read from there.

// receiver takes messages of a call in wire form.
type receiver struct {
	stream grpc.ServerStream
	raw    emptypb.Empty
}

// next gives a message that lives as long as its user wants.
func (r *receiver) next() ([]byte, error) {
	if err := r.stream.RecvMsg(&r.raw); err != nil {
		return nil, err
	}
	return r.raw.ProtoReflect().GetUnknown(), nil
}

// field is one field of a message in wire form: a number in n, or bytes in b.
type field struct {
	number protowire.Number
	typ    protowire.Type
	n      uint64
	b      []byte
}

// eachField walks a message and skips what it does not know how to read, as every protobuf reader does.
func eachField(message []byte, visit func(field) error) error {
	for len(message) > 0 {
		number, typ, n := protowire.ConsumeTag(message)
		if n < 0 {
			return malformed()
		}
		message = message[n:]
		f := field{number: number, typ: typ}
		switch typ {
		case protowire.BytesType:
			f.b, n = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			f.n, n = protowire.ConsumeVarint(message)
		default:
			n = protowire.ConsumeFieldValue(number, typ, message)
		}
		if n < 0 {
			return malformed()
		}
		message = message[n:]
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

func malformed() error { return invalid("the message cannot be read") }

// Field numbers of ProposedMessage, the same in Append and BatchAppend, and of its metadata entries.
const (
	fieldProposedID       = 1
	fieldProposedMetadata = 2
	fieldProposedCustom   = 3
	fieldProposedData     = 4

	fieldEntryKey   = 1
	fieldEntryValue = 2
)

// proposed is an event as a client sends it.
type proposed struct {
	id          [16]byte
	typ         []byte
	contentType []byte
	custom      []byte
	data        []byte
}

func parseProposed(message []byte) (p proposed, err error) {
	identified := false
	err = eachField(message, func(f field) error {
		switch f.number {
		case fieldProposedID:
			p.id, err = parseUUID(f.b)
			identified = true
			return err
		case fieldProposedMetadata:
			return p.entry(f.b)
		case fieldProposedCustom:
			p.custom = f.b
		case fieldProposedData:
			p.data = f.b
		}
		return nil
	})
	switch {
	case err != nil:
		return p, err
	case p.typ == nil:
		return p, metadataMissing(keyType)
	case p.contentType == nil:
		return p, metadataMissing(keyContentType)
	case !identified:
		return p, invalid("an event without id")
	case !utf8.Valid(p.typ):
		return p, invalid("an event type is not UTF-8")
	}
	return p, nil
}

func (p *proposed) entry(message []byte) error {
	key, value := []byte(nil), []byte{}
	err := eachField(message, func(f field) error {
		switch f.number {
		case fieldEntryKey:
			key = f.b
		case fieldEntryValue:
			value = f.b
		}
		return nil
	})
	switch string(key) {
	case keyType:
		p.typ = value
	case keyContentType:
		p.contentType = value
	}
	return err
}

func parseUUID(message []byte) (id [16]byte, err error) {
	known := false
	err = eachField(message, func(f field) error {
		switch f.number {
		case fieldUUIDStructured:
			known = true
			return eachField(f.b, func(half field) error {
				switch half.number {
				case 1:
					binary.BigEndian.PutUint64(id[:8], half.n)
				case 2:
					binary.BigEndian.PutUint64(id[8:], half.n)
				}
				return nil
			})
		case fieldUUIDString:
			parsed, err := uuid.ParseBytes(f.b)
			if err != nil {
				return invalid("'%s' is not a valid UUID", f.b)
			}
			id, known = parsed, true
		}
		return nil
	})
	if err == nil && !known {
		err = invalid("a UUID without value")
	}
	return id, err
}

// Field numbers of the options of Append and BatchAppend, alike as far as they go.
const (
	fieldOptionsStream       = 1
	fieldOptionsRevision     = 2
	fieldOptionsNoStream     = 3
	fieldOptionsAny          = 4
	fieldOptionsStreamExists = 5
	fieldOptionsDeadlineAt   = 6
	fieldOptionsDeadlineIn   = 7
)

// appendOptions say where an append goes and what it expects there.
type appendOptions struct {
	name       []byte
	identifier []byte // the stream identifier as it came
	expected   eventlog.Expected
	deadlineAt []byte
	deadlineIn []byte
}

func parseAppendOptions(message []byte) (o appendOptions, err error) {
	expecting := false
	err = eachField(message, func(f field) error {
		switch f.number {
		case fieldOptionsStream:
			o.identifier = f.b
			return eachField(f.b, func(part field) error {
				if part.number == fieldStreamName {
					o.name = part.b
				}
				return nil
			})
		case fieldOptionsRevision:
			o.expected, err = exactly(f.n)
		case fieldOptionsNoStream:
			o.expected = eventlog.NoStream
		case fieldOptionsAny:
			o.expected = eventlog.Any
		case fieldOptionsStreamExists:
			o.expected = eventlog.StreamExists
		case fieldOptionsDeadlineAt:
			o.deadlineAt = f.b
			return nil
		case fieldOptionsDeadlineIn:
			o.deadlineIn = f.b
			return nil
		default:
			return nil
		}
		expecting = true
		return err
	})
	if err == nil && !expecting {
		err = invalid("'None' is not a valid expected stream revision")
	}
	return o, err
}
