package eventlog

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// truncateAll as $tb means that the stream is softly deleted.
const truncateAll = math.MaxInt64

var softDeleteMetadata = []byte(`{"$tb":9223372036854775807}`)

// StreamMetadata is the part of a stream's metadata that decides what readers see.
type StreamMetadata struct {
	MaxCount       int64 // 0: no limit
	MaxAge         time.Duration
	TruncateBefore int64
}

// parseStreamMetadata reads $maxCount, $maxAge (seconds) and $tb. What does not parse limits nothing, as in EventStoreDB.
func parseStreamMetadata(data []byte) StreamMetadata {
	var m struct {
		MaxCount       *int64 `json:"$maxCount"`
		MaxAge         *int64 `json:"$maxAge"`
		TruncateBefore *int64 `json:"$tb"`
	}
	if json.Unmarshal(data, &m) != nil {
		return StreamMetadata{}
	}
	var out StreamMetadata
	if m.MaxCount != nil && *m.MaxCount > 0 {
		out.MaxCount = *m.MaxCount
	}
	if m.MaxAge != nil && *m.MaxAge > 0 {
		out.MaxAge = time.Duration(min(*m.MaxAge, int64(math.MaxInt64/time.Second))) * time.Second
	}
	if m.TruncateBefore != nil && *m.TruncateBefore > 0 {
		out.TruncateBefore = *m.TruncateBefore
	}
	return out
}

func truncatesAll(data []byte) bool {
	return parseStreamMetadata(data).TruncateBefore == truncateAll
}

// withTruncateBefore changes $tb and leaves every other property as it is.
func withTruncateBefore(data []byte, revision int64) ([]byte, bool) {
	var m map[string]json.RawMessage
	if json.Unmarshal(data, &m) != nil || m == nil {
		return nil, false
	}
	m["$tb"] = strconv.AppendInt(nil, revision, 10)
	out, err := json.Marshal(m)
	return out, err == nil
}
