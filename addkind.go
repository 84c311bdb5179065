package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
)

// addKind returns the source of kinds.go with the kind of a package in its list: an
// import, and a call of its Spec as the last element.
func addKind(source []byte, imported, pkg string) ([]byte, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "kinds.go", source, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("it is no Go: %w", err)
	}
	for _, i := range file.Imports {
		if i.Path.Value == strconv.Quote(imported) {
			return nil, fmt.Errorf("it imports %s already", imported)
		}
	}
	var list *ast.CompositeLit
	for _, d := range file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "feedKinds" {
			ast.Inspect(fn, func(n ast.Node) bool {
				if lit, ok := n.(*ast.CompositeLit); ok && list == nil {
					list = lit
				}
				return list == nil
			})
		}
	}
	if list == nil || len(file.Imports) == 0 {
		return nil, errors.New("want a function feedKinds that returns a list of kinds")
	}
	offset := func(at token.Pos) int { return files.Position(at).Offset }
	// From the end to the beginning, so that what was found stays where it was.
	source = slices.Insert(slices.Clone(source), offset(list.Rbrace), []byte("\t"+pkg+".Spec(),\n\t")...)
	last := file.Imports[len(file.Imports)-1]
	source = slices.Insert(source, offset(last.End()), []byte("\n\t"+strconv.Quote(imported))...)
	return format.Source(source)
}
