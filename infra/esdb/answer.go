package esdb

import (
	"errors"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// answer is what the store said to one append.
type answer struct {
	revision uint64
	position client.Position // zero when the store does not tell it
	err      error
}

// Field numbers of BatchAppendResp, its success, and a position.
const (
	fieldAnswerCorrelation = 1
	fieldAnswerSuccess     = 3

	fieldSuccessRevision = 1
	fieldSuccessPosition = 3

	fieldPositionCommit  = 1
	fieldPositionPrepare = 2
)

// parseAnswer reads the store's answer to a batch append, and the correlation id it is to. It makes a message only of what is
// no plain success.
func parseAnswer(b message) (to uuid.UUID, a answer, err error) {
	stored := false
	err = eachField(b, func(number protowire.Number, _ uint64, b []byte) (err error) {
		switch number {
		case fieldAnswerCorrelation:
			to, err = parseID(b)
			return err
		case fieldAnswerSuccess:
			stored = true
			return a.parse(b)
		}
		return nil
	})
	if err != nil || stored {
		return to, a, err
	}
	var resp streams.BatchAppendResp
	if err := proto.Unmarshal(b, &resp); err != nil {
		return to, a, err
	}
	return to, answerOf(&resp), nil
}

func (a *answer) parse(success []byte) error {
	return eachField(success, func(number protowire.Number, value uint64, b []byte) error {
		switch number {
		case fieldSuccessRevision:
			a.revision = value
		case fieldSuccessPosition:
			return eachField(b, func(number protowire.Number, value uint64, _ []byte) error {
				switch number {
				case fieldPositionCommit:
					a.position.Commit = value
				case fieldPositionPrepare:
					a.position.Prepare = value
				}
				return nil
			})
		}
		return nil
	})
}

// answerOf reads what is no success.
func answerOf(resp *streams.BatchAppendResp) answer {
	if refused := resp.GetError(); refused != nil {
		return answer{err: refusal(refused)}
	}
	return answer{err: errors.New("the event store gave an answer without a result")}
}
