package eventlog

import "encoding/binary"

// Key spaces: records by position, and for each stream the positions of its revisions. The head of a stream is
// the last key of its index, so no third thing can disagree with the two.
const (
	spaceFormat = 'f'
	spaceRecord = 'r'
	spaceStream = 's'

	recordKeySize = 1 + 8
)

var formatKey = []byte{spaceFormat}

func appendRecordKey(b []byte, position uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, spaceRecord), position)
}

func positionOfKey(key []byte) uint64 { return binary.BigEndian.Uint64(key[1:]) }

// appendStreamKey puts the length before the name, so that no stream's index lies inside another's.
func appendStreamKey[S ~string | ~[]byte](b []byte, stream S, revision uint64) []byte {
	b = append(b, spaceStream, byte(len(stream)>>8), byte(len(stream)))
	b = append(b, stream...)
	return binary.BigEndian.AppendUint64(b, revision)
}

func revisionOfKey(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }
