package proof

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tillstream/infra/targets/tilltest"
)

const (
	readers  = 32
	switches = 16
	mark     = "second "
)

// operates runs a replay command that has to succeed.
func operates(t *testing.T, till *tilltest.Till, args ...string) string {
	t.Helper()
	r := tilltest.Run(t.Context(), t, append([]string{"replay"}, append(args, "--data", till.Data)...)...)
	if r.Code != 0 {
		t.Fatalf("till replay %v ended with %d: %s%s", args, r.Code, r.Out, r.Err)
	}
	return r.Out
}

// The promise to whoever asks while operators switch: no request fails, and no answer is of both generations. Every page of
// the second generation bears a mark, behind the platform's back, so that a mixture would show. A product is changed all the
// while, so that there is something to wait for at each switch.
func TestWhileGenerationsAreSwitchedNoReaderFailsAndNoneSeesBoth(t *testing.T) {
	till := tilltest.Start(t, dataDir(t, "data"))
	for i := range 20 {
		must(t, till, "POST", "/v1/products", nil, object{"sku": fmt.Sprint("LAMP-", i), "name": "Lamp", "kind": "goods"})
	}
	must(t, till, "POST", "/v1/products", nil, object{"sku": "NOISE", "name": "Noise", "kind": "goods"})
	awaitViews(t, till)
	operates(t, till, "apply", "product_pages")
	db := database(t, till.Data)
	if _, err := db.Exec(t.Context(), `UPDATE tillstream.product_pages_v1_g2 SET name = $1 || name WHERE key <> 'NOISE'`, mark); err != nil {
		t.Fatal(err)
	}

	var answered [2]atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	transport := &http.Transport{MaxIdleConnsPerHost: readers}
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			client := &http.Client{Transport: transport}
			for ctx.Err() == nil {
				generation, err := generationSeen(client, till.HTTP)
				if err != nil {
					t.Error(err)
					return
				}
				answered[generation].Add(1)
			}
		})
	}
	for n := range switches {
		must(t, till, "POST", "/v1/stock/receipts", nil, object{"sku": "NOISE", "quantity": 1})
		to := (n + 1) % 2
		before := answered[to].Load()
		if n == 0 {
			operates(t, till, "promote", "product_pages")
		} else {
			operates(t, till, "rollback", "product_pages")
		}
		for until := time.Now().Add(currentWithin); answered[to].Load() == before; time.Sleep(time.Millisecond) {
			if t.Failed() || time.Now().After(until) {
				t.Fatalf("after %d switches nobody is answered from the other generation", n+1)
			}
		}
	}
	stop()
	all.Wait()
	transport.CloseIdleConnections()
	t.Logf("%d requests were answered from the first generation, %d from the second", answered[0].Load(), answered[1].Load())
}

// generationSeen asks for all pages at once and tells which generation answered.
func generationSeen(client *http.Client, base string) (generation int, err error) {
	answer, err := client.Get(base + "/v1/products?limit=100")
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 {
		return 0, fmt.Errorf("a reader was answered %d: %s: %v", answer.StatusCode, said, err)
	}
	var list struct{ Items []struct{ SKU, Name string } }
	if err := json.Unmarshal(said, &list); err != nil {
		return 0, err
	}
	var seen [2]int
	for _, p := range list.Items {
		if p.SKU == "NOISE" {
			continue
		}
		if strings.HasPrefix(p.Name, mark) {
			seen[1]++
		} else {
			seen[0]++
		}
	}
	switch {
	case seen[0] == 20 && seen[1] == 0:
		return 0, nil
	case seen[1] == 20 && seen[0] == 0:
		return 1, nil
	}
	return 0, fmt.Errorf("an answer has %d pages of the first generation and %d of the second", seen[0], seen[1])
}
