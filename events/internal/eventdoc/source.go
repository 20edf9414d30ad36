package main

import (
	"errors"
	"fmt"
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

// collectSubjects finds, file by file, the sealed interfaces, who belongs to them, and their streams.
func (s *source) collectSubjects(parsed map[string]*ast.File) error {
	paths, err := catalogOrder(parsed)
	if err != nil {
		return err
	}
	bySet, wires, order := map[string]*subject{}, map[string]string{}, []string(nil)
	belongs := map[string]string{} // marker method → interface
	for _, path := range paths {
		for name, marker := range sealedSets(parsed[path]) {
			bySet[name], belongs[marker] = &subject{}, name
		}
		eachMethod(parsed[path], func(receiver, method string, body *ast.BlockStmt) {
			if method == "Type" {
				wires[receiver] = literal(returned(body))
			}
		})
	}
	for _, path := range paths {
		eachMethod(parsed[path], func(receiver, method string, _ *ast.BlockStmt) {
			if set := bySet[belongs[method]]; set != nil {
				set.events = append(set.events, event{wires[receiver], receiver})
			}
		})
		for _, d := range parsed[path].Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				if set := streamOf(f); bySet[set] != nil {
					*bySet[set] = subject{f.Name.Name, template(returned(f.Body)), sentence(f.Doc), bySet[set].events}
					order = append(order, set)
				}
			}
		}
	}
	for _, set := range order {
		s.subjects = append(s.subjects, *bySet[set])
	}
	if len(order) != len(bySet) {
		return fmt.Errorf("%d sets of events have %d streams: each needs one function that names it", len(bySet), len(order))
	}
	return nil
}

// catalogOrder lists the files in which the subjects stand, as Catalog admits them.
func catalogOrder(parsed map[string]*ast.File) (paths []string, err error) {
	admits := map[string]string{} // function → file
	var catalog *ast.FuncDecl
	for path, f := range parsed {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				admits[fn.Name.Name] = path
				if fn.Name.Name == "Catalog" {
					catalog = fn
				}
			}
		}
	}
	if catalog == nil {
		return nil, errors.New("there is no function Catalog")
	}
	for _, statement := range catalog.Body.List {
		if e, ok := statement.(*ast.ExprStmt); ok {
			paths = append(paths, admits[e.X.(*ast.CallExpr).Fun.(*ast.Ident).Name])
		}
	}
	return paths, nil
}

// sealedSets lists the interfaces of a file that embed Event and seal themselves with a method.
func sealedSets(f *ast.File) map[string]string {
	sets := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if i, ok := spec.Type.(*ast.InterfaceType); ok && len(i.Methods.List) == 2 && len(i.Methods.List[1].Names) == 1 {
			sets[spec.Name.Name] = i.Methods.List[1].Names[0].Name
		}
		return true
	})
	return sets
}

func eachMethod(f *ast.File, visit func(receiver, method string, body *ast.BlockStmt)) {
	for _, d := range f.Decls {
		if m, ok := d.(*ast.FuncDecl); ok && m.Recv != nil {
			if receiver, ok := m.Recv.List[0].Type.(*ast.Ident); ok {
				visit(receiver.Name, m.Name.Name, m.Body)
			}
		}
	}
}

// streamOf is the set of events whose stream f names, or none.
func streamOf(f *ast.FuncDecl) string {
	if f.Type.Results == nil || len(f.Type.Results.List) != 1 {
		return ""
	}
	if of, ok := f.Type.Results.List[0].Type.(*ast.IndexExpr); ok {
		if generic, ok := of.X.(*ast.Ident); ok && generic.Name == "Stream" {
			return of.Index.(*ast.Ident).Name
		}
	}
	return ""
}

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
