package bench

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// Conditions say on what, and how, a table was measured.
type Conditions struct {
	At         time.Time         `json:"at"`
	CPU        string            `json:"cpu"`
	Processors int               `json:"processors"`
	System     string            `json:"system"`
	FileSystem string            `json:"file_system"`
	Fsync      string            `json:"fsync"`
	Go         string            `json:"go"`
	Versions   map[string]string `json:"versions"`
	Payload    int               `json:"payload_bytes"`
	WarmUp     string            `json:"warm_up"`
	Duration   string            `json:"duration"`
	Turns      int               `json:"turns"`
	Client     string            `json:"client"`
}

func conditionsOf(dir string, o Options) Conditions {
	c := Conditions{
		At: time.Now().UTC().Truncate(time.Second), CPU: cpuModel(), Processors: runtime.GOMAXPROCS(0),
		System: runtime.GOOS + "/" + runtime.GOARCH + kernel(), FileSystem: fileSystem(dir),
		Fsync: "one per group, before any of it is acknowledged", Go: runtime.Version(), Versions: versions(),
		Payload: o.Payload, WarmUp: o.WarmUp.String(), Duration: o.Duration.String(), Turns: turns,
		Client: "client and server in one process, over TCP on loopback; each writer waits for its answer",
	}
	if c.FileSystem == "tmpfs" {
		c.Fsync += " (without effect on tmpfs: compare the ratios, not the figures)"
	}
	return c
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
var measured = []string{"github.com/EventStore/EventStore-Client-Go/v4", "github.com/cockroachdb/pebble/v2", "google.golang.org/grpc", "google.golang.org/protobuf"}

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

func (c Conditions) write(b *strings.Builder) {
	fmt.Fprintf(b, "measured    %s on %d × %s, %s\n", c.At.Format(time.RFC3339), c.Processors, c.CPU, c.System)
	fmt.Fprintf(b, "disk        %s; fsync %s\n", c.FileSystem, c.Fsync)
	fmt.Fprintf(b, "versions    %s", c.Go)
	for _, name := range measured {
		if v := c.Versions[name]; v != "" {
			fmt.Fprintf(b, ", %s %s", name, v)
		}
	}
	fmt.Fprintf(b, "\nrun         %d bytes of payload; %s for each row in %d turns, each after %s of warm-up; %s\n",
		c.Payload, c.Duration, c.Turns, c.WarmUp, c.Client)
}
