package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "tillstream/"

// arrows says which of our own folders each folder may import, beside itself.
var arrows = map[string][]string{
	"events":      {},
	"aggregates":  {"events"},
	"commands":    {"events", "aggregates"},
	"projections": {"events"},
	"gateway":     {"events", "aggregates", "commands", "projections"},
	"infra":       {"events", "aggregates", "commands", "projections", "gateway"},
	"":            {"events", "aggregates", "commands", "projections", "gateway", "infra"}, // main
}

// pure folders use the standard library and these.
var (
	pure         = []string{"events", "aggregates", "commands", "projections"}
	pureMayUse   = []string{"github.com/google/uuid", "golang.org/x/text/currency"}
	pureTestsMay = []string{"pgregory.net/rapid", "github.com/google/go-cmp/cmp", "github.com/google/go-cmp/cmp/cmpopts"}
)

// placed says where a library may be imported; everywhere else it is a mistake.
var placed = map[string][]string{
	"github.com/cockroachdb/pebble":           {"infra/eventstore"},
	"github.com/go-kratos/kratos":             {"gateway", "infra"},
	"github.com/jackc/pgx":                    {"infra"},
	"github.com/EventStore/EventStore-Client": {"infra"},
}

func TestDependenciesPointOneWay(t *testing.T) {
	seen := 0
	for file, imports := range importsOfTheTree(t) {
		folder, _, _ := strings.Cut(filepath.ToSlash(file), "/")
		if strings.HasSuffix(folder, ".go") {
			folder = ""
		}
		for _, imported := range imports {
			seen++
			if ours, ok := strings.CutPrefix(imported, module); ok {
				target, _, _ := strings.Cut(ours, "/")
				if target != folder && !slices.Contains(arrows[folder], target) {
					t.Errorf("%s imports %s: %q may import only %v", file, imported, folder, arrows[folder])
				}
				continue
			}
			if slices.Contains(pure, folder) && thirdParty(imported) && !mayUse(file, imported) {
				t.Errorf("%s imports %s: %s uses the standard library and %v only", file, imported, folder, pureMayUse)
			}
			for library, places := range placed {
				if strings.HasPrefix(imported, library) && !under(file, places) {
					t.Errorf("%s imports %s, which belongs in %v", file, imported, places)
				}
			}
		}
	}
	if seen < 100 {
		t.Fatalf("only %d imports were looked at: the test has lost its tree", seen)
	}
}

func importsOfTheTree(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return fs.SkipDir
		case !strings.HasSuffix(file, ".go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[file] = append(found[file], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func thirdParty(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".")
}

// mayUse lets tests, and the packages made for tests, use the libraries of tests.
func mayUse(file, imported string) bool {
	if slices.Contains(pureMayUse, imported) {
		return true
	}
	forTests := strings.HasSuffix(file, "_test.go") || strings.HasSuffix(path.Dir(filepath.ToSlash(file)), "test")
	return forTests && slices.Contains(pureTestsMay, imported)
}

func under(file string, folders []string) bool {
	for _, folder := range folders {
		if strings.HasPrefix(filepath.ToSlash(file), folder+"/") {
			return true
		}
	}
	return false
}
