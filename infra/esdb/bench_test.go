package esdb_test

import (
	"fmt"
	"testing"

	"tillstream/infra/eventstore/eventstoretest"
)

// BenchmarkAppend counts the server's work and allocations too: it runs in the same process.
func BenchmarkAppend(b *testing.B) {
	s := dialled(b, eventstoretest.Start(b))
	b.ReportAllocs()
	var stream int
	for b.Loop() {
		stream++
		name := fmt.Sprintf("stock-%d", stream)
		if _, err := s.Append(b.Context(), name, -1, drafts(b, name, name, 1)); err != nil {
			b.Fatal(err)
		}
	}
}
