package proof

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tillstream/infra/targets/tilltest"
)

// The promise to whoever brings the older books last: what was known when the newer ones came is what they are planned
// with, for ever.
func TestOlderBooksThatComeLaterChangeNothingOfTheNewer(t *testing.T) {
	older, newer := books(t, "older", `
536365,85123A,HEART,6,2010-12-01T08:26:00,2.55,17850,United Kingdom
536366,22752,BABUSHKA,2,2010-12-01T09:00:00,7.65,17850,United Kingdom
`), books(t, "newer", `
540001,85123A,HEART,4,2011-01-04T10:00:00,2.55,17850,United Kingdom
C540002,85123A,HEART,-5,2011-01-05T10:00:00,2.55,17850,United Kingdom
C540003,22752,BABUSHKA,-1,2011-01-05T11:00:00,7.65,17850,United Kingdom
`)
	till := tilltest.Start(t, dataDir(t, "data"))
	first, _ := imports(t, till, 0, newer)
	if first.Counts["parts_returned"] != 1 || first.Counts["parts_without_original"] != 2 {
		t.Fatalf("alone the newer books come to %v", first.Counts)
	}

	imports(t, till, 0, older)

	for _, flags := range [][]string{{"--reconcile-only"}, nil} {
		again, _ := imports(t, till, 0, newer, flags...)
		if again.EventsAdded != 0 || again.Counts["parts_without_original"] != 2 {
			t.Errorf("%v: %d events were added, %v", flags, again.EventsAdded, again.Counts)
		}
	}
	imports(t, till, 0, older, "--reconcile-only")
}

// books writes a file of a few rows.
func books(t *testing.T, name, rows string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".csv")
	text := "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n" + strings.TrimSpace(rows) + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The promise of the reconciliation to whoever restarts the platform under it: it waits, and goes on.
func TestAReconciliationOutlivesARestart(t *testing.T) {
	n := days(2)
	if testing.Short() {
		n = 1
	}
	file, address := excerpt(t, n), freeAddress(t)
	up := tilltest.Up{Data: dataDir(t, "data"), Flags: []string{"--http", "127.0.0.1:0", "--grpc", address}, Bare: true}
	till := up.Launch(t)
	till.Ready(t)
	imports(t, till, 0, file)
	ctx, cancel := context.WithTimeout(t.Context(), importWithin)
	defer cancel()
	ended := make(chan tilltest.Result, 1)
	go func() {
		ended <- tilltest.Run(ctx, t, "import", "online-retail", file, "--reconcile-only", "--json", "--server", address)
	}()
	restarts := 0
	for {
		select {
		case ran := <-ended:
			if ran.Code != 0 || restarts == 0 {
				t.Errorf("after %d restarts it ended with %d: %s", restarts, ran.Code, ran.Err)
			}
			return
		case <-time.After(time.Duration(100+restarts*400) * time.Millisecond): // the moment of a kill is no synchronisation
			if restarts < 4 {
				till.Kill(t)
				till = up.Launch(t)
				till.Ready(t)
				restarts++
			}
		}
	}
}
