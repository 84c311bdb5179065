package feeds

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tickertape/topics"
)

// severities are the values of [Item.Severity], as in the Common Alerting Protocol.
var severities = []string{"", "minor", "moderate", "severe", "extreme"}

// Encode returns the item as one flat, compact JSON object: the fields of Data in
// their order, then those common ones that are set: id, title, url, source, time,
// seen, expires, severity, lang, simulated, attribution. An item without a time
// has "time":null and, as seen, the given time. When Data has a field time itself,
// that one counts; any other field that both have is an error.
//
// Encode returns an error that wraps [ErrItem] and names the item when it breaks a rule:
// text that is not UTF-8 or holds U+0000, Data that is no object, an unknown
// severity, a URL that is not absolute http or https, an id over [topics.MaxKey],
// an object over [topics.MaxData] bytes.
func (it *Item) Encode(seen time.Time) ([]byte, error) {
	data, _, err := it.encode(seen)
	return data, err
}

// encode returns the object and what it is remembered by: its id, be it the item's
// or a field of Data, and a hash of all but seen, so that the same item found twice
// is the same content.
func (it *Item) encode(seen time.Time) (data []byte, m mark, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w: %s: %w", ErrItem, it.name(), err)
		}
	}()
	if err := it.check(); err != nil {
		return nil, mark{}, err
	}
	w, err := newObject(it.Data)
	if err != nil {
		return nil, mark{}, err
	}
	w.str("id", it.ID)
	w.str("title", it.Title)
	w.str("url", it.URL)
	w.str("source", it.Source)
	seenFrom, seenTo := it.addTimes(w, seen)
	w.time("expires", it.Expires)
	w.str("severity", it.Severity)
	w.str("lang", it.Lang)
	if it.Simulated {
		w.add("simulated", []byte("true"))
	}
	w.str("attribution", it.Attribution)
	if data, err = w.close(); err != nil {
		return nil, mark{}, err
	}
	h := fnv.New64a() // the same over a restart
	h.Write(data[:seenFrom])
	h.Write(data[seenTo:])
	return data, mark{topic: it.Topic, id: cmp.Or(it.ID, w.id), content: h.Sum64()}, nil
}

// addTimes adds time and seen and returns where seen stands.
func (it *Item) addTimes(w *object, seen time.Time) (from, to int) {
	switch {
	case !it.Time.IsZero():
		w.time("time", it.Time)
		return len(w.buf), len(w.buf)
	case w.names["time"] == fieldNull:
	case w.names["time"] == fieldSet:
		return len(w.buf), len(w.buf)
	default:
		w.add("time", []byte("null"))
	}
	from = len(w.buf)
	if w.names["seen"] == fieldAbsent {
		w.time("seen", seen.Truncate(time.Millisecond))
	}
	return from, len(w.buf)
}

// name is how an error calls the item.
func (it *Item) name() string {
	if it.ID != "" {
		return fmt.Sprintf("id %.80q", it.ID)
	}
	return fmt.Sprintf("title %.80q", it.Title)
}

func (it *Item) check() error {
	for _, text := range [...]string{it.ID, it.Title, it.URL, it.Source, it.Severity, it.Lang, it.Attribution} {
		if !utf8.ValidString(text) {
			return fmt.Errorf("%.80q is not UTF-8", text)
		}
	}
	if len(it.ID) > topics.MaxKey {
		return fmt.Errorf("its id has %d bytes, at most %d are allowed", len(it.ID), topics.MaxKey)
	}
	if !slices.Contains(severities, it.Severity) {
		return fmt.Errorf("severity %q: want one of%s", it.Severity, strings.Join(severities, " "))
	}
	if it.URL != "" {
		u, err := url.Parse(it.URL)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return fmt.Errorf("url %.80q: want an absolute http or https address", it.URL)
		}
	}
	return nil
}

// fieldState says whether a field stands in an object already.
type fieldState uint8

const (
	fieldAbsent fieldState = iota
	fieldNull
	fieldSet
)

// object is a JSON object under construction.
type object struct {
	buf   []byte
	names map[string]fieldState
	id    string // the field id of the data, if any
	err   error  // the first one; the rest of the calls do nothing
}

// newObject begins with the fields of data; nil stands for no fields.
func newObject(data any) (*object, error) {
	w := &object{buf: []byte{'{'}, names: make(map[string]fieldState)}
	if data == nil {
		return w, nil
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(data); err != nil {
		return nil, fmt.Errorf("encode data: %w", err)
	}
	text := bytes.TrimSpace(out.Bytes())
	if len(text) == 0 || text[0] != '{' {
		return nil, fmt.Errorf("data is a %T: want one that encodes to a JSON object", data)
	}
	if _, raw := data.(json.RawMessage); !raw && hasEscape(text, `\ufffd`) {
		// A U+FFFD in a Go string is encoded as itself; only a broken byte becomes
		// the escape.
		return nil, errors.New("data holds text that is not UTF-8")
	}
	if err := w.readNames(text); err != nil {
		return nil, err
	}
	w.buf = append(w.buf, text[1:len(text)-1]...)
	return w, nil
}

// readNames notes the fields of an encoded object and refuses repeated ones.
func (w *object) readNames(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("read data: %w", err)
	}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return fmt.Errorf("read data: %w", err)
		}
		name, _ := token.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return fmt.Errorf("read data: %w", err)
		}
		if w.names[name] != fieldAbsent {
			return fmt.Errorf("field %.80q stands in the data twice", name)
		}
		w.names[name] = fieldSet
		if string(value) == "null" {
			w.names[name] = fieldNull
		} else if name == "id" {
			w.id = strings.Trim(string(value), `"`)
		}
	}
	return nil
}

func (w *object) str(name, value string) {
	if value == "" {
		return
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil && w.err == nil {
		w.err = fmt.Errorf("encode %s: %w", name, err)
	}
	w.add(name, bytes.TrimSpace(out.Bytes()))
}

func (w *object) time(name string, t time.Time) {
	if t.IsZero() {
		return
	}
	text, err := t.UTC().MarshalJSON()
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("field %s: %w", name, err)
	}
	w.add(name, text)
}

func (w *object) add(name string, value []byte) {
	if w.names[name] != fieldAbsent && w.err == nil {
		w.err = fmt.Errorf("field %q stands in the data and is set on the item as well", name)
	}
	w.names[name] = fieldSet
	if len(w.buf) > 1 {
		w.buf = append(w.buf, ',')
	}
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, name...)
	w.buf = append(w.buf, '"', ':')
	w.buf = append(w.buf, value...)
}

func (w *object) close() ([]byte, error) {
	w.buf = append(w.buf, '}')
	switch {
	case w.err != nil:
		return nil, w.err
	case !utf8.Valid(w.buf):
		return nil, errors.New("data holds text that is not UTF-8")
	case hasEscape(w.buf, `\u0000`):
		return nil, errors.New("text holds U+0000")
	case len(w.buf) > topics.MaxData:
		return nil, fmt.Errorf("it has %d bytes, at most %d are allowed", len(w.buf), topics.MaxData)
	}
	return w.buf, nil
}

// hasEscape reports whether JSON text holds the escape (as `\u0000`), which is not
// the case where its backslash is itself escaped.
func hasEscape(text []byte, escape string) bool {
	for from := 0; ; {
		at := bytes.Index(text[from:], []byte(escape))
		if at < 0 {
			return false
		}
		at += from
		slashes := 0
		for at-slashes-1 >= 0 && text[at-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return true
		}
		from = at + 1
	}
}
