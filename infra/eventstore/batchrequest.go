package eventstore

import (
	"math"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Field numbers of BatchAppendReq.
const (
	fieldBatchCorrelation = 1
	fieldBatchOptions     = 2
	fieldBatchProposed    = 3
	fieldBatchFinal       = 4
)

// batchRequest is one part of an append in a BatchAppend call.
type batchRequest struct {
	message     []byte
	id          [16]byte // of the append the part belongs to
	correlation []byte   // the same as it came
	options     []byte
	final       bool
	count       int // proposed messages
	size        int // and their bytes
}

func parseBatchRequest(message []byte) (r batchRequest, err error) {
	r.message = message
	err = eachField(message, func(f field) error {
		switch f.number {
		case fieldBatchCorrelation:
			r.correlation = f.b
			r.id, err = parseUUID(f.b)
			return err
		case fieldBatchOptions:
			r.options = f.b
		case fieldBatchProposed:
			r.count++
			r.size += len(f.b)
		case fieldBatchFinal:
			r.final = f.n != 0
		}
		return nil
	})
	if err == nil && r.correlation == nil {
		err = invalid("a part of an append without correlation id")
	}
	return r, err
}

func (r *batchRequest) eachProposed(add func([]byte) error) error {
	return eachField(r.message, func(f field) error {
		if f.number != fieldBatchProposed {
			return nil
		}
		return add(f.b)
	})
}

// deadline is the client's, at most maxAppendWait away.
func (o *appendOptions) deadline(now time.Time) (time.Time, error) {
	latest := now.Add(maxAppendWait)
	deadline := latest
	switch {
	case o.deadlineIn != nil:
		var d durationpb.Duration
		if proto.Unmarshal(o.deadlineIn, &d) != nil {
			return latest, malformed()
		}
		if d.GetSeconds() < math.MaxInt32 { // more would overflow
			deadline = now.Add(d.AsDuration())
		}
	case o.deadlineAt != nil:
		var at timestamppb.Timestamp
		if proto.Unmarshal(o.deadlineAt, &at) != nil {
			return latest, malformed()
		}
		deadline = at.AsTime()
	}
	if deadline.After(latest) {
		return latest, nil
	}
	return deadline, nil
}
