package handlers

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"tickertape/topics"
)

// Each headline is refused with a reason, or comes out of all three faces as it went in.
func testHostileHeadlines(t *testing.T, via way) {
	s := start(t, setup{via: via})
	c := s.open("/latest?type=chat,news")
	c.live()
	lines, _ := readLines(s, "/latest?type=chat,news&snapshot=false")
	lines.Scan() // stream
	lines.Scan() // live
	for name, tt := range map[string]struct {
		text               string
		asJSON, asText     bool // accepted
		reasonOf, textSays string
	}{
		"line feed":              {"a\nb", true, true, "", ""},
		"line feeds at the end":  {"a\n\n", true, true, "", ""},
		"carriage return":        {"a\rb", true, false, "", "U+000D"},
		"CRLF":                   {"a\r\nb", true, false, "", "U+000D"},
		"a field":                {"x\ndata: y\nid: 99\nretry: 1", true, true, "", ""},
		"an event":               {"x\n\nevent: bye\ndata: {}\n\n", true, true, "", ""},
		"only line ends":         {"\n\n\n", true, true, "", ""},
		"a space in front":       {"  x", true, true, "", ""},
		"a colon":                {": comment", true, true, "", ""},
		"NUL":                    {"a\x00b", false, false, "U+0000", "U+0000"},
		"line separators":        {"a\u2028b\u2029c\u0085d", true, true, "", ""},
		"byte order mark":        {"\ufeffx", true, true, "", ""},
		"emoji":                  {"🌦👩‍👩‍👧‍👦 \U0001F1FA\U0001F1F8", true, true, "", ""},
		"right to left":          {"\u202eabc\u202c", true, true, "", ""},
		"markup":                 {"</script><img src=x onerror=alert(1)>&amp;", true, true, "", ""},
		"invalid UTF-8":          {"a\xc3(\xff", false, false, "UTF-8", "UTF-8"},
		"half a surrogate":       {"\xed\xa0\x80", false, false, "UTF-8", "UTF-8"},
		"overlong":               {"\xc0\x80", false, false, "UTF-8", "UTF-8"},
		"300 KiB":                {strings.Repeat("x", 300<<10), false, false, "262144", "262144"},
		"just what is allowed":   {strings.Repeat("é", topics.MaxData/2-40), true, true, "", ""},
		"control characters":     {"\x01\x1b[2J\x7f", true, true, "", ""},
		"looks like an envelope": {`{"id":"mem-999","topic":"bye"}`, true, true, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s.t, c.t = t, t
			check := func(asText bool, a answerOf, accepted bool, says string) {
				t.Helper()
				if !accepted {
					if p := a.problem(t); p.Status/100 != 4 || !strings.Contains(p.Detail, says) {
						t.Errorf("refused with %d %.200s; want a reason that names %s", p.Status, p.Detail, says)
					}
					return
				}
				idsOf(t, a, 201)
				title := func(data []byte) string {
					if asText {
						return string(data)
					}
					var v struct{ Title string }
					if err := json.Unmarshal(data, &v); err != nil {
						t.Errorf("%.100q: %v", data, err)
					}
					return v.Title
				}
				if e := c.next(); title(e.Data) != tt.text {
					t.Errorf("the stream has %.100q; want %.100q", title(e.Data), tt.text)
				}
				inEnvelope := func(face string, line []byte, e envelope) {
					t.Helper()
					data := []byte(e.Data)
					if asText {
						var text string
						if err := json.Unmarshal(data, &text); err != nil {
							t.Errorf("%s: %.100q: %v", face, data, err)
						}
						data = []byte(text)
					}
					if title(data) != tt.text {
						t.Errorf("%s has %.100q; want %.100q", face, title(data), tt.text)
					}
				}
				if !lines.Scan() {
					t.Fatalf("NDJSON: %v", lines.Err())
				}
				var e envelope
				strict(t, lines.Bytes(), &e)
				inEnvelope("NDJSON", lines.Bytes(), e)
				p, _ := s.page("/latest?type=chat,news&limit=1")
				inEnvelope("JSON", nil, p.Events[0])
			}
			var body strings.Builder
			enc := json.NewEncoder(&body)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(map[string]string{"id": "a", "title": tt.text}); err != nil {
				t.Fatal(err)
			}
			raw := body.String()
			if strings.Contains(tt.reasonOf, "UTF-8") { // the encoder has mended it
				raw = `{"id":"a","title":"` + tt.text + `"}`
			}
			check(false, s.post("/latest/news", "application/json", raw), tt.asJSON, tt.reasonOf)
			check(true, s.post("/latest/chat", "text/plain", tt.text), tt.asText, tt.textSays)
		})
	}
}

// A key is not a line of the wire either.
func TestHostileKeys(t *testing.T) {
	s := start(t, setup{})
	for _, key := range []string{"a\nid: 9", "a\rb", "\x00", "\xff", "\x7f", strings.Repeat("k", 257)} {
		if p := s.post("/latest/stock/"+url.PathEscape(key), "application/json", `{}`).problem(t); p.Status != 400 {
			t.Errorf("%.20q in the address: %+v", key, p)
		}
		field, _ := json.Marshal(map[string]string{"symbol": key})
		if key == "\xff" {
			field = []byte("{\"symbol\":\"\xff\"}")
		}
		if p := s.post("/latest/stock", "application/json", string(field)).problem(t); p.Status != 400 {
			t.Errorf("%.20q in the field: %+v", key, p)
		}
	}
	if s.log.count() != 0 {
		t.Error("stored")
	}
}
