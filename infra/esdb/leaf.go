package esdb

import (
	"sync"

	"google.golang.org/grpc/mem"
)

const chunkBytes = 256 << 10 // of a leaf, at a time; one message may exceed it alone

// leaf is the memory of a page: events, and the messages that they lie in, one after the other. None is moved while it is
// in use.
type leaf struct {
	events  []stored
	message []byte // the newest
	chunks  [][]byte
	filling int // the chunk that is being filled
}

var leaves = sync.Pool{New: func() any { return new(leaf) }}

// take copies a message to where it is to lie.
func (l *leaf) take(m mem.BufferSlice) {
	n := m.Len()
	chunk := l.room(n)
	end := len(*chunk) + n
	l.message, *chunk = (*chunk)[len(*chunk):end:end], (*chunk)[:end]
	m.CopyTo(l.message)
}

func (l *leaf) room(n int) *[]byte {
	for ; l.filling < len(l.chunks); l.filling++ {
		if chunk := &l.chunks[l.filling]; cap(*chunk)-len(*chunk) >= n {
			return chunk
		}
	}
	l.chunks = append(l.chunks, make([]byte, 0, max(chunkBytes, n)))
	return &l.chunks[l.filling]
}

// free lends the memory to the next page: nothing of this one is used any more.
func (l *leaf) free() {
	clear(l.events)
	kept := l.chunks[:0]
	for _, chunk := range l.chunks {
		if cap(chunk) == chunkBytes {
			kept = append(kept, chunk[:0])
		}
	}
	clear(l.chunks[len(kept):])
	l.events, l.chunks, l.filling, l.message = l.events[:0], kept, 0, nil
	leaves.Put(l)
}
