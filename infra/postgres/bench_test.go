package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tillstream/events"
	"tillstream/infra/local"
	"tillstream/infra/postgres"
	"tillstream/projections"
)

// sales are rows of the widest view, as an import makes them.
func sales(from, n int) map[string]projections.Doc[projections.SalesFact] {
	docs := make(map[string]projections.Doc[projections.SalesFact], n)
	for i := from; i < from+n; i++ {
		order, line := events.DerivedID("bench", i/20), events.LineID("bench", i)
		docs[order+"/"+line] = projections.Doc[projections.SalesFact]{Position: events.Position(i + 1), Value: projections.SalesFact{
			Kind: "sale", At: time.Date(2010, 12, 1, 8, i/20, 0, 0, time.UTC), RecordedAt: time.Date(2026, 1, 1, 0, 0, 0, i/20*1000, time.UTC),
			SKU: fmt.Sprint(10000 + i*7919%3900), Goods: "goods", Warehouse: "UK", Country: "United Kingdom", CustomerID: events.DerivedID("customer", i/20%4000),
			OrderID: order, LineID: line, Number: fmt.Sprint(536365 + i/20), Units: int64(i % 12), AmountMinor: int64(i % 1999), Currency: "GBP",
			SoldUnits: int64(i % 12), GrossMinor: int64(i % 1999), NetMinor: int64(i % 1999), EventID: events.DerivedID("event", i), Origin: "import",
			Correlation: "0b7fdcd2-2b3c-8a8d-9d3c-000000000000",
		}}
	}
	return docs
}

// machine is a database on a server of its own, whose work can be told from that of others.
type machine struct {
	*postgres.DB
	postmaster string
}

// cpu is the time that this process and the server have worked. On a busy machine it says more than the clock does.
func (m machine) cpu(b *testing.B) time.Duration {
	b.Helper()
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		b.Fatal(err)
	}
	spent := time.Duration(own.Utime.Nano() + own.Stime.Nano())
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		pid, rest, _ := strings.Cut(string(text), " ")
		fields := strings.Fields(rest[strings.LastIndexByte(rest, ')')+1:])
		times := fields[11:13] // its own
		if pid == m.postmaster {
			times = fields[11:15] // and those of children that have ended
		} else if fields[1] != m.postmaster {
			continue
		}
		for _, t := range times {
			ticks, _ := strconv.Atoi(t)
			spent += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return spent
}

func benchDB(b *testing.B) machine {
	b.Helper()
	p, err := local.StartPostgres(b.Context(), local.PostgresOptions{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	db, err := postgres.Open(b.Context(), p.DSN())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		db.Close()
		if err := p.Stop(b.Context()); err != nil {
			b.Error(err)
		}
	})
	s := server{t: b, dsn: p.DSN()}
	s.query("SHOW data_directory", &s.data)
	pid, err := os.ReadFile(filepath.Join(s.data, "postmaster.pid"))
	if err != nil {
		b.Fatal(err)
	}
	postmaster, _, _ := strings.Cut(string(pid), "\n")
	return machine{db, postmaster}
}

// BenchmarkSave keeps new rows of the widest view, in batches, by each way there is, beside COPY of all of them at once.
func BenchmarkSave(b *testing.B) {
	const total = 60_000
	m := benchDB(b)
	run := 0
	generation := func() *postgres.Rows[projections.SalesFact] {
		run++
		r, err := postgres.Serve(b.Context(), m.DB, projections.Define[projections.SalesFact](fmt.Sprint("sales_", run), 1), nil)
		if err != nil {
			b.Fatal(err)
		}
		return r
	}
	measured := func(b *testing.B, rows int, batches []batch, save func(r *postgres.Rows[projections.SalesFact], batch batch) error) {
		r := generation()
		b.ResetTimer()
		before := m.cpu(b)
		for _, batch := range batches {
			if err := save(r, batch); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		b.ReportMetric(float64((m.cpu(b)-before).Microseconds())/float64(rows), "cpu-us/row")
	}
	for _, size := range []int{10, 100, 1000, 4000} {
		for name, save := range postgres.Ways[projections.SalesFact]() {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				rows := min(total, 2000*size)
				measured(b, rows, batchesOf(rows, size), func(r *postgres.Rows[projections.SalesFact], batch batch) error {
					return save(r, b.Context(), batch.docs, batch.from, batch.to)
				})
			})
		}
	}
	b.Run("limit: COPY of all", func(b *testing.B) {
		measured(b, total, batchesOf(total, total), func(r *postgres.Rows[projections.SalesFact], batch batch) error {
			return r.Copy(b.Context(), batch.docs)
		})
	})
}

type batch struct {
	docs     map[string]projections.Doc[projections.SalesFact]
	from, to projections.Checkpoint
}

func batchesOf(rows, size int) []batch {
	var all []batch
	at := projections.Checkpoint{}
	for i := 0; i < rows; i += size {
		to := projections.Checkpoint{Log: "log", At: events.Position(i + size), Count: uint64(i + size)}
		all = append(all, batch{sales(i, size), at, to})
		at = to
	}
	return all
}

// BenchmarkRebuild feeds a row view of 3,900 keys from a history in memory, as a rebuild does.
func BenchmarkRebuild(b *testing.B) {
	m := benchDB(b)
	const facts, told = 400_000, 4096
	log := make([]events.Recorded, facts)
	for i := range log {
		sku := fmt.Sprint(10000 + i*7919%3900)
		log[i] = events.Recorded{Event: events.StockReceived{SKU: sku, Warehouse: "UK", Quantity: 1}, Stream: "stock-UK/" + sku, Position: events.Position(i + 1)}
	}
	for b.Loop() {
		r, err := postgres.Build(b.Context(), m.DB, projections.StockLevels, nil)
		if err != nil {
			b.Fatal(err)
		}
		p, err := projections.NewProjector(b.Context(), projections.StockLevels, r, nil, "log")
		if err != nil {
			b.Fatal(err)
		}
		for i := 0; i < facts; i += told {
			to := min(i+told, facts)
			if err := p.Advance(b.Context(), projections.Interval{Log: "log", From: events.Position(i), To: events.Position(to), Facts: log[i:to]}); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		if err := m.Retire(b.Context(), r.Generation().ID); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(facts*b.N)/b.Elapsed().Seconds(), "events/s")
}
