package projectiontest_test

import (
	"testing"

	"tillstream/projections"
	"tillstream/projections/projectiontest"
)

func TestMemoryIsAHost(t *testing.T) {
	projectiontest.Documents(t, func(*testing.T) projectiontest.Host { return projectiontest.Opening(projectiontest.Plain) })
}

func TestMemoryConverges(t *testing.T) {
	projectiontest.Converges(t, projectiontest.Shelf, projectiontest.ShelfHistory(1, 60))
}

func TestMemoryHeals(t *testing.T) {
	projectiontest.Heals(t, 200, func() projections.Documents[projectiontest.Sample] {
		return &projectiontest.Memory[projectiontest.Sample]{}
	})
}
