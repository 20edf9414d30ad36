package analytics_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"tillstream/infra/analytics"
)

var rewrite = flag.Bool("rewrite", false, "write the tables anew into docs/analysts.md")

const (
	page  = "../../docs/analysts.md"
	begin = "<!-- tables: written by go test ./infra/analytics -rewrite -->\n"
)

// The page that analysts read says of every table what a row is, and of every column what it means.
func TestThePageForAnalystsTellsEveryColumn(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(text), begin)
	if !found {
		t.Fatalf("%s has lost the line %q", page, begin)
	}
	want := before + begin + tables()
	if *rewrite {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s does not tell what the schema is: go test ./infra/analytics -rewrite", page)
	}
}

func tables() string {
	var b strings.Builder
	for _, table := range analytics.Tables() {
		fmt.Fprintf(&b, "\n### %s\n\n%s: %s.\n\n| column | what it is |\n|---|---|\n", table.Name, table.Kind, strings.TrimSuffix(table.Holds, "."))
		for _, c := range table.Columns {
			fmt.Fprintf(&b, "| `%s` | %s |\n", c.Name, c.Meaning)
		}
	}
	return b.String()
}
