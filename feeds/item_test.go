package feeds

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tickertape/topics"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.FixedZone("", 3600))

func TestEncode(t *testing.T) {
	type price struct {
		Symbol string `json:"symbol"`
		Price  string `json:"price"`
	}
	for _, tt := range []struct {
		name string
		item Item
		want string
	}{
		{"order", Item{ID: "a", Title: "<b> & \u2014", URL: "https://n.example/?a&b", Source: "s", Time: noon, Expires: noon,
			Severity: "minor", Lang: "en", Simulated: true, Attribution: "c", Data: price{"ACME", "1"}},
			`{"symbol":"ACME","price":"1","id":"a","title":"<b> & ` + "\u2014" + `","url":"https://n.example/?a&b","source":"s","time":"2026-11-20T11:00:00Z","expires":"2026-11-20T11:00:00Z","severity":"minor","lang":"en","simulated":true,"attribution":"c"}`},
		{"no time", Item{ID: "a"}, `{"id":"a","time":null,"seen":"2026-11-20T11:00:00Z"}`},
		{"no time, data", Item{Data: map[string]any{"b": 1, "a": 2}}, `{"a":2,"b":1,"time":null,"seen":"2026-11-20T11:00:00Z"}`},
		{"time in data", Item{ID: "a", Data: map[string]any{"time": "x"}}, `{"time":"x","id":"a"}`},
		{"null time in data", Item{Data: map[string]any{"time": nil}}, `{"time":null,"seen":"2026-11-20T11:00:00Z"}`},
		{"seen in data", Item{Data: map[string]any{"seen": 1}}, `{"seen":1,"time":null}`},
		{"replacement rune", Item{Title: "\ufffd", Time: noon, Data: map[string]string{"t": "\ufffd"}}, "{\"t\":\"\ufffd\",\"title\":\"\ufffd\",\"time\":\"2026-11-20T11:00:00Z\"}"},
		{"escaped backslash", Item{Title: `\u0000`, Time: noon}, `{"title":"\\u0000","time":"2026-11-20T11:00:00Z"}`},
		{"raw", Item{Time: noon, Data: json.RawMessage(` { "n": 1.50, "s":"\ufffd" } `)}, `{"n":1.50,"s":"\ufffd","time":"2026-11-20T11:00:00Z"}`},
	} {
		got, err := tt.item.Encode(noon)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %v\n got %s\nwant %s", tt.name, err, got, tt.want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		item Item
		want string
	}{
		{"field in both", Item{Title: "x", Data: map[string]any{"title": "y"}}, "as well"},
		{"time in both", Item{Time: noon, Data: map[string]any{"time": "y"}}, "as well"},
		{"field twice", Item{Data: json.RawMessage(`{"a":1,"a":2}`)}, "twice"},
		{"array", Item{Data: []int{1}}, "object"},
		{"null", Item{Data: (*Item)(nil)}, "object"},
		{"number", Item{Data: 5}, "object"},
		{"channel", Item{Data: map[string]any{"c": make(chan int)}}, "encode data"},
		{"broken raw", Item{Data: json.RawMessage(`{"a":`)}, "encode data"},
		{"UTF-8 in title", Item{Title: "a\xff"}, "UTF-8"},
		{"UTF-8 in data", Item{Data: map[string]string{"a": "\xff"}}, "UTF-8"},
		{"UTF-8 in raw", Item{Data: json.RawMessage("{\"a\":\"\xff\"}")}, "UTF-8"},
		{"NUL", Item{Title: "a\x00"}, "U+0000"},
		{"NUL after a backslash", Item{Title: "\\\x00"}, "U+0000"},
		{"NUL in a name", Item{Data: map[string]int{"\x00": 1}}, "U+0000"},
		{"size", Item{Title: strings.Repeat("x", topics.MaxData)}, "bytes"},
		{"id size", Item{ID: strings.Repeat("x", topics.MaxKey+1)}, "its id"},
		{"severity", Item{Severity: "bad"}, "severity"},
		{"script url", Item{URL: "javascript:alert(1)"}, "url"},
		{"relative url", Item{URL: "/a"}, "url"},
		{"year", Item{Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "time"},
	} {
		if data, err := tt.item.Encode(noon); !errors.Is(err, ErrItem) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %.80s, %v; want an error with %q", tt.name, data, err, tt.want)
		}
	}
}

// Whatever goes in, what comes out is one flat object within the limits.
func FuzzEncode(f *testing.F) {
	f.Add("id", "title\u2028", "https://a.example", `{"a":1}`)
	f.Add("", "\x00", "x", `{"title":"\u0000"}`)
	f.Add("\xff", "", "", `[]`)
	f.Fuzz(func(t *testing.T, id, title, url, data string) {
		item := Item{ID: id, Title: title, URL: url, Data: json.RawMessage(data)}
		out, err := item.Encode(noon)
		if err != nil {
			if !errors.Is(err, ErrItem) {
				t.Fatalf("error %v does not wrap ErrItem", err)
			}
			return
		}
		var fields map[string]any
		if err := json.Unmarshal(out, &fields); err != nil || !utf8.Valid(out) || len(out) > topics.MaxData {
			t.Fatalf("%q: %v", out, err)
		}
		if title != "" && fields["title"] != title {
			t.Fatalf("title %q became %q", title, fields["title"])
		}
		for _, value := range fields {
			if s, ok := value.(string); ok && strings.ContainsRune(s, 0) {
				t.Fatalf("%q holds U+0000", out)
			}
		}
	})
}
