package gateway

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tillstream/events"
	auditv1 "tillstream/gateway/api/audit/v1"
	"tillstream/gateway/web"
)

// auditForm is what a person narrows the log down by, as it was typed.
type auditForm struct{ Stream, Type, Actor, From, To, Time, Order, Correlation string }

// localForm is how browsers write a time without its zone, with and without seconds.
var localForms = []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04:05.999", time.DateOnly, time.RFC3339Nano}

func typedTime(field, text string) (*timestamppb.Timestamp, error) {
	if text == "" {
		return nil, nil
	}
	for _, form := range localForms {
		if t, err := time.Parse(form, text); err == nil {
			return timestamppb.New(t), nil
		}
	}
	return nil, badField(field, "is no time, such as 2010-12-09T14:09")
}

func typedForm(q url.Values) auditForm {
	of := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	return auditForm{Stream: of("stream"), Type: of("type"), Actor: of("actor"), From: of("from"), To: of("to"), Time: of("time"),
		Order: of("order_id"), Correlation: of("correlation_id")}
}

// values is the form as a query, without what is empty.
func (f auditForm) values() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"stream": f.Stream, "type": f.Type, "actor": f.Actor, "from": f.From, "to": f.To,
		"time": f.Time, "order_id": f.Order, "correlation_id": f.Correlation} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// request is the list that the form asks for.
func (f auditForm) request() (in *auditv1.ListRequest, err error) {
	in = &auditv1.ListRequest{Stream: f.Stream, Type: f.Type, Actor: f.Actor, Time: f.Time, OrderId: f.Order, CorrelationId: f.Correlation}
	if in.From, err = typedTime("from", f.From); err != nil {
		return nil, err
	}
	in.To, err = typedTime("to", f.To)
	return in, err
}

// order says in which order the list is.
func (f auditForm) order() string {
	switch {
	case f.From == "" && f.To == "":
		return "last recorded first"
	case f.Time == "recorded":
		return "by time of recording, latest first"
	}
	return "by business time, latest first"
}

// auditPage is what the page of the list shows.
type auditPage struct {
	Form     auditForm
	Filtered bool
	Types    []typesOfSubject
	Streams  []string // beginnings of streams, as suggestions
	Kept     []pair   // what a jump to a time keeps of the form
	Days     []auditDay
	Count    int
	Order    string
	Older    string // address of the page after this one; empty: there is none
	Newest   string // address of the first page; empty: this is it
	Export   string
	Stream   string // address of what follows the list; empty: it cannot be followed
	Problem  string
	AsOf     uint64
	Lag      int64
}

type pair struct{ Name, Value string }

// typesOfSubject is the event types whose names begin alike.
type typesOfSubject struct {
	Subject string
	Names   []string
}

// auditDay is facts in a row that were so on one day.
type auditDay struct {
	Day    string
	Events []*auditv1.Event
}

func (s auditService) listPage(ctx context.Context, page khttp.Context) error {
	query := page.Request().URL.Query()
	form := typedForm(query)
	p := auditPage{Form: form, Filtered: len(form.values()) > 0, Types: typeNames(), Streams: streamBeginnings(), Order: form.order(),
		Export: "/v1/audit/export?" + s.listValues(form).Encode()}
	code := http.StatusOK
	if err := s.fill(ctx, &p, query.Get("cursor")); err != nil {
		problem := problemOf(ctx, s.log, err)
		code, p.Problem = problem.Code, problem.Message
	}
	kept := form.values()
	kept.Del("to")
	for name := range kept {
		p.Kept = append(p.Kept, pair{name, kept.Get(name)})
	}
	return web.Render(page.Response(), code, "audit", web.Page{Title: "Audit log", Here: "/audit", Script: "audit.js", Body: p})
}

// listValues is the form as the routes under /v1 take it: times with their zone.
func (s auditService) listValues(f auditForm) url.Values {
	q := f.values()
	for _, name := range []string{"from", "to"} {
		if t, err := typedTime(name, q.Get(name)); err == nil && t != nil {
			q.Set(name, t.AsTime().Format(time.RFC3339Nano))
		}
	}
	return q
}

func (s auditService) fill(ctx context.Context, p *auditPage, cursor string) error {
	in, err := p.Form.request()
	if err != nil {
		return err
	}
	in.Cursor = cursor
	list, err := s.List(ctx, in)
	if err != nil {
		return err
	}
	p.Count = len(list.Items)
	for _, e := range list.Items {
		day := e.At.AsTime().Format("Monday 2 January 2006")
		if n := len(p.Days); n == 0 || p.Days[n-1].Day != day {
			p.Days = append(p.Days, auditDay{Day: day})
		}
		last := &p.Days[len(p.Days)-1]
		last.Events = append(last.Events, e)
	}
	here := p.Form.values()
	if cursor != "" {
		p.Newest = "/audit?" + here.Encode()
	}
	if list.NextCursor != "" {
		here.Set("cursor", list.NextCursor)
		p.Older = "/audit?" + here.Encode()
	}
	at := s.deps.Views.AuditLog.At().At
	if cursor == "" && p.Form.From == "" && p.Form.To == "" {
		follow := p.Form.values()
		follow.Del("time")
		follow.Set("after", strconv.FormatUint(uint64(at), 10))
		p.Stream = "/v1/audit/stream?" + follow.Encode()
	}
	p.AsOf, p.Lag = uint64(at), s.deps.Platform.View(s.auditLog().name).Lag.Milliseconds()
	return nil
}

// typeNames is every type of the catalog, by what its name begins with.
func typeNames() (groups []typesOfSubject) {
	for _, e := range events.Catalog().Types() {
		subject, _, _ := strings.Cut(e.Type(), ".")
		subject = strings.ReplaceAll(subject, "_", " ")
		if n := len(groups); n == 0 || groups[n-1].Subject != subject {
			groups = append(groups, typesOfSubject{Subject: subject})
		}
		last := &groups[len(groups)-1]
		last.Names = append(last.Names, e.Type())
	}
	return groups
}
