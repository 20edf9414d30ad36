package bench

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Conditions say on what, and how, figures were measured.
type Conditions struct {
	At         time.Time         `json:"at"`
	CPU        string            `json:"cpu"`
	Cores      int               `json:"cores"`
	Processors int               `json:"processors"` // that Go code uses at once
	Load       string            `json:"load_average,omitempty"`
	System     string            `json:"system"`
	FileSystem string            `json:"file_system"`
	Fdatasync  float64           `json:"fdatasync_p50_us"` // of a write of 4 KiB
	Fsync      string            `json:"fsync"`            // when it is waited for
	Go         string            `json:"go"`
	Versions   map[string]string `json:"versions"`
	Payload    int               `json:"payload_bytes,omitempty"`
	WarmUp     string            `json:"warm_up,omitempty"`
	Duration   string            `json:"duration,omitempty"`
	Turns      int               `json:"turns,omitempty"`
	Client     string            `json:"client"` // who asks, and how
}

// conditionsOf describes the machine; what is run is the workload's to add.
func conditionsOf(dir string) (Conditions, error) {
	c := Conditions{
		At: time.Now().UTC().Truncate(time.Second), CPU: cpuModel(), Cores: runtime.NumCPU(), Processors: runtime.GOMAXPROCS(0), Load: loadAverage(),
		System: runtime.GOOS + "/" + runtime.GOARCH + kernel(), FileSystem: fileSystem(dir),
		Fsync: "one per group, before any of it is acknowledged", Go: runtime.Version(), Versions: versions(),
	}
	if c.FileSystem == "tmpfs" {
		c.Fsync += " (without effect on tmpfs: compare the ratios, not the figures)"
	}
	var err error
	c.Fdatasync, err = syncLatency(dir)
	return c, err
}

// probes is how many writes tell the disk's latency.
const probes = 64

// syncLatency is the median of how long a small write takes to be durable.
func syncLatency(dir string) (us float64, err error) {
	file, err := os.CreateTemp(dir, "probe-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	block, took := make([]byte, 4096), make([]time.Duration, probes)
	for i := range took {
		began := time.Now()
		if _, err := file.Write(block); err != nil {
			return 0, err
		}
		if err := fdatasync(file); err != nil {
			return 0, err
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return micros(took[probes/2]), nil
}

// loadAverage is how many processes wanted a core, over 1, 5 and 15 minutes.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(text))
	return strings.Join(fields[:min(3, len(fields))], " ")
}

func cpuModel() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(info)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func kernel() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return " " + strings.TrimSpace(string(release))
}

// measured are the modules whose versions bear on the figures.
var measured = []string{"github.com/EventStore/EventStore-Client-Go/v4", "github.com/cockroachdb/pebble/v2", "github.com/jackc/pgx/v5", "google.golang.org/grpc", "google.golang.org/protobuf"}

func versions() map[string]string {
	found := map[string]string{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return found
	}
	for _, dep := range info.Deps {
		for _, name := range measured {
			if dep.Path == name {
				found[name] = dep.Version
			}
		}
	}
	return found
}

// write prints the machine; run says what is done on it.
func (c Conditions) write(b *strings.Builder, run string) {
	fmt.Fprintf(b, "measured    %s on %d × %s (Go uses %d), %s", c.At.Format(time.RFC3339), c.Cores, c.CPU, c.Processors, c.System)
	if c.Load != "" {
		fmt.Fprintf(b, ", load average before %s", c.Load)
	}
	fmt.Fprintf(b, "\ndisk        %s; write + fdatasync of 4 KiB takes %.0f µs; fsync %s\n", c.FileSystem, c.Fdatasync, c.Fsync)
	fmt.Fprintf(b, "versions    %s", c.Go)
	for _, name := range measured {
		if v := c.Versions[name]; v != "" {
			fmt.Fprintf(b, ", %s %s", name, v)
		}
	}
	fmt.Fprintf(b, "\nrun         %s; %s\n", run, c.Client)
}
