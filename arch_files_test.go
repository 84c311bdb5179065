package main_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// An archFile is one Go file of this module. Immutable.
type archFile struct {
	path  string // from the root, with slashes
	dir   string // its folder; "." is the root
	test  bool   // *_test.go
	lines int
	fset  *token.FileSet
	ast   *ast.File
}

// archViolation is what a person needs to find and mend it.
type archViolation struct {
	where   string // file:line
	rule    string
	message string
}

func (v archViolation) String() string { return v.where + ": " + v.rule + ": " + v.message }

func parseArchFile(name string, src []byte) (*archFile, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	return &archFile{
		path: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
		lines: bytes.Count(src, []byte("\n")), fset: fset, ast: file,
	}, err
}

// parseTree parses all Go files of this module, those of every system.
func parseTree(t *testing.T) []*archFile {
	t.Helper()
	root := os.DirFS(".")
	var files []*archFile
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." {
			_, noModule := fs.Stat(root, path.Join(name, "go.mod"))
			base := path.Base(name)
			if noModule == nil || base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") {
				return fs.SkipDir
			}
		}
		if entry.IsDir() || path.Ext(name) != ".go" {
			return nil
		}
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f, err := parseArchFile(name, src)
		files = append(files, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func (f *archFile) main() bool             { return f.ast.Name.Name == "main" }
func (f *archFile) line(pos token.Pos) int { return f.fset.Position(pos).Line }

func (f *archFile) violation(n ast.Node, rule, format string, args ...any) archViolation {
	return archViolation{fmt.Sprintf("%s:%d", f.path, f.line(n.Pos())), rule, fmt.Sprintf(format, args...)}
}

func (f *archFile) goStatements() (stmts []*ast.GoStmt) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if stmt, ok := n.(*ast.GoStmt); ok {
			stmts = append(stmts, stmt)
		}
		return true
	})
	return stmts
}

// nameOf returns the name by which f calls an imported package, "" if it does not import it.
func (f *archFile) nameOf(importPath string) string {
	for _, spec := range f.ast.Imports {
		if p, _ := strconv.Unquote(spec.Path.Value); p == importPath {
			if spec.Name != nil {
				return spec.Name.Name
			}
			return path.Base(p)
		}
	}
	return ""
}

func eachFile(check func(*archFile) []archViolation) func([]*archFile) []archViolation {
	return func(files []*archFile) (found []archViolation) {
		for _, f := range files {
			found = append(found, check(f)...)
		}
		return found
	}
}

func byDir(files []*archFile) [][]*archFile {
	dirs := map[string][]*archFile{}
	for _, f := range files {
		dirs[f.dir] = append(dirs[f.dir], f)
	}
	groups := make([][]*archFile, 0, len(dirs))
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		groups = append(groups, dirs[dir])
	}
	return groups
}
