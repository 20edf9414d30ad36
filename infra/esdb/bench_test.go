package esdb_test

import (
	"context"
	"fmt"
	"testing"

	"tillstream/commands"
	"tillstream/infra/eventstore/eventstoretest"
)

// BenchmarkAppend counts the server's work and allocations too: it runs in the same process.
func BenchmarkAppend(b *testing.B) {
	s := dialled(b, eventstoretest.Start(b))
	facts := make([][]commands.Draft, b.N)
	names := make([]string, b.N)
	for i := range facts {
		names[i] = fmt.Sprintf("stock-%d", i)
		facts[i] = drafts(b, names[i], names[i], 1)
	}
	ctx, cancel := context.WithTimeout(b.Context(), 1<<36)
	defer cancel()
	b.ReportAllocs()
	b.ResetTimer()
	for i := range facts {
		if _, err := s.Append(ctx, names[i], -1, facts[i]); err != nil {
			b.Fatal(err)
		}
	}
}
