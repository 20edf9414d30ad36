package eventstore_test

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"tillstream/infra/eventstore/eventstoretest"
)

func TestReadsThatAreRefused(t *testing.T) {
	cc := dial(t, eventstoretest.Start(t))
	all := func(o *streams.ReadReq_Options) {
		o.StreamOption = &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
			AllOption: &streams.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}},
		}}
	}
	filtered := func(change func(*streams.ReadReq_Options_FilterOptions)) func(*streams.ReadReq_Options) {
		return func(o *streams.ReadReq_Options) {
			all(o)
			f := &streams.ReadReq_Options_FilterOptions{
				Filter: &streams.ReadReq_Options_FilterOptions_EventType{
					EventType: &streams.ReadReq_Options_FilterOptions_Expression{Prefix: []string{"x"}},
				},
				Window:                       &streams.ReadReq_Options_FilterOptions_Max{Max: 32},
				CheckpointIntervalMultiplier: 1,
			}
			change(f)
			o.CountOption = &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}}
			o.FilterOption = &streams.ReadReq_Options_Filter{Filter: f}
		}
	}
	cases := map[string]func(*streams.ReadReq_Options){
		"no uuid option":   func(o *streams.ReadReq_Options) { o.UuidOption = nil },
		"no filter option": func(o *streams.ReadReq_Options) { o.FilterOption = nil },
		"no count":         func(o *streams.ReadReq_Options) { o.CountOption = nil },
		"no stream":        func(o *streams.ReadReq_Options) { o.StreamOption = nil },
		"empty name":       func(o *streams.ReadReq_Options) { o.GetStream().StreamIdentifier = identifier("") },
		"no start":         func(o *streams.ReadReq_Options) { o.GetStream().RevisionOption = nil },
		"backwards subscription": func(o *streams.ReadReq_Options) {
			o.CountOption = &streams.ReadReq_Options_Subscription{}
			o.ReadDirection = streams.ReadReq_Options_Backwards
		},
		"prepare beyond commit": func(o *streams.ReadReq_Options) {
			all(o)
			o.GetAll().AllOption = &streams.ReadReq_Options_AllOptions_Position{
				Position: &streams.ReadReq_Options_Position{CommitPosition: 1, PreparePosition: 2},
			}
		},
		"filter without expression": filtered(func(f *streams.ReadReq_Options_FilterOptions) { f.GetEventType().Prefix = nil }),
		"filter without subject":    filtered(func(f *streams.ReadReq_Options_FilterOptions) { f.Filter = nil }),
		"filter with bad regex":     filtered(func(f *streams.ReadReq_Options_FilterOptions) { f.GetEventType().Regex = "(" }),
		"filter without window":     filtered(func(f *streams.ReadReq_Options_FilterOptions) { f.Window = nil }),
		"filter with empty window": filtered(func(f *streams.ReadReq_Options_FilterOptions) {
			f.Window = &streams.ReadReq_Options_FilterOptions_Max{}
		}),
		"filter without interval": filtered(func(f *streams.ReadReq_Options_FilterOptions) { f.CheckpointIntervalMultiplier = 0 }),
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			o := readOptions("s")
			change(o)
			call, err := streams.NewStreamsClient(cc).Read(timeout(t), &streams.ReadReq{Options: o})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := drain(call); status.Code(err) != codes.InvalidArgument {
				t.Fatalf("answered %v, want an invalid argument", err)
			}
		})
	}
}

func options(stream string) *streams.AppendReq {
	return &streams.AppendReq{Content: &streams.AppendReq_Options_{Options: &streams.AppendReq_Options{
		StreamIdentifier: identifier(stream), ExpectedStreamRevision: &streams.AppendReq_Options_Any{Any: &shared.Empty{}},
	}}}
}

func event(size int) *streams.AppendReq {
	return &streams.AppendReq{Content: &streams.AppendReq_ProposedMessage_{ProposedMessage: &streams.AppendReq_ProposedMessage{
		Id: structured(uuid.New()), Metadata: map[string]string{"type": "t", "content-type": "application/json"}, Data: make([]byte, size),
	}}}
}

func TestAppendsThatAreRefused(t *testing.T) {
	cc := dial(t, eventstoretest.Start(t))
	without := func(key string) *streams.AppendReq {
		e := event(1)
		delete(e.GetProposedMessage().Metadata, key)
		return e
	}
	noID := event(1)
	noID.GetProposedMessage().Id = nil
	badID := event(1)
	badID.GetProposedMessage().Id = &shared.UUID{Value: &shared.UUID_String_{String_: "x"}}
	noExpectation := options("s")
	noExpectation.GetOptions().ExpectedStreamRevision = nil
	long := make([]byte, 5000)
	for i := range long {
		long[i] = 'x'
	}
	cases := map[string]struct {
		send     []*streams.AppendReq
		code     codes.Code
		trailers map[string]string
	}{
		"nothing":        {nil, codes.InvalidArgument, nil},
		"no options":     {[]*streams.AppendReq{event(1)}, codes.InvalidArgument, nil},
		"options twice":  {[]*streams.AppendReq{options("s"), options("s")}, codes.InvalidArgument, nil},
		"no name":        {[]*streams.AppendReq{options(""), event(1)}, codes.InvalidArgument, nil},
		"long name":      {[]*streams.AppendReq{options(string(long)), event(1)}, codes.InvalidArgument, nil},
		"name not UTF-8": {[]*streams.AppendReq{options("\xff"), event(1)}, codes.InvalidArgument, nil},
		"$all":           {[]*streams.AppendReq{options("$all"), event(1)}, codes.PermissionDenied, map[string]string{"exception": "access-denied"}},
		"no expectation": {[]*streams.AppendReq{noExpectation, event(1)}, codes.InvalidArgument, nil},
		"no id":          {[]*streams.AppendReq{options("s"), noID}, codes.InvalidArgument, nil},
		"bad id":         {[]*streams.AppendReq{options("s"), badID}, codes.InvalidArgument, nil},
		"no type": {[]*streams.AppendReq{options("s"), without("type")}, codes.InvalidArgument, map[string]string{
			"exception": "missing-required-metadata-property", "required-metadata-properties": "type,content-type"}},
		"no content type": {[]*streams.AppendReq{options("s"), without("content-type")}, codes.InvalidArgument, map[string]string{
			"exception": "missing-required-metadata-property"}},
		"too large": {[]*streams.AppendReq{options("s"), event(600 << 10), event(600 << 10), event(1)}, codes.InvalidArgument, map[string]string{
			"exception": "maximum-append-size-exceeded", "maximum-append-size": "1048576"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var trailers metadata.MD
			call, err := streams.NewStreamsClient(cc).Append(timeout(t), grpc.Trailer(&trailers))
			if err != nil {
				t.Fatal(err)
			}
			for _, req := range c.send {
				if err := call.Send(req); err != nil {
					t.Fatal(err)
				}
			}
			_, err = call.CloseAndRecv()
			if status.Code(err) != c.code {
				t.Fatalf("answered %v, want %v", err, c.code)
			}
			for key, want := range c.trailers {
				if got := trailers.Get(key); len(got) != 1 || got[0] != want {
					t.Fatalf("trailer %s is %q, want %q", key, got, want)
				}
			}
		})
	}
	call, err := streams.NewStreamsClient(cc).Read(timeout(t), &streams.ReadReq{Options: readOptions("s")})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := drain(call); err != nil || len(all) != 1 || all[0].GetStreamNotFound() == nil {
		t.Fatalf("after refusals only: %v, %v; want the stream not found", all, err)
	}
}

func TestDeleteTellsTheActualRevision(t *testing.T) {
	conn := eventstoretest.Start(t)
	appendTo(t, connect(t, conn), "schön", jsonEvent("t", 0), jsonEvent("t", 1))
	req := &streams.DeleteReq{Options: &streams.DeleteReq_Options{
		StreamIdentifier: identifier("schön"), ExpectedStreamRevision: &streams.DeleteReq_Options_Revision{Revision: 5},
	}}
	var trailers metadata.MD
	_, err := streams.NewStreamsClient(dial(t, conn)).Delete(timeout(t), req, grpc.Trailer(&trailers))
	if status.Code(err) != codes.FailedPrecondition {
		t.Fatalf("answered %v", err)
	}
	for key, want := range map[string]string{
		"exception": "wrong-expected-version", "expected-version": "5", "actual-version": "1", "stream-name": "sch%C3%B6n",
	} {
		if got := trailers.Get(key); len(got) != 1 || got[0] != want {
			t.Fatalf("trailer %s is %q, want %q", key, got, want)
		}
	}
}

func TestReadTellsFirstAndLastRevisionToClientsThatAsk(t *testing.T) {
	conn := eventstoretest.Start(t)
	client := connect(t, conn)
	appendTo(t, client, "s", jsonEvent("t", 0), jsonEvent("t", 1))
	o := readOptions("s")
	o.ControlOption = &streams.ReadReq_Options_ControlOption{Compatibility: 1}
	o.UuidOption.Content = &streams.ReadReq_Options_UUIDOption_String_{String_: &shared.Empty{}}
	call, err := streams.NewStreamsClient(dial(t, conn)).Read(timeout(t), &streams.ReadReq{Options: o})
	if err != nil {
		t.Fatal(err)
	}
	all, err := drain(call)
	if err != nil || len(all) != 3 {
		t.Fatalf("%v, %v", all, err)
	}
	if _, err := uuid.Parse(all[0].GetEvent().GetEvent().GetId().GetString_()); err != nil {
		t.Fatalf("id is not text: %v", err)
	}
	if last, ok := all[2].Content.(*streams.ReadResp_LastStreamPosition); !ok || last.LastStreamPosition != 1 {
		t.Fatalf("ended with %v, want the last revision", all[2])
	}
}

func TestFeaturesAndGossip(t *testing.T) {
	cc := dial(t, eventstoretest.Start(t))
	methods, err := serverfeatures.NewServerFeaturesClient(cc).GetSupportedMethods(timeout(t), &shared.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	offered := map[string]bool{}
	for _, m := range methods.Methods {
		offered[m.ServiceName+"/"+m.MethodName] = true
	}
	for _, want := range []string{"read", "append", "batchappend", "delete", "tombstone"} {
		if !offered["event_store.client.streams.streams/"+want] {
			t.Errorf("%s is not offered", want)
		}
	}
	info, err := gossip.NewGossipClient(cc).Read(timeout(t), &shared.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Members) != 1 || info.Members[0].State != gossip.MemberInfo_Leader || !info.Members[0].IsAlive ||
		info.Members[0].HttpEndPoint.Address != "127.0.0.1" || info.Members[0].HttpEndPoint.Port == 0 {
		t.Fatalf("gossip: %v", info)
	}
}
