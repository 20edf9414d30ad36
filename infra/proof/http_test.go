package proof

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"tillstream/infra/targets/tilltest"
)

// reply is what the platform answered by HTTP.
type reply struct {
	status int
	header http.Header
	text   string
	json   object
}

// call sends a request as curl would.
func call(t testing.TB, till *tilltest.Till, verb, path string, header map[string]string, body any) reply {
	t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = bytes.NewReader([]byte(b))
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(t.Context(), verb, till.HTTP+path, content)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{status: answer.StatusCode, header: answer.Header, text: string(said)}
	_ = json.Unmarshal(said, &r.json) // not every answer is an object
	return r
}

// must is call for a request that has to be granted.
func must(t testing.TB, till *tilltest.Till, verb, path string, header map[string]string, body any) reply {
	t.Helper()
	r := call(t, till, verb, path, header, body)
	if r.status >= 300 {
		t.Fatalf("%s %s was answered %d: %s", verb, path, r.status, r.text)
	}
	return r
}

// after makes a query wait for what a command has recorded.
func after(command reply) map[string]string {
	return map[string]string{"Consistency-Token": command.header.Get("Consistency-Token"), "max_wait": "30s"}
}
