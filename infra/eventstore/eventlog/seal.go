package eventlog

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"
)

const (
	manifestPrefix = "MANIFEST-"
	manifestMarker = "manifest" // the storage engine's: which manifest holds
)

// A seal says what a manifest held when it was last synced. The storage engine takes a manifest that cannot be read any
// further for one that was torn there, opens what it said before, and deletes every table it does not know of: so the
// synced part must be known to be whole before the engine sees it. What follows may be torn, for nothing was deleted yet
// in its name.
type seal struct {
	manifest string
	size     int64
	sum      uint32
}

func (s seal) String() string { return fmt.Sprintf("%s.%d.%08x", s.manifest, s.size, s.sum) }

// parseSeals reads the one seal of the manifest that holds, or, while another is about to take its place, both.
func parseSeals(value string) ([]seal, error) {
	var seals []seal
	if value == "" {
		return nil, nil
	}
	for text := range strings.SplitSeq(value, "+") {
		parts := strings.Split(text, ".")
		if len(parts) != 3 {
			return nil, fmt.Errorf("%q seals no manifest", text)
		}
		size, sizeErr := strconv.ParseInt(parts[1], 10, 64)
		sum, sumErr := strconv.ParseUint(parts[2], 16, 32)
		if err := errors.Join(sizeErr, sumErr); err != nil {
			return nil, fmt.Errorf("%q seals no manifest: %w", text, err)
		}
		seals = append(seals, seal{parts[0], size, uint32(sum)})
	}
	return seals, nil
}

// checkManifest verifies the manifest that the storage engine is about to open against its seal.
func (n *notes) checkManifest(sealed string) error {
	seals, err := parseSeals(sealed)
	if err != nil {
		return err
	}
	current, err := atomicfs.ReadMarker(n.fs, n.dir, manifestMarker)
	if err != nil || current == "" {
		return err
	}
	newest := uint64(0)
	n.found = current
	n.holds = seal{manifest: current} // says nothing of it: older programs know no seals
	for _, s := range seals {
		newest = max(newest, manifestNumber(s.manifest))
		if s.manifest == current {
			n.holds = s
		}
	}
	path := n.fs.PathJoin(n.dir, current)
	if n.holds.size == 0 && manifestNumber(current) < newest {
		return &DamageError{File: path, Err: fmt.Errorf("it is marked as the newest, yet %d was written after it", newest)}
	}
	return n.holds.check(n.fs, path)
}

func (s seal) check(fs vfs.FS, path string) error {
	f, err := fs.Open(path, vfs.SequentialReadsOption)
	if errors.Is(err, os.ErrNotExist) {
		return &DamageError{File: path, Err: errMissing}
	}
	if err != nil {
		return err
	}
	sum := crc32.New(castagnoli)
	read, err := io.Copy(sum, io.LimitReader(f, s.size))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if read < s.size {
		return &DamageError{File: path, Err: fmt.Errorf("it ends at %d, yet was synced up to %d", read, s.size)}
	}
	if sum.Sum32() != s.sum {
		return &DamageError{File: path, Err: fmt.Errorf("its first %d bytes are not those that were synced", s.size)}
	}
	return nil
}

func manifestNumber(name string) uint64 {
	v, _ := strconv.ParseUint(strings.TrimPrefix(name, manifestPrefix), 10, 64)
	return v
}

// manifestBegun answers what is to be told of each sync of a new manifest. The seal of the one before is kept until the
// second: with the first alone it is not sure that the new one holds.
func (n *notes) manifestBegun(name string) func(size int64, sum uint32) error {
	before := n.holds
	return func(size int64, sum uint32) error {
		n.holds = seal{name, size, sum}
		value := n.holds.String()
		if before.manifest != "" {
			value = before.String() + "+" + value
		}
		before = seal{}
		return move(n.seals, value)
	}
}
