package proof

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tillstream/infra/targets/tilltest"
)

// readyWithin is how soon a second start is to be ready.
const readyWithin = 5 * time.Second

// becomesReady waits until every view serves, as a script would.
func becomesReady(t *testing.T, till *tilltest.Till) {
	t.Helper()
	for until := time.Now().Add(currentWithin); ; time.Sleep(10 * time.Millisecond) {
		r := call(t, till, "GET", "/readyz", nil, nil)
		if r.status == 200 {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("it is not ready within %v: %s\n%s", currentWithin, r.text, till.Log)
		}
	}
}

func TestASecondStartIsReadySoonAndFindsEverything(t *testing.T) {
	data := dataDir(t, "a path with spaces, and ünlü")
	till := tilltest.Start(t, data)
	lamp := must(t, till, "POST", "/v1/products", nil, object{"sku": "LAMP", "name": "Lamp", "kind": "goods"})
	till.Stop(t)
	for _, end := range []struct {
		name string
		how  func(*tilltest.Till)
	}{
		{"after an interrupt", func(till *tilltest.Till) { till.Stop(t) }},
		{"after everything was killed", func(till *tilltest.Till) { till.Kill(t) }},
		{"after the platform's own process was killed", func(till *tilltest.Till) { till.KillAlone(t) }},
	} {
		till := tilltest.Start(t, data)
		end.how(till)

		begun := time.Now()
		again := tilltest.Start(t, data)
		becomesReady(t, again)

		took := time.Since(begun)
		if took > readyWithin {
			t.Errorf("%s it was ready after %v", end.name, took)
		}
		t.Logf("%s it was ready after %v; it says %v", end.name, took, again.Took)
		if r := must(t, again, "GET", "/v1/products/LAMP", after(lamp), nil); r.json["name"] != "Lamp" {
			t.Errorf("%s the product is %s", end.name, r.text)
		}
		again.Stop(t)
	}
}

func TestASignalEndsThePlatformAndAllThatItStarted(t *testing.T) {
	data := dataDir(t, "data")
	for name, signal := range map[string]os.Signal{"interrupt": os.Interrupt, "terminated": syscall.SIGTERM, "hung up": syscall.SIGHUP} {
		till := tilltest.Start(t, data)
		family := till.Family()
		if len(family) == 0 {
			t.Fatal("it has started nothing: this proves nothing")
		}

		till.Signal(t, signal)

		if code := till.Ended(t); code != 0 {
			t.Errorf("%s: it ended with %d\n%s", name, code, till.Log)
		}
		for _, pid := range family {
			if tilltest.Alive(pid) {
				t.Errorf("%s: its child %d lives on", name, pid)
			}
		}
		if _, err := os.Stat(filepath.Join(data, "owner.json")); err == nil {
			t.Errorf("%s: it still says where it is to be found", name)
		}
	}
}

func TestASignalEndsAStartToo(t *testing.T) {
	till := tilltest.Up{Data: dataDir(t, "data")}.Launch(t)
	for len(till.Family()) == 0 { // a first start makes a database
		time.Sleep(time.Millisecond)
	}
	family := till.Family()

	till.Signal(t, syscall.SIGTERM)

	till.Ended(t)
	for _, pid := range family {
		if tilltest.Alive(pid) {
			t.Errorf("its child %d lives on", pid)
		}
	}
	tilltest.Start(t, till.Data).Stop(t)
}

func TestOneDirectoryHasOnePlatform(t *testing.T) {
	till := tilltest.Start(t, dataDir(t, "data"))

	second := tilltest.Run(t.Context(), t, "up", "--data", till.Data, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")

	if second.Code != 1 || !strings.Contains(second.Err, "owns this data directory") || !strings.Contains(second.Err, strconv.Itoa(till.Pid())) ||
		!strings.Contains(second.Err, till.GRPC) {
		t.Errorf("the second ended with %d and said %q", second.Code, second.Err)
	}
	becomesReady(t, till)
}

func TestWhatAKilledPlatformLeftRunningIsEnded(t *testing.T) {
	data := dataDir(t, "data")
	till := tilltest.Start(t, data)
	family := till.Family()

	till.KillAlone(t)
	again := tilltest.Start(t, data)

	ours := map[int]bool{}
	for _, pid := range again.Family() {
		ours[pid] = true
	}
	for _, pid := range family {
		if tilltest.Alive(pid) && !ours[pid] {
			t.Errorf("process %d of the killed platform lives on", pid)
		}
	}
}

func TestAPortInUseIsSaidAndEndsTheStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, flag := range []string{"--http", "--grpc"} {
		other := map[string]string{"--http": "--grpc", "--grpc": "--http"}[flag]
		r := tilltest.Run(t.Context(), t, "up", "--data", dataDir(t, "data"), flag, taken.Addr().String(), other, "127.0.0.1:0")
		if r.Code != 1 || !strings.Contains(r.Err, taken.Addr().String()) || !strings.Contains(r.Err, flag) {
			t.Errorf("%s: it ended with %d and said %q", flag, r.Code, r.Err)
		}
	}
}

func TestAnAddressThatOthersReachIsRefused(t *testing.T) {
	r := tilltest.Run(t.Context(), t, "up", "--data", dataDir(t, "data"), "--http", "0.0.0.0:0", "--grpc", "127.0.0.1:0")
	if r.Code != 1 && r.Code != 2 || !strings.Contains(r.Err, "refuse to listen") {
		t.Errorf("it ended with %d and said %q", r.Code, r.Err)
	}
}

// An ordinary user who has no home can run it as well as root can.
func TestThePlatformNeedsNoRootAndNoHome(t *testing.T) {
	const nobody = 65534
	data := dataDir(t, "data")
	if err := os.Chmod(filepath.Dir(data), 0o777); err != nil {
		t.Fatal(err)
	}
	up := tilltest.Up{Data: data, Env: []string{"PATH=" + os.Getenv("PATH")}, Dir: filepath.Dir(data)}
	if os.Geteuid() == 0 {
		up.As = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	for range 2 {
		till := up.Launch(t)
		till.Ready(t)
		becomesReady(t, till)
		for _, pid := range append(till.Family(), till.Pid()) {
			info, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
			if err != nil {
				continue // it has ended since
			}
			if uid := info.Sys().(*syscall.Stat_t).Uid; up.As != nil && uid != nobody {
				t.Errorf("process %d runs as user %d", pid, uid)
			}
		}
		till.Stop(t)
	}
}

// What a script reads of the first line.
func TestItSaysWhereItIsToBeFound(t *testing.T) {
	till := tilltest.Start(t, dataDir(t, "data"))
	var where map[string]any
	if err := json.Unmarshal([]byte(till.Out.String()), &where); err != nil {
		t.Fatalf("%v: it printed %q", err, till.Out)
	}
	for _, key := range []string{"http", "grpc", "eventstore", "data", "ready_ms"} {
		if where[key] == nil {
			t.Errorf("it does not say its %s: %v", key, where)
		}
	}
	if r := tilltest.Run(t.Context(), t, "status", "--json", "--data", till.Data); r.Code != 0 || !json.Valid([]byte(r.Out)) {
		t.Errorf("its status ended with %d: %s%s", r.Code, r.Out, r.Err)
	}
}
