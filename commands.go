package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"tickertape/feeds"
	"tickertape/topics"
)

// Exit codes of the program.
const (
	exitOK     = 0
	exitFailed = 1 // the command ran and found or met something wrong
	exitUsage  = 2 // the command line or the configuration is wrong; nothing ran
)

// A command is one thing that the program can be asked to do.
type command struct {
	name    string // as typed, of one or two words
	args    string // form of the words that follow
	most    int    // how many words may follow
	summary string // one line
	about   string // the rest of its help
	config  bool   // takes the options of Config as flags
	own     any    // pointer to a zero struct of its own flags, or nil
	run     func(ctx context.Context, inv *Invocation, stdout, stderr io.Writer) int
}

// commands returns all commands in the order of the help. serve has no run: main serves.
func commands() []command {
	return []command{
		{
			name: "serve", summary: "Run the server (the default).", config: true,
			about: "Runs the feeds, keeps what they and publishers print, and serves it to readers until it is interrupted. Without a configuration it runs simulated feeds and needs no network.",
		},
		{
			name: "check", args: "[FILE]", most: 1, summary: "Check a configuration file and say what would run.", config: true, run: runCheck,
			about: "Reports all mistakes of the file, each with its line, and starts nothing. Variables and flags count as they would for serve. Exits with 0 if there is no mistake, otherwise with 1.",
		},
		{
			name: "feeds list", args: "[KIND]", most: 1, summary: "List the kinds of feed, or show one with its options.", run: runFeedsList,
			about: "With KIND: its options, an example for the configuration file, and the terms of its source.",
		},
		{
			name: "try", args: "KIND|FILE [OPTION=VALUE...]", most: 100, summary: "Run one feed and print its items, without a server.", config: true, own: &tryOptions{}, run: runTry,
			about: "Runs one feed of the file, or a feed of a kind with the options given as OPTION=VALUE, and prints its items on standard output as JSON lines, checked and encoded as the server would. VALUE is written as in the file: every=2s symbols=ACME symbols=[ACME,TIKT] 'config={port: 3}'. The feed's own log goes to standard error. Exits with 0 if there were items, with 1 if the feed failed or printed none in time, with 2 if the command line or the configuration is wrong.",
		},
		{name: "version", summary: "Print the version and what it was built from.", run: runVersion},
		{name: "help", args: "[COMMAND]", most: 2, summary: "Show this help, or that of a command.", own: &helpOptions{}, run: runHelp},
	}
}

// helpOptions are the flags of help.
type helpOptions struct {
	Markdown bool `option:"markdown" hidden:"true" doc:"Print the options as a table for the documentation."`
}

// An Invocation is an understood command line.
type Invocation struct {
	Command string   // name of a command
	Args    []string // words after it
	Config  Config   // of commands that take it; complete if parse returned no error
	Inputs  Inputs

	try  tryOptions
	help helpOptions
}

// errUsage is in the chain of errors that the command line alone is to blame for.
var errUsage = errors.New("wrong command line")

// A usageError says what is wrong with the command line.
type usageError struct {
	command string // "" if the command itself is not known
	text    string
}

func (e *usageError) Error() string {
	return e.text + "\n" + strings.TrimSpace("tickertape help "+e.command) + " shows what is possible"
}

func (e *usageError) Is(target error) bool { return target == errUsage }

// parse understands the command line and, for commands that need it, loads the
// configuration. The error is a [*usageError], or [Mistakes] with all that is wrong
// in the configuration, flags included.
func parse(in Inputs) (Invocation, error) {
	line := splitArgs(in.Args)
	if line.version && !line.help {
		return Invocation{Command: "version", Inputs: in}, nil
	}
	if line.help {
		line.words = wholeCommand(line.words)
	}
	c, rest, err := findCommand(line.words)
	if err != nil && len(line.mistakes) > 0 && !line.help {
		// The word may be the value of the flag that is wrong.
		err = &usageError{"", strings.Join(line.mistakes, "\n")}
	}
	if err != nil {
		return Invocation{Inputs: in}, err
	}
	if line.help {
		return Invocation{Command: "help", Args: line.words[:len(line.words)-len(rest)], Inputs: in}, nil
	}
	inv := Invocation{Command: c.name, Args: rest, Inputs: in}
	if err := setDefaults(reflect.ValueOf(&inv.try)); err != nil {
		return inv, err
	}
	wrong := append(line.mistakes, c.refused(line)...)
	if len(rest) > c.most {
		wrong = append(wrong, fmt.Sprintf("%s: %s is one word too many; want tickertape %s", c.name, quoted(rest[c.most]), strings.TrimSpace(c.name+" "+c.args)))
	}
	wrong = append(wrong, line.apply(func(option) {}, &inv.try, &inv.help)...)
	if !c.config {
		if len(wrong) > 0 {
			return inv, &usageError{c.name, strings.Join(wrong, "\n")}
		}
		return inv, nil
	}
	var mistakes Mistakes
	inv.Config, mistakes = load(in, line, inv.configFile(line))
	if inv.Command == "try" && len(rest) > 0 {
		hintKind(mistakes, rest[0], in.Kinds)
	}
	for _, text := range wrong {
		mistakes = append(mistakes, Mistake{Text: text, usage: true})
	}
	return inv, mistakes.orNil()
}

// hintKind adds to the mistake that a file cannot be read which kind of feed its name
// is near to.
func hintKind(mistakes Mistakes, word string, kinds []feeds.Spec) {
	var names []string
	for _, spec := range kinds {
		names = append(names, spec.Kind)
	}
	near := topics.Nearest(word, names)
	for i, m := range mistakes {
		if m.File == word && m.Line == 0 && near != "" {
			mistakes[i].Text += fmt.Sprintf("; did you mean the kind %q?", near)
		}
	}
}

// findCommand returns the command that the words begin with, and the words after it.
func findCommand(words []string) (command, []string, error) {
	if len(words) == 0 {
		return commands()[0], nil, nil
	}
	var names, second []string
	for _, c := range commands() {
		head := strings.Fields(c.name)
		if len(words) >= len(head) && slices.Equal(head, words[:len(head)]) {
			return c, words[len(head):], nil
		}
		names = append(names, c.name)
		if head[0] == words[0] {
			second = append(second, c.name)
		}
	}
	if second != nil {
		return command{}, nil, &usageError{"", fmt.Sprintf("%s is not a whole command; want %s", quoted(words[0]), orList(second))}
	}
	if near := topics.Nearest(words[0], append(names, "feeds")); near != "" {
		return command{}, nil, &usageError{"", fmt.Sprintf("unknown command %s; did you mean %q?", quoted(words[0]), near)}
	}
	return command{}, nil, &usageError{"", fmt.Sprintf("unknown command %s; want %s", quoted(words[0]), orList(names))}
}

// takes reports whether a flag is one of the command's.
func (c command) takes(o option) bool {
	has := func(list []option) bool {
		return slices.ContainsFunc(list, func(x option) bool { return x.name == o.name })
	}
	return c.config && has(configOptions()) || c.own != nil && has(optionsOf(reflect.TypeOf(c.own).Elem()))
}

// refused returns a complaint for each flag that belongs to another command.
func (c command) refused(line commandLine) []string {
	var wrong []string
	for _, f := range line.flags {
		if !c.takes(f.option) {
			wrong = append(wrong, "--"+f.flag()+" is not a flag of "+c.name)
		}
	}
	return wrong
}

// configFile returns the file to load: the one that check and try were given, or
// that of --config, or that of its variable; "" for none.
func (inv *Invocation) configFile(line commandLine) string {
	isKind := func(s feeds.Spec) bool { return s.Kind == inv.Args[0] }
	switch {
	case len(inv.Args) > 0 && inv.Command == "check":
		return inv.Args[0]
	case len(inv.Args) > 0 && inv.Command == "try":
		if slices.ContainsFunc(inv.Inputs.Kinds, isKind) {
			return ""
		}
		return inv.Args[0]
	}
	if file, given := line.value("config"); given {
		return file
	}
	return newEnvironment(inv.Inputs.Environ)[envPrefix+"CONFIG"]
}

// plural returns "1 mistake" or "3 mistakes".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
