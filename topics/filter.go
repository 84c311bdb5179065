package topics

import (
	"fmt"
	"slices"
	"strings"
)

// MaxParts is how many topics and keys one filter may name.
const MaxParts = 1000

// A Filter says which events a reader wants: whole topics, and single keys of
// others. The zero Filter wants nothing. Immutable.
type Filter struct {
	topics []string // whole topics, sorted
	keys   []part   // keys of topics that are not in topics, sorted
	names  []string // of all topics that it touches, sorted
	ident  string   // equal for equal filters
}

type part struct{ topic, key string }

// FilterError names the part of a filter that is wrong. It wraps the reason.
type FilterError struct {
	Part string
	Err  error
}

func (e *FilterError) Error() string { return e.Err.Error() }
func (e *FilterError) Unwrap() error { return e.Err }

// ParseFilter reads filters as they stand in a query: each text is a
// comma-separated list of TOPIC, TOPIC.KEY (the key is all that follows the first
// dot) and * (every public topic). No text at all means *. It returns a
// [*FilterError] that wraps an [*UnknownTopicError] where a topic is unknown.
func ParseFilter(c *Catalogue, texts ...string) (Filter, error) {
	var parts []part
	for _, text := range texts {
		for word := range strings.SplitSeq(text, ",") {
			word = strings.TrimSpace(word)
			if word == "" {
				return Filter{}, &FilterError{Part: text, Err: fmt.Errorf("an empty name in %.80q; want topics separated by commas, as in news,stock.ACME", text)}
			}
			topic, key, dotted := strings.Cut(word, ".")
			if dotted && key == "" {
				return Filter{}, &FilterError{Part: word, Err: fmt.Errorf("%.80q names no key after the dot; leave the dot out for the whole topic", word)}
			}
			parts = append(parts, part{topic, key})
		}
	}
	if len(parts) == 0 {
		parts = []part{{topic: "*"}}
	}
	return newFilter(c, parts)
}

// TopicFilter returns the filter for one topic, or for one key of it. The key may
// hold commas and dots; "" means the whole topic. It returns an [*UnknownTopicError],
// or a [*FilterError] for a key that no event can have.
func TopicFilter(c *Catalogue, topic, key string) (Filter, error) {
	if _, err := c.Lookup(topic); err != nil {
		return Filter{}, err
	}
	return newFilter(c, []part{{topic, key}})
}

func newFilter(c *Catalogue, parts []part) (Filter, error) {
	if len(parts) > MaxParts {
		return Filter{}, &FilterError{Part: "type", Err: fmt.Errorf("%d topics and keys in one filter; at most %d are allowed", len(parts), MaxParts)}
	}
	var f Filter
	for _, p := range parts {
		switch {
		case p.topic == "*" && p.key == "":
			for _, t := range c.All() {
				if !t.Private {
					f.topics = append(f.topics, t.Name)
				}
			}
		default:
			if _, err := c.Lookup(p.topic); err != nil {
				return Filter{}, &FilterError{Part: p.topic, Err: err}
			}
			if reason := keyMistake(p.key); reason != "" {
				return Filter{}, &FilterError{Part: p.topic, Err: fmt.Errorf("topic %q: %s", p.topic, reason)}
			}
			if p.key == "" {
				f.topics = append(f.topics, p.topic)
			} else {
				f.keys = append(f.keys, p)
			}
		}
	}
	slices.Sort(f.topics)
	f.topics = slices.Compact(f.topics)
	f.keys = slices.DeleteFunc(f.keys, func(p part) bool { return f.whole(p.topic) })
	slices.SortFunc(f.keys, comparePart)
	f.keys = slices.Compact(f.keys)
	f.names = slices.Clone(f.topics)
	for _, p := range f.keys {
		f.names = append(f.names, p.topic)
	}
	slices.Sort(f.names)
	f.names = slices.Compact(f.names)
	f.ident = f.identity()
	return f, nil
}

// identity cannot be confused by keys with odd characters: [keyMistake] has kept
// U+0000 out of them.
func (f Filter) identity() string {
	var b strings.Builder
	for _, t := range f.topics {
		b.WriteString(t)
		b.WriteByte(0)
	}
	for _, p := range f.keys {
		b.WriteString(p.topic)
		b.WriteByte('.')
		b.WriteString(p.key)
		b.WriteByte(0)
	}
	return b.String()
}

func comparePart(a, b part) int {
	if c := strings.Compare(a.topic, b.topic); c != 0 {
		return c
	}
	return strings.Compare(a.key, b.key)
}

func (f Filter) whole(topic string) bool {
	_, ok := slices.BinarySearch(f.topics, topic)
	return ok
}

// Match reports whether the filter wants events of that topic and key.
func (f Filter) Match(topic, key string) bool {
	if f.whole(topic) {
		return true
	}
	_, ok := slices.BinarySearchFunc(f.keys, part{topic, key}, comparePart)
	return ok
}

// matches is Match for an event. The withdrawal of an event without a key is
// wanted by those who want its whole topic.
func (f Filter) matches(e *Event) bool { return f.Match(e.Topic, e.Key) }

// Topics returns the names of the topics that the filter touches, sorted. The caller
// must not change them.
func (f Filter) Topics() []string { return f.names }

// touchesLatest reports whether values that the filter wants may replace each other.
func (f Filter) touchesLatest(c *Catalogue) bool {
	return slices.ContainsFunc(f.names, func(name string) bool {
		t, err := c.Lookup(name)
		return err == nil && t.Mode == Latest
	})
}

// String returns the filter as it could stand in a query, parts sorted.
func (f Filter) String() string {
	words := slices.Clone(f.topics)
	for _, p := range f.keys {
		words = append(words, p.topic+"."+p.key)
	}
	return strings.Join(words, ",")
}
