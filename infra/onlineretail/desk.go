package onlineretail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tillstream/commands"
	"tillstream/events"
	commandsv1 "tillstream/gateway/api/commands/v1"
)

// Limits of a RemoteDesk.
const (
	askAtOnce  = 4096             // commands between two answers waited for
	askWithin  = 2 * time.Minute  // for askAtOnce commands, the platform being there
	retryFor   = 60 * time.Second // a platform that restarts is waited for so long
	retryPause = 500 * time.Millisecond
)

// RemoteDesk is the command API of a running platform, by gRPC. When the platform goes away in the middle it asks the
// same commands again, under the same ids, until the platform is back or retryFor is over.
type RemoteDesk struct {
	Client commandsv1.CommandsClient
	Codec  *events.Codec
	At     uint64 // position of the newest fact answered so far
}

// Ask implements Desk.
func (d *RemoteDesk) Ask(ctx context.Context, importID string, asked []Asked) ([]Outcome, error) {
	outcomes := make([]Outcome, 0, len(asked))
	for len(asked) > 0 {
		n := min(len(asked), askAtOnce)
		some, err := d.insist(ctx, importID, asked[:n])
		outcomes = append(outcomes, some...)
		if err != nil {
			return outcomes, err
		}
		asked = asked[n:]
	}
	return outcomes, nil
}

// errAgain says the outcome of a command is not known, and asking it again will tell.
var errAgain = errors.New("the platform did not answer")

func (d *RemoteDesk) insist(ctx context.Context, importID string, asked []Asked) ([]Outcome, error) {
	for until := time.Now().Add(retryFor); ; {
		outcomes, err := d.once(ctx, importID, asked)
		if err == nil || !errors.Is(err, errAgain) || ctx.Err() != nil || time.Now().After(until) {
			return outcomes, err
		}
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
		}
	}
}

// once sends the commands on one stream and reads their answers while it sends.
func (d *RemoteDesk) once(ctx context.Context, importID string, asked []Asked) ([]Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	stream, err := d.Client.Send(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAgain, err)
	}
	sent := make(chan error, 1)
	go func() { sent <- sendAll(stream, importID, asked) }()
	outcomes := make([]Outcome, 0, len(asked))
	for n := range asked {
		answer, err := stream.Recv()
		if err != nil {
			cancel()
			return outcomes, fmt.Errorf("%w: %w", errAgain, reasonOf(<-sent, err))
		}
		o, err := d.outcome(asked[n], answer)
		if err != nil {
			cancel()
			<-sent
			return outcomes, err
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, <-sent
}

// reasonOf prefers an error of sending that is not just the end of a stream whose reason Recv knows.
func reasonOf(sending, receiving error) error {
	if encoding := (*encodeError)(nil); errors.As(sending, &encoding) {
		return encoding
	}
	return receiving
}

type encodeError struct{ error }

func sendAll(stream commandsv1.Commands_SendClient, importID string, asked []Asked) error {
	for _, a := range asked {
		name, payload, err := commands.Encode(a.Request)
		if err != nil {
			return &encodeError{err}
		}
		err = stream.Send(&commandsv1.Command{Name: name, Payload: payload, CommandId: a.ID, CorrelationId: importID, CausationId: a.Causation,
			Actor: &commandsv1.Actor{Kind: Actor.Kind, Id: Actor.ID}, At: timestamppb.New(a.At), Origin: string(events.FromImport)})
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil // Recv tells why
			}
			return err
		}
	}
	return stream.CloseSend()
}

func (d *RemoteDesk) outcome(a Asked, answer *commandsv1.Answer) (o Outcome, err error) {
	switch outcome := answer.Outcome.(type) {
	case *commandsv1.Answer_Recorded:
		o.Replayed, d.At = outcome.Recorded.Replayed, max(d.At, outcome.Recorded.Position)
		for _, f := range outcome.Recorded.Facts {
			e, err := d.Codec.Decode(f.Type, f.Data)
			if err != nil {
				return o, err
			}
			o.Facts = append(o.Facts, e)
		}
		return o, nil
	case *commandsv1.Answer_Refused:
		r := outcome.Refused
		if a.tolerates(r.Reason) {
			o.Tolerated = r.Reason
			return o, nil
		}
		no := &commands.Rejection{Reason: r.Reason, Message: r.Message}
		if len(r.Details) > 0 {
			_ = json.Unmarshal(r.Details, &no.Details) // for display only
		}
		return o, a.refused(no)
	case *commandsv1.Answer_Failed:
		f := outcome.Failed
		err := fmt.Errorf("%s on %s failed: %s: %s", a.Request.Command.Name(), a.Request.Stream, f.Reason, f.Message)
		if f.Retry {
			return o, fmt.Errorf("%w: %w", errAgain, err)
		}
		return o, err
	}
	return o, fmt.Errorf("%s on %s was answered in a way this program does not know: update it", a.Request.Command.Name(), a.Request.Stream)
}
