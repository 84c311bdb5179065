package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"tickertape/topics"
)

// A decoder fills structs from the nodes of one YAML file by the tags of their
// fields (see [option]). It is strict, never stops at a mistake, and collects them.
type decoder struct {
	file     string
	lookup   func(name string) (string, bool) // environment, for secrets
	named    map[string]bool                  // variables that secrets named
	filled   []string                         // what the environment gave for the secrets of the entry at hand
	given    map[string]*yaml.Node            // keys of the file's options, by name
	mistakes Mistakes
	warnings Mistakes // what is no mistake, and could be better
	visits   int      // nodes seen; aliases can make a small file large
}

// Bounds of a configuration file.
const (
	maxFile   = 1 << 20  // bytes
	maxVisits = 100_000  // nodes, each alias counted as what it stands for
	maxDepth  = 100      // of nested values in a schema
	maxJSON   = 64 << 10 // bytes of a value as JSON, such as a schema: checking one takes time
)

// A rawNode keeps a part of the file to be decoded later.
type rawNode struct{ *yaml.Node }

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)

// parseFile returns the top-level mapping of a YAML file; nil when the file holds
// nothing or is no YAML.
func (d *decoder) parseFile(data []byte) *yaml.Node {
	if len(data) > maxFile {
		d.fail(nil, "the file has %d bytes; want at most %d", len(data), maxFile)
		return nil
	}
	stream := yaml.NewDecoder(bytes.NewReader(data))
	var doc, next yaml.Node
	if err := stream.Decode(&doc); err != nil {
		if !errors.Is(err, io.EOF) {
			d.failSyntax(err)
		}
		return nil
	}
	switch err := stream.Decode(&next); {
	case err == nil:
		d.fail(&next, "a second document begins here; want one in a file")
	case !errors.Is(err, io.EOF):
		d.failSyntax(err)
	}
	if len(doc.Content) == 0 {
		return nil
	}
	root := d.resolve(doc.Content[0])
	if root == nil || root.Tag == "!!null" {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		d.fail(root, "want options, one a line, as in: listen: \":8080\"")
		return nil
	}
	return root
}

// yamlErrors are what the YAML parser says of the commonest slips, and what to look for.
var yamlErrors = []struct{ says, means string }{
	{"found character that cannot start any token", "indent with spaces, not tabs, and put a value that begins with @, % or a backtick into quotes"},
	{"did not find expected '-' indicator", "in the list that begins here, each entry begins with a hyphen, and its options stand in one column"},
	{"did not find expected key", "in what begins here, options of one level stand in one column, with a space behind each colon"},
	{"mapping values are not allowed in this context", "a value with a colon and a space in it is put into quotes, and options of one level stand in one column"},
}

// failSyntax reports an error of the YAML parser in our form.
func (d *decoder) failSyntax(err error) {
	m := Mistake{File: d.file, Text: "not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	if part := yamlLine.FindStringSubmatch(err.Error()); part != nil {
		m.Line, _ = strconv.Atoi(part[1])
		m.Text = "not YAML: " + part[2]
	}
	for _, known := range yamlErrors {
		if strings.Contains(m.Text, known.says) {
			m.Text += ": " + known.means
		}
	}
	d.mistakes = append(d.mistakes, m)
}

// fail notes a mistake at n.
func (d *decoder) fail(n *yaml.Node, format string, args ...any) {
	m := Mistake{File: d.file, Text: fmt.Sprintf(format, args...)}
	if n != nil {
		m.Line, m.Col = n.Line, n.Column
	}
	d.mistakes = append(d.mistakes, m)
}

// resolve follows aliases. It returns nil once the file has asked for too much,
// after saying so.
func (d *decoder) resolve(n *yaml.Node) *yaml.Node {
	for hops := 0; n != nil && n.Kind == yaml.AliasNode && hops < maxDepth; hops++ {
		n = n.Alias
	}
	d.visits++
	if d.visits == maxVisits {
		d.fail(n, "the file is too large: more than %d values, aliases counted in full", maxVisits)
	}
	if d.visits >= maxVisits || n == nil || n.Kind == yaml.AliasNode {
		return nil
	}
	return n
}

// A pair is one line of a mapping.
type pair struct{ key, value *yaml.Node }

// pairs returns the lines of a mapping in order, each key once.
func (d *decoder) pairs(n *yaml.Node) []pair {
	lines := make(map[string]int, len(n.Content)/2)
	var list []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			d.fail(key, "want a name before the colon")
			continue
		}
		if key.Tag == "!!merge" {
			d.fail(key, "merge keys (<<) are not supported; write the options out")
			continue
		}
		if line, twice := lines[key.Value]; twice {
			d.fail(key, "%s is given twice, first on line %d", quoted(key.Value), line)
			continue
		}
		lines[key.Value] = key.Line
		list = append(list, pair{key, n.Content[i+1]})
	}
	return list
}

// A target is where an option of a mapping goes.
type target struct {
	option
	field reflect.Value
}

// mapping fills the structs that ptrs point to, whose options share one mapping,
// and returns the key nodes of those that were given and right. what names the mapping in
// errors ("unknown option of WHAT"); "" for the file itself.
func (d *decoder) mapping(n *yaml.Node, what string, ptrs ...any) map[string]*yaml.Node {
	var targets []target
	for _, ptr := range ptrs {
		v := reflect.ValueOf(ptr).Elem()
		for _, o := range optionsOf(v.Type()) {
			if o.allows("file") {
				targets = append(targets, target{o, v.FieldByIndex(o.index)})
			}
		}
	}
	given := make(map[string]*yaml.Node)
	var wrong []string
	if n.Kind != yaml.MappingNode {
		d.fail(n, "want the options of %s, each as name: value", what)
		return given
	}
	for _, p := range d.pairs(n) {
		i := slices.IndexFunc(targets, func(t target) bool { return t.name == p.key.Value })
		if i < 0 {
			d.failUnknown(p.key, what, targets)
			continue
		}
		field, before := targets[i].field, len(d.mistakes)
		old := reflect.New(field.Type()).Elem()
		old.Set(field)
		given[p.key.Value] = p.key
		d.value(field, targets[i].option, p.value)
		if before < len(d.mistakes) {
			field.Set(old) // what follows works with a value that was right
			wrong = append(wrong, p.key.Value)
		}
	}
	for _, t := range targets {
		if t.required && given[t.name] == nil {
			d.fail(n, "%s: option %q is missing: %s", what, t.name, t.doc)
		}
	}
	for _, name := range wrong {
		delete(given, name)
	}
	return given
}

func (d *decoder) failUnknown(key *yaml.Node, what string, targets []target) {
	if what != "" {
		what = " of " + what
	}
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.name
	}
	slices.Sort(names)
	if near := topics.Nearest(key.Value, names); near != "" {
		d.fail(key, "unknown option %s%s; did you mean %q?", quoted(key.Value), what, near)
		return
	}
	d.fail(key, "unknown option %s%s; known are %s", quoted(key.Value), what, strings.Join(names, ", "))
}

// value sets v, a field of option o, from n.
func (d *decoder) value(v reflect.Value, o option, n *yaml.Node) {
	if n = d.resolve(n); n == nil {
		return
	}
	switch {
	case v.Type() == reflect.TypeFor[rawNode]():
		v.Set(reflect.ValueOf(rawNode{n}))
	case v.Type() == reflect.TypeFor[json.RawMessage]():
		v.SetBytes(d.json(n, o))
	case isScalar(v.Type()):
		d.scalar(v, o, n, false)
	case v.Kind() == reflect.Slice:
		d.sequence(v, o, n)
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		d.table(v, o, n)
	case v.Kind() == reflect.Struct:
		d.mapping(n, o.name, v.Addr().Interface())
	default:
		d.fail(n, "%s: options of type %s cannot be configured", o.name, v.Type())
	}
}

// isScalar reports whether one word of text can be a t.
func isScalar(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(textType) {
		return true
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Struct, reflect.Pointer, reflect.Interface:
		return false
	}
	return true
}

func (d *decoder) sequence(v reflect.Value, o option, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, "%s: want a list, as in [a, b], or one entry a line after a hyphen", o.name)
		return
	}
	list := reflect.MakeSlice(v.Type(), 0, len(n.Content))
	for _, item := range n.Content {
		if item = d.resolve(item); item == nil {
			return
		}
		entry := reflect.New(v.Type().Elem())
		if isScalar(entry.Type().Elem()) {
			d.scalar(entry.Elem(), o, item, true)
		} else {
			d.entry(entry, o.name, item)
		}
		list = reflect.Append(list, entry.Elem())
	}
	if o.required && list.Len() == 0 {
		d.fail(n, "%s: the list must not be empty: %s", o.name, o.doc)
	}
	v.Set(list)
}

// entry fills the struct at ptr, one of a list, after its defaults.
func (d *decoder) entry(ptr reflect.Value, name string, n *yaml.Node) {
	if ptr.Elem().Kind() != reflect.Struct {
		d.fail(n, "%s: lists of %s cannot be configured", name, ptr.Elem().Type())
		return
	}
	if err := setDefaults(ptr); err != nil {
		d.fail(n, "%s: %v", name, err)
	}
	d.mapping(n, name, ptr.Interface())
}

func (d *decoder) table(v reflect.Value, o option, n *yaml.Node) {
	if n.Kind != yaml.MappingNode || !isScalar(v.Type().Elem()) {
		d.fail(n, "%s: want names with values, as in {name: value}", o.name)
		return
	}
	table := reflect.MakeMap(v.Type())
	for _, p := range d.pairs(n) {
		value := d.resolve(p.value)
		if value == nil {
			return
		}
		entry := reflect.New(v.Type().Elem()).Elem()
		d.scalar(entry, o, value, true)
		table.SetMapIndex(reflect.ValueOf(p.key.Value).Convert(v.Type().Key()), entry)
	}
	v.Set(table)
}

// scalar sets v from one word. Inside a list or a table, ${NAME} may be a part of a
// word that is meant for somebody else, such as a shell.
func (d *decoder) scalar(v reflect.Value, o option, n *yaml.Node, inside bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		d.fail(n, "%s: want one value, not a list or a table", o.name)
		return
	case n.Tag == "!!null":
		d.fail(n, "%s has no value; write one, or leave the line out", o.name)
		return
	case !strings.HasPrefix(n.Tag, "!!"):
		d.fail(n, "%s: unknown tag %s", o.name, quoted(n.Tag))
		return
	case strings.ContainsRune(n.Value, 0):
		d.fail(n, "%s: U+0000 is not allowed", o.name)
		return
	case o.required && n.Value == "":
		d.fail(n, "%s must not be empty: %s", o.name, o.doc)
		return
	}
	text, err := d.expand(o, n.Value, inside)
	if err == nil {
		err = o.setText(v, text)
	}
	if !inside {
		d.warnSecret(o, n)
	}
	if err != nil {
		d.fail(n, "%s: %v", o.name, err)
	}
}

var (
	reference      = regexp.MustCompile(`\$\{[^{}]*\}`)
	wholeReference = regexp.MustCompile(`^\$\{[A-Za-z_][A-Za-z0-9_]*\}$`)
	variableName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// expand replaces ${NAME} in a secret by the environment's value. In other options
// it would stand there unchanged and nobody would notice, so it is an error.
func (d *decoder) expand(o option, text string, inside bool) (string, error) {
	if !o.secret {
		if wholeReference.MatchString(text) || !inside && reference.MatchString(text) {
			return "", fmt.Errorf("%s is filled in from the environment only in secret options", reference.FindString(text))
		}
		return text, nil
	}
	var errs []string
	text = reference.ReplaceAllStringFunc(text, func(ref string) string {
		name := ref[2 : len(ref)-1]
		if !variableName.MatchString(name) {
			errs = append(errs, fmt.Sprintf("%s does not name an environment variable", quoted(ref)))
			return ""
		}
		d.named[name] = true
		value, ok := d.lookup(name)
		switch {
		case !ok:
			errs = append(errs, fmt.Sprintf("environment variable %s is not set", name))
		case value == "":
			errs = append(errs, fmt.Sprintf("environment variable %s is empty", name))
		default:
			d.filled = append(d.filled, value)
		}
		return value
	})
	if len(errs) > 0 {
		return "", errors.New(strings.Join(errs, "; "))
	}
	return text, nil
}
