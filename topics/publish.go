package topics

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// InvalidError says what is wrong with one event of a publish.
type InvalidError struct {
	Index  int    // of the event in the publish, from 0
	Field  string // JSON pointer into the data; "" means all of it
	Reason string // a sentence for people
	Schema bool   // the data is well-formed but not what the topic's schema wants
	Size   bool   // the data is over a limit
}

func (e *InvalidError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("event %d: %s", e.Index+1, e.Reason)
	}
	return fmt.Sprintf("event %d, field %s: %s", e.Index+1, e.Field, e.Reason)
}

var (
	// ErrNothing says that a publish has no events.
	ErrNothing = errors.New("topics: nothing to publish")
	// ErrNotFound says that there is no value to retract.
	ErrNotFound = errors.New("topics: no such value")
)

// Publish checks the drafts and stores them as one unit, all or none. It blocks
// until the log has acknowledged them, and returns their ids. Data is stored as
// compact JSON, otherwise unchanged but for a key field that is missing: it is set to
// the draft's key, or, where every event matters, to one made of the content.
//
// With an idempotency key (any text, "" for none) a publish happens once: a second
// one with the same key and the same drafts returns the ids of the first, one with
// other drafts fails with [ErrIdempotency]. Keys are known as long as their events
// are on the tape.
//
// Errors: [*InvalidError], [*UnknownTopicError], [ErrNothing], [ErrTooLarge],
// [ErrUnknownOutcome], [ErrUnavailable], or ctx's.
func (b *Bus) Publish(ctx context.Context, idempotency string, drafts ...Draft) ([]ID, error) {
	if len(drafts) == 0 {
		return nil, ErrNothing
	}
	if len(drafts) > MaxBatch {
		return nil, fmt.Errorf("%w: %d events in one publish, at most %d are allowed", ErrTooLarge, len(drafts), MaxBatch)
	}
	events := make([]Event, len(drafts))
	for i := range drafts {
		e, err := b.event(drafts[i])
		if err != nil {
			var invalid *InvalidError
			if errors.As(err, &invalid) {
				invalid.Index = i
			}
			return nil, err
		}
		events[i] = e
	}
	if idempotency != "" {
		return b.publishOnce(ctx, idempotency, events)
	}
	return b.append(ctx, events)
}

func (b *Bus) append(ctx context.Context, events []Event) ([]ID, error) {
	first, err := b.log.Append(ctx, events)
	if err != nil {
		return nil, err
	}
	return b.idsFrom(first, len(events)), nil
}

func (b *Bus) idsFrom(first uint64, n int) []ID {
	ids := make([]ID, n)
	for i := range ids {
		ids[i] = ID{Epoch: b.epoch, Seq: first + uint64(i)}
	}
	return ids
}

// Retract withdraws the value of a key, or, in a topic without one, of an event:
// then key is its id. It blocks until the log has acknowledged it. It returns
// [ErrNotFound] if neither the last values nor the tape know the key.
func (b *Bus) Retract(ctx context.Context, topic, key string) (ID, error) {
	t, err := b.catalogue.Lookup(topic)
	if err != nil {
		return ID{}, err
	}
	e := Event{Topic: t.Name, Key: key, Op: Retract}
	known := b.knows(topic, key)
	if !known {
		if err := b.catchUp(ctx); err != nil {
			return ID{}, err
		}
		known = b.knows(topic, key)
	}
	if !known {
		id, err := ParseID(key)
		if err != nil || id.Epoch != b.epoch || !b.holds(topic, id.Seq) {
			return ID{}, fmt.Errorf("%w: topic %q has no key %.80q", ErrNotFound, topic, key)
		}
		e.Key, e.Target = "", id.Seq
	}
	ids, err := b.append(ctx, []Event{e})
	if err != nil {
		return ID{}, err
	}
	return ids[0], nil
}

// catchUp waits until the tape has what the log has now: who has just published may
// not see it there yet.
func (b *Bus) catchUp(ctx context.Context) error {
	state, err := b.log.State(ctx)
	if err != nil {
		return err
	}
	return b.Await(ctx, state.Last)
}

// knows reports whether a value of that key is current or on the tape.
func (b *Bus) knows(topic, key string) bool {
	t, err := b.catalogue.Lookup(topic)
	if err != nil || (key == "" && t.Mode == Every) {
		return false
	}
	b.mu.Lock()
	current := b.values.has(topic, key)
	b.mu.Unlock()
	return current || b.tape.find(func(e *Event) bool { return e.Topic == topic && e.Key == key && e.Op == Put }) != nil
}

// holds reports whether an event without a key is on the tape or in the last values.
func (b *Bus) holds(topic string, seq uint64) bool {
	b.mu.Lock()
	current := b.values.byTopic[topic].byKey[placeKey(seq)] != nil
	b.mu.Unlock()
	return current || b.tape.find(func(e *Event) bool { return e.Seq == seq && e.Topic == topic && e.Key == "" && e.Op == Put }) != nil
}

// event checks one draft.
func (b *Bus) event(d Draft) (Event, error) {
	t, err := b.catalogue.Lookup(d.Topic)
	if err != nil {
		return Event{}, err
	}
	if t.Retired {
		return Event{}, &InvalidError{Reason: fmt.Sprintf("topic %q is over", t.Name)}
	}
	if reason := keyMistake(d.Key); reason != "" {
		return Event{}, &InvalidError{Reason: reason}
	}
	e := Event{Topic: t.Name, Key: d.Key, Text: d.Text}
	if d.Text {
		e.Data, err = checkText(t, d)
	} else {
		err = e.setJSON(t, d.Data)
	}
	if err != nil {
		return Event{}, err
	}
	if len(e.Data) > MaxData {
		return Event{}, &InvalidError{Size: true, Reason: fmt.Sprintf("%d bytes of data; one event has at most %d", len(e.Data), MaxData)}
	}
	return e, nil
}

// keyMistake returns why no event can have that key, or "".
func keyMistake(key string) string {
	switch {
	case len(key) > MaxKey:
		return fmt.Sprintf("a key of %d bytes; keys have at most %d", len(key), MaxKey)
	case !utf8.ValidString(key):
		return "the key is not UTF-8"
	case strings.ContainsRune(key, utf8.RuneError):
		return "the key holds U+FFFD, which is what half of a character becomes; it would be the same for different keys"
	}
	for _, r := range key {
		if r < ' ' || r == 0x7f {
			return fmt.Sprintf("the key holds the control character U+%04X", r)
		}
	}
	return ""
}

// checkText accepts what a stream can carry unchanged: a carriage return would come
// out as a line feed, and U+0000 not at all.
func checkText(t *Topic, d Draft) ([]byte, error) {
	switch {
	case t.schema != nil:
		return nil, &InvalidError{Schema: true, Reason: fmt.Sprintf("topic %q has a schema and takes JSON, not text", t.Name)}
	case t.Key != "" && t.Mode == Latest && d.Key == "":
		return nil, &InvalidError{Reason: fmt.Sprintf("text has no field %q; name the key in the address: /latest/%s/KEY", t.Key, t.Name)}
	case !utf8.Valid(d.Data):
		return nil, &InvalidError{Reason: "the text is not UTF-8"}
	}
	if i := bytes.IndexAny(d.Data, "\x00\r"); i >= 0 {
		return nil, &InvalidError{Reason: fmt.Sprintf("the text holds U+%04X at byte %d, which a stream cannot carry; send LF, or a JSON string", d.Data[i], i)}
	}
	return bytes.Clone(d.Data), nil
}

// setJSON checks data and takes key and expiry from its fields.
func (e *Event) setJSON(t *Topic, data []byte) error {
	if !utf8.Valid(data) {
		return &InvalidError{Reason: "the data is not UTF-8"}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return &InvalidError{Reason: "the data is not JSON: " + err.Error()}
	}
	e.Data = compact.Bytes()
	if holdsNUL(e.Data) {
		return &InvalidError{Reason: "the data holds U+0000, which a stream cannot carry"}
	}
	if err := e.setFields(t); err != nil {
		return err
	}
	if t.schema == nil {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Data))
	if err != nil {
		return &InvalidError{Reason: err.Error()}
	}
	if err := t.schema.Validate(value); err != nil {
		field, reason := violation(err)
		return &InvalidError{Schema: true, Field: field, Reason: reason}
	}
	return nil
}

// holdsNUL finds the escape of U+0000 in compact JSON.
func holdsNUL(data []byte) bool {
	for from := 0; ; {
		i := bytes.Index(data[from:], []byte(`\u0000`))
		if i < 0 {
			return false
		}
		i += from
		slashes := 0
		for j := i; j >= 0 && data[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 1 {
			return true
		}
		from = i + 1
	}
}

// setFields reads the key field and `expires` of an object.
func (e *Event) setFields(t *Topic) error {
	if e.Data[0] != '{' {
		if t.Key != "" && t.Mode == Latest && e.Key == "" {
			return &InvalidError{Reason: fmt.Sprintf("topic %q wants an object with the field %q", t.Name, t.Key)}
		}
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(e.Data, &fields); err != nil {
		return &InvalidError{Reason: "the data is not JSON: " + err.Error()}
	}
	if err := e.setKey(t, fields[t.Key]); err != nil {
		return err
	}
	return e.setExpires(fields["expires"])
}

func (e *Event) setKey(t *Topic, raw json.RawMessage) error {
	if t.Key == "" {
		return nil
	}
	if raw == nil || string(raw) == "null" {
		if e.Key == "" && t.Mode == Latest {
			return &InvalidError{Field: pointer(t.Key), Reason: fmt.Sprintf("the field %q is missing; it is the key of topic %q", t.Key, t.Name)}
		}
		if raw == nil {
			e.Key = cmp.Or(e.Key, contentKey(e.Data))
			e.Data = withField(e.Data, t.Key, e.Key)
		}
		return nil
	}
	var text string
	switch raw[0] {
	case '"':
		if err := json.Unmarshal(raw, &text); err != nil {
			return &InvalidError{Field: pointer(t.Key), Reason: err.Error()}
		}
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		text = string(raw)
	default:
		return &InvalidError{Field: pointer(t.Key), Reason: "want a string or a number; it is the key of the topic"}
	}
	if e.Key != "" && e.Key != text {
		return &InvalidError{Field: pointer(t.Key), Reason: fmt.Sprintf("%.80q differs from the key in the address, %.80q", text, e.Key)}
	}
	if text == "" {
		return &InvalidError{Field: pointer(t.Key), Reason: "empty; it is the key of the topic"}
	}
	e.Key = text
	if reason := keyMistake(text); reason != "" {
		return &InvalidError{Field: pointer(t.Key), Reason: reason}
	}
	return nil
}

// withField returns a compact object with one string field more, in front.
func withField(object []byte, name, value string) []byte {
	out := append(appendText([]byte{'{'}, name), ':')
	out = appendText(out, value)
	if len(object) > 2 {
		out = append(out, ',')
	}
	return append(out, object[1:]...)
}

// appendText appends a JSON string with no more escapes than JSON wants.
func appendText(dst []byte, text string) []byte {
	out := bytes.NewBuffer(dst)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a string always has a form
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// contentKey is the key of an event that came without one, in a topic where every
// event matters: the same for the same content, so that it can be corrected and
// withdrawn, and a repetition replaces it.
func contentKey(data []byte) string {
	sum := sha256.Sum256(data)
	return "c-" + hex.EncodeToString(sum[:8])
}

// expiry brings a time into what fits in 64 bits of nanoseconds: a year such as 9999
// means never.
func expiry(at time.Time) time.Time {
	switch {
	case at.Year() > 2261:
		return time.Time{}
	case at.Year() < 1970:
		return time.Unix(0, 0).UTC()
	}
	return at.UTC()
}

func (e *Event) setExpires(raw json.RawMessage) error {
	if raw == nil || string(raw) == "null" {
		return nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			e.Expires = expiry(at)
			return nil
		}
	}
	return &InvalidError{Field: "/expires", Reason: "want an RFC 3339 time, as in 2026-11-20T09:00:00Z, or null"}
}
