package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// source is what the package that holds the events says of itself.
type source struct {
	subjects []subject            // in the order of Catalog
	structs  map[string]structure // by Go name
	enums    map[string][]constant
	docs     map[string]string // of types, by Go name
}

// subject is a closed set of facts and the stream they stand in.
type subject struct {
	name   string // of the stream: Stock
	stream string // its name on disk: stock-<warehouse>/<sku>
	doc    string
	events []event
}

// event is a fact by its wire name.
type event struct {
	wire   string
	goName string
}

type structure struct{ fields []field }

type field struct {
	json    string
	kind    ast.Expr
	comment string
}

type constant struct{ value, comment string }

// read parses the Go files of dir, tests left out.
func read(dir string) (*source, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	s := &source{structs: map[string]structure{}, enums: map[string][]constant{}, docs: map[string]string{}}
	parsed := map[string]*ast.File{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		parsed[path] = f
		s.declarations(f)
	}
	return s, s.collectSubjects(parsed)
}

// declarations keeps the types and constants of a file.
func (s *source) declarations(f *ast.File) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				s.docs[spec.Name.Name] = sentence(g.Doc, spec.Doc)
				if st, ok := spec.Type.(*ast.StructType); ok {
					s.structs[spec.Name.Name] = structure{fieldsOf(st)}
				}
			case *ast.ValueSpec:
				if typ, ok := spec.Type.(*ast.Ident); ok && g.Tok == token.CONST && len(spec.Values) == 1 {
					s.enums[typ.Name] = append(s.enums[typ.Name], constant{literal(spec.Values[0]), sentence(spec.Comment, spec.Doc)})
				}
			}
		}
	}
}

func fieldsOf(st *ast.StructType) (fields []field) {
	for _, f := range st.Fields.List {
		if f.Tag == nil {
			continue
		}
		name, options, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
		comment := sentence(f.Comment, f.Doc)
		if strings.Contains(options, "omitempty") {
			comment = strings.TrimSpace(comment + " " + optional)
		}
		fields = append(fields, field{name, f.Type, comment})
	}
	return fields
}

// optional marks a field that is left out when there is nothing to say.
const optional = "(optional)"

// returned is the only thing a function of one statement returns.
func returned(body *ast.BlockStmt) ast.Expr {
	if len(body.List) == 1 {
		if r, ok := body.List[0].(*ast.ReturnStmt); ok && len(r.Results) == 1 {
			return r.Results[0]
		}
	}
	return nil
}

// template reads a name that is put together: "stock-" + warehouse is stock-<warehouse>.
func template(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.CallExpr:
		return template(e.Args[0])
	case *ast.BinaryExpr:
		return template(e.X) + template(e.Y)
	case *ast.Ident:
		return "<" + e.Name + ">"
	}
	return literal(e)
}

func literal(e ast.Expr) string {
	if l, ok := e.(*ast.BasicLit); ok {
		if s, err := strconv.Unquote(l.Value); err == nil {
			return s
		}
		return l.Value
	}
	return ""
}

// sentence is the first comment there is, on one line, directives left out.
func sentence(comments ...*ast.CommentGroup) string {
	for _, c := range comments {
		if c != nil {
			return strings.Join(strings.Fields(c.Text()), " ")
		}
	}
	return ""
}
