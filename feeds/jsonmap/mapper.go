package jsonmap

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tickertape/feeds"
	"tickertape/topics"
)

// Options are those of a kind that maps JSON.
type Options struct {
	Map        map[string]string `option:"map" doc:"Fields of an item, each with where its value comes from: a path such as @.name, a text in quotes, or a function of them; without a map, an item is the object as it is."`
	Where      string            `option:"where" doc:"Only what this condition holds for becomes an item, as in @.bot == false && @.size > 100."`
	TimeFormat string            `option:"time_format" doc:"How time and expires are written: rfc3339, unix (seconds), unix_ms, or a layout of Go such as 2006-01-02 15:04:05." default:"rfc3339"`
	Zone       string            `option:"zone" doc:"IANA name of the time zone of times that do not name theirs." default:"UTC"`
}

// A Mapper makes items of values.
type Mapper struct {
	fields []field // by name
	where  *Condition
	clock  clock
	keyed  bool // each item of the topic has an id
}

type field struct {
	name  string
	value expression
}

// New checks the options and returns the mapper of a feed that prints on topic. The
// error names all that is wrong.
func New(o Options, catalogue *topics.Catalogue, topic string) (*Mapper, error) {
	m := &Mapper{keyed: true}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(o.Map)) {
		value, err := parseExpression(o.Map[name])
		if err != nil {
			errs = append(errs, fmt.Errorf("map: %s: %w", name, err))
		}
		m.fields = append(m.fields, field{name, value})
	}
	var err error
	if m.clock, err = newClock(o.TimeFormat, o.Zone); err != nil {
		errs = append(errs, err)
	}
	if o.Where != "" {
		if m.where, err = ParseCondition(o.Where); err != nil {
			errs = append(errs, fmt.Errorf("where: %w", err))
		}
	}
	if catalogue != nil {
		if t, err := catalogue.Lookup(topic); err == nil {
			m.keyed = t.Key == "id"
			if t.Key != "" && t.Mode == topics.Latest && len(o.Map) > 0 && o.Map[t.Key] == "" {
				errs = append(errs, fmt.Errorf("map: it lacks %s, the key field of topic %s", t.Key, t.Name))
			}
		}
	}
	return m, errors.Join(errs...)
}

// maxContainers bounds the objects and lists of a document: an empty one of two bytes
// takes hundreds in memory.
const maxContainers = 200_000

// Decode reads one JSON value, its numbers digit by digit. It refuses what is not
// UTF-8, what has more behind it, and what has more than 200,000 objects and lists.
func Decode(text []byte) (any, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		return nil, errors.New("it is not UTF-8")
	}
	if bytes.Count(text, []byte("{"))+bytes.Count(text, []byte("[")) > maxContainers {
		return nil, fmt.Errorf("it has more than %d objects and lists", maxContainers)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more behind it")
	}
	return value, nil
}

// A Batch is what became of the elements of one document.
type Batch struct {
	Items   []feeds.Item
	Left    int      // elements that the condition left out
	Missing []string // fields of the map that none of the items had
	Wrong   error    // why the first of those was dropped that could not be items; nil: none
	Dropped int      // how many
}

// Items makes items of the elements of a document that came from base, which may be
// nil. It keeps their order, at most limit of them, the first ones; 0 means all.
func (m *Mapper) Items(list []Element, document any, base *url.URL, limit int) Batch {
	var b Batch
	seen := make([]int, len(m.fields))
	for _, e := range list {
		if m.where != nil && !m.where.Holds(e.Value, document) {
			b.Left++
			continue
		}
		if limit > 0 && len(b.Items) >= limit {
			break
		}
		item, err := m.item(&input{e, document}, base, seen)
		if err != nil {
			b.Dropped++
			if b.Wrong == nil {
				b.Wrong = err
			}
			continue
		}
		b.Items = append(b.Items, item)
	}
	for i, n := range seen {
		if n == 0 && len(b.Items) > 0 {
			b.Missing = append(b.Missing, m.fields[i].name)
		}
	}
	return b
}

// item makes one item; seen counts the fields that it has.
func (m *Mapper) item(in *input, base *url.URL, seen []int) (feeds.Item, error) {
	var it feeds.Item
	data := make(map[string]any, len(m.fields))
	if len(m.fields) == 0 {
		object, ok := in.Value.(map[string]any)
		if !ok {
			return it, errors.New("it is no object: a map can make one of it")
		}
		for name, value := range object {
			if err := m.set(&it, data, name, value); err != nil {
				return it, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	for i, f := range m.fields {
		value, ok, err := f.value.eval(in)
		if err == nil && ok {
			seen[i]++
			err = m.set(&it, data, f.name, value)
		}
		if err != nil {
			return it, fmt.Errorf("map: %s: %w", f.name, err)
		}
	}
	if len(data) > 0 {
		it.Data = data
	}
	if base != nil && it.URL != "" {
		if u, err := base.Parse(it.URL); err == nil {
			it.URL = u.String()
		}
	}
	if it.ID == "" && m.keyed {
		it.ID = hash(&it)
	}
	return it, nil
}

// set gives a common field of the item its value, or the data a field.
func (m *Mapper) set(it *feeds.Item, data map[string]any, name string, value any) (err error) {
	switch name {
	case "time":
		it.Time, err = m.clock.read(value)
		if it.Time.After(time.Now().Add(ahead)) {
			it.Time = time.Time{} // it did not happen yet; a clock that is moved would make each fetch a correction
		}
	case "expires":
		it.Expires, err = m.clock.read(value)
	case "simulated":
		it.Simulated = value == true
	default:
		target := textOf(it, name)
		if target == nil {
			data[name] = value
			return nil
		}
		*target, err = asText(value)
		*target = strings.TrimSpace(*target)
		it.Severity = strings.ToLower(it.Severity)
	}
	return err
}

// textOf returns where the common field of that name goes that is a text, or nil.
func textOf(it *feeds.Item, name string) *string {
	switch name {
	case "id":
		return &it.ID
	case "title":
		return &it.Title
	case "url":
		return &it.URL
	case "source":
		return &it.Source
	case "severity":
		return &it.Severity
	case "lang":
		return &it.Lang
	case "attribution":
		return &it.Attribution
	}
	return nil
}

// hash is an id made of all that the item says.
func hash(it *feeds.Item) string {
	line, err := it.Encode(time.Time{})
	if err != nil {
		return "" // the publisher says what is wrong
	}
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:8])
}
