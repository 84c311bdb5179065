package main

import (
	"reflect"
	"slices"
	"strings"

	"tickertape/topics"
)

// A commandLine is what the arguments of the program say, before anything is decoded.
type commandLine struct {
	words    []string    // what is neither a flag nor a flag's value
	flags    []givenFlag // in their order
	help     bool        // -h or --help was among them
	version  bool        // --version was among them
	mistakes []string
}

// A givenFlag is one flag with its value as it was written.
type givenFlag struct {
	option
	value string
}

// flagOptions returns the options that are flags of any command, by their name on
// the command line.
func flagOptions() map[string]option {
	known := make(map[string]option)
	add := func(list []option) {
		for _, o := range list {
			if o.allows("flag") {
				known[o.flag()] = o
			}
		}
	}
	add(configOptions())
	for _, c := range commands() {
		if c.own != nil {
			add(optionsOf(reflect.TypeOf(c.own).Elem()))
		}
	}
	return known
}

// splitArgs tells flags from words. Flags may stand anywhere; their value follows
// after "=" or as the next argument, that of a switch only after "=". After "--"
// all is words, and so it is after the first word of a command that takes the rest.
func splitArgs(args []string) commandLine {
	var line commandLine
	known := flagOptions()
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			line.words = append(line.words, args...)
			return line
		case arg == "-h" || arg == "-help" || arg == "--help":
			line.help = true
		case arg == "-version" || arg == "--version":
			line.version = true
		case len(arg) > 1 && arg[0] == '-':
			args = line.flag(known, arg, args)
		default:
			line.words = append(line.words, arg)
			if takesRest(line.words) {
				line.words = append(line.words, args...)
				return line
			}
		}
	}
	return line
}

// takesRest reports whether words are a command and its first word, the others of
// which belong to somebody else.
func takesRest(words []string) bool {
	return len(words) > 2 && slices.ContainsFunc(commands(), func(c command) bool {
		return c.rest && c.name == strings.Join(words[:len(words)-1], " ")
	}) && !isFile(words[len(words)-1:])
}

// flag notes the flag in arg, taking its value from rest if need be, and returns
// what is left of rest.
func (line *commandLine) flag(known map[string]option, arg string, rest []string) []string {
	name, value, hasValue := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
	o, ok := known[name]
	switch {
	case !ok:
		line.mistakes = append(line.mistakes, unknownFlag(name, known))
		return rest
	case hasValue:
	case o.typ.Kind() == reflect.Bool:
		value = "true"
	case len(rest) == 0 || strings.HasPrefix(rest[0], "--"):
		line.mistakes = append(line.mistakes, "--"+name+" needs a value: "+o.doc)
		return rest
	default:
		value, rest = rest[0], rest[1:]
	}
	line.flags = append(line.flags, givenFlag{o, value})
	return rest
}

func unknownFlag(name string, known map[string]option) string {
	for _, o := range configOptions() {
		if o.flag() == strings.ReplaceAll(name, "_", "-") && o.secret {
			return "--" + name + " is not a flag, since others can read a command line: set " + o.variable() +
				", or in the file " + o.name + ": ${" + o.variable() + "}"
		}
	}
	var names []string
	for n := range known {
		if len(n) > 1 { // any letter is near to any other
			names = append(names, n)
		}
	}
	slices.Sort(names)
	if near := topics.Nearest(name, names); near != "" {
		return "unknown flag --" + name + "; did you mean --" + near + "?"
	}
	return "unknown flag --" + name + "; tickertape --help shows all"
}

// value returns the last value given for a flag.
func (line *commandLine) value(flag string) (string, bool) {
	for _, f := range slices.Backward(line.flags) {
		if f.flag() == flag {
			return f.value, true
		}
	}
	return "", false
}

// apply sets the fields of the structs that ptrs point to and returns what is wrong
// with the values. The last one counts if a flag is repeated; lists grow.
func (line *commandLine) apply(onSet func(option), ptrs ...any) []string {
	var wrong []string
	lists := make(map[string]string)
	for _, given := range line.flags {
		for _, ptr := range ptrs {
			v := reflect.ValueOf(ptr).Elem()
			list := optionsOf(v.Type())
			i := slices.IndexFunc(list, func(o option) bool { return o.name == given.name })
			if i < 0 {
				continue
			}
			given.option = list[i] // another command may have one of the same name
			text := given.value
			if given.typ.Kind() == reflect.Slice {
				text = strings.TrimPrefix(lists[given.name]+","+text, ",")
				lists[given.name] = text
			}
			if err := given.setText(v.FieldByIndex(given.index), text); err != nil {
				wrong = append(wrong, "--"+given.flag()+": "+err.Error())
			}
			onSet(given.option)
		}
	}
	return wrong
}
