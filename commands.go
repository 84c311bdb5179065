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
	file    bool   // its first word is the configuration file
	kind    bool   // or a kind of feed
	judges  bool   // what is wrong with the configuration is its output, not its error
	rest    bool   // the words after the first belong to somebody else, with their hyphens
	own     any    // pointer to a zero struct of its own flags, or nil
	run     func(ctx context.Context, inv *Invocation, stdout, stderr io.Writer) int
}

// commands returns all commands in the order of the help. serve has no run: main serves.
func commands() []command {
	list := []command{
		{
			name: "serve", summary: "Run the server (the default).", config: true,
			about: "Runs the feeds, keeps what they and publishers print, and serves it to readers until it is interrupted. Without a configuration it runs simulated feeds and needs no network.",
		},
		{
			name: "check", args: "[FILE]", most: 1, summary: "Check a configuration file and say what would run.", config: true, file: true, judges: true, run: runCheck,
			about: "Reports all mistakes of the file, each with its line, and starts nothing. Variables and flags count as they would for serve. Exits with 0 if there is no mistake, otherwise with 1. What could be better without being a mistake is said by feeds lint.",
		},
	}
	list = append(list, feedsCommands()...)
	return append(list,
		recordCommand(),
		command{name: "version", summary: "Print the version and what it was built from.", run: runVersion},
		command{name: "help", args: "[COMMAND]", most: 2, summary: "Show this help, or that of a command.", own: &helpOptions{}, run: runHelp},
	)
}

// helpOptions are the flags of help.
type helpOptions struct {
	Markdown bool `option:"markdown" hidden:"true" doc:"Print the options as a table for the documentation."`
	Schema   bool `option:"schema" doc:"Print the JSON Schema of the configuration file, for editors."`
}

// An Invocation is an understood command line.
type Invocation struct {
	Command string   // name of a command
	Args    []string // words after it
	Config  Config   // of commands that take it; complete if parse returned no error
	Inputs  Inputs

	own      any      // pointer to the command's own flags; nil if it has none
	mistakes Mistakes // of the configuration, for a command that judges it
}

// ownFlags returns the flags of the command that is run, which has some of type T.
func ownFlags[T any](inv *Invocation) *T { return inv.own.(*T) }

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
	if line.help && isGroup(line.words) {
		return Invocation{Command: "help", Args: line.words, Inputs: in, own: &helpOptions{}}, nil
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
		return Invocation{Command: "help", Args: line.words[:len(line.words)-len(rest)], Inputs: in, own: &helpOptions{}}, nil
	}
	inv := Invocation{Command: c.name, Args: rest, Inputs: in}
	if err := inv.takeFlags(c); err != nil {
		return inv, err
	}
	wrong := append(line.mistakes, c.refused(line)...)
	if len(rest) > c.most {
		wrong = append(wrong, fmt.Sprintf("%s: %s is one word too many; want tickertape %s", c.name, quoted(rest[c.most]), strings.TrimSpace(c.name+" "+c.args)))
	}
	if inv.own != nil {
		wrong = append(wrong, line.apply(func(option) {}, inv.own)...)
	}
	if !c.config {
		if len(wrong) > 0 {
			return inv, &usageError{c.name, strings.Join(wrong, "\n")}
		}
		return inv, nil
	}
	var mistakes Mistakes
	inv.Config, mistakes = load(in, line, inv.configFile(c, line))
	if c.kind && len(rest) > 0 {
		hintKind(mistakes, rest[0], in.Kinds)
	}
	for _, text := range wrong {
		mistakes = append(mistakes, Mistake{Text: text, usage: true})
	}
	return inv, mistakes.orNil()
}

// takeFlags gives the invocation the command's own flags at their defaults.
func (inv *Invocation) takeFlags(c command) error {
	if c.own == nil {
		return nil
	}
	fresh := reflect.New(reflect.TypeOf(c.own).Elem())
	inv.own = fresh.Interface()
	return setDefaults(fresh)
}

// commandOf returns the command of an invocation, if it has one.
func commandOf(inv *Invocation) (command, bool) {
	list := commands()
	i := slices.IndexFunc(list, func(c command) bool { return c.name == inv.Command })
	if i < 0 {
		return command{}, false
	}
	return list[i], true
}

// judge keeps the mistakes of the configuration for the command to report, and says
// whether err is nothing else.
func (inv *Invocation) judge(err error) bool {
	return !errors.Is(err, errUsage) && errors.As(err, &inv.mistakes)
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
	var names, group []string
	for _, c := range commands() {
		head := strings.Fields(c.name)
		if len(words) >= len(head) && slices.Equal(head, words[:len(head)]) {
			return c, words[len(head):], nil
		}
		names = append(names, c.name)
		if head[0] == words[0] {
			group = append(group, c.name)
		}
	}
	if group != nil && len(words) == 1 {
		return command{}, nil, &usageError{"", fmt.Sprintf("%s is not a whole command; want %s", quoted(words[0]), orList(group))}
	}
	word, known, want := words[0], append(slices.Clone(names), "feeds"), names
	if group != nil {
		word, known, want = words[0]+" "+words[1], group, group
	}
	near := topics.Nearest(word, known)
	if i := slices.IndexFunc(names, func(name string) bool { return strings.HasSuffix(name, " "+word) }); i >= 0 {
		near = names[i] // the second word of a command alone
	}
	if near != "" {
		return command{}, nil, &usageError{"", fmt.Sprintf("unknown command %s; did you mean %q?", quoted(word), near)}
	}
	return command{}, nil, &usageError{"", fmt.Sprintf("unknown command %s; want %s", quoted(word), orList(want))}
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

// configFile returns the file to load: the one that the words name, or that of
// --config, or that of its variable; "" for none.
func (inv *Invocation) configFile(c command, line commandLine) string {
	if c.file && len(inv.Args) > 0 && (!c.rest || isFile(inv.Args)) {
		isKind := func(s feeds.Spec) bool { return s.Kind == inv.Args[0] }
		if c.kind && slices.ContainsFunc(inv.Inputs.Kinds, isKind) {
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
