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
	"strings"

	"tickertape/feeds"
)

// docsFolder is where the pages of the kinds are in a clone of the repository.
const docsFolder = "docs/feeds"

// indexPage is the name of the page that lists the others.
const indexPage = "README.md"

// The lines between which a page is made from Specs. What follows the second is written
// by hand: how to get a key, what the state says, what is meant by the fields.
const (
	pageTop  = "<!-- From here to the next such line, go run . feeds docs makes this page from the Specs of the kinds. -->\n"
	pageMark = "<!-- From here on it is written by hand, and kept. -->\n"
)

// runFeedsDocs writes the pages of the kinds and keeps what was written by hand.
func runFeedsDocs(_ context.Context, inv *Invocation, stdout, stderr io.Writer) int {
	folder := filepath.FromSlash(docsFolder)
	if len(inv.Args) > 0 {
		folder = inv.Args[0]
	}
	written, err := writePages(folder, feedPages(inv.Inputs.Kinds))
	for _, name := range written {
		fmt.Fprintf(stdout, "wrote %s\n", filepath.ToSlash(filepath.Join(folder, name)))
	}
	if err != nil {
		fmt.Fprintf(stderr, "tickertape: feeds docs: %v\n", err)
		return exitFailed
	}
	if len(written) == 0 {
		fmt.Fprintf(stdout, "the pages in %s are up to date\n", filepath.ToSlash(folder))
	}
	return exitOK
}

// A docsPage is what is made of one page: all of it up to pageMark.
type docsPage struct{ name, text string }

// feedPages returns the page of each kind, and the index.
func feedPages(kinds []feeds.Spec) []docsPage {
	pages := []docsPage{{indexPage, pageTop + kindsIndex(kinds) + "\n" + pageMark}}
	for _, spec := range kinds {
		pages = append(pages, docsPage{spec.Kind + ".md", pageTop + kindPage(spec) + "\n" + pageMark})
	}
	return pages
}

// writePages brings the pages in a folder up to date and returns the names of those that
// were not. One page that cannot be written keeps no other from being written.
func writePages(folder string, pages []docsPage) (written []string, err error) {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("there is no folder %s: run it in a clone of the repository, or name the folder", folder)
	}
	var errs []error
	for _, page := range pages {
		file := filepath.Join(folder, page.name)
		old, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
			continue
		}
		_, byHand, ok := bytes.Cut(old, []byte(pageMark))
		if len(old) > 0 && !ok {
			errs = append(errs, fmt.Errorf("%s has no line %q: put it above what is to be kept, or delete the file", file, strings.TrimSpace(pageMark)))
			continue
		}
		text := append([]byte(page.text), byHand...)
		if bytes.Equal(text, old) {
			continue
		}
		if err := replaceFile(file, text); err != nil {
			errs = append(errs, err)
			continue
		}
		written = append(written, page.name)
	}
	return written, errors.Join(errs...)
}

// kindsIndex lists the kinds, and the options that all of them have.
func kindsIndex(kinds []feeds.Spec) string {
	var b strings.Builder
	b.WriteString("# Kinds of feed\n\nWhat can stand under `feeds:` in the configuration, each kind on a page of its own:\n\n")
	b.WriteString("| kind | what it prints | on | needs | terms |\n| --- | --- | --- | --- | --- |\n")
	for _, spec := range kinds {
		writeRow(&b, fmt.Sprintf("[%[1]s](%[1]s.md)", spec.Kind), cellText(spec.Summary), printsOn(spec), cmp.Or(cellText(spec.Needs), "nothing"), orDash(cellText(spec.Use)))
	}
	b.WriteString("\n" + wrapProse("`tickertape feeds create KIND FILE` adds an entry to a configuration, `tickertape feeds try FILE` runs one and prints its items. Without a list of feeds, these run: `"+strings.Join(defaultKinds, "`, `")+"`.") + "\n")
	b.WriteString("\n## Options of every kind\n\n")
	b.WriteString(optionsTable(optionsOf(reflect.TypeFor[feedEntry]())))
	return b.String()
}

// printsOn names the topics of a kind.
func printsOn(spec feeds.Spec) string {
	if len(spec.Topics) == 0 {
		return "the `topic` of its entry"
	}
	return "`" + strings.Join(spec.Topics, "`, `") + "`"
}

// kindPage is all of a kind's page that comes from its Spec.
func kindPage(spec feeds.Spec) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", spec.Kind, strings.TrimSpace(spec.Summary))
	fact := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "- %s: %s\n", name, text)
		}
	}
	fact("Source", link(spec.Homepage))
	fact("Needs", spec.Needs)
	fact("Prints on", printsOn(spec))
	fact("How often", howOften(spec))
	fact("Terms", inShort(spec))
	if spec.Simulated {
		fact("Simulated", "its items carry `simulated: true`, and pages say so")
	}
	fact("Stability", "["+spec.Stability+"]("+indexPage+"#stability)")
	fmt.Fprintf(&b, "\n```yaml\n%s```\n", exampleFile(spec))
	if spec.Contact {
		b.WriteString("\n" + wrapProse("`contact`, your mail or web address, tells the source who asks: it may refuse whoever does not say it. It stands once in a file, for all feeds, or is given with `--contact`.") + "\n")
	}
	b.WriteString("\n## Options\n\n" + kindOptions(spec))
	if spec.Terms != "" {
		fmt.Fprintf(&b, "\n## Terms\n\n%s\n\n%s\n", wrapProse(linked(spec.Terms)), wrapProse("Attribution, which stands in the items and is shown on pages: "+spec.Attribution+"."))
	}
	return b.String()
}

// howOften says what the entry's every may be.
func howOften(spec feeds.Spec) string {
	floor := ""
	if spec.Floor > 0 {
		floor = "at least `" + shortDuration(spec.Floor) + "`"
	}
	switch {
	case spec.Default.Max > 0 && floor != "":
		return "`every: " + every(spec.Default) + "` unless set, " + floor
	case spec.Default.Max > 0:
		return "`every: " + every(spec.Default) + "` unless set"
	case floor != "":
		return "as things happen; `every`, if set, " + floor
	}
	return "as things happen; there is no `every`"
}

// inShort is what the terms come to.
func inShort(spec feeds.Spec) string {
	if spec.Terms != "" {
		return fmt.Sprintf("%s ([more](#terms))", spec.Use)
	}
	return spec.Use
}

// exampleFile is the example of a kind as a configuration.
func exampleFile(spec feeds.Spec) string {
	text := "feeds:\n" + indent(exampleEntry(spec), "  ")
	if spec.Contact {
		text = "contact: tape@example.org\n" + text
	}
	return text
}

// kindOptions describes the options of a kind.
func kindOptions(spec feeds.Spec) string {
	const shared = "[those of every kind](" + indexPage + "#options-of-every-kind)"
	var list []option
	if spec.Options != nil {
		list = optionsOf(reflect.TypeOf(spec.Options).Elem())
	}
	if len(list) == 0 {
		return "None but " + shared + ".\n"
	}
	text := "Beside " + shared + ":\n\n" + optionsTable(list)
	for _, o := range list {
		if o.secret {
			return text + "\n" + wrapProse("In a secret, `${NAME}` is taken from the environment of the server. Secrets are never shown.") + "\n"
		}
	}
	return text
}

// optionsTable describes options, with those of the entries of a list below it.
func optionsTable(list []option) string {
	var b strings.Builder
	b.WriteString("| option | value | default | meaning |\n| --- | --- | --- | --- |\n")
	writeOptions(&b, list, "")
	return b.String()
}

func writeOptions(b *strings.Builder, list []option, parent string) {
	for _, o := range list {
		preset := ""
		switch {
		case o.required:
			preset = "required"
		case o.preset != "":
			preset = "`" + strings.ReplaceAll(o.preset, "|", `\|`) + "`"
		case o.typ.Kind() == reflect.Bool:
			preset = "`false`"
		}
		value := valueOf(o)
		if o.secret {
			value += ", secret"
		}
		writeRow(b, "`"+parent+o.name+"`", value, preset, cellText(o.doc))
		if hasEntries(o.typ) {
			writeOptions(b, optionsOf(o.typ.Elem()), parent+o.name+": ")
		}
	}
}

// hasEntries reports whether values of the type are lists of mappings.
func hasEntries(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && !isScalar(t.Elem())
}

// valueOf says what may be written as the value of an option.
func valueOf(o option) string {
	if len(o.choices) > 0 {
		return "`" + strings.Join(o.choices, "`, `") + "`"
	}
	switch t := o.typ; {
	case t == durationType:
		return "duration" + bounds(o)
	case t == reflect.TypeFor[feeds.Interval]():
		return "duration, or range of them"
	case t == reflect.TypeFor[json.RawMessage]():
		return "anything"
	case t.Kind() == reflect.Map:
		return "names with values"
	case hasEntries(t):
		return "list of entries"
	case t.Kind() == reflect.Slice:
		return "list"
	case t.Kind() == reflect.Bool:
		return "`true`, `false`"
	case t.Kind() == reflect.String || reflect.PointerTo(t).Implements(textType):
		return "text"
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		return "number" + bounds(o)
	}
	return "whole number" + bounds(o)
}

// bounds says between what a number or a duration lies.
func bounds(o option) string {
	switch {
	case o.min != "" && o.max != "":
		return ", " + o.min + " to " + o.max
	case o.min != "":
		return ", at least " + o.min
	case o.max != "":
		return ", at most " + o.max
	}
	return ""
}
