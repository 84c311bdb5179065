package exec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"tickertape/feeds"
)

// A message is one line of output.
type message struct {
	Type string // "" stands for a bare object

	// Of an item, and of a retraction ID and Topic.
	Topic, ID, Title, URL, Source, Severity, Lang, Attribution string

	Time, Expires time.Time
	Simulated     bool
	Data          json.RawMessage // an object; nil stands for none

	// Of the other types.
	V          int
	Name       string
	Topics     []string
	Detail     string
	Message    string
	Hint       string
	RetryAfter float64 // seconds
	Attention  bool
}

var (
	types = []string{"hello", "item", "ok", "retract", "error"}

	errObject = errors.New("not a JSON object")
)

// A field is one of an object, its value as it stands there.
type field struct {
	name  string
	value json.RawMessage
}

// parse reads one line. In strict lines an object must have a known type; otherwise
// one without is an item as it is.
func parse(line []byte, strict bool) (*message, error) {
	if !utf8.Valid(line) {
		return nil, errors.New("not UTF-8")
	}
	fields, err := split(line)
	if err != nil {
		return nil, err
	}
	m := &message{}
	for _, f := range fields {
		if f.name == "type" && json.Unmarshal(f.value, &m.Type) == nil && slices.Contains(types, m.Type) {
			return m, m.typed(fields)
		}
	}
	if m.Type != "" && strict {
		return nil, fmt.Errorf("unknown type %.40q", m.Type)
	}
	m.Type = ""
	return m, m.bare(fields)
}

// split returns the fields of an object in their order.
func split(line []byte) ([]field, error) {
	if len(line) == 0 || line[0] != '{' || !json.Valid(line) {
		return nil, errObject
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	if _, err := dec.Token(); err != nil {
		return nil, errObject
	}
	var fields []field
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, errObject
		}
		f := field{name: token.(string)}
		if err := dec.Decode(&f.value); err != nil {
			return nil, errObject
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// typed reads the fields of a message with a type; a field that it does not know
// is a mistake, since it would get lost.
func (m *message) typed(fields []field) error {
	own := map[string]any{"type": &m.Type}
	switch m.Type {
	case "hello":
		own["v"], own["name"], own["topics"] = &m.V, &m.Name, &m.Topics
	case "item":
		own["topic"], own["data"] = &m.Topic, &m.Data
	case "ok":
		own["detail"] = &m.Detail
	case "retract":
		own["topic"], own["key"] = &m.Topic, &m.ID
		own["id"] = &m.ID
	case "error":
		own["message"], own["retry_after"], own["attention"], own["hint"] = &m.Message, &m.RetryAfter, &m.Attention, &m.Hint
	}
	for _, f := range fields {
		target, ok := own[f.name]
		if !ok && m.Type == "item" {
			target, ok = m.common(f.name)
		}
		if !ok {
			return fmt.Errorf("type %s has no field %.40q; fields of your own go into data", m.Type, f.name)
		}
		if err := m.set(f, target); err != nil {
			return err
		}
	}
	if m.Type == "retract" && m.ID == "" {
		return errors.New("a retraction needs an id")
	}
	return nil
}

// bare reads an object that is an item as it is.
func (m *message) bare(fields []field) error {
	rest := []byte{'{'}
	for _, f := range fields {
		if target, ok := m.common(f.name); ok {
			if err := m.set(f, target); err != nil {
				return err
			}
			continue
		}
		if len(rest) > 1 {
			rest = append(rest, ',')
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			return err
		}
		rest = append(append(append(rest, name...), ':'), f.value...)
	}
	m.Data = append(rest, '}')
	return nil
}

// common returns where the common field of that name goes.
func (m *message) common(name string) (target any, ok bool) {
	target, ok = map[string]any{
		"id": &m.ID, "title": &m.Title, "url": &m.URL, "source": &m.Source, "time": &m.Time, "expires": &m.Expires,
		"severity": &m.Severity, "lang": &m.Lang, "simulated": &m.Simulated, "attribution": &m.Attribution,
	}[name]
	return target, ok
}

// set decodes f; null leaves the target as it is. An id may be a number.
func (m *message) set(f field, target any) error {
	if target == &m.ID && f.value[0] != '"' && f.value[0] != '{' && f.value[0] != '[' && string(f.value) != "null" {
		m.ID = string(f.value)
		return nil
	}
	if err := json.Unmarshal(f.value, target); err != nil {
		return fmt.Errorf("field %s: %w", f.name, err)
	}
	return nil
}

// item returns the item. Where keyIsID says of its topic that each has an id, one
// without gets a hash of itself.
func (m *message) item(keyIsID func(topic string) bool) feeds.Item {
	it := feeds.Item{
		Topic: m.Topic, ID: m.ID, Title: m.Title, URL: m.URL, Source: m.Source, Time: m.Time, Expires: m.Expires,
		Severity: m.Severity, Lang: m.Lang, Simulated: m.Simulated, Attribution: m.Attribution,
	}
	if len(m.Data) > 0 && string(m.Data) != "null" {
		it.Data = m.Data
	}
	if it.ID == "" && keyIsID(it.Topic) && !m.dataHasID() {
		it.ID = m.hash()
	}
	return it
}

func (m *message) dataHasID() bool {
	var data map[string]json.RawMessage
	return json.Unmarshal(m.Data, &data) == nil && data["id"] != nil
}

// hash is an id made of all that the item says.
func (m *message) hash() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %q %q %q %q %s %s ", m.Topic, m.Title, m.URL, m.Source, m.Severity, m.Lang, m.Attribution,
		m.Time.UTC().Format(time.RFC3339Nano), m.Expires.UTC().Format(time.RFC3339Nano))
	var data bytes.Buffer
	if json.Compact(&data, m.Data) == nil {
		h.Write(data.Bytes())
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
