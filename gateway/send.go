package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"

	"google.golang.org/grpc/metadata"

	"tillstream/commands"
	"tillstream/events"
	commandsv1 "tillstream/gateway/api/commands/v1"
)

// inFlightMost is how many commands of one stream are being handled, or wait for their turn to be answered.
const inFlightMost = 512

type commandsService struct {
	commandsv1.UnimplementedCommandsServer
	*Gateway
}

// turn is one command of a stream: its answer, and when those behind it on the same event stream may begin.
type turn struct {
	answer *commandsv1.Answer
	done   chan struct{}
}

// Send implements commandsv1.CommandsServer.
func (s commandsService) Send(stream commandsv1.Commands_SendServer) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	turns := make(chan *turn, inFlightMost)
	read := make(chan error, 1)
	go func() {
		defer close(turns)
		read <- s.read(ctx, stream, turns)
	}()
	for t := range turns {
		select {
		case <-t.done:
		case <-ctx.Done():
			return closed(s.closing, ctx)
		}
		if err := stream.Send(t.answer); err != nil {
			return err
		}
	}
	return <-read
}

func closed(closing, ctx context.Context) error {
	if closing.Err() != nil {
		return problem(http.StatusServiceUnavailable, "closing", "the platform is shutting down: ask again under the same ids when it is back")
	}
	return ctx.Err()
}

// read begins commands as they come. One waits for the command before it on the same event stream, whose turn it keeps
// for as long as that is not done.
func (s commandsService) read(ctx context.Context, stream commandsv1.Commands_SendServer, turns chan<- *turn) error {
	last := map[string]*turn{}
	for {
		in, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		t := &turn{done: make(chan struct{})}
		select {
		case turns <- t:
		case <-ctx.Done():
			return ctx.Err()
		}
		request, err := s.deps.Commands.Decode(in.Name, in.Payload)
		if err != nil {
			t.answer = s.answered(commands.Answer{}, s.failure(ctx, err))
			close(t.done)
			continue
		}
		before := last[request.Stream]
		last[request.Stream] = t
		if len(last) > 2*inFlightMost {
			forgetDone(last)
		}
		go func() {
			defer close(t.done)
			if before != nil {
				<-before.done
			}
			t.answer = s.handle(ctx, in, request)
		}()
	}
}

func forgetDone(last map[string]*turn) {
	for stream, t := range last {
		select {
		case <-t.done:
			delete(last, stream)
		default:
		}
	}
}

func (s commandsService) handle(ctx context.Context, in *commandsv1.Command, request commands.Request) (answer *commandsv1.Answer) {
	defer func() {
		if fault := recover(); fault != nil {
			s.fault(ctx, in.Name, fault)
			answer = s.answered(commands.Answer{}, internalProblem())
		}
	}()
	meta, err := s.metaOf(in)
	if err != nil {
		return s.answered(commands.Answer{}, s.failure(ctx, err))
	}
	a, err := request.Send(ctx, s.deps.Handler, meta)
	return s.answered(a, s.failure(ctx, err))
}

func (g *Gateway) metaOf(in *commandsv1.Command) (events.Meta, error) {
	m := events.Meta{Correlation: in.CorrelationId, Causation: in.CausationId, Command: in.CommandId, Request: in.Request,
		Actor: events.Actor{Kind: in.GetActor().GetKind(), ID: in.GetActor().GetId()}, Why: in.Why, Trace: traceOf(in.Trace),
		Origin: events.Origin(in.Origin)}
	if m.Actor.Kind == "" {
		m.Actor.Kind = "anonymous"
	}
	if m.Origin == "" {
		m.Origin = events.FromAPI
	}
	if m.Request == "" {
		m.Request = g.requestHash(in.Name, in.Payload)
	}
	if in.At != nil {
		m.At = timeOf(in.At)
	}
	switch {
	case !visible(m.Command, 1, 64):
		return m, badField("command_id", "must be 1 to 64 visible ASCII characters")
	case !visible(m.Request, 1, 64), !visible(m.Correlation, 0, 64), !visible(m.Causation, 0, 64):
		return m, badField("correlation_id", "and causation_id and request must be at most 64 visible ASCII characters")
	case !actorForm.MatchString(m.Actor.String()):
		return m, badField("actor", "must be a kind, a lower-case word, and an id of at most 64 visible characters")
	case !slices.Contains([]events.Origin{events.FromAPI, events.FromImport}, m.Origin):
		return m, badField("origin", "must be api or import")
	case len(m.Why) > whyMost:
		return m, badField("why", "has more than %d bytes", whyMost)
	}
	if in.At != nil {
		return m, g.checkBusinessTime("at", m.At)
	}
	return m, nil
}

const whyMost = 1000 // bytes of free text

func (g *Gateway) failure(ctx context.Context, err error) *Problem {
	if err == nil {
		return nil
	}
	return problemOf(ctx, g.log, err)
}

func (g *Gateway) answered(a commands.Answer, p *Problem) *commandsv1.Answer {
	switch {
	case p == nil:
		return g.recorded(a)
	case p.Code < http.StatusInternalServerError && p.Code != http.StatusTooManyRequests && p.Code != http.StatusUnprocessableEntity && p.Reason != "lost_race":
		details, err := json.Marshal(p.Details)
		if err != nil || p.Details == nil {
			details = []byte("{}")
		}
		return &commandsv1.Answer{Outcome: &commandsv1.Answer_Refused{Refused: &commandsv1.Refused{Reason: p.Reason, Message: p.Message, Details: details}}}
	}
	return &commandsv1.Answer{Outcome: &commandsv1.Answer_Failed{Failed: &commandsv1.Failed{Code: int32(p.Code), Reason: p.Reason,
		Message: p.Message, Retry: p.Code != http.StatusUnprocessableEntity}}}
}

func (g *Gateway) recorded(a commands.Answer) *commandsv1.Answer {
	out := &commandsv1.Recorded{Position: uint64(a.At), LogId: string(g.deps.LogID), Replayed: a.Replayed}
	if a.At > 0 {
		out.Token = g.tokenOf(a.At)
	}
	for _, fact := range a.Facts {
		data, err := events.Encode(fact)
		if err != nil { // it was stored in this form a moment ago
			return g.answered(a, internalProblem())
		}
		out.Facts = append(out.Facts, &commandsv1.Fact{Type: fact.Type(), Data: data})
	}
	return &commandsv1.Answer{Outcome: &commandsv1.Answer_Recorded{Recorded: out}}
}

// streamCall reads the call of a stream from its metadata.
func streamCall(ctx context.Context, method string, reply func(key, value string)) (*call, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	return readCall(method, func(name string) string {
		if values := md.Get(name); len(values) > 0 {
			return values[0]
		}
		return ""
	}, reply)
}
