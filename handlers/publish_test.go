package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tickertape/topics"
)

// idsOf reads the answer of a publish.
func idsOf(t testing.TB, a answerOf, status int) []string {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%d %s; want %d", a.StatusCode, a.body, status)
	}
	var p published
	strict(t, []byte(a.body), &p)
	return p.IDs
}

func TestPublish(t *testing.T) {
	s := start(t, setup{})
	c := s.open("/latest?type=news,chat,stock,note")
	c.live()
	for _, tt := range []struct {
		path, contentType, body string
		want                    []string // events
	}{
		{"/latest/news", "application/json", ` { "id" : "a" , "title" : "x<y" } `, []string{`mem-1 news {"id":"a","title":"x<y"}`}},
		{"/latest/news", "", `{"id":"a"}`, []string{`mem-2 news {"id":"a"}`}},
		{"/latest/news", "application/vnd.example+json; charset=UTF-8", `{"id":7}`, []string{`mem-3 news {"id":7}`}},
		{"/latest/news", "application/json", `[{"id":"a"}, {"id":"b"}]`, []string{`mem-4 news {"id":"a"}`, `mem-5 news {"id":"b"}`}},
		{"/latest/news", "application/x-ndjson", "{\"id\":\"c\"}\r\n\n  {\"id\":\"d\"}", []string{`mem-6 news {"id":"c"}`, `mem-7 news {"id":"d"}`}},
		{"/latest/news", "application/jsonl", "{\"id\":\"c\"}\n", []string{`mem-8 news {"id":"c"}`}},
		{"/latest/chat", "text/plain; charset=utf-8", "two\nlines\n", []string{"mem-9 chat two\nlines\n"}},
		{"/latest/chat", "application/json", `[1, "two", null, [3]]`, []string{"mem-10 chat 1", `mem-11 chat "two"`, "mem-12 chat null", "mem-13 chat [3]"}},
		{"/latest/stock/EUR%2FUSD", "application/json", `{"price":"1"}`, []string{`mem-14 stock {"symbol":"EUR/USD","price":"1"}`}},
		{"/latest/stock/A+B", "text/plain", "up", []string{"mem-15 stock up"}},
		{"/latest/note", "application/json", "\n\t7", []string{"mem-16 note 7"}},
	} {
		headers := []string{"Authorization: bearer " + publishKey}
		if tt.contentType != "" {
			headers = append(headers, "Content-Type: "+tt.contentType)
		}
		a := s.do("POST", tt.path, tt.body, headers...)
		ids := idsOf(t, a, 201)
		if len(ids) != len(tt.want) {
			t.Errorf("%s: ids %v; want %d", tt.body, ids, len(tt.want))
		}
		for i, want := range tt.want {
			if !strings.HasPrefix(want, ids[i]+" ") {
				t.Errorf("%s: id %s; want that of %s", tt.body, ids[i], want)
			}
		}
		c.want(tt.want...)
	}
	if p, _ := s.page("/latest/stock/A+B"); len(p.Events) != 1 || p.Events[0].Key != "A+B" {
		t.Errorf("key with a plus: %+v", p.Events)
	}
}

func TestPublishRefused(t *testing.T) {
	s := start(t, setup{options: Options{MaxBody: 300 << 10}})
	big := strings.Repeat("x", topics.MaxData)
	batch := "[" + strings.Repeat("1,", topics.MaxBatch) + "1]"
	for _, tt := range []struct {
		name, path, contentType, body string
		status                        int
		line, column, event           int
		field, says                   string
	}{
		{"no topic", "/latest/newz", "application/json", `{}`, 404, 0, 0, 0, "", "news"},
		{"the server's own", "/latest/clock", "application/json", `{}`, 403, 0, 0, 0, "", "clock"},
		{"over", "/latest/old", "application/json", `1`, 400, 1, 0, 1, "", "over"},
		{"empty", "/latest/news", "application/json", "", 400, 0, 0, 0, "", "no event"},
		{"only spaces", "/latest/news", "application/json", " \n ", 400, 0, 0, 0, "", "no event"},
		{"empty array", "/latest/news", "application/json", "[]", 400, 0, 0, 0, "", "no event"},
		{"empty lines", "/latest/news", "application/x-ndjson", "\n \n", 400, 0, 0, 0, "", "no event"},
		{"empty text", "/latest/chat", "text/plain", "", 400, 0, 0, 0, "", "no event"},
		{"not JSON", "/latest/news", "application/json", "{\n  \"id\": oops}", 400, 2, 9, 0, "", "line 2, column 9"},
		{"cut off", "/latest/news", "application/json", `{"id":"a"`, 400, 1, 9, 0, "", "unexpected end"},
		{"cut off after a line", "/latest/news", "application/json", "{\"id\":\"a\"\n", 400, 1, 10, 0, "", "unexpected end"},
		{"line end in a string", "/latest/news", "application/json", "{\"id\":\"a\nb\"}", 400, 1, 9, 0, "", `'\n'`},
		{"two values", "/latest/news", "application/json", "{}\n{}", 400, 2, 1, 0, "", "after top-level"},
		{"byte order mark", "/latest/news", "application/json", "\ufeff{}", 400, 1, 1, 0, "", "invalid character"},
		{"not NDJSON", "/latest/news", "application/x-ndjson", "{\"id\":1}\n\n  {\"id\":}", 400, 3, 9, 0, "", "line 3"},
		{"two on a line", "/latest/news", "application/x-ndjson", "{\"id\":1} {\"id\":2}", 400, 1, 10, 0, "", "line 1"},
		{"bad event of an array", "/latest/news", "application/json", "[{\"id\":\"a\"},\n\n {\"id\":true}]", 400, 3, 0, 2, "/id", "string or a number"},
		{"bad event on a line", "/latest/news", "application/x-ndjson", "{\"id\":\"a\"}\n\n{\"id\":[]}", 400, 3, 0, 2, "/id", "string or a number"},
		{"no key", "/latest/stock", "application/json", `{"price":1}`, 400, 1, 0, 1, "/symbol", "missing"},
		{"another key", "/latest/stock/A", "application/json", `{"symbol":"B"}`, 400, 1, 0, 1, "/symbol", "differs"},
		{"key with a line end", "/latest/stock/a%0Ab", "application/json", `{}`, 400, 1, 0, 1, "", "U+000A"},
		{"expires", "/latest/news", "application/json", `{"id":"a","expires":"soon"}`, 400, 1, 0, 1, "/expires", "RFC 3339"},
		{"schema", "/latest/form", "application/json", "[{\"n\":1},\n{\"n\":10}]", 422, 2, 0, 2, "/n", "9"},
		{"schema, a field is missing", "/latest/form", "application/json", `{}`, 422, 1, 0, 1, "", "n"},
		{"schema, text", "/latest/form", "text/plain", `{"n":1}`, 422, 1, 0, 1, "", "JSON"},
		{"form", "/latest/news", "application/x-www-form-urlencoded", "id=a", 415, 0, 0, 0, "", "application/json"},
		{"type of nonsense", "/latest/news", "json", "{}", 415, 0, 0, 0, "", "application/json"},
		{"another charset", "/latest/chat", "text/plain; charset=iso-8859-1", "caf\xe9", 415, 0, 0, 0, "", "iso-8859-1"},
		{"long body", "/latest/news", "application/json", `"` + strings.Repeat("x", 300<<10) + `"`, 413, 0, 0, 0, "", "307200"},
		{"long event", "/latest/chat", "application/json", `"` + big + `"`, 413, 1, 0, 1, "", "262144"},
		{"long batch", "/latest/chat", "application/json", batch, 413, 0, 0, 0, "", "1000"},
		{"long batch of lines", "/latest/chat", "application/x-ndjson", strings.Repeat("1\n", topics.MaxBatch+1), 413, 0, 0, 0, "", "1000"},
	} {
		p := s.post(tt.path, tt.contentType, tt.body).problem(t)
		if p.Status != tt.status || p.Line != tt.line || p.Column != tt.column || p.Event != tt.event || p.Field != tt.field || !strings.Contains(p.Detail, tt.says) {
			t.Errorf("%s: %+v; want %d, line %d, column %d, event %d, field %q, ...%s...", tt.name, p, tt.status, tt.line, tt.column, tt.event, tt.field, tt.says)
		}
		if strings.Contains(p.Detail, "topics:") || strings.Contains(p.Detail, "handlers") {
			t.Errorf("%s: names a package: %s", tt.name, p.Detail)
		}
	}
	if a := s.post("/latest/news", "application/json", `{}`, "Content-Encoding: gzip"); a.problem(t).Status != 415 {
		t.Errorf("gzip: %d", a.StatusCode)
	}
	if n := s.log.count(); n != 0 {
		t.Errorf("%d events were stored", n)
	}
}

func TestPublishNeedsTheKey(t *testing.T) {
	s := start(t, setup{})
	for _, authorization := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Basic " + publishKey, publishKey, "Bearer " + publishKey + "x"} {
		for _, r := range []struct{ method, path string }{{"POST", "/latest/news"}, {"POST", "/latest/news/a"}, {"DELETE", "/latest/news/a"}, {"DELETE", "/latest/chat/mem-1"}} {
			var headers []string
			if authorization != "" {
				headers = append(headers, "Authorization: "+authorization)
			}
			a := s.do(r.method, r.path, `{"id":"a"}`, headers...)
			if a.problem(t).Status != 401 || a.Header.Get("WWW-Authenticate") != `Bearer realm="tickertape"` {
				t.Errorf("%s %s with %q: %d, WWW-Authenticate %q", r.method, r.path, authorization, a.StatusCode, a.Header.Get("WWW-Authenticate"))
			}
		}
	}
	if a := s.do("POST", "/latest/chat", `1`, "Authorization: Bearer wrong"); a.problem(t).Status != 401 {
		t.Errorf("a wrong key on a public topic: %d; want 401", a.StatusCode)
	}
	if s.log.count() != 0 {
		t.Error("something was stored")
	}
}

func TestNoKeyMeansNobodyPublishes(t *testing.T) {
	h := &Handlers{}
	r, _ := http.NewRequest("POST", "/latest/news", nil)
	for _, authorization := range []string{"Bearer ", "Bearer x", ""} {
		r.Header.Set("Authorization", authorization)
		if h.hasKey(r) == nil {
			t.Errorf("%q is accepted", authorization)
		}
	}
}

func TestPublishWithoutKeyIsLimited(t *testing.T) {
	s := start(t, setup{})
	json := "Content-Type: application/json"
	for i := range publicBurst {
		if a := s.do("POST", "/latest/chat", `"hi"`, json); a.StatusCode != 201 {
			t.Fatalf("message %d: %d %s", i, a.StatusCode, a.body)
		}
	}
	a := s.do("POST", "/latest/chat", `"hi"`, json)
	if a.problem(t).Status != 429 || a.Header.Get("Retry-After") != "1" {
		t.Errorf("after the burst: %d, Retry-After %q", a.StatusCode, a.Header.Get("Retry-After"))
	}
	if a := s.do("POST", "/latest/chat", `"hi"`, json, "X-Forwarded-For: 203.0.113.9", "X-Real-IP: 203.0.113.9", "Forwarded: for=203.0.113.9"); a.StatusCode != 429 {
		t.Errorf("a made-up address: %d; want 429", a.StatusCode)
	}
	if a := s.post("/latest/chat", "application/json", `"with the key"`); a.StatusCode != 201 {
		t.Errorf("with the key: %d", a.StatusCode)
	}
	if a := s.do("DELETE", "/latest/chat/mem-1", ""); a.StatusCode != 401 {
		t.Errorf("DELETE without a key: %d; want 401, whatever the rate", a.StatusCode)
	}
}

// An array must not carry more messages past the limit than single requests could.
func TestABatchWithoutKeyCostsWhatItHolds(t *testing.T) {
	s := start(t, setup{})
	if a := s.do("POST", "/latest/chat", `[1,2,3,4,5,6]`, "Content-Type: application/json"); a.problem(t).Status != 413 {
		t.Errorf("six at once: %d; want 413", a.StatusCode)
	}
	s = start(t, setup{})
	if a := s.do("POST", "/latest/chat", `[1,2,3,4,5]`, "Content-Type: application/json"); a.StatusCode != 201 {
		t.Errorf("five at once: %d", a.StatusCode)
	}
	if a := s.do("POST", "/latest/chat", `6`, "Content-Type: application/json"); a.StatusCode != 429 {
		t.Errorf("a sixth: %d; want 429", a.StatusCode)
	}
}

func TestForwardedAddressOfAConfiguredProxy(t *testing.T) {
	s := start(t, setup{options: Options{Proxies: []string{"127.0.0.0/8", "::1"}}})
	for i := range 3 * publicBurst {
		address := fmt.Sprintf("X-Forwarded-For: 198.51.100.1, 203.0.113.%d", i) // what the client says, and what the proxy saw
		if a := s.do("POST", "/latest/chat", `"hi"`, "Content-Type: application/json", address); a.StatusCode != 201 {
			t.Errorf("%s: %d", address, a.StatusCode)
		}
	}
	s.open("/latest?type=news&screen=lobby", "X-Forwarded-For: 203.0.113.77").live()
	if list := s.getAdmin("/streams").body; !strings.Contains(list, `"address":"203.0.113.77"`) {
		t.Errorf("streams: %s", list)
	}
	if _, err := New(Options{Catalogue: testCatalogue(t), Proxies: []string{"nonsense"}}); err == nil {
		t.Error("a proxy that is no address is accepted")
	}
}

func TestLimiter(t *testing.T) {
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	l := newLimiter(1, 5)
	same := [][]string{
		{"192.0.2.1", "::ffff:192.0.2.1"},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2::1%eth0"},
		{"2001:db8:1:3::1"}, // another customer
		{"", "unix", "@"},
	}
	for _, addresses := range same {
		for i := range 5 {
			if wait := l.wait(addresses[i%len(addresses)], 1, now); wait != 0 {
				t.Errorf("%v: message %d waits %v", addresses, i, wait)
			}
		}
		for range 3 { // a refusal costs nothing
			if wait := l.wait(addresses[len(addresses)-1], 1, now); wait != time.Second {
				t.Errorf("%v: waits %v; want 1s", addresses, wait)
			}
		}
		if wait := l.wait(addresses[0], 1, now.Add(time.Second)); wait != 0 {
			t.Errorf("%v: a second later it waits %v", addresses, wait)
		}
	}
	for i := range 3 * maxLimited {
		l.wait(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String(), 1, now)
	}
	if len(l.byAddr) != maxLimited || l.order.Len() != maxLimited {
		t.Errorf("%d addresses remembered; want %d", len(l.byAddr), maxLimited)
	}
}

func TestIdempotencyKey(t *testing.T) {
	s := start(t, setup{})
	body := `[{"id":"a"},{"id":"b"}]`
	first := idsOf(t, s.post("/latest/news", "application/json", body, "Idempotency-Key: k1"), 201)
	again := idsOf(t, s.post("/latest/news", "application/json", body, "Idempotency-Key: k1"), 201)
	if fmt.Sprint(first) != fmt.Sprint(again) || s.log.count() != 2 {
		t.Errorf("ids %v, then %v; %d events", first, again, s.log.count())
	}
	if p := s.post("/latest/news", "application/json", `{"id":"c"}`, "Idempotency-Key: k1").problem(t); p.Status != 422 || !strings.Contains(p.Detail, "Idempotency-Key") {
		t.Errorf("another body: %+v", p)
	}
	if ids := idsOf(t, s.post("/latest/chat", "application/json", `1`, "Idempotency-Key: k1"), 201); ids[0] != "mem-3" {
		t.Errorf("the same key on another topic: %v", ids)
	}
	for _, key := range []string{strings.Repeat("k", 256), "\xff"} {
		if p := s.post("/latest/news", "application/json", `{"id":"c"}`, "Idempotency-Key: "+key).problem(t); p.Status != 400 {
			t.Errorf("key %.5q: %+v", key, p)
		}
	}
	if s.log.count() != 3 {
		t.Errorf("%d events", s.log.count())
	}
}

func TestRetract(t *testing.T) {
	s := start(t, setup{})
	key := "Authorization: Bearer " + publishKey
	s.publish(draft("stock", `{"symbol":"EUR/USD"}`), draft("chat", `"rude"`), draft("note", `1`), draft("news", `{"id":"a"}`))
	for i, path := range []string{"/latest/stock/EUR%2FUSD", "/latest/chat/mem-2", "/latest/note", "/latest/news/a"} {
		if ids := idsOf(t, s.do("DELETE", path, "", key), 200); len(ids) != 1 || ids[0] != fmt.Sprintf("mem-%d", 5+i) {
			t.Errorf("DELETE %s: %v", path, ids)
		}
	}
	if err := s.bus.Await(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	if p, a := s.page("/latest"); len(p.Events) != 0 {
		t.Errorf("after all was withdrawn: %s", a.body)
	}
	for path, status := range map[string]int{
		"/latest/stock/NONE": 404, "/latest/chat/mem-1": 404, "/latest/chat/mem-99": 404, "/latest/chat/other-2": 404, "/latest/chat": 404,
		"/latest/newz/a": 404, "/latest/clock": 403, "/latest/stock/%00": 404,
	} {
		if p := s.do("DELETE", path, "", key).problem(t); p.Status != status || strings.Contains(p.Detail, "topics:") {
			t.Errorf("DELETE %s: %+v; want %d", path, p, status)
		}
	}
}

// What was read is finished even when the client has gone away.
func TestClientThatLeavesMidPublish(t *testing.T) {
	s := start(t, setup{})
	gate, waiting := make(chan struct{}), make(chan struct{})
	s.log.set(func(l *memLog) { l.gate, l.waiting = gate, waiting })
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() { // ends with cancel
		_, err := s.client.Do(s.request(ctx, "POST", "/latest/news", strings.NewReader(`{"id":"a"}`), "Authorization: Bearer "+publishKey)) //nolint:bodyclose // there is none
		failed <- err
	}()
	<-waiting
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	close(gate)
	eventually(t, "the event is stored", func() bool { return s.log.count() == 1 })
}

// endlessBody sends some bytes, then nothing until it is closed.
type endlessBody struct {
	io.Reader
	closed chan struct{}
}

func (b *endlessBody) Read(p []byte) (int, error) {
	if n, err := b.Reader.Read(p); err == nil {
		return n, nil
	}
	<-b.closed
	return 0, io.ErrUnexpectedEOF
}

func TestSlowBodyIsCut(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		s := start(t, setup{via: way{tls: http2, http2: http2}, before: func(h *Handlers) { h.bodyWait = 50 * time.Millisecond }})
		body := &endlessBody{strings.NewReader(`{"id":`), make(chan struct{})}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		res, err := s.client.Do(s.request(ctx, "POST", "/latest/news", body, "Authorization: Bearer "+publishKey, "Content-Type: application/json"))
		if ctx.Err() != nil {
			t.Errorf("HTTP2=%v: not cut: %v", http2, err)
		}
		close(body.closed)
		if err == nil {
			if res.StatusCode != http.StatusRequestTimeout {
				t.Errorf("HTTP2=%v: %s; want 408", http2, res.Status)
			}
			res.Body.Close()
		}
		cancel()
		if s.log.count() != 0 {
			t.Error("stored")
		}
		// and the next request is not the last one's victim
		if a := s.post("/latest/news", "application/json", `{"id":"a"}`); a.StatusCode != 201 {
			t.Errorf("HTTP2=%v: the next: %d %s", http2, a.StatusCode, a.body)
		}
	}
}

func TestLogThatCannotStore(t *testing.T) {
	s := start(t, setup{})
	for _, tt := range []struct {
		err    error
		status int
		says   string
	}{
		{topics.ErrUnavailable, 503, "nothing was stored"},
		{topics.ErrUnknownOutcome, 503, "Idempotency-Key"},
		{fmt.Errorf("%w: 9 bytes", topics.ErrTooLarge), 413, "9 bytes"},
		{errors.New("disk /srv/data/secret-path is gone"), 500, "its log says more"},
	} {
		s.log.set(func(l *memLog) { l.refuse = tt.err })
		a := s.post("/latest/news", "application/json", `{"id":"a"}`)
		if p := a.problem(t); p.Status != tt.status || !strings.Contains(p.Detail, tt.says) || strings.Contains(a.body, "secret-path") {
			t.Errorf("%v: %s", tt.err, a.body)
		}
		if tt.status == 503 && a.Header.Get("Retry-After") == "" {
			t.Errorf("%v: no Retry-After", tt.err)
		}
	}
	if !strings.Contains(s.lines.String(), "secret-path") {
		t.Error("the log does not say more")
	}
	s.log.set(func(l *memLog) { l.refuse = nil })
	if !strings.Contains(s.getAdmin("/metrics").body, "tickertape_publish_refused_total 4") {
		t.Error("the refused are not counted")
	}
}

// A large body must not be split into more pieces than can be stored.
func TestSplittingIsBounded(t *testing.T) {
	body := []byte("[" + strings.Repeat("1,", 1<<20) + "1]")
	for name, split := range map[string]func([]byte) ([]item, error){
		"array": splitJSON,
		"lines": func([]byte) ([]item, error) { return splitLines(bytes.Repeat([]byte("1\n"), 1<<20)) },
	} {
		items, err := split(body)
		if !errors.Is(err, topics.ErrTooLarge) || items != nil {
			t.Errorf("%s: %d items, %v", name, len(items), err)
		}
	}
}

// What a publish accepts comes out of the stream as it went in.
func FuzzPublishBody(f *testing.F) {
	for _, b := range []string{`{"a":"\u2028<b>"}`, `[1,"\ud800",{"a":[]}]`, "1\n2\r\n", "text\nof\n\nlines", "\"a\rb\"", "\x00", "\ufeff", `"\\u0000"`, `"\u0000"`, "[", "[[1,2],3]", "data: x\n\nid: 7", "{\"a\" :\t1}"} {
		for kind := range byte(3) {
			f.Add(kind, []byte(b))
		}
	}
	s := start(f, setup{bus: topics.Options{Events: 4096}, patience: time.Hour})
	c := s.open("/latest/chat") // kept open: each input takes its events off it
	c.live()
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		c.t = t
		contentType := []string{"application/json", "application/x-ndjson", "text/plain"}[kind%3]
		items, err := readBody(bytes.NewReader(body), http.Header{"Content-Type": {contentType}})
		if err != nil {
			if p := problemOf(err); p.Status >= 500 || p.Detail == "" || p.Line < 0 || p.Column < 0 || p.Column > len(body)+1 {
				t.Fatalf("%s %q: %+v", contentType, body, p)
			}
			return
		}
		drafts := make([]topics.Draft, len(items))
		for i, item := range items {
			drafts[i] = topics.Draft{Topic: "chat", Data: item.data, Text: item.text}
		}
		if _, err := s.bus.Publish(context.Background(), "", drafts...); err != nil {
			if p := problemOf(withLine(err, items)); p.Status >= 500 {
				t.Fatalf("%q: %+v", body, p)
			}
			return
		}
		for i, item := range items {
			want := item.data
			if !item.text {
				var compact bytes.Buffer
				if err := json.Compact(&compact, want); err != nil {
					t.Fatal(err)
				}
				want = compact.Bytes()
			}
			if e := c.next(); e.Type != "chat" || !bytes.Equal(e.Data, want) {
				t.Fatalf("event %d of %q: %q %q; want %q", i, body, e.Type, e.Data, want)
			}
		}
	})
}
