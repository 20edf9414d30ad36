package eventstore_test

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func connect(t testing.TB, conn string) *esdb.Client {
	t.Helper()
	c, err := esdb.ParseConnectionString(conn)
	if err != nil {
		t.Fatal(err)
	}
	c.Logger = func(esdb.LogLevel, string, ...any) {}
	client, err := esdb.NewClient(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}
