package handlers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tickertape/topics"
)

func TestJSONFace(t *testing.T) {
	s := start(t, setup{})
	s.publish(draft("news", `{"id":"a","title":"<b>&\u2028"}`), topics.Draft{Topic: "chat", Data: []byte("two\nlines <i>"), Text: true}, draft("stock", `{"symbol":"S"}`))
	p, a := s.page("/latest")
	strict(t, []byte(a.body), &jsonPage{})
	if a.Header.Get("Content-Type") != "application/json" || a.Header.Get("Cache-Control") != "no-cache" || !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Accept") {
		t.Errorf("headers %v", a.Header)
	}
	if p.State != topics.Fresh || p.Cursor != "mem-3" || p.More || p.Time == "" {
		t.Errorf("page %+v", p)
	}
	if !strings.Contains(a.body, `"data":{"id":"a","title":"<b>&\u2028"}`) || !strings.Contains(a.body, `"data":"two\nlines <i>"`) {
		t.Errorf("data is not as it was published: %s", a.body)
	}
	var got []string
	for _, e := range p.Events {
		if _, err := time.Parse(time.RFC3339, e.Time); err != nil {
			t.Errorf("time %q", e.Time)
		}
		got = append(got, e.ID+" "+e.Topic+" "+e.Key)
	}
	if want := "[mem-1 news a mem-2 chat  mem-3 stock S]"; fmt.Sprint(got) != want {
		t.Errorf("envelopes %v; want %v", got, want)
	}
	if _, err := s.bus.Retract(t.Context(), "stock", "S"); err != nil {
		t.Fatal(err)
	}
	if err := s.bus.Await(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	p, _ = s.page("/latest?last_event_id=mem-3")
	if p.State != topics.Resumed || len(p.Events) != 1 || p.Events[0].Topic != "retract" || p.Events[0].Key != "" || p.Events[0].ID != "mem-4" {
		t.Fatalf("page %+v", p)
	}
	var r retractInfo
	strict(t, p.Events[0].Data, &r)
	if r.Topic != "stock" || *r.Key != "S" {
		t.Errorf("retraction %s", p.Events[0].Data)
	}
	if p, _ = s.page("/latest/stock"); len(p.Events) != 0 {
		t.Errorf("a retracted value is current: %+v", p)
	}
	if p, a = s.page("/latest?last_event_id=other-1"); p.State != topics.Reset || p.Reason != topics.Epoch || len(p.Events) != 2 {
		t.Errorf("an id of another log: %s", a.body)
	}
}

func TestJSONFaceTags(t *testing.T) {
	s := start(t, setup{})
	s.publish(draft("news", `{"id":"a"}`))
	_, a := s.page("/latest?type=news")
	tag := a.Header.Get("ETag")
	strong := strings.TrimPrefix(tag, "W/")
	for _, known := range []string{tag, strong, `"other", ` + tag, "*"} {
		if _, a := s.page("/latest?type=news", "If-None-Match: "+known); a.StatusCode != 304 || a.body != "" || a.Header.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d %q; want 304", known, a.StatusCode, a.body)
		}
	}
	for _, unknown := range []string{`"other"`, `W/"other"`, ""} {
		if _, a := s.page("/latest?type=news", "If-None-Match: "+unknown); a.StatusCode != 200 {
			t.Errorf("If-None-Match %s: %d; want 200", unknown, a.StatusCode)
		}
	}
	s.publish(draft("stock", `{"symbol":"S"}`)) // not asked for
	if _, a := s.page("/latest?type=news", "If-None-Match: "+tag); a.StatusCode != 304 {
		t.Errorf("after an event of another topic: %d; want 304", a.StatusCode)
	}
	s.publish(draft("news", `{"id":"a"}`)) // the same value, another event
	if _, a := s.page("/latest?type=news", "If-None-Match: "+tag); a.StatusCode != 200 {
		t.Errorf("after an event: %d; want 200", a.StatusCode)
	}
	if _, a := s.page("/latest?type=news,stock", "If-None-Match: "+tag); a.StatusCode != 200 {
		t.Errorf("another filter: %d; want 200", a.StatusCode)
	}
}

// A client that walks with the cursor gets every event once.
func TestCursorWalk(t *testing.T) {
	s := start(t, setup{})
	for i := range 25 {
		s.publish(draft([]string{"news", "note"}[i%2], fmt.Sprintf(`{"id":"%d"}`, i)))
	}
	cursor, seen := "mem-0", 0
	for {
		p, _ := s.page("/latest?type=news&limit=4&last_event_id=" + cursor)
		if p.State != topics.Resumed || len(p.Events) > 4 || p.More && len(p.Events) < 4 {
			t.Fatalf("page %+v", p)
		}
		for _, e := range p.Events {
			if want := fmt.Sprintf(`{"id":"%d"}`, 2*seen); string(e.Data) != want {
				t.Fatalf("event %s; want %s", e.Data, want)
			}
			seen++
		}
		cursor = p.Cursor
		if !p.More {
			break
		}
	}
	if seen != 13 || cursor != "mem-25" {
		t.Errorf("%d events up to %s; want 13 up to mem-25", seen, cursor)
	}
	if p, _ := s.page("/latest?type=news&limit=2"); !p.More || len(p.Events) != 2 || string(p.Events[1].Data) != `{"id":"24"}` {
		t.Errorf("the newest two values: %+v", p)
	}
}

func TestLongPoll(t *testing.T) {
	s := start(t, setup{})
	s.publish(draft("news", `{"id":"a"}`))
	_, first := s.page("/latest?type=news&wait=60s") // has something new: does not wait
	if first.StatusCode != 200 {
		t.Fatalf("%d", first.StatusCode)
	}
	type result struct {
		page jsonPage
		answerOf
	}
	poll := func(query string, headers ...string) <-chan result { // each with a filter of its own
		out := make(chan result, 1)
		before := s.bus.Usage().Cohorts
		go func() { // ends with the answer
			p, a := s.page("/latest?type="+query, headers...)
			out <- result{p, a}
		}()
		eventually(t, "the poll waits", func() bool { return s.bus.Usage().Cohorts > before })
		return out
	}
	byCursor, byTag := poll("news,chat&wait=60s&last_event_id=mem-1"), poll("news&wait=60s", "If-None-Match: "+first.Header.Get("ETag"))
	s.publish(draft("note", `1`)) // not asked for
	select {
	case r := <-byCursor:
		t.Errorf("another topic woke it: %s", r.body)
	case r := <-byTag:
		t.Errorf("another topic woke it: %s", r.body)
	default:
	}
	s.publish(draft("news", `{"id":"b"}`))
	if r := <-byCursor; len(r.page.Events) != 1 || r.page.Events[0].ID != "mem-3" || r.page.Cursor != "mem-3" {
		t.Errorf("by cursor: %s", r.body)
	}
	if r := <-byTag; len(r.page.Events) != 2 || r.page.State != topics.Fresh {
		t.Errorf("by tag: %d %s", r.StatusCode, r.body)
	}
	if p, a := s.page("/latest?type=news&wait=20ms&last_event_id=mem-3"); a.StatusCode != 200 || len(p.Events) != 0 || p.Cursor != "mem-3" {
		t.Errorf("timed out: %d %s", a.StatusCode, a.body)
	}
	draining := poll("news&wait=60s&last_event_id=mem-3")
	s.Drain()
	if r := <-draining; r.StatusCode != 200 || len(r.page.Events) != 0 {
		t.Errorf("drained: %d %s", r.StatusCode, r.body)
	}
	eventually(t, "the readers leave", func() bool { return s.bus.Usage().Cohorts == 0 })
}

// readLines opens the NDJSON face.
func readLines(s *site, path string, headers ...string) (*bufio.Scanner, *http.Response) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	res, err := s.client.Do(s.request(ctx, "GET", path, nil, append(headers, "Accept: application/x-ndjson")...))
	if err != nil {
		cancel()
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { cancel(); res.Body.Close() })
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	return lines, res
}

func testNDJSONFace(t *testing.T, via way) {
	s := start(t, setup{via: via, options: Options{Heartbeat: 200 * time.Millisecond}})
	s.publish(draft("news", `{"id":"a","title":"<b>& x"}`), topics.Draft{Topic: "chat", Data: []byte("a\nb<"), Text: true})
	lines, res := readLines(s, "/latest?type=news,chat")
	if res.Header.Get("Content-Type") != "application/x-ndjson" || res.Header.Get("Cache-Control") != "no-cache, no-transform" || res.Header.Get("X-Accel-Buffering") != "no" {
		t.Errorf("headers %v", res.Header)
	}
	next := func() (envelope, string) {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("ended: %v", lines.Err())
		}
		var e envelope
		strict(t, lines.Bytes(), &e)
		if _, err := time.Parse(time.RFC3339, e.Time); err != nil {
			t.Errorf("time of %s: %v", lines.Bytes(), err)
		}
		return e, lines.Text()
	}
	e, _ := next()
	var o streamInfo
	strict(t, e.Data, &o)
	if e.Topic != "stream" || e.ID != "" || o.State != topics.Fresh || fmt.Sprint(o.Topics) != "[chat news]" {
		t.Errorf("first line %+v %s", e, e.Data)
	}
	if e, line := next(); e.ID != "" || e.Topic != "news" || e.Key != "a" || !strings.Contains(line, `"data":{"id":"a","title":"<b>& x"}`) {
		t.Errorf("snapshot %s", line)
	}
	if e, line := next(); e.ID != "" || e.Topic != "chat" || string(e.Data) != `"a\nb<"` {
		t.Errorf("snapshot %s", line)
	}
	if e, line := next(); e.ID != "mem-2" || e.Topic != "live" {
		t.Errorf("live %s", line)
	}
	s.publish(draft("news", `{"id":"b"}`))
	e, line := next()
	for e.Topic == "heartbeat" {
		e, line = next()
	}
	if e.ID != "mem-3" || e.Topic != "news" || e.Key != "b" || string(e.Data) != `{"id":"b"}` {
		t.Errorf("event %s", line)
	}
	s.publish(draft("note", "1"))
	for e, line = next(); e.ID != "mem-4"; e, line = next() {
	}
	if e.Topic != "heartbeat" {
		t.Errorf("bookmark %s", line)
	}
	if _, err := s.bus.Retract(t.Context(), "news", "a"); err != nil {
		t.Fatal(err)
	}
	for e, line = next(); e.Topic == "heartbeat"; e, line = next() {
	}
	if e.Topic != "retract" || e.ID != "mem-5" || !bytes.Contains(e.Data, []byte(`{"topic":"news","key":"a"`)) {
		t.Errorf("retract %s", line)
	}
	s.Drain()
	for e, line = next(); e.Topic == "heartbeat"; e, line = next() {
	}
	var b byeInfo
	if err := json.Unmarshal(e.Data, &b); err != nil || e.Topic != "bye" || b.Reason != "drain" || b.RetryMS <= 0 {
		t.Errorf("bye %s", line)
	}
	if lines.Scan() {
		t.Errorf("after bye: %s", lines.Text())
	}
}

func testNDJSONResume(t *testing.T, via way) {
	s := start(t, setup{via: via})
	s.publish(draft("news", `{"id":"a"}`), draft("news", `{"id":"b"}`))
	lines, _ := readLines(s, "/latest?type=news", "Last-Event-ID: mem-1")
	var got []string
	for range 3 {
		if !lines.Scan() {
			t.Fatal(lines.Err())
		}
		var e envelope
		strict(t, lines.Bytes(), &e)
		got = append(got, e.ID+" "+e.Topic)
	}
	if want := "[ stream mem-2 news  live]"; fmt.Sprint(got) != want {
		t.Errorf("lines %q; want %q", got, want)
	}
}
