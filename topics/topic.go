package topics

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A Mode says which events of a topic matter to a reader that is behind.
type Mode string

const (
	Every  Mode = "every"  // each one: news, alerts, chat
	Latest Mode = "latest" // only the newest of a key: a price, a temperature
)

// A Topic is one entry of the catalogue. Immutable once in a [Catalogue].
type Topic struct {
	Name        string          // see [ValidName]
	Description string          // one sentence for people
	Mode        Mode            // default Every
	Key         string          // top-level field of the data that holds the key; "" means the topic has one value, or none
	Snapshot    int             // Every: the newest events in a snapshot; default 20, at most 1,000. Latest: ignored
	Schema      json.RawMessage // JSON Schema of the data; nil accepts any
	Private     bool            // not part of "*"; reading it by name is allowed
	Publish     Access          // who may publish by HTTP
	Retired     bool            // the topic is over: readers are told to stop

	schema *jsonschema.Schema // compiled from Schema; nil without one
}

// Access says who may publish on a topic by HTTP.
type Access string

const (
	ByKey    Access = ""       // whoever holds the publish key
	ByAnyone Access = "public" // browsers too, limited in rate
	ByNobody Access = "nobody" // only feeds
)

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

// reserved event names of the wire: a topic of that name could not be told apart.
var reserved = []string{"open", "error", "message", "stream", "live", "heartbeat", "retract", "bye"}

// ErrUnknownTopic says that the catalogue has no topic of a name.
var ErrUnknownTopic = errors.New("topics: unknown topic")

// UnknownTopicError names the topic that is unknown and the nearest known one.
// It satisfies errors.Is with [ErrUnknownTopic].
type UnknownTopicError struct {
	Name    string
	Nearest string // "" when nothing is near
}

func (e *UnknownTopicError) Error() string {
	if e.Nearest == "" {
		return fmt.Sprintf("there is no topic %q", e.Name)
	}
	return fmt.Sprintf("there is no topic %q; did you mean %q?", e.Name, e.Nearest)
}

func (e *UnknownTopicError) Is(target error) bool { return target == ErrUnknownTopic }

// ValidName returns nil if name can be a topic's, otherwise an error for people.
func ValidName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("topic name %.80q: want a lower-case letter, then up to 63 lower-case letters, digits, '-' or '_'", name)
	}
	if slices.Contains(reserved, name) {
		return fmt.Errorf("topic name %q is reserved for the wire; reserved are %s", name, strings.Join(reserved, ", "))
	}
	return nil
}

// A Catalogue is the set of topics of a server. It is immutable.
type Catalogue struct {
	byName map[string]*Topic
	names  []string // sorted
}

// NewCatalogue checks the topics, fills their defaults, and returns all errors at once.
func NewCatalogue(list ...Topic) (*Catalogue, error) {
	c := &Catalogue{byName: make(map[string]*Topic, len(list))}
	var errs []error
	for _, t := range list {
		if err := t.complete(); err != nil {
			errs = append(errs, err)
			continue
		}
		if c.byName[t.Name] != nil {
			errs = append(errs, fmt.Errorf("topic %q is defined twice", t.Name))
			continue
		}
		c.byName[t.Name] = &t
	}
	c.names = slices.Sorted(maps.Keys(c.byName))
	return c, errors.Join(errs...)
}

func (t *Topic) complete() error {
	if err := ValidName(t.Name); err != nil {
		return err
	}
	if t.Mode == "" {
		t.Mode = Every
	}
	if t.Mode != Every && t.Mode != Latest {
		return fmt.Errorf("topic %q: mode %q: want %q or %q", t.Name, t.Mode, Every, Latest)
	}
	if t.Snapshot == 0 {
		t.Snapshot = 20
	}
	if t.Snapshot < 0 || t.Snapshot > 1000 {
		return fmt.Errorf("topic %q: snapshot %d: want 1 to 1000", t.Name, t.Snapshot)
	}
	if len(t.Schema) > 0 {
		schema, err := compileSchema(t.Name, t.Schema)
		if err != nil {
			return fmt.Errorf("topic %q: schema: %w", t.Name, err)
		}
		t.schema = schema
	}
	switch t.Publish {
	case ByKey, ByAnyone, ByNobody:
		return nil
	}
	return fmt.Errorf("topic %q: publish %q: want %q or %q, or leave it out", t.Name, t.Publish, ByAnyone, ByNobody)
}

// Lookup returns the topic of that name, or an [*UnknownTopicError].
func (c *Catalogue) Lookup(name string) (*Topic, error) {
	if t := c.byName[name]; t != nil {
		return t, nil
	}
	return nil, &UnknownTopicError{Name: name, Nearest: Nearest(name, c.names)}
}

// All returns the topics sorted by name. The caller must not change them.
func (c *Catalogue) All() []*Topic {
	all := make([]*Topic, len(c.names))
	for i, name := range c.names {
		all[i] = c.byName[name]
	}
	return all
}

// Nearest returns the candidate that a person most likely meant by word, or ""
// if none is near: at most a third of its letters may differ.
func Nearest(word string, candidates []string) string {
	best, least := "", max(1, len(word)/3)+1
	if len(word) > 64 {
		return "" // no typing mistake, and not worth the work
	}
	for _, c := range candidates {
		if d := distance(word, c); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
