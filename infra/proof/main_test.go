package proof

import (
	"os"
	"testing"

	"tillstream/infra/targets/tilltest"
)

// This program is the test, and, run again by itself with a task, one of the processes that the tests are about.
func TestMain(m *testing.M) {
	if task := os.Getenv(buyerTask); task != "" {
		os.Exit(buy(task))
	}
	code := m.Run()
	tilltest.RemoveBinary()
	os.Exit(code)
}
