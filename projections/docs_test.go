package projections_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "tillstream/projections"
)

var rewrite = flag.Bool("rewrite", false, "write docs/views.md anew")

const viewsPage = "../docs/views.md"

// common says what columns mean that mean the same in every view, and therefore have no comment of their own.
var common = map[string]string{
	"sku":            "stock keeping unit, upper case",
	"warehouse":      "code of the warehouse, upper case",
	"order_id":       "the order",
	"line_id":        "the line of the order",
	"customer_id":    "the customer",
	"import_id":      "the import",
	"credit_note_id": "the credit note",
	"event_id":       "the fact",
	"payment_id":     "the payment",
	"lot_id":         "the lot of points",
	"name":           "name of the product",
	"description":    "of the product",
	"reason":         "as it was given",
	"cancel_reason":  "why the order was cancelled",
	"guest":          "ordered without an account",
	"country":        "where the customer lives",
	"currency":       "ISO 4217 code of every amount of the row",
	"unit_scale":     "decimal places of the unit price",
	"tax_minor":      "taxes",
	"line_count":     "number of lines",
	"part_count":     "number of parts",
	"taxes":          "on the line",

	"cancelled_units": "units cancelled",
	"shipped_units":   "units shipped",
	"returned_units":  "units returned",
	"placed_at":       "business time of the order",
	"registered_at":   "business time of the registration",
	"opened_at":       "business time of the opening",
	"changed_at":      "business time of the fact that changed the row last",
	"at":              "business time",
	"recorded_at":     "record time: when we came to know",
	"origin":          "api, policy or import",
	"correlation":     "what the facts have in common that were recorded for one cause, such as the import",
}

func TestViewsAreDocumented(t *testing.T) {
	page := viewsDocument(t)
	if *rewrite {
		if err := os.WriteFile(viewsPage, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(viewsPage)
	if err != nil || !bytes.Equal(kept, page) {
		t.Errorf("docs/views.md does not say what the views are (%v): go test ./projections -run TestViewsAreDocumented -rewrite", err)
	}
}

func viewsDocument(t *testing.T) []byte {
	types := declaredTypes(t)
	var b bytes.Buffer
	b.WriteString(`# The views

Each view answers one question. It is folded from the facts it hears and nothing else, can be thrown away at any time, and
is built anew from the log. A row stands under its key; every column is derived, none is entered. Amounts are whole minor
units (pence) of the row's currency. This page is written by ` + "`go test ./projections -run TestViewsAreDocumented -rewrite`" + `.
`)
	for _, v := range Views() {
		fmt.Fprintf(&b, "\n- [%s](#%s): %s", v.Name, v.Name, v.Question)
	}
	b.WriteString("\n")
	for _, v := range Views() {
		described := types[v.Value]
		fmt.Fprintf(&b, "\n## %s\n\n**%s**%s", v.Name, v.Question, described.beyondTheQuestion(v.Columns))
		fmt.Fprintf(&b, "\n\nVersion %d. Key: `%s`. Hears %s.\n\n| column | type | meaning |\n|---|---|---|\n", v.Version, v.Key,
			hears(v.Wires))
		for _, c := range v.Columns {
			meaning := cmp.Or(described.fields[c.Field], common[c.Name])
			if meaning == "" {
				t.Errorf("nobody says what %s of %s means: give the field a comment", c.Name, v.Name)
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, typeOf(c), meaning)
		}
	}
	return b.Bytes()
}

func hears(wires []string) string {
	switch {
	case wires == nil:
		return "every event"
	case len(wires) == 0:
		return "no event yet"
	}
	return "`" + strings.Join(wires, "`, `") + "`"
}

func typeOf(c Column) string {
	kinds := map[ColumnKind]string{TextColumn: "text", IntColumn: "integer", BoolColumn: "boolean", FloatColumn: "number",
		TimeColumn: "time", NestedColumn: "JSON", SealedColumn: "sealed"}
	name := kinds[c.Kind]
	if c.Opens != "" {
		name += ", opened for staff"
	}
	if c.Index {
		name += ", indexed"
	}
	return name
}

// documented is what the source says of a struct: its comment, its fields' names, and their comments.
type documented struct {
	doc    string
	names  []string
	fields []string
}

// beyondTheQuestion is the comment after its first sentence, which is the question, in the names that queries know.
func (d documented) beyondTheQuestion(columns []Column) string {
	_, more, _ := strings.Cut(strings.ReplaceAll(d.doc, ".\n", ". \n"), ". ")
	for i, name := range d.names {
		more = regexp.MustCompile(`\b`+name+`\b`).ReplaceAllString(more, "`"+columns[i].Name+"`")
	}
	var b strings.Builder
	for i, paragraph := range strings.Split(strings.TrimSpace(more), "\n\n") {
		if text := strings.Join(strings.Fields(paragraph), " "); text != "" {
			b.WriteString([]string{" ", "\n\n"}[min(i, 1)] + text)
		}
	}
	return b.String()
}

func declaredTypes(t *testing.T) map[string]documented {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]documented{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			general, is := decl.(*ast.GenDecl)
			if !is || general.Tok != token.TYPE {
				continue
			}
			spec := general.Specs[0].(*ast.TypeSpec)
			if s, is := spec.Type.(*ast.StructType); is {
				names, fields := comments(s)
				found[spec.Name.Name] = documented{general.Doc.Text(), names, fields}
			}
		}
	}
	return found
}

func comments(s *ast.StructType) (names, texts []string) {
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			names, texts = append(names, name.Name), append(texts, strings.TrimSpace(f.Comment.Text()))
		}
	}
	return names, texts
}
