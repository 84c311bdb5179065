package main_test

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The rules that keep the rooms of this house apart. A rule that must give way
// is changed here, in the open, with its reason.
var archRules = []struct {
	name  string // what a violation is printed under
	check func(files []*archFile) []archViolation
}{
	{"imports", eachFile(checkImports)},
	{"surroundings", eachFile(checkSurroundings)},
	{"size", eachFile(checkSize)},
	{"goroutines", eachFile(checkGoStatements)},
	{"wire", eachFile(checkWireBytes)},
	{"init", eachFile(checkInit)},
	{"todo", eachFile(checkTodo)},
	{"package doc", checkPackageDocs},
	{"package name", checkPackageNames},
	{"leak check", checkLeakTests},
}

const (
	archModule    = "tickertape"
	maxFileLines  = 400 // outside tests
	maxFuncLines  = 80  // outside tests, from "func" to its brace
	leakCheckPath = "go.uber.org/goleak"
)

func TestArchitecture(t *testing.T) {
	files := parseTree(t)
	for _, rule := range archRules {
		t.Run(rule.name, func(t *testing.T) {
			for _, v := range rule.check(files) {
				t.Errorf("%s", v)
			}
		})
	}
}

// TestGoStatements prints where goroutines begin; run it with -v to review them.
func TestGoStatements(t *testing.T) {
	for _, f := range parseTree(t) {
		for _, stmt := range f.goStatements() {
			t.Logf("%s:%d", f.path, f.line(stmt.Pos()))
		}
	}
}

// importRule says who may not import what. Paths of ours are without the module.
type importRule struct {
	why     string
	from    func(f *archFile) bool
	refuses func(f *archFile, imported string) bool
}

// sharedByKinds are what several kinds of feed have in common; they import no kind.
var sharedByKinds = []string{"feeds/feedtest", "feeds/jsonmap", "feeds/market", "feeds/market/markettest", "feeds/weather"}

var importRules = []importRule{
	{"feeds import topics, never handlers or pages", // tests of the feed that reads streams do so with the real wire
		func(f *archFile) bool { return within(f.dir, "feeds") && !(f.test && f.dir == "feeds/eventsource") }, refuse("handlers", "public")},
	{"handlers import topics, never feeds",
		from("handlers"), refuse("feeds")},
	{"topics import none of what stands above them",
		from("topics"), refuse("feeds", "handlers", "public")},
	{"public imports nothing of ours",
		from("public"), refuse("feeds", "handlers", "topics")},
	{"one kind of feed never imports another",
		from("feeds"), func(f *archFile, imported string) bool {
			return within(imported, "feeds") && imported != "feeds" && !within(imported, f.dir) &&
				!slices.Contains(sharedByKinds, imported)
		}},
	{"what is for tests is imported by tests",
		outsideTests, refuse("feeds/feedtest", "feeds/market/markettest", "topics/logtest")},
	{"handlers/sse imports nothing of ours",
		from("handlers/sse"), func(f *archFile, imported string) bool { return ours(f, imported) }},
	{"handlers/fanout imports nothing of ours but handlers/sse",
		from("handlers/fanout"), func(f *archFile, imported string) bool {
			return ours(f, imported) && imported != "handlers/sse"
		}},
	{"only topics/natslog imports NATS",
		func(f *archFile) bool {
			return !within(f.dir, "topics/natslog") && !within(f.dir, "topics/logtest") && !f.test
		},
		refuse("github.com/nats-io")},
	{"only handlers imports Gin and gorilla/schema",
		func(f *archFile) bool { return f.dir != "handlers" },
		refuse("github.com/gin-gonic/gin", "github.com/gin-contrib", "github.com/gorilla")},
	{"only main reads flags",
		func(f *archFile) bool { return !f.main() && !f.test }, refuse("flag")},
	{"only feeds/exec starts programs",
		func(f *archFile) bool { return !within(f.dir, "feeds/exec") && !f.main() && !f.test }, refuse("os/exec")},
	{"a logger is a *slog.Logger that is passed in",
		outsideTests, func(_ *archFile, imported string) bool { return imported == "log" }},
}

func checkImports(f *archFile) (found []archViolation) {
	for _, spec := range f.ast.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		imported = strings.TrimPrefix(imported, archModule+"/")
		if spec.Name != nil && spec.Name.Name == "." {
			found = append(found, f.violation(spec, "imports", "%s is imported with a dot: a name must say where it comes from", imported))
		}
		for _, rule := range importRules {
			if rule.from(f) && rule.refuses(f, imported) {
				found = append(found, f.violation(spec, "imports", "%s imports %s: %s", f.dir, imported, rule.why))
			}
		}
	}
	return found
}

// surroundings are the functions of package os that reach outside the process.
var surroundings = strings.Fields(`Getenv LookupEnv Environ Setenv Args Stdin Stdout Stderr Exit
	Open OpenFile OpenRoot ReadFile ReadDir DirFS Create CreateTemp WriteFile Mkdir MkdirAll MkdirTemp Remove RemoveAll Rename`)

// mayReach lists who besides main reaches outside, and for what.
var mayReach = map[string]string{
	"topics/natslog": "the folder of the log",
	"feeds/exec":     "the environment of the program it starts",
	"feeds/replay":   "the recording that is replayed",
	"feeds/feedtest": "recorded answers",
	"topics/logtest": "folders of tests",
}

func checkSurroundings(f *archFile) (found []archViolation) {
	if f.test || f.main() || mayReach[f.dir] != "" {
		return nil
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || !slices.Contains(surroundings, sel.Sel.Name) {
			return true
		}
		if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == f.nameOf("os") {
			found = append(found, f.violation(sel, "surroundings",
				"os.%s: only main reads flags, environment and files, and hands over what it read", sel.Sel.Name))
		}
		return true
	})
	return found
}

func checkSize(f *archFile) (found []archViolation) {
	if f.test {
		return nil
	}
	if f.lines > maxFileLines {
		found = append(found, f.violation(f.ast, "size", "%d lines; a file has at most %d", f.lines, maxFileLines))
	}
	for _, decl := range f.ast.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := f.line(fn.End()) - f.line(fn.Type.Pos()) + 1; n > maxFuncLines {
			found = append(found, f.violation(fn, "size", "func %s has %d lines; at most %d", fn.Name.Name, n, maxFuncLines))
		}
	}
	return found
}

// checkGoStatements asks for a comment on each go statement, or for a word on its
// goroutine in the function's own comment: who stops it, and who waits for it.
func checkGoStatements(f *archFile) (found []archViolation) {
	if !outsideTests(f) {
		return nil
	}
	commented := map[int]bool{}
	for _, group := range f.ast.Comments {
		commented[f.line(group.Pos())] = true   // at the end of the line
		commented[f.line(group.End())+1] = true // on the lines above
	}
	for _, decl := range f.ast.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && strings.Contains(fn.Doc.Text(), "goroutine") {
			for line := f.line(fn.Pos()); line <= f.line(fn.End()); line++ {
				commented[line] = true
			}
		}
	}
	for _, stmt := range f.goStatements() {
		if !commented[f.line(stmt.Pos())] {
			found = append(found, f.violation(stmt, "goroutines",
				"a go statement without a comment on or above its line that says who stops it and who waits for it"))
		}
	}
	return found
}

func checkWireBytes(f *archFile) (found []archViolation) {
	if f.test || within(f.dir, "handlers/sse") {
		return nil
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(lit.Value)
		for _, field := range []string{"data:", "event:", "id:", "retry:"} {
			if err == nil && (strings.TrimSpace(text) == field || strings.Contains(text, "\n"+field)) {
				found = append(found, f.violation(lit, "wire", "%s: only handlers/sse knows the bytes of the wire", lit.Value))
			}
		}
		return true
	})
	return found
}

// checkInit keeps packages from entering themselves in lists; main may use init
// where the compiler sees a cycle.
func checkInit(f *archFile) (found []archViolation) {
	if f.main() {
		return nil
	}
	for _, decl := range f.ast.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			found = append(found, f.violation(fn, "init", "func init: main wires everything, where one can read it"))
		}
	}
	return found
}

func checkTodo(f *archFile) (found []archViolation) {
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			for _, mark := range []string{"TO" + "DO", "FIX" + "ME", "XX" + "X"} {
				if strings.Contains(c.Text, mark) {
					found = append(found, f.violation(c, "todo", "%s in a comment: do it, or file it", mark))
				}
			}
		}
	}
	return found
}

// checkPackageDocs asks for one package comment a package, in doc.go (in package
// main, main.go will do), that begins with the package's name.
func checkPackageDocs(files []*archFile) (found []archViolation) {
	for _, group := range byDir(files) {
		docs := 0
		var first *archFile
		for _, f := range group {
			if f.test {
				continue
			}
			if first == nil {
				first = f
			}
			if f.ast.Doc == nil {
				continue
			}
			docs++
			want, base, text := "Package "+f.ast.Name.Name+" ", path.Base(f.path), f.ast.Doc.Text()
			home := base == "doc.go" || f.main() && base == "main.go"
			if !strings.HasPrefix(text, want) && !(f.main() && strings.HasPrefix(text, "Command ")) {
				found = append(found, f.violation(f.ast, "package doc", "the package comment must begin with %q", want))
			}
			if !home {
				found = append(found, f.violation(f.ast, "package doc", "the package comment belongs in doc.go"))
			}
		}
		if first != nil && docs != 1 {
			found = append(found, first.violation(first.ast, "package doc", "package in %s has %d package comments; want 1, in doc.go", first.dir, docs))
		}
	}
	return found
}

func checkPackageNames(files []*archFile) (found []archViolation) {
	for _, f := range files {
		switch name := path.Base(f.dir); name {
		case "util", "utils", "common", "helpers", "manager", "models", "interfaces", "pkg":
			found = append(found, f.violation(f.ast, "package name", "a package called %q says nothing of what it owns", name))
		}
	}
	return found
}

// checkLeakTests asks each tested package to fail when a goroutine is left.
func checkLeakTests(files []*archFile) (found []archViolation) {
	for _, group := range byDir(files) {
		var test *archFile
		checked := false
		for _, f := range group {
			if f.test {
				test = f
				checked = checked || f.nameOf(leakCheckPath) != ""
			}
		}
		if test != nil && !checked {
			found = append(found, test.violation(test.ast, "leak check",
				"no test file of %s imports %s: add func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }", test.dir, leakCheckPath))
		}
	}
	return found
}

// within reports whether name is tree or stands below it.
func within(name, tree string) bool { return name == tree || strings.HasPrefix(name, tree+"/") }

// ours reports whether imported is a package of this module other than f's own.
func ours(f *archFile, imported string) bool {
	top, _, _ := strings.Cut(imported, "/")
	return slices.Contains([]string{"feeds", "handlers", "public", "topics", "bench"}, top) && imported != f.dir
}

func outsideTests(f *archFile) bool {
	return !f.test && f.dir != "feeds/feedtest" && f.dir != "topics/logtest"
}

func from(tree string) func(*archFile) bool {
	return func(f *archFile) bool { return within(f.dir, tree) }
}

func refuse(trees ...string) func(*archFile, string) bool {
	return func(_ *archFile, imported string) bool {
		return slices.ContainsFunc(trees, func(tree string) bool { return within(imported, tree) })
	}
}
