package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"maps"
	"slices"
	"strings"
)

const preface = `# Events

What may be stored, for ever. This page is generated from the source of package ` + "`events`" + ` by ` + "`go generate ./events`" + `; a test keeps
it fresh. An event is JSON; its wire name never changes. A field added later means "not known then" where it is absent. For every
wire name there is an example in ` + "`events/testdata`" + `.

Times are UTC with at most six decimal places, RFC 3339. Personal data appears as [Sealed](#sealed) only.
`

// page writes the documentation of a source.
type page struct {
	*source
	bytes.Buffer
	used    map[string]bool // shared forms that were mentioned
	unknown []string        // fields that nobody explains
}

// render is the page about the package in dir. It fails when a fact or a field is left unexplained.
func render(dir string) ([]byte, error) {
	s, err := read(dir)
	if err != nil {
		return nil, err
	}
	p := &page{source: s, used: map[string]bool{}}
	p.WriteString(preface)
	p.contents()
	for _, subject := range s.subjects {
		p.subject(subject)
	}
	p.form("Metadata", "Meta")
	p.shared()
	if len(p.unknown) > 0 {
		return nil, fmt.Errorf("say what these mean, by a comment or in meanings.go: %s", strings.Join(p.unknown, ", "))
	}
	return p.Bytes(), nil
}

func (p *page) contents() {
	p.WriteString("\n| subject | stream | events |\n|---|---|---|\n")
	for _, s := range p.subjects {
		var wires []string
		for _, e := range s.events {
			wires = append(wires, fmt.Sprintf("[%s](#%s)", e.wire, anchor(e.wire)))
		}
		fmt.Fprintf(p, "| [%s](#%s) | `%s` | %s |\n", s.name, anchor(s.name), s.stream, strings.Join(wires, ", "))
	}
}

func (p *page) subject(s subject) {
	fmt.Fprintf(p, "\n## %s\n\nStream `%s`. %s\n", s.name, s.stream, s.doc)
	for _, e := range s.events {
		doc := p.docs[e.goName]
		if doc == "" {
			p.unknown = append(p.unknown, e.wire)
		}
		fmt.Fprintf(p, "\n### %s\n\n%s\n\n", e.wire, doc)
		p.table(e.goName)
	}
}

func (p *page) form(title, goName string) {
	fmt.Fprintf(p, "\n## %s\n\n%s\n\n", title, p.docs[goName])
	p.table(goName)
}

func (p *page) table(goName string) {
	p.WriteString("| field | type | meaning |\n|---|---|---|\n")
	for _, f := range p.structs[goName].fields {
		meaning := f.comment
		if said := strings.TrimSpace(strings.TrimSuffix(meaning, optional)); said == "" {
			said = cmp.Or(meanings[goName+"."+f.json], meanings[f.json])
			if said == "" {
				p.unknown = append(p.unknown, goName+"."+f.json)
			}
			meaning = strings.TrimSpace(said + " " + meaning)
		}
		fmt.Fprintf(p, "| `%s` | %s | %s |\n", f.json, p.kind(f.kind), strings.ReplaceAll(meaning, "|", `\|`))
	}
}

// kind names a type as JSON has it.
func (p *page) kind(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return p.kind(e.X)
	case *ast.ArrayType:
		if of, ok := e.Elt.(*ast.Ident); ok && of.Name == "byte" {
			return "base64"
		}
		return "list of " + p.kind(e.Elt)
	case *ast.SelectorExpr:
		return "time"
	case *ast.Ident:
		switch e.Name {
		case "string", "bool":
			return e.Name
		case "int64", "int", "uint8":
			return "integer"
		}
		p.used[e.Name] = true
		return fmt.Sprintf("[%s](#%s)", e.Name, anchor(e.Name))
	}
	return "?"
}

// shared explains the forms that facts have in common, and those that these mention.
func (p *page) shared() {
	p.WriteString("\n## Shared forms\n")
	written := map[string]bool{}
	for {
		var next []string
		for _, name := range sortedKeys(p.used) {
			if !written[name] {
				next = append(next, name)
			}
		}
		if len(next) == 0 {
			return
		}
		for _, name := range next {
			written[name] = true
			fmt.Fprintf(p, "\n### %s\n\n%s\n\n", name, p.docs[name])
			if p.docs[name] == "" {
				p.unknown = append(p.unknown, name)
			}
			if _, isStruct := p.structs[name]; isStruct {
				p.table(name)
			} else {
				p.values(name)
			}
		}
	}
}

func (p *page) values(name string) {
	if len(p.enums[name]) == 0 {
		p.WriteString("A string.\n")
		return
	}
	p.WriteString("| value | meaning |\n|---|---|\n")
	for _, c := range p.enums[name] {
		meaning := cmp.Or(c.comment, meanings[name+"."+c.value])
		if meaning == "" {
			p.unknown = append(p.unknown, name+"."+c.value)
		}
		fmt.Fprintf(p, "| `%s` | %s |\n", c.value, meaning)
	}
}

// anchor is the link that GitHub and others make of a heading.
func anchor(heading string) string {
	return strings.ToLower(strings.NewReplacer(".", "", " ", "-").Replace(heading))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
