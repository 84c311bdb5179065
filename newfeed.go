package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"go/token"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"tickertape/topics"
)

// plugins are the examples that new feeds begin as copies of: what is tested there is
// what is copied.
//
//go:embed examples/plugins/disk.* examples/plugins/disk/main.go examples/plugins/tides
var plugins embed.FS

// newOptions are the flags of feeds new.
type newOptions struct {
	Exec string `option:"exec" value:"LANGUAGE" choices:"python,sh,node,go" doc:"Make a program for a feed of kind exec, and its configuration, in the folder you are in: python, sh, node or go."`
	URL  string `option:"url" doc:"Address that the feed fetches, for one in a clone of the repository."`
}

// A newFile is one that feeds new is about to write.
type newFile struct {
	name string // in the system's form, relative to the folder it was asked in
	text []byte
	mode fs.FileMode
}

var newName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// runNewFeed makes a feed for somebody to edit.
func runNewFeed(_ context.Context, inv *Invocation, stdout, stderr io.Writer) int {
	files, next, err := inv.newFeed()
	if err == nil {
		err = writeNew(files)
	}
	if err != nil {
		fmt.Fprintf(stderr, "tickertape: new feed: %v\n", err)
		return exitUsage
	}
	for _, f := range files {
		fmt.Fprintf(stdout, "wrote %s\n", f.name)
	}
	fmt.Fprintf(stdout, "\nNext:\n%s", indent(next, "  "))
	return exitOK
}

// newFeed returns what to write, and what to do then.
func (inv *Invocation) newFeed() (files []newFile, next string, err error) {
	if len(inv.Args) == 0 {
		return nil, "", errors.New("it needs a name, as in tickertape feeds new tides")
	}
	name, flags := inv.Args[0], ownFlags[newOptions](inv)
	if !newName.MatchString(name) {
		return nil, "", fmt.Errorf("%s: want a lower-case letter, then up to 31 letters, digits and '_'", quoted(name))
	}
	if err := topics.ValidName(name); err != nil {
		return nil, "", err
	}
	for _, t := range defaultTopics(false) {
		if t.Name == name {
			return nil, "", fmt.Errorf("%q is a topic already, and a new feed gets one of its own name: want another name", name)
		}
	}
	if flags.Exec != "" {
		return newProgram(name, flags.Exec)
	}
	if slices.ContainsFunc(inv.Inputs.Kinds, kindNamed(name)) {
		return nil, "", fmt.Errorf("there is a kind %q already: want another name", name)
	}
	return newKind(name, flags.URL)
}

// writeNew writes the files, none if one that is not to be changed is there.
func writeNew(files []newFile) error {
	for _, f := range files {
		if _, err := os.Lstat(f.name); err == nil && filepath.Base(f.name) != "kinds.go" {
			return fmt.Errorf("%s is there already; nothing was written", f.name)
		}
	}
	for _, f := range files {
		if err := os.MkdirAll(filepath.Dir(f.name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(f.name, f.text, f.mode); err != nil {
			return err
		}
	}
	return nil
}

// newProgram returns a program with its configuration.
func newProgram(name, language string) ([]newFile, string, error) {
	example := map[string]string{"python": "disk.py", "sh": "disk.sh", "node": "disk.mjs", "go": "disk/main.go"}[language]
	text, err := plugins.ReadFile("examples/plugins/" + example)
	if err != nil {
		return nil, "", err
	}
	file := name + path.Ext(example)
	command := map[string]string{"python": "python3, " + file, "sh": "sh, " + file, "node": "node, " + file, "go": "./" + name}[language]
	build := ""
	if language == "go" {
		build = fmt.Sprintf("go build -o %s %s\n", name, file)
	}
	config := fmt.Sprintf(`topics:
  - name: %[1]s
    mode: latest # only the newest value of a key matters; every: each item does
    key: mount # the field of an item that says what it is about

feeds:
  - kind: exec
    id: %[1]s
    topic: %[1]s
    every: 1m # how often the program is asked for more
    command: [%[2]s]
    config: {mounts: [/]} # the program's first line of input, as JSON
`, name, command)
	next := fmt.Sprintf("edit fetch in %[1]s, and key in %[2]s.yaml\n%[3]stickertape feeds try %[2]s.yaml -n 1\ntickertape feeds verify %[2]s.yaml\ntickertape --config %[2]s.yaml\n", file, name, build)
	return []newFile{{file, text, 0o755}, {name + ".yaml", []byte(config), 0o644}}, next, nil
}

// newKind returns a kind in a folder of its own below feeds, and kinds.go with it.
func newKind(name, address string) ([]newFile, string, error) {
	root, err := findClone()
	if err != nil {
		return nil, "", err
	}
	if address != "" {
		if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(address, "\"\\`\n") {
			return nil, "", fmt.Errorf("--url %s: want an absolute http or https address", quoted(address))
		}
	}
	folder := strings.ReplaceAll(name, "_", "")
	if token.IsKeyword(folder) || folder == "main" || folder == "feedtest" {
		return nil, "", fmt.Errorf("%q cannot be the name of a Go package: want another name", folder)
	}
	home := filepath.Join(root, "feeds", folder)
	if _, err := os.Lstat(home); err == nil {
		return nil, "", fmt.Errorf("%s is there already: want another name", home)
	}
	const example = "examples/plugins/tides"
	var files []newFile
	err = fs.WalkDir(plugins, example, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := plugins.ReadFile(file)
		if err != nil {
			return err
		}
		short := strings.Replace(strings.TrimPrefix(file, example+"/"), "tides", folder, 1)
		files = append(files, newFile{filepath.Join(home, filepath.FromSlash(short)), renamed(text, name, folder, address), 0o644})
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	kinds := filepath.Join(root, "kinds.go")
	source, err := os.ReadFile(kinds)
	if err != nil {
		return nil, "", err
	}
	if source, err = addKind(source, "tickertape/feeds/"+folder, folder); err != nil {
		return nil, "", fmt.Errorf("%s: %w", kinds, err)
	}
	shown := filepath.ToSlash(home)
	next := fmt.Sprintf("edit %[1]s/%[2]s.go: the address, the answer, the reading with its key, and fetch\ngo run . feeds try %[3]s -n 1\ngo run . feeds record %[3]s --into %[1]s/testdata/ok --replace\ngo test ./feeds/%[2]s\n", shown, folder, name)
	return append(files, newFile{kinds, source, 0o644}), next, nil
}

// renamed is a file of the example with the new names in it.
func renamed(text []byte, name, folder, address string) []byte {
	if address == "" {
		address = "https://" + folder + ".example/now.json"
	}
	return []byte(strings.NewReplacer( // the first that fits counts, and none is replaced twice
		"https://tides.example/now.json", address,
		"package tides", "package "+folder,
		"Package tides ", "Package "+folder+" ",
		"tides", name,
	).Replace(string(text)))
}

// findClone returns the root of the clone of the repository that we are in.
func findClone() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	up := "."
	for {
		module, err := os.ReadFile(filepath.Join(here, "go.mod"))
		if err == nil && regexp.MustCompile(`(?m)^module tickertape$`).Match(module) {
			return up, nil
		}
		parent := filepath.Dir(here)
		if parent == here {
			return "", errors.New("this is no clone of the repository: change into one, or make a program in any language, as with --exec python")
		}
		here, up = parent, filepath.Join(up, "..")
	}
}
