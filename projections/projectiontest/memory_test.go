package projectiontest_test

import (
	"testing"

	"tillstream/projections/projectiontest"
)

func TestMemoryIsAHost(t *testing.T) {
	projectiontest.Documents(t, func(*testing.T) projectiontest.Host { return projectiontest.Opening(projectiontest.Plain) })
}
