package topics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"
)

// checker returns a bus that checks drafts; it does not run.
func checker(t testing.TB) *Bus {
	return NewBus(Options{Catalogue: testTopics(t), Log: newMemLog(), Wire: lineWire{}})
}

func TestPublishRefuses(t *testing.T) {
	b := checker(t)
	long := strings.Repeat("x", 300<<10)
	for _, tt := range []struct {
		name   string
		draft  Draft
		field  string
		reason string // part of it
		schema bool
		size   bool
	}{
		{"retired", Draft{Topic: "old", Data: []byte(`1`)}, "", `"old" is over`, false, false},
		{"nothing", Draft{Topic: "chat"}, "", "not JSON", false, false},
		{"half", Draft{Topic: "chat", Data: []byte(`{"a":`)}, "", "not JSON", false, false},
		{"two values", Draft{Topic: "chat", Data: []byte(`1 2`)}, "", "not JSON", false, false},
		{"bare word", Draft{Topic: "chat", Data: []byte(`hello`)}, "", "not JSON", false, false},
		{"byte order mark", Draft{Topic: "chat", Data: []byte("\ufeff1")}, "", "not JSON", false, false},
		{"invalid UTF-8", Draft{Topic: "chat", Data: []byte("\"\xff\"")}, "", "not UTF-8", false, false},
		{"surrogate in UTF-8", Draft{Topic: "chat", Data: []byte("\"\xed\xa0\x80\"")}, "", "not UTF-8", false, false},
		{"raw NUL in a string", Draft{Topic: "chat", Data: []byte("\"a\x00\"")}, "", "not JSON", false, false},
		{"raw NUL between", Draft{Topic: "chat", Data: []byte("[1,\x00 2]")}, "", "not JSON", false, false},
		{"escaped NUL", Draft{Topic: "chat", Data: []byte(`"a\u0000"`)}, "", "U+0000", false, false},
		{"escaped NUL in a name", Draft{Topic: "chat", Data: []byte(`{"a\u0000":1}`)}, "", "U+0000", false, false},
		{"backslash, escaped NUL", Draft{Topic: "chat", Data: []byte(`"\\\u0000"`)}, "", "U+0000", false, false},
		{"allowed, then escaped NUL", Draft{Topic: "chat", Data: []byte(`"\\u0000\u0000"`)}, "", "U+0000", false, false},
		{"raw LF in a string", Draft{Topic: "chat", Data: []byte("\"a\n\"")}, "", "not JSON", false, false},
		{"300 KiB", Draft{Topic: "chat", Data: []byte(`"` + long + `"`)}, "", "at most 262144", false, true},
		{"one byte over", Draft{Topic: "chat", Data: []byte(`"` + long[:MaxData-1] + `"`)}, "", "at most 262144", false, true},

		{"no key", Draft{Topic: "stock", Data: []byte(`{"price":1}`)}, "/symbol", "missing", false, false},
		{"null key", Draft{Topic: "stock", Data: []byte(`{"symbol":null}`)}, "/symbol", "missing", false, false},
		{"empty key", Draft{Topic: "stock", Data: []byte(`{"symbol":""}`)}, "/symbol", "empty", false, false},
		{"key of objects", Draft{Topic: "stock", Data: []byte(`{"symbol":{}}`)}, "/symbol", "string or a number", false, false},
		{"key of truth", Draft{Topic: "stock", Data: []byte(`{"symbol":true}`)}, "/symbol", "string or a number", false, false},
		{"key in other letters", Draft{Topic: "stock", Data: []byte(`{"Symbol":"A"}`)}, "/symbol", "missing", false, false},
		{"long key", Draft{Topic: "stock", Data: []byte(`{"symbol":"` + long[:MaxKey+1] + `"}`)}, "/symbol", "257 bytes", false, false},
		{"key with LF", Draft{Topic: "stock", Data: []byte(`{"symbol":"A\nid: 7"}`)}, "/symbol", "U+000A", false, false},
		{"key with DEL", Draft{Topic: "stock", Data: []byte(`{"symbol":"A\u007f"}`)}, "/symbol", "U+007F", false, false},
		{"no object", Draft{Topic: "stock", Data: []byte(`[1]`)}, "", `field "symbol"`, false, false},
		{"null", Draft{Topic: "stock", Data: []byte(`null`)}, "", `field "symbol"`, false, false},
		{"empty key of news", Draft{Topic: "news", Data: []byte(`{"id":""}`)}, "/id", "empty", false, false},

		{"other key in the path", Draft{Topic: "stock", Key: "A", Data: []byte(`{"symbol":"B"}`)}, "/symbol", `"B" differs`, false, false},
		{"other number in the path", Draft{Topic: "stock", Key: "1", Data: []byte(`{"symbol":1.0}`)}, "/symbol", `"1.0" differs`, false, false},
		{"long key in the path", Draft{Topic: "stock", Key: long[:MaxKey+1], Data: []byte(`{}`)}, "", "257 bytes", false, false},
		{"CR in the path", Draft{Topic: "stock", Key: "A\rB", Data: []byte(`{}`)}, "", "U+000D", false, false},
		{"NUL in the path", Draft{Topic: "stock", Key: "\x00", Data: []byte(`{}`)}, "", "U+0000", false, false},
		{"invalid path", Draft{Topic: "stock", Key: "\xc3", Data: []byte(`{}`)}, "", "not UTF-8", false, false},

		{"expires when", Draft{Topic: "chat", Data: []byte(`{"expires":"soon"}`)}, "/expires", "RFC 3339", false, false},
		{"expires number", Draft{Topic: "chat", Data: []byte(`{"expires":1795165200}`)}, "/expires", "RFC 3339", false, false},
		{"expires without a zone", Draft{Topic: "chat", Data: []byte(`{"expires":"2026-11-20T09:00:00"}`)}, "/expires", "RFC 3339", false, false},

		{"text with NUL", Draft{Topic: "chat", Text: true, Data: []byte("ab\x00")}, "", "U+0000 at byte 2", false, false},
		{"text with CR", Draft{Topic: "chat", Text: true, Data: []byte("a\r\nb")}, "", "U+000D at byte 1", false, false},
		{"invalid text", Draft{Topic: "chat", Text: true, Data: []byte("a\xff")}, "", "not UTF-8", false, false},
		{"text without key", Draft{Topic: "stock", Text: true, Data: []byte("A")}, "", "/latest/stock/KEY", false, false},
		{"text for a schema", Draft{Topic: "form", Text: true, Data: []byte("A")}, "", "takes JSON", true, false},
		{"300 KiB of text", Draft{Topic: "chat", Text: true, Data: []byte(long)}, "", "at most 262144", false, true},

		{"schema: type", Draft{Topic: "form", Data: []byte(`[]`)}, "", "want object", true, false},
		{"schema: missing", Draft{Topic: "form", Data: []byte(`{}`)}, "", "'n'", true, false},
		{"schema: maximum", Draft{Topic: "form", Data: []byte(`{"n":10}`)}, "/n", "maximum", true, false},
		{"schema: no integer", Draft{Topic: "form", Data: []byte(`{"n":1.5}`)}, "/n", "want integer", true, false},
		{"schema: odd name", Draft{Topic: "form", Data: []byte(`{"n":1,"a/b~c":2}`)}, "/a~1b~0c", "want string", true, false},
	} {
		_, err := b.event(tt.draft)
		var e *InvalidError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if e.Field != tt.field || !strings.Contains(e.Reason, tt.reason) || e.Schema != tt.schema || e.Size != tt.size {
			t.Errorf("%s: %+v", tt.name, *e)
		}
		if len(e.Reason) > 500 || !utf8.ValidString(e.Reason) || strings.ContainsAny(e.Reason, "\r\n\x00") {
			t.Errorf("%s: unfit reason %.600q", tt.name, e.Reason)
		}
	}
	if _, err := b.event(Draft{Topic: "chats", Data: []byte(`1`)}); !errors.Is(err, ErrUnknownTopic) {
		t.Errorf("unknown topic: %v", err)
	}
}

func TestPublishTakes(t *testing.T) {
	b := checker(t)
	for _, tt := range []struct {
		draft Draft
		key   string
		data  string
	}{
		{Draft{Topic: "stock", Data: []byte(` {"symbol" : "A" } `)}, "A", `{"symbol":"A"}`},
		{Draft{Topic: "stock", Data: []byte(`{"symbol":12.50}`)}, "12.50", `{"symbol":12.50}`},
		{Draft{Topic: "stock", Data: []byte(`{"symbol":-1e3}`)}, "-1e3", `{"symbol":-1e3}`},
		{Draft{Topic: "stock", Data: []byte(`{"s\u0079mbol":"\u0041"}`)}, "A", `{"s\u0079mbol":"\u0041"}`},
		{Draft{Topic: "stock", Key: "A", Data: []byte(`{"symbol":"A"}`)}, "A", `{"symbol":"A"}`},
		{Draft{Topic: "stock", Key: "7", Data: []byte(`{"symbol":7}`)}, "7", `{"symbol":7}`},
		{Draft{Topic: "stock", Key: "A", Data: []byte(`{}`)}, "A", `{"symbol":"A"}`},
		{Draft{Topic: "stock", Key: `a"\é`, Data: []byte(`{ "p": 1 }`)}, `a"\é`, `{"symbol":"a\"\\é","p":1}`},
		{Draft{Topic: "stock", Key: "A", Data: []byte(`5`)}, "A", `5`},
		{Draft{Topic: "stock", Key: "A", Text: true, Data: []byte("two\nlines")}, "A", "two\nlines"},
		{Draft{Topic: "stock", Key: "<a>", Data: []byte(`{}`)}, "<a>", `{"symbol":"<a>"}`},
		{Draft{Topic: "news", Data: []byte(`{"title":"no id"}`)}, "c-634901b07098bc10", `{"id":"c-634901b07098bc10","title":"no id"}`},
		{Draft{Topic: "news", Key: "k", Data: []byte(`{"title":"no id"}`)}, "k", `{"id":"k","title":"no id"}`},
		{Draft{Topic: "news", Data: []byte(`"just a string"`)}, "", `"just a string"`},
		{Draft{Topic: "chat", Data: []byte(`"\\u0000"`)}, "", `"\\u0000"`},
		{Draft{Topic: "chat", Data: []byte(`"\\\\u0000"`)}, "", `"\\\\u0000"`},
		{Draft{Topic: "chat", Data: []byte(`"\r\n\u2028 data: x"`)}, "", `"\r\n\u2028 data: x"`},
		{Draft{Topic: "chat", Data: []byte("\"\u2028<&>😀\"")}, "", "\"\u2028<&>😀\""},
		{Draft{Topic: "chat", Data: []byte(`"\ud800"`)}, "", `"\ud800"`},
		{Draft{Topic: "chat", Data: []byte(`12345678901234567890.10`)}, "", `12345678901234567890.10`},
		{Draft{Topic: "chat", Text: true}, "", ""},
		{Draft{Topic: "chat", Text: true, Data: []byte("  data: \u2028\t<x> ")}, "", "  data: \u2028\t<x> "},
		{Draft{Topic: "chat", Data: append(bytes.Repeat([]byte(" "), 300<<10), '1')}, "", "1"},
		{Draft{Topic: "form", Data: []byte(`{"n":9}`)}, "", `{"n":9}`},
	} {
		e, err := b.event(tt.draft)
		if err != nil || e.Key != tt.key || string(e.Data) != tt.data || e.Text != tt.draft.Text || e.Op != Put {
			t.Errorf("%.60q %q: %+v, %v", tt.draft.Data, tt.draft.Key, e, err)
		}
		if len(tt.draft.Data) > 0 && len(e.Data) > 0 {
			tt.draft.Data[0] ^= 0xff
			if string(e.Data) != tt.data {
				t.Errorf("%q shares its bytes with the caller", tt.data)
			}
		}
	}
}

func TestPublishIsAllOrNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{})
		good, bad := Draft{Topic: "chat", Data: []byte(`1`)}, Draft{Topic: "chat", Data: []byte(`{`)}
		_, err := r.Publish(t.Context(), "", good, good, bad, good)
		var invalid *InvalidError
		if !errors.As(err, &invalid) || invalid.Index != 2 || !strings.HasPrefix(err.Error(), "event 3: ") {
			t.Errorf("third is bad: %v", err)
		}
		if _, err := r.Publish(t.Context(), "", good, Draft{Topic: "chta", Data: []byte(`1`)}); !errors.Is(err, ErrUnknownTopic) {
			t.Errorf("second is nowhere: %v", err)
		}
		if _, err := r.Publish(t.Context(), ""); !errors.Is(err, ErrNothing) {
			t.Errorf("nothing: %v", err)
		}
		if _, err := r.Publish(t.Context(), "", slices.Repeat([]Draft{good}, MaxBatch+1)...); !errors.Is(err, ErrTooLarge) {
			t.Errorf("too many: %v", err)
		}
		if stored, _ := log.count(); stored != 0 {
			t.Fatalf("%d events were stored", stored)
		}
		ids, err := r.Publish(t.Context(), "", slices.Repeat([]Draft{good}, MaxBatch)...)
		if err != nil || len(ids) != MaxBatch || ids[0] != (ID{"mem", 1}) || ids[MaxBatch-1] != (ID{"mem", MaxBatch}) {
			t.Errorf("%d ids: %v", len(ids), err)
		}
		r.await(ids[MaxBatch-1])
		for _, refuse := range []error{ErrUnavailable, ErrTooLarge, ErrUnknownOutcome} {
			log.set(func(l *memLog) { l.refuse = fmt.Errorf("log: %w", refuse) })
			if _, err := r.Publish(t.Context(), "", good); !errors.Is(err, refuse) {
				t.Errorf("Publish = %v, want %v", err, refuse)
			}
			if _, err := r.Retract(t.Context(), "chat", "mem-1000"); !errors.Is(err, refuse) {
				t.Errorf("Retract = %v, want %v", err, refuse)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		log.set(func(l *memLog) { l.refuse, l.gate = nil, make(chan struct{}) })
		if _, err := r.Publish(ctx, "", good); !errors.Is(err, context.Canceled) {
			t.Errorf("Publish without a context = %v", err)
		}
	})
}

// What is accepted comes out as it went in: compact, and with a key of the path inserted.
func FuzzEvent(f *testing.F) {
	for _, s := range []string{
		`{"symbol":"A","p":1}`, `{"symbol":12}`, `{}`, `[1, 2]`, `"\u0000"`, `"\\u0000"`, "\"\xff\"", "a\r\nb", "\x00", "",
		`{"symbol":"A","symbol":"B"}`, `{"expires":"2026-11-20T09:00:00Z"}`, `{"id":null}`, "\ufeff{}", ` { "a" : [ 1 , 2 ] } `,
	} {
		f.Add(s, "", uint8(0), false)
		f.Add(s, "A", uint8(1), true)
		f.Add(s, "symbol", uint8(1), false)
	}
	b := checker(f)
	names := []string{"chat", "stock", "news", "form", "clock"}
	f.Fuzz(func(t *testing.T, data, key string, topic uint8, text bool) {
		d := Draft{Topic: names[int(topic)%len(names)], Key: key, Data: []byte(data), Text: text}
		e, err := b.event(d)
		if err != nil {
			var invalid *InvalidError
			if !errors.As(err, &invalid) || !utf8.ValidString(err.Error()) {
				t.Errorf("event(%q) = %v", data, err)
			}
			return
		}
		if keyMistake(e.Key) != "" || bytes.IndexByte(e.Data, 0) >= 0 || !utf8.Valid(e.Data) || len(e.Data) > MaxData {
			t.Errorf("event(%q) took key %q, data %q", data, e.Key, e.Data)
		}
		if text {
			if string(e.Data) != data {
				t.Errorf("text %q became %q", data, e.Data)
			}
			return
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(data)); err != nil {
			t.Fatalf("event(%q) took what is no JSON: %v", data, err)
		}
		got := e.Data
		if top, _ := b.catalogue.Lookup(d.Topic); top.Key != "" && !bytes.Equal(got, compact.Bytes()) {
			var fields map[string]json.RawMessage
			if err := json.Unmarshal(got, &fields); err != nil {
				t.Fatalf("event(%q) made %q: %v", data, got, err)
			}
			var inserted string
			if err := json.Unmarshal(fields[top.Key], &inserted); err != nil || inserted != e.Key || (key != "" && key != e.Key) {
				t.Errorf("event(%q) inserted %s, want %q", data, fields[top.Key], e.Key)
			}
			got = withoutField(got, len(`{"":`)+len(top.Key)+len(fields[top.Key]))
		}
		if !bytes.Equal(got, compact.Bytes()) {
			t.Errorf("event(%q) made %q of %q", data, got, compact.Bytes())
		}
		var v any
		if json.Unmarshal(e.Data, &v) == nil && holdsRune(v, 0) {
			t.Errorf("event(%q) let U+0000 pass", data)
		}
	})
}

// withoutField undoes withField; n is where the field ends.
func withoutField(object []byte, n int) []byte {
	return append([]byte("{"), bytes.TrimPrefix(object[n:], []byte(","))...)
}

func holdsRune(v any, r rune) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, r)
	case []any:
		return slices.ContainsFunc(v, func(v any) bool { return holdsRune(v, r) })
	case map[string]any:
		for name, v := range v {
			if strings.ContainsRune(name, r) || holdsRune(v, r) {
				return true
			}
		}
	}
	return false
}
