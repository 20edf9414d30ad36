package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"

	"tillstream/infra/eventstore/eventlog"
	"tillstream/infra/eventstore/rawpebble"
)

// group brings the values of many writers to one commit at a time, as the event log's writer does: what has come
// while the last group was committed is the next one.
type group struct {
	commit  func(values [][]byte) error
	queue   chan pending
	running sync.WaitGroup
}

type pending struct {
	value  []byte
	stored chan error // of capacity 1
}

func newGroup(commit func([][]byte) error) *group {
	g := &group{commit: commit, queue: make(chan pending, writersMax)}
	g.running.Go(g.run)
	return g
}

func (g *group) run() {
	var taken []pending
	var values [][]byte
	for p := range g.queue {
		taken, values = append(taken[:0], p), append(values[:0], p.value)
		for size := len(p.value); len(taken) < eventlog.DefaultGroupAppends && size < eventlog.DefaultGroupBytes && len(g.queue) > 0; {
			next := <-g.queue
			taken, values = append(taken, next), append(values, next.value)
			size += len(next.value)
		}
		err := g.commit(values)
		for _, p := range taken {
			p.stored <- err
		}
	}
}

func (g *group) append(ctx context.Context, e event) error {
	p := pending{e.data, make(chan error, 1)}
	select {
	case g.queue <- p:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-p.stored:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *group) end() {
	close(g.queue)
	g.running.Wait()
}

// pebbleSubject is Pebble alone.
type pebbleSubject struct {
	*group
	db *rawpebble.DB
}

func openRawPebble(_ context.Context, dir string) (subject, error) {
	db, err := rawpebble.Open(filepath.Join(dir, "pebble"))
	if err != nil {
		return nil, err
	}
	return &pebbleSubject{newGroup(db.Commit), db}, nil
}

func (p *pebbleSubject) verify(_ context.Context, counts []uint64) error {
	t := tally{make([]uint64, len(counts))}
	return errors.Join(p.db.Each(t.visit), sameCounts(t.next, counts))
}

func (p *pebbleSubject) close() error {
	p.end()
	return p.db.Close()
}

// fileSubject is a file: each group is written at once, and synced.
type fileSubject struct {
	*group
	file *os.File
	buf  []byte
}

func openRawFile(_ context.Context, dir string) (subject, error) {
	file, err := os.OpenFile(filepath.Join(dir, "log"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	f := &fileSubject{file: file}
	f.group = newGroup(f.write)
	return f, nil
}

func (f *fileSubject) write(values [][]byte) error {
	f.buf = f.buf[:0]
	for _, v := range values {
		f.buf = append(binary.BigEndian.AppendUint32(f.buf, uint32(len(v))), v...)
	}
	if _, err := f.file.Write(f.buf); err != nil {
		return err
	}
	return fdatasync(f.file)
}

func (f *fileSubject) verify(_ context.Context, counts []uint64) error {
	if _, err := f.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	t := tally{make([]uint64, len(counts))}
	in := bufio.NewReader(f.file)
	var size [4]byte
	for {
		if _, err := io.ReadFull(in, size[:]); errors.Is(err, io.EOF) {
			return sameCounts(t.next, counts)
		} else if err != nil {
			return err
		}
		value := make([]byte, min(binary.BigEndian.Uint32(size[:]), payloadMax))
		if _, err := io.ReadFull(in, value); err != nil {
			return err
		}
		if err := t.visit(value); err != nil {
			return err
		}
	}
}

func (f *fileSubject) close() error {
	f.end()
	return f.file.Close()
}
