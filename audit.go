package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	auditv1 "tillstream/gateway/api/audit/v1"
	"tillstream/gateway/wirejson"
)

type auditCommand struct {
	Stream      string `placeholder:"NAME" help:"Only this stream, such as order-1f0c…; with a star at its end, all that begin so."`
	Type        string `placeholder:"T" help:"Only events of this type; with a star at its end, of all that begin so."`
	Actor       string `placeholder:"KIND:ID" help:"Only what this actor asked for, such as staff:anna; a kind alone, staff, means all of it."`
	Order       string `placeholder:"ID" help:"Only what is about this order."`
	Correlation string `placeholder:"ID" help:"Only what belongs to this conversation."`
	From        string `placeholder:"TIME" help:"Only from this time on: 2010-12-01, or 2010-12-01T08:26:00Z. A day is one of UTC."`
	To          string `placeholder:"TIME" help:"Only before this time."`
	Recorded    bool   `help:"From and to mean when it was recorded, not when it was so."`
	Limit       int32  `default:"50" placeholder:"N" help:"At most so many, the newest first; 0: all. Default: ${default}."`
	Follow      bool   `short:"f" help:"Print what is recorded from now on, until interrupted."`
}

// Help implements kong.HelpProvider.
func (auditCommand) Help() string {
	return "Tells who did what, when and why, in plain words: one event a line, the newest first. With --json every line is the whole " +
		"envelope. A single event, with what it changed, is read at /v1/audit/events/ID, or in a browser at /audit.\n\n" +
		"Examples:\n\n  till audit --actor staff:anna --limit 20\n  till audit --stream 'order-*' --from 2010-12-01 --to 2010-12-02\n" +
		"  till audit --type 'payment.*' --follow --json | jq .sentence"
}

// Validate implements kong.Validatable.
func (a auditCommand) Validate() error {
	switch {
	case a.Limit < 0:
		return fmt.Errorf("--limit %d is below 0", a.Limit)
	case a.Follow && (a.From != "" || a.To != ""):
		return errors.New("--follow tells what is recorded from now on: it takes neither --from nor --to")
	}
	for flag, text := range map[string]string{"--from": a.From, "--to": a.To} {
		if _, err := auditTime(text); err != nil {
			return fmt.Errorf("%s %s", flag, err)
		}
	}
	return nil
}

func (a auditCommand) Run(ctx context.Context, all *cli, c *console) error {
	conn, err := platform(all)
	if err != nil {
		return err
	}
	defer conn.Close()
	client := auditv1.NewAuditClient(conn)
	if a.Follow {
		err = a.follow(ctx, client, c)
	} else {
		err = a.list(ctx, client, c)
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("ask the platform at %s: %s", conn.Target(), status.Convert(err).Message())
	}
	return nil
}

func (a auditCommand) list(ctx context.Context, client auditv1.AuditClient, c *console) error {
	from, _ := auditTime(a.From)
	to, _ := auditTime(a.To)
	in := &auditv1.ListRequest{Stream: a.Stream, Type: a.Type, Actor: a.Actor, OrderId: a.Order, CorrelationId: a.Correlation,
		From: from, To: to, Limit: a.Limit}
	if a.Recorded {
		in.Time = "recorded"
	}
	stream, err := client.Export(ctx, in)
	if err != nil {
		return err
	}
	_, err = printAudit(c, stream)
	return err
}

// refollowAfter is how long to wait before a stream that ended is followed again.
const refollowAfter = 200 * time.Millisecond

// follow goes on after the last event whenever the platform ends the stream, which it does now and then.
func (a auditCommand) follow(ctx context.Context, client auditv1.AuditClient, c *console) error {
	in := &auditv1.FollowRequest{Stream: a.Stream, Type: a.Type, Actor: a.Actor, OrderId: a.Order, CorrelationId: a.Correlation}
	for {
		stream, err := client.Follow(ctx, in)
		if err != nil {
			return err
		}
		last, err := printAudit(c, stream)
		if err != nil && status.Code(err) != codes.Unavailable {
			return err
		}
		in.After = max(in.After, last)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(refollowAfter):
		}
	}
}

// printAudit prints events until the stream ends, and answers the position of the last.
func printAudit(c *console, stream interface {
	Recv() (*auditv1.Event, error)
}) (last uint64, err error) {
	for {
		e, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return last, nil
		}
		if err != nil {
			return last, err
		}
		last = e.Position
		if c.JSON {
			_, err = fmt.Fprintf(c.Out, "%s\n", wirejson.Marshal(e))
		} else {
			_, err = fmt.Fprintf(c.Out, "%s  %-26s  %s:%s  %s\n", e.At.AsTime().Format("2006-01-02 15:04:05"), e.Type, e.Actor.GetKind(), e.Actor.GetId(), e.Sentence)
		}
		if err != nil {
			return last, err
		}
	}
}

// auditTime reads a day of UTC, or an instant; nil for none.
func auditTime(text string) (*timestamppb.Timestamp, error) {
	if text == "" {
		return nil, nil
	}
	for _, form := range []string{time.DateOnly, time.RFC3339Nano} {
		if t, err := time.Parse(form, text); err == nil {
			return timestamppb.New(t), nil
		}
	}
	return nil, fmt.Errorf("%q is no time: give a day, such as 2010-12-01, or 2010-12-01T08:26:00Z", text)
}
