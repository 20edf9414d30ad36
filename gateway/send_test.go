package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tillstream/commands"
	"tillstream/events"
	commandsv1 "tillstream/gateway/api/commands/v1"
)

// send asks commands on one stream and answers what came of each.
func (s *shop) send(asked ...*commandsv1.Command) []*commandsv1.Answer {
	s.t.Helper()
	stream, err := commandsv1.NewCommandsClient(s.grpc).Send(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	go func() {
		for _, c := range asked {
			if stream.Send(c) != nil {
				return
			}
		}
		_ = stream.CloseSend()
	}()
	var answers []*commandsv1.Answer
	for {
		a, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return answers
		}
		if err != nil {
			s.t.Fatal(err)
		}
		answers = append(answers, a)
	}
}

func asked(t testing.TB, id string, r commands.Request) *commandsv1.Command {
	t.Helper()
	name, payload, err := commands.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	return &commandsv1.Command{Name: name, Payload: payload, CommandId: id, Origin: "import", CorrelationId: "import-1",
		Actor: &commandsv1.Actor{Kind: "import", Id: "1"}, At: timestamppb.New(noon.AddDate(-15, 0, 0)), Why: "history"}
}

func TestCommandsOfAStreamAreAnsweredInTheirOrder(t *testing.T) {
	s := stocked(t)
	var list []*commandsv1.Command
	const n = 2000 // more than may be in flight
	for i := range n {
		// A wish for the i-th unit can only be granted behind the i-1 before it.
		sku := fmt.Sprintf("SKU-%d", i%7)
		list = append(list, asked(t, fmt.Sprint("c", i), commands.Ask(commands.CountStock{SKU: sku, Warehouse: "MAIN", Counted: int64(i)})))
	}
	for i, a := range s.send(list...) {
		facts := a.GetRecorded().GetFacts()
		if len(facts) != 1 {
			t.Fatalf("%d: %v", i, a)
		}
		var counted events.StockCounted
		if err := json.Unmarshal(facts[0].Data, &counted); err != nil {
			t.Fatal(err)
		}
		before := int64(max(i-7, 0))
		if i < 7 {
			before = 0
		}
		if counted.Counted != int64(i) || counted.Difference != int64(i)-before {
			t.Fatalf("%d was counted as %+v", i, counted)
		}
	}
}

func TestACommandSaysWhatCameOfIt(t *testing.T) {
	s := stocked(t)
	receive := commands.Ask(commands.ReceiveStock{SKU: "LAMP-1", Warehouse: "MAIN", Quantity: 5})
	other := commands.Ask(commands.ReceiveStock{SKU: "LAMP-1", Warehouse: "MAIN", Quantity: 6})
	lost := commands.Ask(commands.AdjustStock{SKU: "LAMP-1", Warehouse: "MAIN", Quantity: -100, Reason: "lost"})
	future := asked(t, "c5", receive)
	future.At = timestamppb.New(noon.AddDate(1, 0, 0))

	answers := s.send(asked(t, "c1", receive), asked(t, "c1", receive), asked(t, "c1", other), asked(t, "c2", lost),
		&commandsv1.Command{Name: "stock.conjure", CommandId: "c3"}, asked(t, "", receive), future)

	if r := answers[0].GetRecorded(); r.GetReplayed() || r.GetPosition() == 0 || r.GetLogId() != logID || r.GetFacts()[0].Type != "stock.received" {
		t.Errorf("the first: %v", answers[0])
	}
	if first, again := answers[0].GetRecorded(), answers[1].GetRecorded(); !again.GetReplayed() || again.Position != first.Position {
		t.Errorf("the same again: %v", answers[1])
	}
	if f := answers[2].GetFailed(); f.GetReason() != "idempotency_key_reused" || f.GetRetry() {
		t.Errorf("another under the same id: %v", answers[2])
	}
	if r := answers[3].GetRefused(); r.GetReason() != "stock_insufficient" || !json.Valid(r.GetDetails()) {
		t.Errorf("a no: %v", answers[3])
	}
	for i := 4; i <= 6; i++ {
		if answers[i].GetRefused().GetReason() != "invalid_argument" {
			t.Errorf("%d, not understood: %v", i, answers[i])
		}
	}
	meta := s.all("stock.received")[1].Meta
	if meta.Origin != events.FromImport || meta.Correlation != "import-1" || meta.At.Year() != 2011 || meta.Why != "history" || meta.Actor.String() != "import:1" {
		t.Errorf("why it is there: %+v", meta)
	}
	token := answers[1].GetRecorded().GetToken()
	if level := s.get("/v1/stock?sku=LAMP-1&token=" + token).is(200)["items"].([]any)[0].(map[string]any); level["on_hand"] != 15.0 {
		t.Errorf("on hand: %v", level)
	}
}

func TestAStreamOfCommandsEndsWhenThePlatformDoes(t *testing.T) {
	s := open(t)
	reading, go_ := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.log.reading = func(context.Context, string) error {
		once.Do(func() { close(reading) })
		<-go_
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := commandsv1.NewCommandsClient(s.grpc).Send(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(asked(t, "c1", commands.Ask(commands.CountStock{SKU: "A", Warehouse: "MAIN"}))); err != nil {
		t.Fatal(err)
	}
	<-reading
	go s.end()
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("it ends with %v", err)
	}
	close(go_)
}

// withToken has a stream wait for what a command recorded.
func withToken(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "consistency-token", token, "max-wait", "5s")
}

func withKey(ctx context.Context, key string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "idempotency-key", key, "x-actor", "staff:anna")
}

type metadataOf struct{ metadata.MD }

func (m metadataOf) first(name string) string {
	if values := m.Get(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// reasonOf is the reason of a problem by gRPC.
func reasonOf(err error) string {
	for _, d := range status.Convert(err).Details() {
		if info, is := d.(*errdetails.ErrorInfo); is {
			return info.Reason
		}
	}
	return ""
}
