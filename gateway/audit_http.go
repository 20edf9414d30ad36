package gateway

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"google.golang.org/protobuf/proto"

	"tillstream/events"
	auditv1 "tillstream/gateway/api/audit/v1"
	"tillstream/gateway/wirejson"
)

// exportWithin is how long an export may take: ten million events need about five minutes.
const exportWithin = 30 * time.Minute

// mountAudit serves by HTTP what streams.
func (g *Gateway) mountAudit(server *khttp.Server) {
	s := auditService{Gateway: g}
	g.mountStream(server, "/v1/audit/stream", func() proto.Message { return &auditv1.FollowRequest{} }, s.followHTTP)
	g.mountStream(server, "/v1/audit/export", func() proto.Message { return &auditv1.ListRequest{} }, s.exportHTTP)
}

// mountStream serves a query whose answer is no JSON.
func (g *Gateway) mountStream(server *khttp.Server, path string, request func() proto.Message, answer func(context.Context, proto.Message, http.ResponseWriter, *http.Request) error) {
	server.Route("/").Handle(http.MethodGet, path, func(ctx khttp.Context) error {
		w, r := ctx.Response(), ctx.Request()
		noteRoute(r.Context(), path)
		in := request()
		if err := bind(ctx, route{verb: http.MethodGet, path: path}, in); err != nil {
			return err
		}
		c, err := readCall(path, r.Header.Get, w.Header().Set)
		if err != nil {
			return err
		}
		return answer(withCall(r.Context(), c), in, w, r)
	})
}

// followHTTP tells of facts as server-sent events, whose id is the position they reach to.
func (s auditService) followHTTP(ctx context.Context, m proto.Message, w http.ResponseWriter, r *http.Request) error {
	in := m.(*auditv1.FollowRequest)
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		at, err := strconv.ParseUint(last, 10, 64)
		if err != nil {
			return badField("Last-Event-ID", "is no position of the log")
		}
		in.After = at
	}
	if err := s.await(ctx, s.auditLog()); err != nil {
		return err
	}
	begin := func() {
		h := w.Header()
		h.Set("Content-Type", "text/event-stream; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		_, _ = io.WriteString(w, "retry: 1000\n\n")
	}
	begun := false
	return s.follow(ctx, in, func(rows auditRows, to events.Position) error {
		if !begun {
			begin()
			begun = true
		}
		list, err := auditEvents(rows)
		if err != nil {
			return err
		}
		for _, e := range list {
			if _, err := fmt.Fprintf(w, "id: %d\nevent: fact\ndata: %s\n\n", e.Position, wirejson.Marshal(e)); err != nil {
				return err
			}
		}
		if len(list) == 0 {
			if _, err := fmt.Fprintf(w, "id: %d\nevent: beat\ndata: {}\n\n", to); err != nil {
				return err
			}
		}
		return http.NewResponseController(w).Flush()
	})
}

// auditColumns head the CSV.
var auditColumns = []string{"position", "id", "at", "recorded_at", "stream", "revision", "type", "actor", "sentence", "why", "origin",
	"command_id", "correlation_id", "causation_id", "order_id", "customer_id", "sku"}

// exportHTTP writes a list as CSV, page by page. What goes wrong on the way breaks the connection, so that nobody takes a
// part for the whole.
func (s auditService) exportHTTP(ctx context.Context, m proto.Message, w http.ResponseWriter, _ *http.Request) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exportWithin) // a gone client is noticed by writing
	defer cancel()
	out, begun := csv.NewWriter(w), false
	begin := func() error {
		begun = true
		h := w.Header()
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="audit-%s.csv"`, s.deps.Now().UTC().Format("2006-01-02T150405Z")))
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		return out.Write(auditColumns)
	}
	err := s.export(ctx, m.(*auditv1.ListRequest), func(rows auditRows) error {
		if !begun {
			if err := begin(); err != nil {
				return err
			}
		}
		list, err := auditEvents(rows)
		for _, e := range list {
			if err := out.Write(auditRecord(e)); err != nil {
				return err
			}
		}
		out.Flush()
		if err == nil {
			err = out.Error()
		}
		return err
	})
	switch {
	case err != nil && !begun:
		return err
	case err != nil:
		s.log.WarnContext(ctx, "an export of the audit log ended early", "err", err)
		panic(http.ErrAbortHandler)
	case !begun:
		if err := begin(); err != nil {
			return err
		}
		out.Flush()
		return out.Error()
	}
	return nil
}

func auditRecord(e *auditv1.Event) []string {
	record := []string{strconv.FormatUint(e.Position, 10), e.Id, e.At.AsTime().Format(time.RFC3339Nano), e.RecordedAt.AsTime().Format(time.RFC3339Nano),
		e.Stream, strconv.FormatUint(e.Revision, 10), e.Type, e.Actor.Kind + ":" + e.Actor.Id, e.Sentence, e.Why, e.Origin, e.CommandId,
		e.CorrelationId, e.CausationId, e.OrderId, e.CustomerId, e.Sku}
	for i := range record {
		record[i] = noFormula(record[i])
	}
	return record
}

// noFormula keeps a spreadsheet from running a cell that somebody named a product: it is led by an apostrophe, which
// makes it text.
func noFormula(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
