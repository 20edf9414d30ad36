package esdb

import (
	"encoding/binary"

	"github.com/google/uuid"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// asStored is a codec whose requests are messages, or written already, and whose answers stay bytes.
type asStored struct{}

// written is a message in wire form, which lives until it is sent.
type written []byte

// Marshal implements encoding.CodecV2.
func (asStored) Marshal(v any) (mem.BufferSlice, error) {
	if b, is := v.(written); is {
		return mem.BufferSlice{mem.SliceBuffer(b)}, nil
	}
	b, err := proto.Marshal(v.(proto.Message))
	return mem.BufferSlice{mem.SliceBuffer(b)}, err
}

// Unmarshal implements encoding.CodecV2.
func (asStored) Unmarshal(m mem.BufferSlice, v any) error {
	v.(interface{ take(mem.BufferSlice) }).take(m)
	return nil
}

// Name implements encoding.CodecV2: on the wire it is what everybody speaks.
func (asStored) Name() string { return "proto" }

// message is an answer, until the next one is received into it.
type message []byte

func (b *message) take(m mem.BufferSlice) {
	*b = append((*b)[:0], make([]byte, m.Len())...)
	m.CopyTo(*b)
}

// eachField calls do with every field of a message; value is of a varint, b of what has a length.
func eachField(message []byte, do func(number protowire.Number, value uint64, b []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		var value uint64
		var b []byte
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			b, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if err := do(number, value, b); err != nil {
			return err
		}
	}
	return nil
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

// appendID writes an id in halves, as a message within a message.
func appendID(b []byte, field protowire.Number, id uuid.UUID) []byte {
	most, least := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	size := 1 + protowire.SizeVarint(most) + 1 + protowire.SizeVarint(least)
	b = appendLen(b, field, 1+protowire.SizeBytes(size))
	b = appendLen(b, fieldUUIDStructured, size)
	return appendUint(appendUint(b, fieldUUIDMost, most), fieldUUIDLeast, least)
}

// parseID reads an id in either form.
func parseID(message []byte) (id uuid.UUID, err error) {
	err = eachField(message, func(number protowire.Number, _ uint64, b []byte) (err error) {
		switch number {
		case fieldUUIDString:
			id, err = uuid.ParseBytes(b)
		case fieldUUIDStructured:
			err = eachField(b, func(number protowire.Number, value uint64, _ []byte) error {
				switch number {
				case fieldUUIDMost:
					binary.BigEndian.PutUint64(id[:8], value)
				case fieldUUIDLeast:
					binary.BigEndian.PutUint64(id[8:], value)
				}
				return nil
			})
		}
		return err
	})
	return id, err
}
