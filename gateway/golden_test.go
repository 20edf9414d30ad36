package gateway_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A golden file is a talk with the shop: under each ### heading a request, and behind --- what it was answered, headers
// that mean something included. `go test ./gateway -run Golden -update` writes the answers anew.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := talk(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got == string(want) {
				return
			}
			wants, gots := strings.Split(string(want), "\n"), strings.Split(got, "\n")
			for i := range min(len(wants), len(gots)) {
				if wants[i] != gots[i] {
					t.Fatalf("line %d\n%s\nnot\n%s", i+1, gots[i], wants[i])
				}
			}
			t.Fatal("the talk is longer or shorter")
		})
	}
}

func talk(t *testing.T, script string) string {
	s := open(t)
	var out strings.Builder
	about, steps, _ := strings.Cut(script, "### ")
	out.WriteString(about)
	for _, step := range strings.Split(steps, "### ") {
		request, _, _ := strings.Cut(step, "\n--- ")
		title, rest, _ := strings.Cut(request, "\n")
		head, body, _ := strings.Cut(rest, "\n\n")
		lines := strings.Split(strings.TrimSpace(head), "\n")
		verb, path, _ := strings.Cut(lines[0], " ")
		var headers []string
		for _, line := range lines[1:] {
			name, value, _ := strings.Cut(line, ": ")
			headers = append(headers, name, value)
		}
		r := s.ask(verb, path, strings.TrimSpace(body), headers...)
		fmt.Fprintf(&out, "### %s\n%s\n", title, strings.TrimSpace(head))
		if body = strings.TrimSpace(body); body != "" {
			fmt.Fprintf(&out, "\n%s\n", body)
		}
		fmt.Fprintf(&out, "\n--- %d\n", r.code)
		for _, name := range []string{"Consistency-Token", "Idempotency-Replayed", "As_of_position", "Lag_ms", "Allow", "Retry-After"} {
			if value := r.header.Get(name); value != "" {
				fmt.Fprintf(&out, "%s: %s\n", name, value)
			}
		}
		fmt.Fprintf(&out, "%s\n", r.body)
	}
	return out.String()
}
