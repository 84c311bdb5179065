package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tickertape/topics"
)

func TestBadRequestsNameTheMistake(t *testing.T) {
	s := start(t, setup{})
	long := strings.Repeat("k", topics.MaxKey+1)
	for _, tt := range []struct {
		path, accept       string
		status             int
		parameter, nearest string
		says               string
	}{
		{"/latest?typ=news", "", 400, "typ", "type", "type"},
		{"/latest?last-event-id=x", "", 400, "last-event-id", "last_event_id", "last_event_id"},
		{"/latest?zzzzzzzz=1", "", 400, "zzzzzzzz", "", "last_event_id"},
		{"/latest?Type=news", "", 400, "Type", "type", "type"},
		{"/latest?%3Cscript%3E=1", "", 400, "<script>", "", "<script>"},
		{"/latest?type=newz", "", 400, "type", "news", "news"},
		{"/latest?type=news,stok.ACME", "", 400, "type", "stock", "stok"},
		{"/latest?type=news&type=xxxxxxxxxx", "", 400, "type", "", "xxxxxxxxxx"},
		{"/latest?type=", "", 400, "type", "", "empty"},
		{"/latest?type=news&type=", "", 400, "type", "", "empty"},
		{"/latest?type=news,,stock", "", 400, "type", "", "empty"},
		{"/latest?type=News", "", 400, "type", "news", "News"},
		{"/latest?type=stock.", "", 400, "type", "", "no key after the dot"},
		{"/latest?type=stock.A%00stock.B", "", 400, "type", "", "control"},
		{"/latest?type=stock.A%0AB", "", 400, "type", "", "control"},
		{"/latest?type=stock.%FF", "", 400, "type", "", "UTF-8"},
		{"/latest?type=stock." + long, "", 400, "type", "", "257"},
		{"/latest?type=" + strings.Repeat("stock.a,", 1000) + "news", "", 400, "type", "", "1001"},
		{"/latest?since=yesterday", "", 400, "since", "", "yesterday"},
		{"/latest?since=-5m", "", 400, "since", "", "-5m"},
		{"/latest?since=2999-01-01T00:00:00Z", "", 400, "since", "", "2999"},
		{"/latest?every=10ms", "", 400, "every", "", "10ms"},
		{"/latest?every=2h", "", 400, "every", "", "2h"},
		{"/latest?every=2", "", 400, "every", "", "duration"},
		{"/latest?every=-1s", "", 400, "every", "", "-1s"},
		{"/latest?every=1s", "application/json", 400, "every", "", "streams"},
		{"/latest?snapshot=maybe", "", 400, "snapshot", "", "maybe"},
		{"/latest?wait=61s", "application/json", 400, "wait", "", "61s"},
		{"/latest?wait=1s", "", 400, "wait", "", "application/json"},
		{"/latest?limit=5", "application/x-ndjson", 400, "limit", "", "application/json"},
		{"/latest?limit=0", "application/json", 400, "limit", "", "0"},
		{"/latest?limit=10001", "application/json", 400, "limit", "", "10001"},
		{"/latest?limit=1e3", "application/json", 400, "limit", "", "1e3"},
		{"/latest?screen=" + strings.Repeat("s", 65), "", 400, "screen", "", "64"},
		{"/latest?screen=a%0Ab", "", 400, "screen", "", "control"},
		{"/latest?since=1m&since=2m", "", 400, "since", "", "2 times"},
		{"/latest?last_event_id=a&last_event_id=b", "", 400, "last_event_id", "", "2 times"},
		{"/latest?type=news;stock", "", 400, "", "", "semicolon"},
		{"/latest?type=%zz", "", 400, "", "", "%zz"},
		{"/latest/news?type=stock", "", 400, "type", "", "address"},
		{"/latest/newz", "", 404, "", "news", "newz"},
		{"/latest/newz/key", "", 404, "", "news", "newz"},
		{"/latest/%2A", "", 404, "", "", "*"},
		{"/latest/stock/" + long, "", 400, "", "", "257"},
		{"/latest/stock/a%00b", "", 400, "", "", "control"},
		{"/latest/stock/%FF", "", 400, "", "", "UTF-8"},
		{"/latest/", "", 404, "", "", "nothing"},
		{"/latest/news/", "", 404, "", "", "nothing"},
		{"/latest/news/a/b", "", 404, "", "", "nothing"},
		{"/latest", "text/html", 406, "", "", "text/event-stream"},
		{"/latest", "text/event-stream;q=0", 406, "", "", "text/event-stream"},
	} {
		accept := tt.accept
		if accept == "" {
			accept = "text/event-stream"
		}
		a := s.get(tt.path, "Accept: "+accept)
		if a.StatusCode != tt.status {
			t.Errorf("GET %.60s: %d %.80s; want %d", tt.path, a.StatusCode, a.body, tt.status)
			continue
		}
		p := a.problem(t)
		if p.Parameter != tt.parameter || p.Nearest != tt.nearest || !strings.Contains(p.Detail, tt.says) {
			t.Errorf("GET %.60s: parameter %q, nearest %q, detail %q; want %q, %q, ...%s...", tt.path, p.Parameter, p.Nearest, p.Detail, tt.parameter, tt.nearest, tt.says)
		}
		if len(p.Detail) > 500 {
			t.Errorf("GET %.60s: detail of %d bytes", tt.path, len(p.Detail))
		}
	}
}

// One reader's odd key must not make its cohort that of other readers.
func TestFiltersCannotBeConfused(t *testing.T) {
	s := start(t, setup{})
	if a := s.get("/latest?type=stock.A%00stock.B", "Accept: text/event-stream"); a.StatusCode != 400 {
		t.Fatalf("%d", a.StatusCode)
	}
	c := s.open("/latest?type=stock.A,stock.B")
	c.live()
	s.publish(draft("stock", `{"symbol":"A"}`))
	c.want(`mem-1 stock {"symbol":"A"}`)
}

func TestMethods(t *testing.T) {
	s := start(t, setup{})
	for _, tt := range []struct {
		method, path, allow string
	}{
		{"PUT", "/latest/news", "GET HEAD POST DELETE"},
		{"PATCH", "/latest/news/key", "GET HEAD POST DELETE"},
		{"POST", "/latest", "GET HEAD"},
		{"DELETE", "/topics", "GET HEAD"},
		{"OPTIONS", "/latest", "GET HEAD"},
		{"POST", "/openapi.json", "GET HEAD"},
	} {
		a := s.do(tt.method, tt.path, "")
		p := a.problem(t)
		if p.Status != http.StatusMethodNotAllowed {
			t.Errorf("%s %s: %d; want 405", tt.method, tt.path, p.Status)
		}
		allow := a.Header.Get("Allow")
		for _, m := range strings.Fields(tt.allow) {
			if !strings.Contains(allow, m) {
				t.Errorf("%s %s: Allow %q; want all of %s", tt.method, tt.path, allow, tt.allow)
			}
		}
		if strings.Contains(allow, tt.method) {
			t.Errorf("%s %s: Allow %q names it", tt.method, tt.path, allow)
		}
	}
}

func TestHead(t *testing.T) {
	s := start(t, setup{})
	for path, contentType := range map[string]string{
		"/latest":           "text/event-stream",
		"/latest/news":      "text/event-stream",
		"/latest/stock/A":   "text/event-stream",
		"/latest?wait=1m":   "", // 400: a stream waits by itself
		"/topics":           "application/json",
		"/feeds":            "application/json",
		"/healthz":          "application/json",
		"/openapi.json":     "application/json",
		"/nothing":          "application/problem+json",
		"/latest/nosuch":    "application/problem+json",
		"/latest?type=none": "application/problem+json",
	} {
		head, get := s.do("HEAD", path, ""), answerOf{}
		if contentType != "text/event-stream" {
			get = s.get(path)
			if head.StatusCode != get.StatusCode {
				t.Errorf("HEAD %s: %d; GET has %d", path, head.StatusCode, get.StatusCode)
			}
		}
		if head.body != "" || contentType != "" && head.Header.Get("Content-Type") != contentType {
			t.Errorf("HEAD %s: %q with body %q; want %q without", path, head.Header.Get("Content-Type"), head.body, contentType)
		}
	}
	if a := s.do("HEAD", "/latest?last_event_id=mem-0&wait=1m", "", "Accept: application/json"); a.StatusCode != 200 {
		t.Errorf("HEAD of a long-poll: %d", a.StatusCode)
	}
}

func TestNegotiate(t *testing.T) {
	for accept, want := range map[string]face{
		"":                                    faceStream,
		"*/*":                                 faceStream,
		"text/event-stream":                   faceStream,
		"TEXT/Event-Stream":                   faceStream,
		"text/*":                              faceStream,
		"text/event-stream; charset=utf-8":    faceStream,
		"application/json":                    faceJSON,
		"application/*":                       faceJSON,
		"application/x-ndjson":                faceNDJSON,
		"application/json, text/plain, */*":   faceJSON,
		"*/*, application/json":               faceStream,
		"application/json;q=0.5, */*;q=0.4":   faceJSON,
		"application/json;q=0.4, */*;q=0.5":   faceStream,
		"*/*;q=0.1, application/x-ndjson":     faceNDJSON,
		"text/event-stream;q=0, */*":          faceJSON,
		"application/json;q=0, application/*": faceNDJSON,
		"text/event-stream;q=0":               "",
		"text/html":                           "",
		"text/html, */*;q=0.8":                faceStream,
		"application/json;q=2":                "",
		"application/json;q=NaN":              "",
		"nonsense":                            "",
		"/json, application/json":             faceJSON,
	} {
		if got, _ := negotiate(accept); got != want {
			t.Errorf("negotiate(%q) = %q; want %q", accept, got, want)
		}
	}
}

func TestAcceptInSeveralLines(t *testing.T) {
	s := start(t, setup{})
	if a := s.get("/latest", "Accept: text/html", "Accept: application/json"); a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %s", a.StatusCode, a.Header.Get("Content-Type"))
	}
}

// Whatever the query is, the answer is a request that makes sense or a problem that
// names a parameter that was sent.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{
		"type=news,stock.ACME&every=2s", "type=news;type=stock", "since=2026-11-20T09:00:00+01:00", "last_event_id=mem-1&lastEventId=",
		"_=1&type=*", "type=stock.%00", "screen=%F0%9F%8C%A6", "limit=-1", "wait=1h", "snapshot=TRUE", "type=&type=", "%", "type.0=news", "type[]=news",
		"type=stock.Z%C3%BCrich%20Hbf", "since=-1ns", "since=9223372036854775807ns", "every=NaN",
	} {
		f.Add(q)
	}
	catalogue := testCatalogue(f)
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := readQuestion(catalogue, raw)
		var p *params
		if err == nil {
			p, err = q.params("", now)
		}
		if err != nil {
			pr := problemOf(err)
			if pr.Status != http.StatusBadRequest || pr.Detail == "" {
				t.Fatalf("%q: %+v", raw, pr)
			}
			sent, _ := url.ParseQuery(raw)
			if _, ok := sent[pr.Parameter]; pr.Parameter != "" && !ok {
				t.Fatalf("%q: the problem names %q", raw, pr.Parameter)
			}
			return
		}
		switch {
		case p.every != 0 && (p.every < minEvery || p.every > maxEvery), p.wait < 0, p.wait > maxWait, p.limit < 0, p.limit > maxLimit,
			len(p.screen) > maxScreen, p.since.After(now.Add(time.Minute)), len(p.filter.Topics()) == 0:
			t.Fatalf("%q: %+v", raw, p)
		}
		if !strings.Contains(p.filter.String(), "\x00") {
			again, err := topics.ParseFilter(catalogue, p.filter.String())
			if !strings.Contains(raw, "%2C") && !strings.Contains(raw, "%2c") && (err != nil || again.String() != p.filter.String()) {
				t.Fatalf("%q: filter %q reads back as %q, %v", raw, p.filter, again, err)
			}
			return
		}
		t.Fatalf("%q: filter %q", raw, p.filter)
	})
}

func ExampleOptions_zero() {
	o := Options{}.withDefaults()
	fmt.Println(o.MaxBody, o.Heartbeat, o.Stall, o.DrainSpread)
	// Output: 4194304 15s 5m0s 10s
}
