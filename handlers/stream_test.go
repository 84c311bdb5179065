package handlers

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tickertape/handlers/sse"
	"tickertape/topics"
)

func testStreamHeaders(t *testing.T, via way) {
	s := start(t, setup{via: via})
	c := s.open("/latest?type=news")
	c.live()
	res := c.response
	if want := map[bool]int{false: 1, true: 2}[via.http2]; res.ProtoMajor != want || (res.TLS != nil) != via.tls {
		t.Fatalf("HTTP/%d, TLS %v; want HTTP/%d", res.ProtoMajor, res.TLS != nil, want)
	}
	if s.fan != nil && (s.fan.Stats().Connections == 1) != via.fanned() {
		t.Errorf("the fan-out has %d connections", s.fan.Stats().Connections)
	}
	at, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("Date %q, %v", res.Header.Get("Date"), err)
	}
	if res.Close == via.http2 || len(res.TransferEncoding) > 0 {
		t.Errorf("Close %v, Transfer-Encoding %v", res.Close, res.TransferEncoding)
	}
	res.Header.Del("Date")
	if !via.http2 {
		res.Header.Del("Connection")
	}
	got := fmt.Sprint(res.Header)
	want := fmt.Sprint(http.Header{
		"Content-Type":      {"text/event-stream"},
		"Cache-Control":     {"no-cache, no-transform"},
		"X-Accel-Buffering": {"no"},
		"Vary":              {"Accept"},
	})
	if got != want {
		t.Errorf("HTTP/%d: headers %s; want %s and no others", res.ProtoMajor, got, want)
	}
	if res.ContentLength != -1 {
		t.Errorf("HTTP/%d: Content-Length %d", res.ProtoMajor, res.ContentLength)
	}
}

// What is set for all answers is on a stream too: pages of elsewhere read it.
func testStreamCORS(t *testing.T, via way) {
	s := start(t, setup{via: via, options: Options{CORSOrigins: []string{"https://page.example"}}})
	header := s.open("/latest?type=news", "Origin: https://page.example").response.Header
	if header.Get("Access-Control-Allow-Origin") != "https://page.example" || header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("headers %v", header)
	}
	vary := strings.Join(header.Values("Vary"), ", ")
	if !strings.Contains(vary, "Origin") || !strings.Contains(vary, "Accept") {
		t.Errorf("Vary: %s; want Origin and Accept", vary)
	}
	header = s.open("/latest?type=news", "Origin: https://other.example").response.Header
	if header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin: %v", header)
	}
}

// HEAD has the headers of a stream, and leaves the connection to the next request.
func testHead(t *testing.T, via way) {
	s := start(t, setup{via: via, options: Options{MaxStreams: 1}})
	for range 3 {
		a := s.do("HEAD", "/latest?type=news", "", "Accept: text/event-stream")
		if a.StatusCode != 200 || a.body != "" || a.Header.Get("Content-Type") != "text/event-stream" || a.Header.Get("Cache-Control") != "no-cache, no-transform" || a.Close {
			t.Errorf("%s, headers %v, body %q", a.Status, a.Header, a.body)
		}
	}
	if n := s.streams.count(); n != 0 {
		t.Errorf("%d streams", n)
	}
}

// A stream as it is drawn in the protocol: stream, snapshot without ids, live with the
// position that it stands for, then events with rising ids, retractions, heartbeats.
func testStreamShape(t *testing.T, via way) {
	s := start(t, setup{via: via, options: Options{Heartbeat: 40 * time.Millisecond}})
	s.publish(draft("news", `{"id":"a","title":"<Ferry> & times"}`), draft("stock", `{"symbol":"ACME","price":"1"}`), draft("chat", `"not asked for"`))
	c := s.open("/latest?type=news,stock")
	o := c.opening()
	at, err := time.Parse(time.RFC3339, o.Time)
	if err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("time %q, %v", o.Time, err)
	}
	o.Time = ""
	if got, want := fmt.Sprint(o), fmt.Sprint(streamInfo{State: topics.Fresh, Build: "v0.0.0+test", Heartbeat: 0.04, Topics: []string{"news", "stock"}}); got != want {
		t.Errorf("stream says %s; want %s", got, want)
	}
	c.want(`news {"id":"a","title":"<Ferry> & times"}`, `stock {"symbol":"ACME","price":"1"}`, "mem-3 live")
	s.publish(draft("stock", `{"symbol":"ACME","price":"2"}`))
	s.publish(draft("chat", `"not asked for"`)) // 5
	if _, err := s.bus.Retract(t.Context(), "stock", "ACME"); err != nil {
		t.Fatal(err)
	}
	for {
		e := c.next()
		if e.Type == eventHeartbeat {
			continue
		}
		if got := e.ID + " " + e.Type + " " + string(e.Data); got != `mem-4 stock {"symbol":"ACME","price":"2"}` {
			t.Fatalf("got %s", got)
		}
		break
	}
	e := c.next()
	for e.Type == eventHeartbeat {
		e = c.next()
	}
	var r retractInfo
	strict(t, e.Data, &r)
	if e.Type != eventRetract || e.ID != "mem-6" || r.Topic != "stock" || r.Key == nil || *r.Key != "ACME" || r.ID != "" || r.Time == "" {
		t.Errorf("retract is %q %q %s", e.ID, e.Type, e.Data)
	}
	s.publish(draft("chat", `"moves the bookmark"`)) // 7
	for e = c.next(); e.ID != "mem-7"; e = c.next() {
		if e.Type != eventHeartbeat || e.ID != "" {
			t.Fatalf("%q %q before the bookmark", e.ID, e.Type)
		}
	}
	var beat signInfo
	strict(t, e.Data, &beat)
	if e.Type != eventHeartbeat || beat.Build != "v0.0.0+test" || beat.Time == "" {
		t.Errorf("heartbeat is %q %s", e.Type, e.Data)
	}
}

func testRetractionOfAnEventWithoutKey(t *testing.T, via way) {
	s := start(t, setup{via: via})
	ids := s.publish(draft("chat", `{"text":"rude"}`))
	c := s.open("/latest/chat")
	c.live()
	if _, err := s.bus.Retract(t.Context(), "chat", ids[0].String()); err != nil {
		t.Fatal(err)
	}
	e := c.next()
	var r retractInfo
	strict(t, e.Data, &r)
	if r.Topic != "chat" || r.Key != nil || r.ID != "mem-1" {
		t.Errorf("retract %s; want topic chat and id mem-1", e.Data)
	}
}

func testRetryDiffersBetweenReaders(t *testing.T, via way) {
	s := start(t, setup{via: via})
	seen := map[time.Duration]bool{}
	for range 20 {
		c := s.open("/latest?type=news")
		e := c.next()
		if e.Retry < 2*time.Second || e.Retry > 5*time.Second {
			t.Errorf("retry %v; want 2s to 5s", e.Retry)
		}
		seen[e.Retry] = true
		c.close()
	}
	if len(seen) < 5 {
		t.Errorf("20 readers were given only the pauses %v", seen)
	}
}

func testResume(t *testing.T, via way) {
	s := start(t, setup{via: via})
	for i := range 5 {
		s.publish(draft("news", fmt.Sprintf(`{"id":"n%d"}`, i+1)))
	}
	for _, tt := range []struct{ name, query, header, after string }{
		{"header", "", "mem-3", "3"},
		{"query", "&last_event_id=mem-2", "", "2"},
		{"alias", "&lastEventId=mem-4", "", "4"},
		{"the header wins", "&last_event_id=mem-1", "mem-3", "3"},
		{"the header wins over the alias", "&lastEventId=mem-1", "mem-4", "4"},
		{"the header wins over since", "&since=1h", "mem-4", "4"},
		{"an empty one is none", "&last_event_id=&lastEventId=mem-4", "", "4"},
		{"before the first", "&last_event_id=mem-0", "", "0"},
		{"level", "&last_event_id=mem-5", "", "5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var headers []string
			if tt.header != "" {
				headers = append(headers, "Last-Event-ID: "+tt.header)
			}
			c := s.open("/latest?type=news"+tt.query, headers...)
			if o := c.opening(); o.State != topics.Resumed || o.Reason != "" {
				t.Errorf("state %q, reason %q; want resumed", o.State, o.Reason)
			}
			id, events := c.live()
			var after int
			fmt.Sscan(tt.after, &after)
			for _, e := range events {
				after++
				if want := fmt.Sprintf(`mem-%d news {"id":"n%d"}`, after, after); e.ID+" "+e.Type+" "+string(e.Data) != want {
					t.Errorf("got %q %q %s; want %s", e.ID, e.Type, e.Data, want)
				}
			}
			if after != 5 {
				t.Errorf("replayed up to %d; want 5", after)
			}
			if id != "" && id != "mem-5" {
				t.Errorf("live has id %q", id)
			}
		})
	}
}

func testReset(t *testing.T, via way) {
	s := start(t, setup{via: via, bus: topics.Options{Events: 16}})
	for i := range 20 {
		s.publish(draft("stock", fmt.Sprintf(`{"symbol":"S","price":"%d"}`, i)))
	}
	for id, reason := range map[string]topics.Reason{
		"mem-3":                      topics.Expired,
		"mem-1000000":                topics.Future,
		"other-3":                    topics.Epoch,
		"anything":                   topics.Unknown,
		"mem-03":                     topics.Unknown,
		"mem-18446744073709551616":   topics.Unknown,
		strings.Repeat("long-", 400): topics.Unknown,
		"mem-3\u00e4":                topics.Unknown,
	} {
		c := s.open("/latest?type=stock", "Last-Event-ID: "+id)
		if o := c.opening(); o.State != topics.Reset || o.Reason != reason {
			t.Errorf("%.20q: state %q, reason %q; want reset, %q", id, o.State, o.Reason, reason)
		}
		c.want(`stock {"symbol":"S","price":"19"}`, "mem-20 live")
		c.close()
	}
}

func testSince(t *testing.T, via way) {
	s := start(t, setup{via: via})
	s.publish(draft("news", `{"id":"a"}`))
	now := time.Now()
	for _, since := range []string{
		"1h", "0.5h", "90s",
		now.Add(-time.Minute).UTC().Format(time.RFC3339),
		now.Add(-time.Minute).UTC().Format(time.RFC3339Nano),
		now.Add(-time.Minute).In(time.FixedZone("", 2*3600)).Format(time.RFC3339), // the + arrives as a space
		url.QueryEscape(now.Add(-time.Minute).In(time.FixedZone("", 2*3600)).Format(time.RFC3339)),
		now.Add(-time.Minute).In(time.FixedZone("", -5*3600)).Format(time.RFC3339),
	} {
		c := s.open("/latest?type=news&since=" + since)
		if o := c.opening(); o.State != topics.Resumed {
			t.Errorf("since=%s: state %q; want resumed", since, o.State)
		}
		c.want(`mem-1 news {"id":"a"}`, "live")
		c.close()
	}
	c := s.open("/latest?type=news&since=0s")
	c.want("stream", "mem-1 live")
}

func testSnapshotFalse(t *testing.T, via way) {
	s := start(t, setup{via: via})
	s.publish(draft("news", `{"id":"a"}`))
	for _, no := range []string{"false", "0"} {
		s.open("/latest?type=news&snapshot="+no).want("stream", "mem-1 live")
	}
	s.open("/latest?type=news&snapshot=true").want("stream", `news {"id":"a"}`, "mem-1 live")
}

// At most one update of a key in the interval, the newest wins, and of an every-topic
// all are kept.
func testEvery(t *testing.T, via way) {
	s := start(t, setup{via: via})
	c := s.open("/latest?type=stock,news&every=200ms")
	c.live()
	var drafts []topics.Draft
	for i := range 100 {
		drafts = append(drafts, draft("stock", fmt.Sprintf(`{"symbol":"S","price":"%d"}`, i)))
		if i%20 == 0 {
			drafts = append(drafts, draft("news", fmt.Sprintf(`{"id":"%d"}`, i)))
		}
	}
	s.publish(drafts...)
	stocks, news := 0, 0
	for {
		e := c.next()
		if e.Type == "news" {
			news++
			continue
		}
		stocks++
		if string(e.Data) == `{"symbol":"S","price":"99"}` {
			break
		}
	}
	if news != 5 || stocks > 3 {
		t.Errorf("%d news and %d prices; want all 5 news and at most one price in each interval", news, stocks)
	}
}

func testUnderscoreParametersAreIgnored(t *testing.T, via way) {
	s := start(t, setup{via: via})
	s.open("/latest?type=news&_=1712&_cache=a&_cache=b").want("stream", "mem-0 live")
}

func testKeysInPaths(t *testing.T, via way) {
	s := start(t, setup{via: via})
	for _, key := range []string{"EUR/USD", "A.B.C", "Zürich", "a+b", "a b", "100%", "a+b/c d", "%2F", "🌦", "a,b", "?x#y", "..", "a&b=c"} {
		s.publish(topics.Draft{Topic: "stock", Key: key, Data: []byte(`{"price":"1"}`)})
		c := s.open("/latest/stock/" + url.PathEscape(key))
		c.opening()
		if _, events := c.live(); len(events) != 1 {
			t.Errorf("key %q: %d events in the snapshot; want 1", key, len(events))
		}
		c.close()
	}
	for query, want := range map[string]int{"stock.A.B.C": 1, "stock.EUR/USD": 1, "stock.EUR%2FUSD,stock.A.B.C": 2, "stock.a%2Bb": 1, "stock": 13} {
		c := s.open("/latest?type=" + query)
		c.opening()
		if _, events := c.live(); len(events) != want {
			t.Errorf("type=%s: %d events; want %d", query, len(events), want)
		}
		c.close()
	}
}

func TestRetiredTopicsEndAnEventSource(t *testing.T) {
	s := start(t, setup{})
	for _, path := range []string{"/latest?type=old", "/latest/old", "/latest/old/key"} {
		if a := s.get(path, "Accept: text/event-stream"); a.StatusCode != http.StatusNoContent || a.body != "" {
			t.Errorf("GET %s: %d %q; want 204", path, a.StatusCode, a.body)
		}
	}
	s.open("/latest?type=old,news").want("stream", "mem-0 live")
}

// Nothing to read yet is not the same as over.
func TestNoPublicTopicIsNotOver(t *testing.T) {
	c, err := topics.NewCatalogue(topics.Topic{Name: "secret", Private: true})
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, setup{options: Options{Catalogue: c}})
	stream := s.open("/latest")
	if o := stream.opening(); o.Topics == nil || len(o.Topics) > 0 {
		t.Errorf("topics %v; want an empty list", o.Topics)
	}
}

func testPrivateTopicsAreReadByName(t *testing.T, via way) {
	s := start(t, setup{via: via})
	s.publish(draft("secret", `1`), draft("news", `{"id":"a"}`))
	s.open("/latest").want("stream", `news {"id":"a"}`, "mem-2 live")
	s.open("/latest?type=secret,*").want("stream", "secret 1", `news {"id":"a"}`, "mem-2 live")
}

// An HTTP/1.0 client knows no chunks: the body ends with the connection.
func testHTTP10(t *testing.T, via way) {
	s := start(t, setup{via: via})
	s.publish(draft("news", `{"id":"a"}`))
	conn := s.dial()
	fmt.Fprint(conn, "GET /latest?type=news HTTP/1.0\r\nAccept: text/event-stream\r\n\r\n")
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 200 || len(res.TransferEncoding) > 0 {
		t.Errorf("%s, Transfer-Encoding %v", res.Status, res.TransferEncoding)
	}
	c := &client{t: t, reader: sse.NewReader(res.Body, 0)}
	c.want("stream", `news {"id":"a"}`, "mem-1 live")
	s.Drain()
	checkBye(t, c.next(), "drain")
	c.ended()
}

// On HTTP/2 a deadline that passes resets the stream, also when nothing is written.
func testQuietStreamOutlivesTheStallTime(t *testing.T, via way) {
	s := start(t, setup{via: via, options: Options{Stall: 50 * time.Millisecond}})
	c := s.open("/latest?type=news")
	c.live()
	timer := time.NewTimer(150 * time.Millisecond)
	<-timer.C
	s.publish(draft("news", `{"id":"a"}`))
	c.want(`mem-1 news {"id":"a"}`)
}

func testIDsRiseStrictly(t *testing.T, via way) {
	s := start(t, setup{via: via, options: Options{Heartbeat: 2 * time.Millisecond}})
	c := s.open("/latest?type=news&every=100ms")
	done := make(chan struct{})
	go func() { // ends by itself; the test waits for done
		defer close(done)
		for i := range 200 {
			s.publish(draft([]string{"news", "note"}[i%2], fmt.Sprintf(`{"id":"%d"}`, i)))
		}
	}()
	last, news := topics.ID{}, 0
	for news < 100 {
		e := c.next()
		if e.ID == "" {
			continue
		}
		id, err := topics.ParseID(e.ID)
		if err != nil || id.Epoch != "mem" || id.Seq <= last.Seq && last.Epoch != "" {
			t.Fatalf("id %q after %v: %v", e.ID, last, err)
		}
		last = id
		if e.Type == "news" {
			news++
		}
	}
	<-done
}
