package eventstore

import (
	"unicode/utf8"

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

// proposal collects the events of one append and refuses what the protocol refuses.
type proposal struct {
	append *eventlog.Append
	limit  int
	size   int
}

func newProposal(stream string, expected eventlog.Expected, sizeHint, limit int) proposal {
	return proposal{append: eventlog.NewAppend(stream, expected, sizeHint), limit: limit}
}

// add takes a ProposedMessage in wire form.
func (p *proposal) add(message []byte) error {
	e, err := parseProposed(message)
	if err != nil {
		return err
	}
	p.size += len(e.data) + len(e.custom) + 2*utf8.RuneCount(e.typ)
	if p.size > p.limit {
		return maxAppendSizeExceeded(p.limit)
	}
	p.append.Add(e.id, e.typ, string(e.contentType) == contentJSON, e.custom, e.data)
	return nil
}

// readableStream refuses names that no stream can have.
func readableStream(name []byte) (string, error) {
	switch {
	case len(name) == 0 || string(name) == "$$":
		return "", invalid("'%s' is not a valid stream name", name)
	case len(name) > maxStreamName:
		return "", invalid("a stream name of %d bytes exceeds %d", len(name), maxStreamName)
	case !utf8.Valid(name):
		return "", invalid("a stream name is not UTF-8")
	}
	return string(name), nil
}

// writableStream refuses $all too, which holds the streams and is none.
func writableStream(name []byte) (string, error) {
	s, err := readableStream(name)
	if err == nil && (s == allStream || s == "$$"+allStream) {
		return "", accessDenied()
	}
	return s, err
}

// exactly refuses revisions that no stream can have.
func exactly(revision uint64) (eventlog.Expected, error) {
	if revision >= eventlog.TombstoneRevision {
		return 0, invalid("'%d' is not a valid stream revision", revision)
	}
	return eventlog.Expected(revision), nil
}
