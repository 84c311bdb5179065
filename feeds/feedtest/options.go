package feedtest

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tickertape/feeds"
)

// commonOptions are the options that every kind has and no kind may define.
var commonOptions = []string{"id", "kind", "topic", "every", "timeout", "max_items", "ttl", "on_error", "seed"}

// An option is one field of an options struct, as its tags describe it; see
// [feeds.Constructor].
type option struct {
	Name     string // in the configuration
	Doc      string // one sentence
	Default  string // text form; "" is the zero value
	Required bool
	Secret   bool         // masked wherever it is shown; may come from the environment
	Type     reflect.Type // of the field
	Index    []int        // of the field, for reflect.Value.FieldByIndex
	Fields   []option     // of an element, where Type is a slice of structs
}

var optionName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// readOptions describes the options struct that options points to, in the order of its
// fields. It returns all mistakes of the tags at once.
func readOptions(options any) ([]option, error) {
	t := reflect.TypeOf(options)
	if t == nil || t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("options are a %T: want a pointer to a struct", options)
	}
	return structOptions(t.Elem(), commonOptions)
}

func structOptions(t reflect.Type, taken []string) ([]option, error) {
	var list []option
	var errs []error
	for _, field := range reflect.VisibleFields(t) {
		if !field.IsExported() || (field.Anonymous && field.Tag.Get("option") == "") {
			continue
		}
		o, err := readOption(field)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("field %s: %w", field.Name, err))
		case slices.Contains(taken, o.Name):
			errs = append(errs, fmt.Errorf("field %s: option %q is taken", field.Name, o.Name))
		}
		taken = append(slices.Clip(taken), o.Name)
		list = append(list, o)
	}
	return list, errors.Join(errs...)
}

func readOption(field reflect.StructField) (option, error) {
	o := option{
		Name: field.Tag.Get("option"), Doc: field.Tag.Get("doc"), Default: field.Tag.Get("default"),
		Type: field.Type, Index: field.Index,
	}
	var errs []error
	if !optionName.MatchString(o.Name) {
		errs = append(errs, fmt.Errorf("option name %q: want lower-case letters, digits and '_'", o.Name))
	}
	if o.Doc == "" || !strings.HasSuffix(o.Doc, ".") {
		errs = append(errs, fmt.Errorf("doc %q: want a sentence", o.Doc))
	}
	for tag, flag := range map[string]*bool{"required": &o.Required, "secret": &o.Secret} {
		text := field.Tag.Get(tag)
		if *flag = text == "true"; text != "" && text != "true" {
			errs = append(errs, fmt.Errorf("tag %s is %q: want true, or leave it out", tag, text))
		}
	}
	if o.Required && o.Default != "" {
		errs = append(errs, errors.New("an option with a default is not required"))
	}
	if element := o.Type; element.Kind() == reflect.Slice && element.Elem().Kind() == reflect.Struct && !isText(element.Elem()) {
		fields, err := structOptions(element.Elem(), nil)
		o.Fields = fields
		return o, errors.Join(append(errs, err)...)
	}
	if err := setText(reflect.New(o.Type).Elem(), o.Default); err != nil {
		errs = append(errs, err)
	}
	return o, errors.Join(errs...)
}

// newOptions returns a new options struct of the kind with its defaults set, as a
// pointer: what a constructor gets where nothing is configured. It returns nil for
// a kind without options.
func newOptions(s feeds.Spec) (any, error) {
	if s.Options == nil {
		return nil, nil
	}
	list, err := readOptions(s.Options)
	if err != nil {
		return nil, fmt.Errorf("kind %s: %w", s.Kind, err)
	}
	fresh := reflect.New(reflect.TypeOf(s.Options).Elem())
	for _, o := range list {
		if len(o.Fields) > 0 {
			continue
		}
		if err := setText(fresh.Elem().FieldByIndex(o.Index), o.Default); err != nil {
			return nil, fmt.Errorf("kind %s: option %s: %w", s.Kind, o.Name, err)
		}
	}
	return fresh.Interface(), nil
}

var textType = reflect.TypeFor[encoding.TextUnmarshaler]()

func isText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(textType) }

// setText sets v, of a type that an option may have, to the value that text stands
// for; "" leaves it. Lists are separated by commas; maps and structs have no text.
func setText(v reflect.Value, text string) error {
	if isText(v.Type()) {
		if text == "" {
			return nil
		}
		return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
	}
	parse, ok := parsers[v.Type()]
	if !ok {
		return fmt.Errorf("an option cannot be a %s", v.Type())
	}
	if text == "" {
		return nil
	}
	value, err := parse(text)
	if err != nil {
		return fmt.Errorf("default %q: %w", text, err)
	}
	v.Set(reflect.ValueOf(value))
	return nil
}

// parsers read the text form of each type that an option may have.
var parsers = map[reflect.Type]func(string) (any, error){
	reflect.TypeFor[string]():        func(s string) (any, error) { return s, nil },
	reflect.TypeFor[bool]():          func(s string) (any, error) { return strconv.ParseBool(s) },
	reflect.TypeFor[int]():           func(s string) (any, error) { return strconv.Atoi(s) },
	reflect.TypeFor[float64]():       func(s string) (any, error) { return strconv.ParseFloat(s, 64) },
	reflect.TypeFor[time.Duration](): func(s string) (any, error) { return time.ParseDuration(s) },
	reflect.TypeFor[[]string]():      func(s string) (any, error) { return strings.Split(s, ","), nil },
	reflect.TypeFor[map[string]string](): func(string) (any, error) {
		return nil, errors.New("a map has no text form")
	},
	reflect.TypeFor[json.RawMessage](): func(string) (any, error) {
		return nil, errors.New("a value of any sort has no text form")
	},
}
