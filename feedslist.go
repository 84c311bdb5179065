package main

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"

	"tickertape/feeds"
	"tickertape/topics"
)

// runFeedsList prints the kinds of feed, or all about one.
func runFeedsList(_ context.Context, inv *Invocation, stdout, stderr io.Writer) int {
	kinds := inv.Inputs.Kinds
	if len(inv.Args) == 0 {
		listKinds(stdout, kinds)
		return exitOK
	}
	i := slices.IndexFunc(kinds, kindNamed(inv.Args[0]))
	if i < 0 {
		fmt.Fprintf(stderr, "tickertape: %v\n", unknownKind(inv.Args[0], kinds))
		return exitUsage
	}
	describeKind(stdout, kinds[i])
	return exitOK
}

// kindNamed returns a test for kinds of that name.
func kindNamed(name string) func(feeds.Spec) bool {
	return func(s feeds.Spec) bool { return s.Kind == name }
}

// unknownKind is the error for a name that no kind has.
func unknownKind(name string, kinds []feeds.Spec) error {
	var names []string
	for _, spec := range kinds {
		names = append(names, spec.Kind)
	}
	if near := topics.Nearest(name, names); near != "" {
		return fmt.Errorf("unknown kind of feed %s; did you mean %q?", quoted(name), near)
	}
	return fmt.Errorf("unknown kind of feed %s; want %s", quoted(name), orList(names))
}

func listKinds(w io.Writer, kinds []feeds.Spec) {
	rows := [][]string{{"KIND", "TOPICS", "EVERY", "SUMMARY"}}
	for _, spec := range kinds {
		rows = append(rows, []string{spec.Kind, orDash(strings.Join(spec.Topics, ", ")), every(spec.Default), spec.Summary})
	}
	fmt.Fprint(w, table(rows), "\n", wrap("Without a list of feeds in the configuration, these run: "+strings.Join(defaultKinds, ", ")+".", 0))
	fmt.Fprintln(w, "tickertape feeds list KIND shows the options of one.")
}

func describeKind(w io.Writer, spec feeds.Spec) {
	fmt.Fprintf(w, "%s: %s\n\n", spec.Kind, spec.Summary)
	often := every(spec.Default)
	if spec.Floor > 0 {
		often += ", at least " + shortDuration(spec.Floor)
	}
	fmt.Fprint(w, table([][]string{
		{"source", orDash(spec.Homepage)},
		{"needs", orDash(strings.ReplaceAll(spec.Needs, "`", ""))},
		{"topics", orDash(strings.Join(spec.Topics, ", "))},
		{"every", often},
		{"simulated", map[bool]string{true: "yes", false: "no"}[spec.Simulated]},
		{"stability", orDash(spec.Stability)},
	}))
	if spec.Options != nil {
		if list := optionsOf(reflect.TypeOf(spec.Options).Elem()); len(list) > 0 {
			fmt.Fprint(w, "\nOptions of this kind:\n", table(optionRows(list, "  ")))
		}
	}
	fmt.Fprint(w, "\nOptions of every kind:\n", table(optionRows(optionsOf(reflect.TypeFor[feedEntry]()), "  ")))
	if spec.Example != "" {
		fmt.Fprintf(w, "\nExample:\n  feeds:\n%s", indent(exampleEntry(spec), "    "))
	}
	if spec.Terms != "" {
		fmt.Fprintf(w, "\nTerms: %s\n", strings.TrimSpace(spec.Terms))
	}
	if spec.Attribution != "" {
		fmt.Fprintf(w, "Attribution: %s\n", strings.TrimSpace(spec.Attribution))
	}
}

// optionRows describes one option a row, with those of its entries below it.
func optionRows(list []option, margin string) [][]string {
	var rows [][]string
	for _, o := range list {
		var notes []string
		switch {
		case o.required:
			notes = append(notes, "required")
		case o.preset != "":
			notes = append(notes, "default "+o.preset)
		}
		if o.secret {
			notes = append(notes, "secret, may be ${NAME}")
		}
		rows = append(rows, []string{margin + o.name, o.doc, strings.Join(notes, "; ")})
		if o.typ.Kind() == reflect.Slice && o.typ.Elem().Kind() == reflect.Struct && !isScalar(o.typ.Elem()) {
			rows = append(rows, optionRows(optionsOf(o.typ.Elem()), margin+"  ")...)
		}
	}
	return rows
}

// table lines up the columns of the rows, without spaces at the ends of lines.
func table(rows [][]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // a strings.Builder does not fail
	lines := strings.Split(b.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// every shows an interval; "-" for kinds that are not timed.
func every(i feeds.Interval) string {
	switch {
	case i == (feeds.Interval{}):
		return "-"
	case i.Max <= i.Min:
		return shortDuration(i.Min)
	}
	return shortDuration(i.Min) + "-" + shortDuration(i.Max)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// exampleEntry returns the example of a kind as an entry of a list.
func exampleEntry(spec feeds.Spec) string {
	if spec.Example == "" || strings.HasPrefix(spec.Example, "- ") {
		return spec.Example
	}
	return "- " + strings.TrimPrefix(indent(spec.Example, "  "), "  ")
}

// indent puts margin in front of each line of text that has something on it.
func indent(text, margin string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range slices.Clone(lines) {
		if line != "" {
			lines[i] = margin + line
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
