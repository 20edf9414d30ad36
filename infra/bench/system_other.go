//go:build !linux

package bench

import (
	"os"
	"time"
)

func fdatasync(f *os.File) error { return f.Sync() }

// cpuTime is not told apart here: rows show none.
func cpuTime() time.Duration { return 0 }

func fileSystem(string) string { return "unknown" }

func childrenTime() time.Duration { return 0 }

// resident is not known here.
func resident() int64 { return 0 }
