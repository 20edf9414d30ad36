package gateway

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"tillstream/events"
	"tillstream/projections"
)

// call is one request: who asks for what, and what its answer will say in headers.
type call struct {
	method      string // full gRPC name: /tillstream.orders.v1.Orders/Place
	actor       events.Actor
	correlation string
	trace       string
	token       string    // Consistency-Token, unread
	until       time.Time // how long a query waits for its views, and for what it asks them

	at      time.Time                // business time of what a command says; zero: now
	command string                   // id of the command, of methods that are one
	request string                   // keyed hash of the command's request
	keyed   bool                     // the id is derived from an Idempotency-Key: the command may have been asked before
	before  projections.KeyedCommand // what it recorded then, as far as it is known

	outcome outcome
	marks   marks
	header  func(key, value string) // sets a header of the answer
}

// outcome is what the commands of one call came to, together.
type outcome struct {
	at     events.Position // of the newest fact
	asked  int             // commands that recorded something, now or before
	repeat int             // of asked: before
}

// replayed tells whether all of it was recorded before.
func (o outcome) replayed() bool { return o.asked > 0 && o.repeat == o.asked }

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// callOf is the call that a context belongs to; an empty one outside any.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{header: func(string, string) {}}
}

// The headers, and the gRPC metadata of the same names.
const (
	headerActor       = "X-Actor"
	headerKey         = "Idempotency-Key"
	headerReplayed    = "Idempotency-Replayed"
	headerToken       = "Consistency-Token"
	headerMaxWait     = "Max-Wait"
	headerAt          = "Business-Time"
	headerCorrelation = "X-Correlation-Id"
	headerTrace       = "Traceparent"
	headerAsOf        = "As_of_position"
	headerLag         = "Lag_ms"
)

// How long a query waits for its view.
const (
	waitDefault = 2 * time.Second
	waitMost    = 30 * time.Second
)

// readCall takes from the headers of a request what every method knows of it.
func readCall(method string, header func(string) string, reply func(key, value string)) (*call, error) {
	c := &call{method: method, header: reply, token: header(headerToken), trace: traceOf(header(headerTrace))}
	var err error
	if c.actor, err = actorOf(header(headerActor)); err != nil {
		return nil, err
	}
	wait, err := waitOf(header(headerMaxWait))
	if err != nil {
		return nil, err
	}
	c.until = time.Now().Add(wait)
	if c.correlation = header(headerCorrelation); c.correlation == "" {
		c.correlation = uuid.Must(uuid.NewV7()).String()
	}
	if !visible(c.correlation, 1, 64) {
		return nil, badField(headerCorrelation, "must be 1 to 64 visible ASCII characters")
	}
	return c, nil
}

var actorForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}:[!-~]{0,64}$`)

// actorOf reads kind:id. Until accounts exist it is believed, which is why nothing listens beyond loopback.
func actorOf(header string) (events.Actor, error) {
	if header == "" {
		return events.Actor{Kind: "anonymous"}, nil
	}
	if !actorForm.MatchString(header) {
		return events.Actor{}, badField(headerActor, "must be kind:id, such as staff:anna: a lower-case word, a colon, at most 64 visible characters")
	}
	kind, id, _ := strings.Cut(header, ":")
	return events.Actor{Kind: kind, ID: id}, nil
}

var traceForm = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)

// traceOf keeps a W3C traceparent; by its specification another text is ignored, not refused.
func traceOf(header string) string {
	if traceForm.MatchString(header) {
		return header
	}
	return ""
}

func waitOf(text string) (time.Duration, error) {
	if text == "" {
		return waitDefault, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > waitMost {
		return 0, badField("max_wait", "must be a duration from 0s to %s, such as 500ms", waitMost)
	}
	return d, nil
}

// visible tells whether s has from least to most characters, all of them visible ASCII.
func visible(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
