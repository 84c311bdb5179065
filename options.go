package main

import (
	"cmp"
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An option is one field of an options struct, as its tags describe it. The same
// tags serve our own Config and the options of every kind of feed:
//
//	option:"name"      name in the file; fields without it are none of ours
//	doc:"sentence"     what it does
//	default:"text"     in the form that a person would write; lists with commas
//	required:"true"    an entry without it is a mistake
//	secret:"true"      never shown; ${NAME} in it is taken from the environment
//	choices:"a,b"      the only values
//	min:"1s" max:"1h"  bounds, both included
//	form:"address"     a check of [forms]
//	only:"file,env"    where it may be given; everywhere without it
//	value:"FOLDER"     what the help calls its value
//	hidden:"true"      not in the help
type option struct {
	name, doc, preset string
	required, secret  bool
	choices           []string
	min, max, form    string
	only, value       string
	hidden            bool
	index             []int
	typ               reflect.Type
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// optionsOf returns the options of a struct type in the order of its fields, those
// of embedded structs in their place.
func optionsOf(t reflect.Type) []option {
	var list []option
	for _, f := range reflect.VisibleFields(t) {
		name := f.Tag.Get("option")
		if name == "" || !f.IsExported() {
			continue
		}
		o := option{
			name: name, doc: f.Tag.Get("doc"), preset: f.Tag.Get("default"),
			required: f.Tag.Get("required") == "true", secret: f.Tag.Get("secret") == "true",
			min: f.Tag.Get("min"), max: f.Tag.Get("max"), form: f.Tag.Get("form"),
			only: f.Tag.Get("only"), value: f.Tag.Get("value"), hidden: f.Tag.Get("hidden") == "true",
			index: f.Index, typ: f.Type,
		}
		if c := f.Tag.Get("choices"); c != "" {
			o.choices = strings.Split(c, ",")
		}
		list = append(list, o)
	}
	return list
}

// allows reports whether the option may be given in a place: "file", "env" or "flag".
func (o option) allows(place string) bool {
	return o.only == "" || slices.Contains(strings.Split(o.only, ","), place)
}

// flag returns the option's name on the command line, without hyphens in front.
func (o option) flag() string { return strings.ReplaceAll(o.name, "_", "-") }

// variable returns the option's name in the environment.
func (o option) variable() string { return envPrefix + strings.ToUpper(o.name) }

// setDefaults sets the fields of the struct at ptr that have a default. It returns
// an error only if a tag is wrong, which is a mistake in the program.
func setDefaults(ptr reflect.Value) error {
	for _, o := range optionsOf(ptr.Type().Elem()) {
		if o.preset == "" {
			continue
		}
		if err := o.setText(ptr.Elem().FieldByIndex(o.index), o.preset); err != nil {
			return fmt.Errorf("default of option %q: %w", o.name, err)
		}
	}
	return nil
}

// setText gives v, a field of o's type, the value that text stands for; lists are
// separated by commas. v is unchanged when it returns an error; the error shows
// text, unless o is secret, and says what is wanted.
func (o option) setText(v reflect.Value, text string) error {
	if v.Type() == reflect.TypeFor[[]string]() {
		var list []string
		for word := range strings.SplitSeq(text, ",") {
			if word = strings.TrimSpace(word); word == "" {
				continue
			}
			if err := o.checkWord(word); err != nil {
				return err
			}
			list = append(list, word)
		}
		v.Set(reflect.ValueOf(list))
		return nil
	}
	if err := o.checkWord(text); err != nil {
		return err
	}
	fresh := reflect.New(v.Type())
	if err := parseScalar(fresh, text); err != nil {
		want := err.Error()
		if i := strings.Index(want, "want "); i > 0 {
			want = want[i:] // the value stands in front already
		}
		return o.complain(text, want)
	}
	if err := o.checkBounds(fresh.Elem(), text); err != nil {
		return err
	}
	v.Set(fresh.Elem())
	return nil
}

// checkWord checks choices and form.
func (o option) checkWord(word string) error {
	if len(o.choices) > 0 && !slices.Contains(o.choices, word) {
		return o.complain(word, "want "+orList(o.choices))
	}
	if o.form != "" {
		if want := forms[o.form](word); want != "" {
			return o.complain(word, want)
		}
	}
	return nil
}

func (o option) checkBounds(v reflect.Value, text string) error {
	for _, bound := range []struct {
		text, want string
		sign       int
	}{{o.min, "want at least ", -1}, {o.max, "want at most ", 1}} {
		if bound.text == "" {
			continue
		}
		limit := reflect.New(v.Type())
		if err := parseScalar(limit, bound.text); err != nil {
			return fmt.Errorf("bound %q of option %q: %w", bound.text, o.name, err)
		}
		if compare(v, limit.Elem()) == bound.sign {
			return o.complain(text, bound.want+bound.text)
		}
	}
	return nil
}

// complain makes the error for a value: what was written, and what would be right.
func (o option) complain(text, want string) error {
	if o.secret {
		return fmt.Errorf("the value (not shown) is not right: %s", want)
	}
	if o.form == "servers?" && strings.Contains(text, "@") {
		text = masked // a password may stand in it
	}
	return fmt.Errorf("%s is not right: %s", quoted(text), want)
}

// parseScalar reads text into what ptr points to.
func parseScalar(ptr reflect.Value, text string) error {
	v := ptr.Elem()
	if u, ok := ptr.Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	if v.Type() == durationType {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return fmt.Errorf("want a duration: a number with a unit, such as 30s, 5m or 24h")
		}
		v.SetInt(int64(d))
		return nil
	}
	return parseBasic(v, text)
}

func parseBasic(v reflect.Value, text string) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("want true or false")
		}
		v.SetBool(text == "true")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("want a whole number")
		}
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("want a whole number, not below 0")
		}
		v.SetUint(n)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("want a number")
		}
		v.SetFloat(f)
	default:
		return fmt.Errorf("an option of type %s has no text form", v.Type())
	}
	return nil
}

// compare orders two values of one numeric type; others count as equal.
func compare(a, b reflect.Value) int {
	switch {
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	}
	return 0
}

// show returns the value of a field as a person would write it; secrets masked.
func (o option) show(v reflect.Value) string {
	if o.secret && !v.IsZero() {
		return masked
	}
	switch x := v.Interface().(type) {
	case time.Duration:
		return shortDuration(x)
	case []string:
		shown := make([]string, len(x))
		for i, word := range x {
			shown[i] = redactURL(word)
		}
		return strings.Join(shown, ", ")
	case string:
		return redactURL(x)
	case encoding.TextMarshaler:
		text, err := x.MarshalText()
		if err != nil {
			return fmt.Sprint(x)
		}
		if len(o.choices) > 0 {
			return strings.ToLower(string(text))
		}
		return string(text)
	}
	return fmt.Sprint(v.Interface())
}

// orList joins words as in "a, b or c".
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
