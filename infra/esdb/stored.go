package esdb

import (
	"fmt"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protowire"
)

// stored is one event of the log, as it lies in the answer it came with.
type stored struct {
	wire            string
	stream          []byte
	id              uuid.UUID
	revision        uint64
	commit, prepare uint64
	data, metadata  []byte
}

// Field numbers of ReadResp, ReadEvent, RecordedEvent, UUID, StreamIdentifier, and of an entry of a map.
const (
	fieldRespEvent  = 1
	fieldEventEvent = 1

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
	fieldUUIDMost       = 1
	fieldUUIDLeast      = 2
	fieldStreamName     = 3
	fieldEntryKey       = 1
	fieldEntryValue     = 2
)

const keyType = "type"

// parseStored reads an answer; is says that it is an event. Names of types are those of wires, where new ones are kept.
func parseStored(message []byte, wires map[string]string) (e stored, is bool, err error) {
	err = eachField(message, func(number protowire.Number, _ uint64, b []byte) error {
		if number != fieldRespEvent {
			return nil
		}
		return eachField(b, func(number protowire.Number, _ uint64, b []byte) error {
			if number != fieldEventEvent {
				return nil
			}
			is = true
			return e.parse(b, wires)
		})
	})
	if err != nil {
		err = fmt.Errorf("an event of the log is not readable: %w", err)
	}
	return e, is, err
}

func (e *stored) parse(message []byte, wires map[string]string) error {
	return eachField(message, func(number protowire.Number, value uint64, b []byte) (err error) {
		switch number {
		case fieldRecordID:
			e.id, err = parseID(b)
		case fieldRecordStream:
			err = eachField(b, func(number protowire.Number, _ uint64, b []byte) error {
				if number == fieldStreamName {
					e.stream = b
				}
				return nil
			})
		case fieldRecordRevision:
			e.revision = value
		case fieldRecordPrepare:
			e.prepare = value
		case fieldRecordCommit:
			e.commit = value
		case fieldRecordMetadata:
			err = e.describe(b, wires)
		case fieldRecordCustom:
			e.metadata = b
		case fieldRecordData:
			e.data = b
		}
		return err
	})
}

// describe takes the type from the store's own metadata.
func (e *stored) describe(entry []byte, wires map[string]string) error {
	var key, value []byte
	err := eachField(entry, func(number protowire.Number, _ uint64, b []byte) error {
		switch number {
		case fieldEntryKey:
			key = b
		case fieldEntryValue:
			value = b
		}
		return nil
	})
	if err != nil || string(key) != keyType {
		return err
	}
	wire, known := wires[string(value)]
	if !known {
		wire = string(value)
		if len(wires) < wiresMost {
			wires[wire] = wire
		}
	}
	e.wire = wire
	return nil
}
