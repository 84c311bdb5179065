package feedtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tickertape/feeds"
	"tickertape/topics"
)

// keyFields are those of the default catalogue; one in feeds.Env counts before it.
var keyFields = map[string]string{"news": "id", "weather": "location", "stock": "symbol"}

var kindName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

func checkSpec(s feeds.Spec, env feeds.Env) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !kindName.MatchString(s.Kind) {
		fail("kind %q: want lower-case letters, digits and '_'", s.Kind)
	}
	if !strings.HasSuffix(s.Summary, ".") {
		fail("summary %q: want a sentence", s.Summary)
	}
	if len(s.Topics) == 0 && env.Topic == "" {
		fail("the kind has no topics: a feed cannot print unless one is configured; set Config.Env.Topic to test it so")
	}
	for _, name := range s.Topics {
		if err := topics.ValidName(name); err != nil {
			fail("topics: %w", err)
		}
	}
	if s.Floor < 0 || s.Default.Max < s.Default.Min || (s.Default.Max > 0 && s.Default.Min < s.Floor) {
		fail("the default interval %s is below the floor %s, or runs backwards", s.Default, s.Floor)
	}
	if s.Stability != "stable" && s.Stability != "experimental" {
		fail("stability %q: want stable or experimental", s.Stability)
	}
	if (s.Attribution == "") != (s.Terms == "") {
		fail("a source of somebody else's has both terms and attribution, one of our own neither")
	}
	return errors.Join(errs...)
}

func checkOptions(s feeds.Spec) error {
	if s.Options == nil {
		return nil
	}
	_, err := readOptions(s.Options)
	return err
}

// checkExample checks that the example is one entry under feeds: of this kind, and
// that it sets the options that must be set and no others than there are.
func checkExample(s feeds.Spec) error {
	var entry map[string]any
	var list []map[string]any
	decode := yaml.Unmarshal([]byte(s.Example), &list)
	if decode == nil && len(list) == 1 {
		entry = list[0]
	} else if decode = yaml.Unmarshal([]byte(s.Example), &entry); decode != nil || entry == nil {
		return fmt.Errorf("example: want one entry, a mapping or a list of one: %w", cmpErr(decode))
	}
	var errs []error
	if entry["kind"] != s.Kind {
		errs = append(errs, fmt.Errorf("example: kind is %v, want %s", entry["kind"], s.Kind))
	}
	var known []option
	if s.Options != nil {
		known, _ = readOptions(s.Options) // its mistakes are another rule's
	}
	if len(s.Topics) == 0 && entry["topic"] == nil {
		errs = append(errs, errors.New("example: the kind has no topic of its own, so the entry needs one"))
	}
	names := slices.Clone(commonOptions)
	for _, o := range known {
		names = append(names, o.Name)
		if o.Required && entry[o.Name] == nil {
			errs = append(errs, fmt.Errorf("example: the option %s must be set", o.Name))
		}
	}
	for name := range entry {
		if !slices.Contains(names, name) {
			errs = append(errs, fmt.Errorf("example: there is no option %s", name))
		}
	}
	return errors.Join(errs...)
}

func cmpErr(err error) error {
	if err == nil {
		return errors.New("it is empty")
	}
	return err
}

// checkItems checks what a feed printed since began. Items that break the rules of
// feeds.Item.Encode were refused by the recorder before.
func checkItems(items []feeds.Item, s feeds.Spec, env feeds.Env, began time.Time) []error {
	var errs []error
	for i, it := range items {
		fail := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("item %d: %w", i, fmt.Errorf(format, args...)))
		}
		if it.Topic != env.Topic && !slices.Contains(s.Topics, it.Topic) {
			fail("topic %q is none of the kind's (%v) and not the configured one", it.Topic, s.Topics)
		}
		if !it.Time.IsZero() && it.Time.After(time.Now().Add(time.Minute)) {
			fail("its time %s is in the future: clamp it, or leave it out", it.Time)
		}
		if s.Simulated && !it.Simulated {
			fail("it is not flagged as simulated, as the kind says")
		}
		line, err := it.Encode(began)
		if err != nil {
			fail("%w", err)
			continue
		}
		if err := checkLine(line, keyField(it.Topic, env)); err != nil {
			fail("%w", err)
		}
	}
	return errs
}

// checkLine checks that an encoded item is a flat object with a key.
func checkLine(line []byte, key string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return fmt.Errorf("it is no JSON object: %w", err)
	}
	if _, dated := fields["time"]; !dated {
		return errors.New("it has no field time, not even null")
	}
	if _, seen := fields["seen"]; !seen && string(fields["time"]) == "null" {
		return errors.New("it has neither a time nor when it was seen")
	}
	if value := fields[key]; key != "" && (len(value) == 0 || bytes.Equal(value, []byte(`""`)) || bytes.ContainsRune([]byte("{[n"), rune(value[0]))) {
		return fmt.Errorf("the key field %s of its topic is %q: want text or a number", key, value)
	}
	return nil
}

func keyField(topic string, env feeds.Env) string {
	if env.Catalogue != nil {
		if t, err := env.Catalogue.Lookup(topic); err == nil {
			return t.Key
		}
	}
	return keyFields[topic]
}

// idsOf returns topic and id of each item, or its key where it has no id.
func idsOf(items []feeds.Item) []string {
	list := make([]string, len(items))
	for i, it := range items {
		id := it.ID
		if line, err := it.Encode(time.Time{}); err == nil && id == "" {
			var fields map[string]any
			if json.Unmarshal(line, &fields) == nil {
				id = fmt.Sprint(fields[keyFields[it.Topic]])
			}
		}
		list[i] = it.Topic + " " + id
	}
	return list
}

func compareRuns(first, second []string) error {
	n := min(len(first), len(second))
	if n > 0 && reflect.DeepEqual(first[:n], second[:n]) {
		return nil
	}
	return fmt.Errorf("two runs with the same seed print different items:\n%q\n%q", first, second)
}
