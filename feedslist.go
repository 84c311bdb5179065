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
	var names []string
	for _, spec := range kinds {
		if spec.Kind == inv.Args[0] {
			describeKind(stdout, spec)
			return exitOK
		}
		names = append(names, spec.Kind)
	}
	if near := topics.Nearest(inv.Args[0], names); near != "" {
		fmt.Fprintf(stderr, "tickertape: unknown kind of feed %s; did you mean %q?\n", quoted(inv.Args[0]), near)
	} else {
		fmt.Fprintf(stderr, "tickertape: unknown kind of feed %s; want %s\n", quoted(inv.Args[0]), orList(names))
	}
	return exitUsage
}

func listKinds(w io.Writer, kinds []feeds.Spec) {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tTOPICS\tEVERY\tSUMMARY")
	for _, spec := range kinds {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", spec.Kind, orDash(strings.Join(spec.Topics, ", ")), every(spec.Default), spec.Summary)
	}
	table.Flush()
	fmt.Fprintf(w, "\nWithout a list of feeds in the configuration, these run: %s.\ntickertape feeds list KIND shows the options of one.\n", strings.Join(defaultKinds, ", "))
}

func describeKind(w io.Writer, spec feeds.Spec) {
	fmt.Fprintf(w, "%s: %s\n\n", spec.Kind, spec.Summary)
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(table, "topics\t%s\n", orDash(strings.Join(spec.Topics, ", ")))
	fmt.Fprintf(table, "every\t%s, at least %s\n", every(spec.Default), shortDuration(spec.Floor))
	fmt.Fprintf(table, "simulated\t%s\n", map[bool]string{true: "yes", false: "no"}[spec.Simulated])
	fmt.Fprintf(table, "stability\t%s\n", orDash(spec.Stability))
	table.Flush()
	if spec.Options != nil {
		if list := optionsOf(reflect.TypeOf(spec.Options).Elem()); len(list) > 0 {
			fmt.Fprint(w, "\nOptions of this kind:\n")
			describeOptions(w, list)
		}
	}
	fmt.Fprint(w, "\nOptions of every kind:\n")
	describeOptions(w, optionsOf(reflect.TypeFor[feedEntry]()))
	if spec.Example != "" {
		fmt.Fprintf(w, "\nExample:\n  feeds:\n%s", indent(spec.Example, "    "))
	}
	if spec.Terms != "" {
		fmt.Fprintf(w, "\nTerms: %s\n", strings.TrimSpace(spec.Terms))
	}
	if spec.Attribution != "" {
		fmt.Fprintf(w, "Attribution: %s\n", strings.TrimSpace(spec.Attribution))
	}
}

// describeOptions prints one line an option, and those of its entries below it.
func describeOptions(w io.Writer, list []option) {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	writeOptions(table, list, "  ")
	table.Flush()
}

func writeOptions(w io.Writer, list []option, margin string) {
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
		if len(o.choices) > 0 {
			notes = append(notes, "one of "+strings.Join(o.choices, ", "))
		}
		fmt.Fprintf(w, "%s%s\t%s\t%s\n", margin, o.name, o.doc, strings.Join(notes, "; "))
		if o.typ.Kind() == reflect.Slice && o.typ.Elem().Kind() == reflect.Struct && !isScalar(o.typ.Elem()) {
			writeOptions(w, optionsOf(o.typ.Elem()), margin+"  ")
		}
	}
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
