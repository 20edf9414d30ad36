package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	analyticsv1 "tillstream/gateway/api/analytics/v1"
)

// exportChunk is how many bytes of a file one message has.
const exportChunk = 256 << 10

// Take implements analyticsv1.ExportsServer.
func (s exportsService) Take(in *analyticsv1.ExportRequest, stream analyticsv1.Exports_TakeServer) error {
	return s.take(stream, analyticsv1.Exports_Take_FullMethodName, in, []string{in.Table})
}

// TakeAll implements analyticsv1.ExportsServer.
func (s exportsService) TakeAll(in *analyticsv1.ExportAllRequest, stream analyticsv1.Exports_TakeAllServer) error {
	tables := in.Tables
	if len(tables) == 0 && s.deps.Exports != nil {
		for _, t := range s.deps.Exports.Tables() {
			tables = append(tables, t.Name)
		}
	}
	return s.take(stream, analyticsv1.Exports_TakeAll_FullMethodName, in, tables)
}

func (s exportsService) take(stream analyticsv1.Exports_TakeServer, method string, in exportAsk, tables []string) error {
	c, err := streamCall(stream.Context(), method, func(string, string) {})
	if err != nil {
		return err
	}
	ctx, end := s.exporting(withCall(stream.Context(), c))
	defer end()
	if err := s.send(ctx, stream, in, tables); err != nil {
		return problemOf(ctx, s.log, err)
	}
	return nil
}

func (s exportsService) send(ctx context.Context, stream analyticsv1.Exports_TakeServer, in exportAsk, tables []string) error {
	ask, err := s.ask(in, tables)
	if err != nil {
		return err
	}
	shot, err := s.snapshot(ctx, &ask)
	if err != nil {
		return err
	}
	defer shot.Close()
	head := &analyticsv1.ExportSnapshot{LogId: string(ask.Log), Position: uint64(ask.Position), At: timestamppb.New(shot.At())}
	for _, size := range shot.Sizes() {
		head.Tables = append(head.Tables, &analyticsv1.ExportSize{Table: size.Table, Rows: size.Rows})
	}
	if err := stream.Send(&analyticsv1.ExportPart{Snapshot: head}); err != nil {
		return err
	}
	for _, table := range tables {
		parts := &exportParts{stream: stream, table: table}
		out := bufio.NewWriterSize(parts, exportChunk)
		err := shot.Write(ctx, table, out, parts.report)
		if err == nil {
			err = out.Flush()
		}
		if err == nil {
			err = stream.Send(&analyticsv1.ExportPart{Table: table, Rows: parts.rows, Whole: true})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// exportParts sends the file of a table in messages.
type exportParts struct {
	stream analyticsv1.Exports_TakeServer
	table  string
	rows   int64
}

// Write implements io.Writer.
func (p *exportParts) Write(data []byte) (int, error) {
	for begin := 0; begin < len(data); begin += exportChunk {
		chunk := data[begin:min(begin+exportChunk, len(data))]
		if err := p.stream.Send(&analyticsv1.ExportPart{Table: p.table, Data: chunk, Rows: p.rows}); err != nil {
			return begin, err
		}
	}
	return len(data), nil
}

// report tells of rows while their bytes are still gathered.
func (p *exportParts) report(rows int64) error {
	p.rows = rows
	return p.stream.Send(&analyticsv1.ExportPart{Table: p.table, Rows: rows})
}

// mountExports serves one table by HTTP.
func (g *Gateway) mountExports(server *khttp.Server) {
	s := exportsService{Gateway: g}
	g.mountStream(server, "/v1/analytics/export/{table}", func() proto.Message { return &analyticsv1.ExportRequest{} }, s.takeHTTP)
}

var exportTypes = map[string]string{ExportCSV: "text/csv; charset=utf-8; header=present", ExportParquet: "application/vnd.apache.parquet"}

// takeHTTP writes one table as a file. What goes wrong on the way breaks the connection, so that nobody takes a part for
// the whole.
func (s exportsService) takeHTTP(ctx context.Context, m proto.Message, w http.ResponseWriter, _ *http.Request) error {
	in := m.(*analyticsv1.ExportRequest)
	ctx, end := s.exporting(context.WithoutCancel(ctx)) // the server's own limit is for answers; a gone client is noticed by writing
	defer end()
	ask, err := s.ask(in, []string{in.Table})
	if err != nil {
		return err
	}
	shot, err := s.snapshot(ctx, &ask)
	if err != nil {
		return err
	}
	defer shot.Close()
	h := w.Header()
	h.Set("Content-Type", exportTypes[ask.Format])
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.%s"`, in.Table, ask.Format))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Rows", strconv.FormatInt(shot.Sizes()[0].Rows, 10))
	sent := &sentBytes{to: w}
	out := bufio.NewWriterSize(sent, exportChunk)
	err = shot.Write(ctx, in.Table, out, func(int64) error { return nil })
	if err == nil {
		err = out.Flush()
	}
	switch {
	case err != nil && sent.count == 0:
		h.Del("Content-Disposition")
		h.Del("Rows")
		return err
	case err != nil:
		s.log.WarnContext(ctx, "an export ended early", "table", in.Table, "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// sentBytes counts what is written.
type sentBytes struct {
	to    io.Writer
	count int64
}

// Write implements io.Writer.
func (s *sentBytes) Write(data []byte) (int, error) {
	n, err := s.to.Write(data)
	s.count += int64(n)
	return n, err
}
