package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"tickertape/feeds"
)

// createOptions are the flags of feeds create.
type createOptions struct {
	ID string `option:"id" form:"feed id?" doc:"The feed's own name; that of the example if there is none."`
}

// runCreate prints an entry for a kind, or adds it to a file.
func runCreate(_ context.Context, inv *Invocation, stdout, stderr io.Writer) int {
	fail := func(err error) int {
		fmt.Fprintf(stderr, "tickertape: create feed: %v\n", err)
		return exitUsage
	}
	if len(inv.Args) == 0 {
		return fail(errors.New("of which kind? tickertape feeds list shows all"))
	}
	kinds := inv.Inputs.Kinds
	i := slices.IndexFunc(kinds, kindNamed(inv.Args[0]))
	if i < 0 {
		return fail(unknownKind(inv.Args[0], kinds))
	}
	spec, id := kinds[i], ownFlags[createOptions](inv).ID
	if len(inv.Args) == 1 {
		fmt.Fprintf(stdout, "feeds:\n%s", entryText(spec, cmp.Or(id, exampleID(spec))))
		return exitOK
	}
	file := inv.Args[1]
	before, err := inv.Inputs.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(fmt.Errorf("%s cannot be read: %w", file, withoutPath(err)))
	}
	known := inv.loadText(file, before)
	if id == "" {
		id = freeID(exampleID(spec), before)
	}
	after, err := addEntry(before, entryText(spec, id))
	if err != nil {
		return fail(fmt.Errorf("%s: %w", file, err))
	}
	if err := replaceFile(file, after); err != nil {
		return fail(err)
	}
	fmt.Fprintf(stdout, "added feed %s to %s\n", id, file)
	if !bytes.Contains(before, []byte("feeds:")) {
		fmt.Fprint(stdout, wrap("A file with a list of feeds runs these and no others: without one, "+strings.Join(defaultKinds, ", ")+" would run.", 0))
	}
	var left []string
	for _, m := range inv.loadText(file, after) {
		if !slices.ContainsFunc(known, func(old Mistake) bool { return old.Text == m.Text }) {
			left = append(left, m.String())
		}
	}
	if len(left) > 0 {
		fmt.Fprintf(stdout, "\nWhat is left to do:\n%s", indent(strings.Join(left, "\n"), "  "))
	}
	fmt.Fprintf(stdout, "\ntickertape feeds try %s --id %s shows what it prints.\n", file, id)
	return exitOK
}

// loadText returns the mistakes of a configuration with that text.
func (inv *Invocation) loadText(file string, text []byte) Mistakes {
	in := inv.Inputs
	read := in.ReadFile
	in.ReadFile = func(name string) ([]byte, error) {
		if name == file {
			return text, nil
		}
		return read(name)
	}
	_, mistakes := load(in, commandLine{}, file)
	return mistakes
}

var (
	idLine   = regexp.MustCompile(`(?m)^(- |  )id: .*$`)
	feedsKey = regexp.MustCompile(`(?m)^feeds:[ \t]*(\[[ \t]*\]|~|null)?[ \t]*(#.*)?$`)
)

// exampleID returns the id of a kind's example; the kind if that has none.
func exampleID(spec feeds.Spec) string {
	var entry []struct{ ID string }
	if err := yaml.Unmarshal([]byte(exampleEntry(spec)), &entry); err != nil || len(entry) == 0 {
		return spec.Kind
	}
	return cmp.Or(entry[0].ID, spec.Kind)
}

// freeID returns the id, with a number behind it if the text has one like it.
func freeID(id string, text []byte) string {
	for n := 1; ; n++ {
		free := id
		if n > 1 {
			free = fmt.Sprintf("%s-%d", id, n)
		}
		if !regexp.MustCompile(`\bid:[ \t]*["']?` + regexp.QuoteMeta(free) + `["']?[ \t]*([,}#]|$|\n)`).Match(text) {
			return free
		}
	}
}

// entryText returns a complete entry of the list of feeds: the example of the kind,
// then its other options at their defaults, commented out.
func entryText(spec feeds.Spec, id string) string {
	var b strings.Builder
	remark := func(margin, text string) {
		if text = strings.TrimSpace(text); text != "" {
			b.WriteString(strings.TrimLeft(strings.ReplaceAll("\n"+strings.TrimRight(wrap(text, 0), "\n"), "\n", "\n"+margin+"# "), "\n") + "\n")
		}
	}
	remark("  ", spec.Summary)
	if spec.Terms != "" {
		remark("  ", "Terms: "+spec.Terms)
	}
	example := exampleEntry(spec)
	if idLine.MatchString(example) {
		example = idLine.ReplaceAllString(example, "${1}id: "+id)
	} else {
		example = strings.Replace(example, "- ", "- id: "+id+"\n  ", 1)
	}
	b.WriteString(indent(example, "  "))
	var given []map[string]any
	_ = yaml.Unmarshal([]byte(example), &given) // a test of each kind reads it
	for _, o := range allOptions(spec) {
		if len(given) == 1 && given[0][o.name] != nil || o.name == "every" && !timed(spec) {
			continue
		}
		text := o.doc
		if o.secret {
			text += " A secret: ${NAME} is taken from the environment."
		}
		remark("    ", text)
		fmt.Fprintf(&b, "    #%s: %s\n", o.name, presetText(o, spec))
	}
	return b.String()
}

// timed reports whether an interval means anything to a kind.
func timed(spec feeds.Spec) bool { return spec.Default.Max > 0 || spec.Floor > 0 }

// allOptions returns the options of a kind, then those that every kind has.
func allOptions(spec feeds.Spec) []option {
	common := optionsOf(reflect.TypeFor[feedEntry]())
	if spec.Options == nil {
		return common
	}
	return append(optionsOf(reflect.TypeOf(spec.Options).Elem()), common...)
}

// presetText is the default of an option as it would stand in the file.
func presetText(o option, spec feeds.Spec) string {
	switch {
	case o.name == "every" && spec.Default.Max > 0:
		return every(spec.Default)
	case o.name == "topic" && len(spec.Topics) > 0:
		return spec.Topics[0]
	case o.name == "every":
		return "1m"
	case o.typ.Kind() == reflect.Map, o.typ == reflect.TypeFor[json.RawMessage]():
		return "{}"
	case o.typ.Kind() == reflect.Slice && !isScalar(o.typ):
		return "[" + o.preset + "]"
	case o.preset != "":
		return o.preset
	case o.typ == durationType:
		return "0s"
	case o.typ.Kind() == reflect.Bool:
		return "false"
	case o.typ.Kind() == reflect.String || !isScalar(o.typ) || reflect.PointerTo(o.typ).Implements(textType):
		return `""`
	}
	return "0"
}

// addEntry returns the text of a configuration with one more entry in its list of feeds.
func addEntry(text []byte, entry string) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("it is not YAML: %w", err)
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(slices.Clip(text), '\n')
	}
	var list, next *yaml.Node
	if len(doc.Content) > 0 && doc.Content[0].Kind == yaml.MappingNode {
		pairs := doc.Content[0].Content
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i].Value != "feeds" {
				continue
			}
			list = pairs[i+1]
			if i+2 < len(pairs) {
				next = pairs[i+2]
			}
		}
	}
	switch {
	case list == nil:
		if len(bytes.TrimSpace(text)) > 0 {
			text = append(text, '\n')
		}
		return append(text, "feeds:\n"+entry...), nil
	case len(list.Content) == 0:
		if !feedsKey.Match(text) {
			return nil, errors.New("want its list of feeds as entries after hyphens, one below the other")
		}
		at := feedsKey.FindIndex(text)
		return slices.Concat(text[:at[0]], []byte("feeds:\n"+strings.TrimRight(entry, "\n")), text[at[1]:]), nil
	case list.Kind != yaml.SequenceNode || list.Style&yaml.FlowStyle != 0:
		return nil, errors.New("its list of feeds stands in brackets: write it as entries after hyphens, one below the other")
	}
	return insertAfter(text, list, next, entry), nil
}

// insertAfter puts the entry, indented as the others, at the end of a list, before the
// remarks of what follows.
func insertAfter(text []byte, list, next *yaml.Node, entry string) []byte {
	lines := strings.SplitAfter(strings.TrimRight(string(text), "\n")+"\n", "\n")
	lines = lines[:len(lines)-1] // what follows the last line's end
	end := len(lines)
	if next != nil {
		end = next.Line - 1
		for end > 0 && (strings.TrimSpace(lines[end-1]) == "" || lines[end-1][0] == '#') {
			end--
		}
	}
	margin := strings.Repeat(" ", list.Column-1)
	entry = strings.ReplaceAll("\n"+strings.TrimRight(entry, "\n"), "\n  ", "\n"+margin)
	return []byte(strings.Join(lines[:end], "") + entry + "\n" + strings.Join(lines[end:], ""))
}

// replaceFile writes a file in one step: whoever reads it sees all of it or none.
func replaceFile(file string, text []byte) error {
	mode := fs.FileMode(0o644)
	if real, err := filepath.EvalSymlinks(file); err == nil {
		file = real
	}
	if info, err := os.Stat(file); err == nil {
		mode = info.Mode().Perm()
	}
	temporary := file + ".new"
	if err := os.WriteFile(temporary, text, mode); err != nil {
		return err
	}
	return os.Rename(temporary, file)
}
