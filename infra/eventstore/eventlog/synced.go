package eventlog

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// syncedFile says up to where the newest write-ahead log was synced. It is written after each sync and never synced
// itself: a killed process leaves it exact, a power cut leaves it old, and neither makes it promise too much.
const syncedFile = "SYNCED"

const syncedSize = 8 + 8 + 4 // number of the log, bytes of it, checksum of both

// walSynced is called by the storage engine, for one write-ahead log at a time.
func (n *notes) walSynced(number uint64, size int64) error {
	b := make([]byte, 0, syncedSize)
	b = binary.LittleEndian.AppendUint64(b, number)
	b = binary.LittleEndian.AppendUint64(b, uint64(size))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	_, err := n.synced.WriteAt(b, 0)
	return err
}

// syncedWAL is up to where a write-ahead log is known to have been synced; 0 when nothing is known.
func syncedWAL(fs vfs.FS, dir string, number uint64) (int, error) {
	b, err := readWhole(fs, fs.PathJoin(dir, syncedFile))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	known := len(b) == syncedSize &&
		binary.LittleEndian.Uint32(b[16:]) == crc32.Checksum(b[:16], castagnoli) &&
		binary.LittleEndian.Uint64(b) == number
	if !known {
		return 0, nil
	}
	return int(binary.LittleEndian.Uint64(b[8:])), nil
}
