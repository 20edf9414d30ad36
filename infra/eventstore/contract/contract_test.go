package contract_test

import (
	"os"
	"testing"

	"tillstream/infra/eventstore/contract"
	"tillstream/infra/eventstore/eventstoretest"
)

// storeUnderTest is the embedded store, or the server that TILL_TEST_EVENTSTORE names by its connection string.
func storeUnderTest(t *testing.T) string {
	t.Helper()
	if connection := os.Getenv("TILL_TEST_EVENTSTORE"); connection != "" {
		return connection
	}
	return eventstoretest.Start(t)
}

func TestOfficialGoClient(t *testing.T) { contract.Run(t, storeUnderTest(t)) }
