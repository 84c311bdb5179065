package main

import (
	"context"
	"encoding"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// helpWidth is the width that help is wrapped to.
const helpWidth = 96

const helpIntro = "tickertape prints news, weather, prices and whatever else you feed it on one tape, and lets browsers read the tape live from GET /latest."

const helpRules = "Each of these flags is also a variable and an option of the file: --retention-age is TICKERTAPE_RETENTION_AGE and retention_age. A flag counts more than a variable, a variable more than the file."

// runHelp prints the help of the program, or of the command that the words name.
func runHelp(_ context.Context, inv *Invocation, stdout, stderr io.Writer) int {
	switch flags := ownFlags[helpOptions](inv); {
	case flags.Markdown:
		fmt.Fprint(stdout, OptionsTable())
		return exitOK
	case flags.Schema:
		text, err := configSchema(inv.Inputs.Kinds)
		if err != nil {
			fmt.Fprintf(stderr, "tickertape: the schema of the configuration: %v\n", err)
			return exitFailed
		}
		fmt.Fprintf(stdout, "%s", text)
		return exitOK
	}
	if len(inv.Args) == 0 {
		fmt.Fprint(stdout, programHelp())
		return exitOK
	}
	if isGroup(inv.Args) {
		fmt.Fprint(stdout, groupHelp(inv.Args[0]))
		return exitOK
	}
	c, _, err := findCommand(inv.Args)
	if err != nil {
		fmt.Fprintf(stderr, "tickertape: %v\n", err)
		return exitUsage
	}
	fmt.Fprint(stdout, c.help())
	return exitOK
}

// isGroup reports whether words is the first word alone of commands of two words.
func isGroup(words []string) bool {
	return len(words) == 1 && slices.ContainsFunc(commands(), func(c command) bool { return strings.HasPrefix(c.name, words[0]+" ") })
}

// groupHelp lists the commands that begin with a word.
func groupHelp(first string) string {
	var b strings.Builder
	for _, c := range commands() {
		if strings.HasPrefix(c.name, first+" ") {
			fmt.Fprintf(&b, "tickertape %s\n%s", strings.TrimSpace(c.name+" "+c.args), wrap(c.summary, 4))
		}
	}
	fmt.Fprintf(&b, "\ntickertape help %s COMMAND says more about one.\n", first)
	return b.String()
}

// programHelp is what "tickertape help" prints.
func programHelp() string {
	var b strings.Builder
	b.WriteString(wrap(helpIntro, 0))
	b.WriteString("\nUsage: tickertape [COMMAND] [FLAGS]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-14s%s\n", c.name, c.summary)
	}
	b.WriteString("\nFlags of serve, and of the commands that read a configuration:\n")
	b.WriteString(flagsHelp(configOptions()))
	b.WriteString("\n" + wrap(helpRules, 0))
	for _, o := range configOptions() {
		if o.secret {
			b.WriteString(wrap(o.variable()+" (or "+o.name+": ${"+o.variable()+"} in the file) is no flag, since others can read a command line. "+o.doc, 0))
		}
	}
	b.WriteString("\ntickertape help COMMAND says more about one.\n")
	return b.String()
}

// help is what "tickertape help COMMAND" prints.
func (c command) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nUsage: %s\n", c.summary, strings.TrimSpace("tickertape "+c.name+" "+c.args)+" [FLAGS]")
	if c.about != "" {
		b.WriteString("\n" + wrap(c.about, 0))
	}
	if c.own != nil {
		if list := flagsHelp(optionsOf(reflect.TypeOf(c.own).Elem())); list != "" {
			b.WriteString("\nFlags:\n" + list)
		}
	}
	switch {
	case c.name == "serve":
		b.WriteString("\nFlags:\n" + flagsHelp(configOptions()))
		b.WriteString("\n" + wrap(helpRules, 0))
	case c.config:
		b.WriteString("\n" + wrap("The flags of serve are allowed as well; tickertape help shows them.", 0))
	}
	return b.String()
}

// flagsHelp lists flags, each with its value, its meaning and its default.
func flagsHelp(list []option) string {
	const column = 28
	var b strings.Builder
	for _, o := range list {
		if !o.allows("flag") || o.hidden {
			continue
		}
		dashes := "--"
		if len(o.name) == 1 {
			dashes = "-"
		}
		head := strings.TrimRight("  "+dashes+o.flag()+" "+o.placeholder(), " ")
		text := o.doc
		if o.preset != "" && o.typ.Kind() != reflect.Bool {
			text += " Default: " + o.preset + "."
		}
		body := strings.TrimLeft(wrap(text, column), " ")
		if len(head) > column-2 {
			fmt.Fprintf(&b, "%s\n%*s%s", head, column, "", body)
			continue
		}
		fmt.Fprintf(&b, "%-*s%s", column, head, body)
	}
	return b.String()
}

// placeholder names the value of an option in the help; "" for a switch.
func (o option) placeholder() string {
	switch {
	case o.value != "":
		return o.value
	case len(o.choices) > 0:
		return strings.Join(o.choices, "|")
	case o.typ == durationType:
		return "DURATION"
	case o.typ == reflect.TypeFor[Size]():
		return "SIZE"
	case o.typ.Kind() == reflect.Bool:
		return ""
	case o.typ.Kind() == reflect.Slice:
		return "LIST"
	case o.typ.Kind() == reflect.String, reflect.PointerTo(o.typ).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return "TEXT"
	}
	return "NUMBER"
}

// OptionsTable returns all options as a Markdown table for the documentation.
func OptionsTable() string {
	var b strings.Builder
	b.WriteString("| file | flag | environment | default | meaning |\n| --- | --- | --- | --- | --- |\n")
	cell := func(allowed bool, text string) string {
		if !allowed || text == "" {
			return " "
		}
		return " `" + strings.ReplaceAll(text, "|", "\\|") + "` "
	}
	for _, o := range configOptions() {
		fmt.Fprintf(&b, "|%s|%s|%s|%s| %s |\n",
			cell(o.allows("file"), o.name), cell(o.allows("flag"), strings.TrimSpace("--"+o.flag()+" "+o.placeholder())),
			cell(o.allows("env"), o.variable()), cell(true, o.preset), strings.ReplaceAll(o.doc, "|", "\\|"))
	}
	return b.String()
}

// wrap breaks text into lines of at most helpWidth, each after indent spaces and
// with a line end.
func wrap(text string, indent int) string {
	var b strings.Builder
	length := 0
	for _, word := range strings.Fields(text) {
		switch {
		case length == 0:
			length = indent
			fmt.Fprintf(&b, "%*s", indent, "")
		case length+1+len(word) > helpWidth:
			fmt.Fprintf(&b, "\n%*s", indent, "")
			length = indent
		default:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += len(word)
	}
	b.WriteByte('\n')
	return b.String()
}
