package eventstore

import (
	"encoding/binary"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/google/uuid"

	"tillstream/infra/eventstore/eventlog"
)

const (
	keyType        = "type"
	keyContentType = "content-type"
	keyCreated     = "created"

	contentJSON  = "application/json"
	contentBytes = "application/octet-stream"

	allStream = "$all"
)

// proposedMessage is an event as either append method sends it.
type proposedMessage interface {
	GetId() *shared.UUID
	GetMetadata() map[string]string
	GetCustomMetadata() []byte
	GetData() []byte
}

// proposal collects the events of one append and refuses what the protocol refuses.
type proposal struct {
	append *eventlog.Append
	limit  int
	size   int
}

func newProposal(stream string, expected eventlog.Expected, limit int) *proposal {
	return &proposal{append: eventlog.NewAppend(stream, expected, 0), limit: limit}
}

func (p *proposal) add(m proposedMessage) error {
	meta := m.GetMetadata()
	typ, ok := meta[keyType]
	if !ok {
		return metadataMissing(keyType)
	}
	contentType, ok := meta[keyContentType]
	if !ok {
		return metadataMissing(keyContentType)
	}
	id, err := parseID(m.GetId())
	if err != nil {
		return err
	}
	data, custom := m.GetData(), m.GetCustomMetadata()
	p.size += len(data) + len(custom) + 2*len(typ)
	if p.size > p.limit {
		return maxAppendSizeExceeded(p.limit)
	}
	p.append.Add(id, typ, contentType == contentJSON, custom, data)
	return nil
}

func parseID(id *shared.UUID) (out [16]byte, err error) {
	switch v := id.GetValue().(type) {
	case *shared.UUID_Structured_:
		binary.BigEndian.PutUint64(out[:8], uint64(v.Structured.GetMostSignificantBits()))
		binary.BigEndian.PutUint64(out[8:], uint64(v.Structured.GetLeastSignificantBits()))
		return out, nil
	case *shared.UUID_String_:
		parsed, err := uuid.Parse(v.String_)
		if err != nil {
			return out, invalid("'%s' is not a valid UUID", v.String_)
		}
		return parsed, nil
	}
	return out, invalid("an event without id")
}

// streamName refuses names that no stream can have.
func streamName(id *shared.StreamIdentifier) (string, error) {
	name := string(id.GetStreamName())
	switch {
	case name == "" || name == "$$":
		return "", invalid("'%s' is not a valid stream name", name)
	case len(name) > maxStreamName:
		return "", invalid("a stream name of %d bytes exceeds %d", len(name), maxStreamName)
	}
	return name, nil
}

// writableStream refuses $all too, which holds the streams and is none.
func writableStream(id *shared.StreamIdentifier) (string, error) {
	name, err := streamName(id)
	if err == nil && (name == allStream || name == "$$"+allStream) {
		return "", accessDenied()
	}
	return name, err
}

// exactly refuses revisions that no stream can have.
func exactly(revision uint64) (eventlog.Expected, error) {
	if revision >= eventlog.TombstoneRevision {
		return 0, invalid("'%d' is not a valid stream revision", revision)
	}
	return eventlog.Expected(revision), nil
}
