package proof

import (
	"encoding/csv"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/parquet-go/parquet-go"
	"google.golang.org/grpc"

	analyticsv1 "tillstream/gateway/api/analytics/v1"
	"tillstream/infra/targets/tilltest"
)

// exported is what an export says of itself.
type exported struct {
	Log      string
	Position uint64
	Rows     int64
	Tables   []struct {
		Table, File string
		Rows, Bytes int64
	}
}

func manifestOf(t *testing.T, text string) (e exported) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return e
}

func leftIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != ".till-export.lock" {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestTheStarSchemaIsTakenOutOfARunningShop(t *testing.T) {
	till := tilltest.Start(t, dataDir(t, "data"))
	imports(t, till, 0, excerpt(t, 2))
	lamp := must(t, till, "POST", "/v1/products", nil, object{"sku": "LAMP", "name": "=1+1", "kind": "goods"})
	dir := filepath.Join(t.TempDir(), "a new one", "books")

	r := tilltest.Run(t.Context(), t, "export", "--all", "--out", dir, "--json", "--data", till.Data, "--token", lamp.header.Get("Consistency-Token"))

	if r.Code != 0 {
		t.Fatalf("it ended with %d: %s", r.Code, r.Err)
	}
	said := manifestOf(t, r.Out)
	manifest, err := os.ReadFile(filepath.Join(dir, "export.json"))
	if err != nil || manifestOf(t, string(manifest)).Position != said.Position || said.Log == "" || len(said.Tables) != 9 {
		t.Errorf("export.json says %s of %s (%v)", manifest, r.Out, err)
	}
	for _, table := range said.Tables {
		content, err := os.ReadFile(table.File)
		if err != nil || int64(len(content)) != table.Bytes {
			t.Errorf("%s has %d bytes, it says %d (%v)", table.File, len(content), table.Bytes, err)
		}
		if rows, err := csv.NewReader(strings.NewReader(string(content))).ReadAll(); err != nil || int64(len(rows)-1) != table.Rows {
			t.Errorf("%s has %d rows, it says %d (%v)", table.File, len(rows)-1, table.Rows, err)
		}
		if table.Table == "product" && !strings.Contains(string(content), "LAMP,") {
			t.Error("what its token stands for is not in it")
		}
	}
	if left := leftIn(t, dir); len(left) != 10 {
		t.Errorf("it leaves %v", left)
	}

	r = tilltest.Run(t.Context(), t, "export", "sales", "--format", "parquet", "--out", dir, "--server", till.GRPC, "--to", "2010-12-02", "--tz", "Europe/London")

	var f *parquet.File
	if r.Code == 0 {
		f = parquetFile(t, filepath.Join(dir, "sales.parquet"))
	}
	if f == nil || f.NumRows() != 3225 || !strings.Contains(r.Out, "3225 rows") {
		t.Errorf("it ended with %d: %s%s", r.Code, r.Out, r.Err)
	}
	r = tilltest.Run(t.Context(), t, "export", "country", "--out", "-", "--data", till.Data, "--quiet")
	if r.Code != 0 || !strings.HasPrefix(r.Out, "country,at,recorded_at\r\n") || r.Err != "" {
		t.Errorf("it ended with %d: %.80q %s", r.Code, r.Out, r.Err)
	}
}

func parquetFile(t *testing.T, path string) *parquet.File {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAnExportThatIsMisaskedSaysHow(t *testing.T) {
	for args, says := range map[string]string{
		"":                                     "--all",
		"none":                                 "there are sales",
		"sales sales":                          "twice",
		"sales --all":                          "name tables, or",
		"--all --out -":                        "one table",
		"sales --out - --json":                 "standard output",
		"sales --from soon":                    "--from",
		"sales --tz Mars/Base":                 "time zone",
		"sales --format xls":                   "csv",
		"sales --format parquet --spreadsheet": "csv alone",
	} {
		r := tilltest.Run(t.Context(), t, append([]string{"export", "--data", t.TempDir()}, strings.Fields(args)...)...)
		if r.Code != 2 || !strings.Contains(r.Err, says) {
			t.Errorf("export %s ended with %d: %s", args, r.Code, r.Err)
		}
	}
}

// slowly is a platform that sends a part of a table and then nothing, or the end.
type slowly struct {
	analyticsv1.UnimplementedExportsServer
	ends bool
	sent chan struct{}
}

func (s *slowly) TakeAll(_ *analyticsv1.ExportAllRequest, stream analyticsv1.Exports_TakeAllServer) error {
	for _, part := range []*analyticsv1.ExportPart{
		{Snapshot: &analyticsv1.ExportSnapshot{Tables: []*analyticsv1.ExportSize{{Table: "day", Rows: 2}, {Table: "sales", Rows: 2}}}},
		{Table: "day", Data: []byte("new"), Rows: 2, Whole: true}, {Table: "sales", Data: []byte("half"), Rows: 1}} {
		if err := stream.Send(part); err != nil {
			return err
		}
	}
	if s.ends {
		return nil
	}
	s.sent <- struct{}{}
	<-stream.Context().Done()
	return nil
}

func (s *slowly) serve(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	analyticsv1.RegisterExportsServer(server, s)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// Whatever ends an export before its end, the files of the one before are as they were, and no others are there.
func TestAnExportThatIsCutShortChangesNoFile(t *testing.T) {
	for name, c := range map[string]struct {
		ends bool
		by   os.Signal
		left string // that the next export overwrites
	}{
		"interrupted":           {by: os.Interrupt},
		"ended by the platform": {ends: true},
		"killed":                {by: syscall.SIGKILL, left: ".day.csv.partial .sales.csv.partial "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "day.csv"), []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			platform := &slowly{ends: c.ends, sent: make(chan struct{})}
			address := platform.serve(t)
			var said strings.Builder
			cmd := exec.CommandContext(t.Context(), tilltest.Binary(t), "export", "day", "sales", "--out", dir, "--server", address, "--quiet")
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if !c.ends {
				<-platform.sent
				other := tilltest.Run(t.Context(), t, "export", "day", "--out", dir, "--server", address)
				if other.Code != 1 || !strings.Contains(other.Err, "another export") {
					t.Errorf("a second export into the directory ended with %d: %s", other.Code, other.Err)
				}
				if err := cmd.Process.Signal(c.by); err != nil {
					t.Fatal(err)
				}
			}
			if err := cmd.Wait(); err == nil {
				t.Error("it ended well")
			}
			if content, err := os.ReadFile(filepath.Join(dir, "day.csv")); err != nil || string(content) != "old" {
				t.Errorf("the file of the export before is %q (%v)", content, err)
			}
			if left := strings.Join(leftIn(t, dir), " "); left != c.left+"day.csv" {
				t.Errorf("it leaves %s", left)
			}
			if c.left == "" && !strings.Contains(said.String(), "interrupted") && !strings.Contains(said.String(), "before sales was whole") {
				t.Errorf("it says %q", said.String())
			}
		})
	}
}
