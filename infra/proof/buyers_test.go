package proof

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
	commandsv1 "tillstream/gateway/api/commands/v1"
	"tillstream/infra/esdb"
	"tillstream/infra/targets/tilltest"
)

const (
	units        = 1000 // all there are
	buyersEach   = 100  // of a process
	buyingWithin = 90 * time.Second

	askAgainAfter = 200 * time.Millisecond
)

// The promise of the stock: a thousand units are promised to a thousand buyers, whoever decides, and everybody else is
// told so.
func TestAThousandUnitsAreReservedAThousandTimes(t *testing.T) {
	processes := 64
	if testing.Short() {
		processes = 16
	}
	till := tilltest.Start(t, dataDir(t, "data"))
	for _, way := range []struct {
		name, sku string
		of        task
	}{
		{"each process decides by itself, on the event store", "LAMP-A", task{Store: till.Store}},
		{"the platform decides for all of them", "LAMP-B", task{Platform: till.GRPC}},
	} {
		t.Run(way.name, func(t *testing.T) {
			receive(t, till, way.sku, units)

			sold := crowd(t, processes, way.of, way.sku)

			if len(sold.Yes) != units || len(sold.No) != processes*buyersEach-units {
				t.Errorf("%d of %d buyers were promised a unit, %d were told that there is none", len(sold.Yes), processes*buyersEach, len(sold.No))
			}
			promisedToThese(t, till, way.sku, sold.Yes)
			if way.of.Store != "" && sold.Races == 0 {
				t.Error("no process ever lost a race: this run has proven nothing")
			}
			t.Logf("%d processes of %d buyers; %d lost races, %d commands asked again", processes, buyersEach, sold.Races, sold.Again)
		})
	}
}

// receive puts units of a SKU on the shelf.
func receive(t *testing.T, till *tilltest.Till, sku string, n int64) {
	t.Helper()
	name, payload, err := commands.Encode(commands.Ask(commands.ReceiveStock{SKU: sku, Warehouse: "MAIN", Quantity: n}))
	if err != nil {
		t.Fatal(err)
	}
	l := &ledger{wishes: map[string]*wish{}}
	w := &wish{id: "receipt", command: &commandsv1.Command{Name: name, Payload: payload, CommandId: "receipt-" + sku}}
	if err := (innerDoor{commandsv1.NewCommandsClient(till.Conn(t))}).ask(t.Context(), l, []*wish{w}); err != nil || w.told == nil || w.told.refused != "" {
		t.Fatalf("receive %d of %s: %+v, %v", n, sku, w.told, err)
	}
}

// promisedToThese reads the stream of a SKU and the view of its stock.
func promisedToThese(t *testing.T, till *tilltest.Till, sku string, told []string) {
	t.Helper()
	store := openLog(t, till)
	var item aggregates.StockItem
	var promised []string
	for r, err := range store.Read(t.Context(), string(events.Stock("MAIN", sku)), 0) {
		if err != nil {
			t.Fatal(err)
		}
		e := r.Event.(events.StockEvent)
		if reserved, is := e.(events.StockReserved); is {
			promised = append(promised, reserved.OrderID)
		}
		if item = item.Evolve(e); item.Available() < 0 {
			t.Fatalf("at revision %d %d units can be promised", r.Revision, item.Available())
		}
	}
	slices.Sort(promised)
	slices.Sort(told)
	if !slices.Equal(promised, told) {
		t.Errorf("%d reservations are recorded, %d buyers were promised a unit, and they are not the same", len(promised), len(told))
	}
	awaitViews(t, till)
	var onHand, reserved, available int64
	db := database(t, till.Data)
	err := db.QueryRow(t.Context(), "SELECT on_hand, reserved, available FROM "+tableOf(t, db, "stock_levels").Sanitize()+" WHERE sku = $1", sku).
		Scan(&onHand, &reserved, &available)
	if err != nil || onHand != units || reserved != units || available != 0 {
		t.Errorf("the view says %d on hand, %d reserved, %d available, %v", onHand, reserved, available, err)
	}
}

// buyerTask is the variable that makes a process one of buyers.
const buyerTask = "TILL_TEST_BUYERS"

// task is what a process of buyers is to do.
type task struct {
	Store    string // decide by itself, on this event store
	Platform string // or ask this platform
	SKU      string
	Process  int
}

// sales is what became of buyers.
type sales struct {
	Yes   []string // orders that were promised a unit
	No    []string
	Races int64 // appends that came too late
	Again int64 // commands that were asked again
}

// crowd runs processes of buyers, lets them loose when all of them are ready, and adds up what they were told.
func crowd(t *testing.T, processes int, of task, sku string) (all sales) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), buyingWithin)
	defer cancel()
	gate, open, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Close()
	said := make([]*bufio.Reader, processes)
	for i := range processes {
		of.SKU, of.Process = sku, i
		b, err := json.Marshal(of)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), buyerTask+"="+string(b), "GOMAXPROCS=2")
		cmd.Stdin, cmd.Stderr = gate, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		said[i] = bufio.NewReader(out)
	}
	for i, r := range said {
		if line, err := r.ReadString('\n'); line != ready {
			t.Fatalf("process %d is not ready: %q, %v", i, line, err)
		}
	}
	_ = open.Close() // all of them read the end of it at once
	for i, r := range said {
		var sold sales
		if err := json.NewDecoder(r).Decode(&sold); err != nil {
			t.Fatalf("process %d did not say what it bought: %v", i, err)
		}
		all.Yes, all.No = append(all.Yes, sold.Yes...), append(all.No, sold.No...)
		all.Races, all.Again = all.Races+sold.Races, all.Again+sold.Again
	}
	return all
}

const ready = "ready\n"

// buy is the program of a process of buyers: it answers its exit code.
func buy(text string) int {
	if err := buyAll(text); err != nil {
		fmt.Fprintln(os.Stderr, "a process of buyers:", err)
		return 1
	}
	return 0
}

func buyAll(text string) error {
	var of task
	if err := json.Unmarshal([]byte(text), &of); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), buyingWithin)
	defer cancel()
	ask, races, err := counter(ctx, of)
	if err != nil {
		return err
	}
	fmt.Print(ready)
	_, _ = io.Copy(io.Discard, os.Stdin)
	var sold sales
	var mu sync.Mutex
	var buyers sync.WaitGroup
	var failed error
	for n := range buyersEach {
		buyers.Go(func() {
			order := fmt.Sprintf("order-%d-%d", of.Process, n)
			yes, again, err := insist(ctx, ask, commands.ReserveStock{SKU: of.SKU, Warehouse: "MAIN", OrderID: order, At: fixed,
				Lines: []events.LineQuantity{{LineID: "1", Quantity: 1}}})
			mu.Lock()
			defer mu.Unlock()
			sold.Again += again
			switch {
			case err != nil:
				failed = fmt.Errorf("%s: %w", order, err)
			case yes:
				sold.Yes = append(sold.Yes, order)
			default:
				sold.No = append(sold.No, order)
			}
		})
	}
	buyers.Wait()
	if sold.Races = races.Load(); failed != nil {
		return failed
	}
	return json.NewEncoder(os.Stdout).Encode(sold)
}

// askFunc is how a buyer asks; it fails with errAskAgain when that did not tell.
type askFunc func(context.Context, commands.ReserveStock) error

var errAskAgain = errors.New("ask again")

// insist asks until there is an answer.
func insist(ctx context.Context, ask askFunc, cmd commands.ReserveStock) (yes bool, again int64, err error) {
	for ; ; again++ {
		err := ask(ctx, cmd)
		var no *commands.Rejection
		switch {
		case err == nil:
			return true, again, nil
		case errors.As(err, &no) && no.Reason == "stock_insufficient":
			return false, again, nil
		case !errors.Is(err, errAskAgain):
			return false, again, err
		}
		select { // as the platform asks of who comes while it is busy
		case <-time.After(askAgainAfter + rand.N(askAgainAfter)):
		case <-ctx.Done():
			return false, again, ctx.Err()
		}
	}
}

// counter opens the way to the shop that a task names.
func counter(ctx context.Context, of task) (askFunc, *atomic.Int64, error) {
	races := &atomic.Int64{}
	if of.Platform != "" {
		conn, err := grpc.NewClient("passthrough:///"+of.Platform, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, nil, err
		}
		conn.Connect()
		return askPlatform(commandsv1.NewCommandsClient(conn)), races, nil
	}
	store, err := esdb.Dial(ctx, of.Store, events.Catalog(), esdb.Options{})
	if err != nil {
		return nil, nil, err
	}
	h := commands.NewHandler(racing{store, races}, commands.Options{})
	return func(ctx context.Context, cmd commands.ReserveStock) error {
		_, err := commands.Handle(ctx, h, events.Meta{Command: cmd.OrderID, Actor: events.Actor{Kind: "anonymous"}, Origin: events.FromAPI}, cmd)
		if lost := (*commands.LostRaceError)(nil); errors.As(err, &lost) {
			return fmt.Errorf("%w: %w", errAskAgain, err)
		}
		return err
	}, races, nil
}

func askPlatform(client commandsv1.CommandsClient) askFunc {
	return func(ctx context.Context, cmd commands.ReserveStock) error {
		name, payload, err := commands.Encode(commands.Ask(cmd))
		if err != nil {
			return err
		}
		w := &wish{id: cmd.OrderID, command: &commandsv1.Command{Name: name, Payload: payload, CommandId: cmd.OrderID}}
		if err := (innerDoor{client}).ask(ctx, &ledger{wishes: map[string]*wish{}}, []*wish{w}); err != nil {
			return err
		}
		switch {
		case w.told == nil:
			return errAskAgain
		case w.told.refused != "":
			return &commands.Rejection{Reason: w.told.refused}
		}
		return nil
	}
}

// racing counts the appends that came too late.
type racing struct {
	commands.Store
	lost *atomic.Int64
}

func (r racing) Append(ctx context.Context, stream string, after int64, facts []commands.Draft) (commands.Appended, error) {
	a, err := r.Store.Append(ctx, stream, after, facts)
	if conflict := (*commands.ConflictError)(nil); errors.As(err, &conflict) {
		r.lost.Add(1)
	}
	return a, err
}
