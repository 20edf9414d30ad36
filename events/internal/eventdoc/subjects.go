package main

import (
	"errors"
	"fmt"
	"go/ast"
)

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
