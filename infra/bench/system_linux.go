package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// fdatasync makes what was written to f durable, without its times.
func fdatasync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }

// cpuTime is the processor time this process has taken.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ticks is how many make a second in /proc/<pid>/stat: the same on every Linux that Go runs on.
const ticks = 100

// process is a line of /proc/<pid>/stat.
type process struct {
	parent string
	cpu    time.Duration // its own, and that of children it has buried
}

// childrenTime is the processor time that the processes started by this one, and by those, have taken.
func childrenTime() (spent time.Duration) {
	all := processes()
	own := strconv.Itoa(os.Getpid())
	for pid, p := range all {
		for parent, depth := p.parent, 0; pid != own && parent != "" && depth < 8; parent, depth = all[parent].parent, depth+1 {
			if parent == own {
				spent += p.cpu
				break
			}
		}
	}
	return spent
}

func processes() map[string]process {
	all := map[string]process{}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return all
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		pid, rest, _ := strings.Cut(string(text), " ")
		fields := strings.Fields(rest[strings.LastIndexByte(rest, ')')+1:])
		if len(fields) < 15 {
			continue
		}
		p := process{parent: fields[1]}
		for _, spent := range fields[11:15] {
			n, _ := strconv.Atoi(spent)
			p.cpu += time.Duration(n) * time.Second / ticks
		}
		all[pid] = p
	}
	return all
}

// resident is how much memory this process holds, in bytes.
func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// fileSystems by their magic numbers, statfs(2).
var fileSystems = map[int64]string{
	0xef53: "ext4", 0x58465342: "xfs", 0x9123683e: "btrfs", 0x01021994: "tmpfs", 0x794c7630: "overlayfs", 0x2fc12fc1: "zfs",
	0x6969: "nfs", 0xf2f52010: "f2fs",
}

func fileSystem(dir string) string {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return "unknown"
	}
	if name, known := fileSystems[int64(s.Type)]; known {
		return name
	}
	return fmt.Sprintf("file system %#x", s.Type)
}
