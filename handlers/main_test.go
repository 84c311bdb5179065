package handlers

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tickertape/handlers/sse"
	"tickertape/topics"
)

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", strconv.Itoa(len(paths))) // they wait more than they work
	goleak.VerifyTestMain(m)
}

// publishKey must never be seen in a log line or an answer.
const publishKey = "correct-horse-battery-staple"

// patience bounds every wait of a test for something that must happen.
const patience = 10 * time.Second

func testCatalogue(t testing.TB) *topics.Catalogue {
	t.Helper()
	c, err := topics.NewCatalogue(
		topics.Topic{Name: "news", Key: "id", Snapshot: 5, Description: "Headlines."},
		topics.Topic{Name: "chat", Snapshot: 3, Publish: topics.ByAnyone},
		topics.Topic{Name: "stock", Mode: topics.Latest, Key: "symbol"},
		topics.Topic{Name: "clock", Mode: topics.Latest, Publish: topics.ByNobody},
		topics.Topic{Name: "note", Mode: topics.Latest},
		topics.Topic{Name: "secret", Private: true},
		topics.Topic{Name: "old", Retired: true},
		topics.Topic{Name: "form", Schema: []byte(`{
			"type": "object",
			"properties": {"n": {"$ref": "#/$defs/digit"}},
			"required": ["n"],
			"$defs": {"digit": {"type": "integer", "maximum": 9}}
		}`)},
	)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A site is a running bus with handlers on real loopback sockets.
type site struct {
	*Handlers
	t      testing.TB
	via    way
	log    *memLog
	server *httptest.Server // public
	admin  *httptest.Server
	client *http.Client // of server
	lines  *lineBuffer  // what was logged
	bus    *topics.Bus

	patience time.Duration
}

// setup changes what a site is made of. The zero setup is a site like any.
type setup struct {
	options Options
	bus     topics.Options
	log     *memLog
	via     way  // default: a goroutine for each stream
	waiting bool // do not wait until the tape is filled
	before  func(*Handlers)
	server  func(*http.Server)

	patience     time.Duration // how long a stream may be open; default patience
	smallBuffers bool          // of the server's connections
}

func start(t testing.TB, su setup) *site {
	t.Helper()
	s := &site{t: t, via: su.via, log: su.log, lines: &lineBuffer{}, patience: cmp.Or(su.patience, patience)}
	if s.log == nil {
		s.log = newMemLog()
	}
	o := su.options
	if o.Catalogue == nil {
		o.Catalogue = testCatalogue(t)
	}
	if o.PublishKey == "" {
		o.PublishKey = publishKey
	}
	o.Build = cmp.Or(o.Build, "v0.0.0+test")
	o.IO = cmp.Or(o.IO, su.via.io)
	o.Logger = slog.New(slog.NewJSONHandler(s.lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if su.before != nil {
		su.before(h)
	}
	s.Handlers = h
	b := su.bus
	b.Catalogue, b.Log, b.Wire = o.Catalogue, s.log, h.Wire()
	b.Heartbeat = cmp.Or(o.Heartbeat, b.Heartbeat)
	s.bus = topics.NewBus(b)
	h.Use(s.bus)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.bus.Run(ctx); err != nil {
			t.Errorf("the bus ended: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	s.server = httptest.NewUnstartedServer(h.Public())
	s.server.EnableHTTP2 = su.via.http2
	s.server.Config.ConnContext = ConnContext
	if su.server != nil {
		su.server(s.server.Config)
	}
	if su.smallBuffers {
		s.server.Listener = smallBufferListener{s.server.Listener}
	}
	s.server.Config.ErrorLog = slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug)
	if su.via.tls {
		s.server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate()}, MinVersion: tls.VersionTLS13}
		s.server.StartTLS()
	} else {
		s.server.Start()
	}
	s.admin = httptest.NewServer(h.Admin())
	s.client = s.server.Client()
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(func() {
		at, cancel := context.WithCancel(context.Background())
		cancel()
		h.Close(at)
		s.server.CloseClientConnections()
		s.server.Close()
		s.checkNothingIsLeft()
		s.admin.CloseClientConnections()
		s.admin.Close()
		if strings.Contains(s.lines.String(), publishKey) {
			t.Errorf("the publish key is in the log:\n%s", s.lines.String())
		}
	})
	if !su.waiting {
		<-s.bus.Ready()
	}
	return s
}

// checkNothingIsLeft checks that the end of each stream is noticed everywhere, once
// all connections are closed.
func (s *site) checkNothingIsLeft() {
	eventually(s.t, "no stream is listed, admitted, or counted for its address", func() bool {
		s.streams.mu.Lock()
		defer s.streams.mu.Unlock()
		return len(s.streams.all) == 0 && s.streams.admitted == 0 && len(s.streams.byPrefix) == 0
	})
	if s.fan != nil && s.fan.Stats().Connections != 0 {
		s.t.Errorf("the fan-out still has %d connections", s.fan.Stats().Connections)
	}
	if n := s.bus.Usage().Cohorts; n != 0 {
		s.t.Errorf("%d cohorts are left", n)
	}
}

// publish puts events on the tape behind HTTP and waits until readers can see them.
func (s *site) publish(drafts ...topics.Draft) []topics.ID {
	s.t.Helper()
	ids, err := s.bus.Publish(context.Background(), "", drafts...)
	if err != nil {
		s.t.Fatalf("publish: %v", err)
	}
	if err := s.bus.Await(context.Background(), ids[len(ids)-1].Seq); err != nil {
		s.t.Fatal(err)
	}
	return ids
}

func draft(topic, data string) topics.Draft { return topics.Draft{Topic: topic, Data: []byte(data)} }

// An answer is a response that was read completely.
type answerOf struct {
	*http.Response
	body string
}

func (a answerOf) problem(t testing.TB) problem {
	t.Helper()
	var p problem
	if a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d with Content-Type %q; want a problem: %s", a.StatusCode, a.Header.Get("Content-Type"), a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Errorf("problem %q: %v", a.body, err)
	}
	if p.Status != a.StatusCode || p.Type != "about:blank" || p.Title == "" || p.Detail == "" {
		t.Errorf("problem %q is not complete, or not of status %d", a.body, a.StatusCode)
	}
	return p
}

// request makes a request to the public address. Headers are "Name: value".
func (s *site) request(ctx context.Context, method, path string, body io.Reader, headers ...string) *http.Request {
	s.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, s.server.URL+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Add(name, value)
	}
	return req
}

// do sends a request and reads the answer.
func (s *site) do(method, path, body string, headers ...string) answerOf {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	res, err := s.client.Do(s.request(ctx, method, path, strings.NewReader(body), headers...))
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatalf("%s %s: read the answer: %v", method, path, err)
	}
	if strings.Contains(string(all), publishKey) {
		s.t.Errorf("%s %s: the publish key is in the answer: %s", method, path, all)
	}
	return answerOf{res, string(all)}
}

func (s *site) get(path string, headers ...string) answerOf {
	s.t.Helper()
	return s.do("GET", path, "", headers...)
}

// post publishes over HTTP with the key.
func (s *site) post(path, contentType, body string, headers ...string) answerOf {
	s.t.Helper()
	return s.do("POST", path, body, append(headers, "Content-Type: "+contentType, "Authorization: Bearer "+publishKey)...)
}

func (s *site) getAdmin(path string) answerOf {
	s.t.Helper()
	res, err := http.Get(s.admin.URL + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	all, _ := io.ReadAll(res.Body)
	return answerOf{res, string(all)}
}

// page reads the JSON face.
func (s *site) page(path string, headers ...string) (jsonPage, answerOf) {
	s.t.Helper()
	a := s.get(path, append(headers, "Accept: application/json")...)
	var p jsonPage
	if a.StatusCode == http.StatusOK {
		if err := json.Unmarshal([]byte(a.body), &p); err != nil {
			s.t.Fatalf("GET %s: %v in %s", path, err, a.body)
		}
	}
	return p, a
}

// A client reads one stream by the rules of the HTML standard.
type client struct {
	t        testing.TB
	response *http.Response
	reader   *sse.Reader
	close    func()
}

// open connects as an EventSource does and checks that it got a stream.
func (s *site) open(path string, headers ...string) *client {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), s.patience)
	res, err := s.client.Do(s.request(ctx, "GET", path, nil, append(headers, "Accept: text/event-stream")...))
	if err != nil {
		cancel()
		s.t.Fatalf("GET %s: %v", path, err)
	}
	c := &client{t: s.t, response: res, reader: sse.NewReader(res.Body, 0), close: func() { cancel(); res.Body.Close() }}
	s.t.Cleanup(c.close)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		body, _ := io.ReadAll(res.Body)
		s.t.Fatalf("GET %s: %d %s: %s; an EventSource would give up", path, res.StatusCode, res.Header.Get("Content-Type"), body)
	}
	return c
}

// next returns the next block, its id only if it has one of its own.
func (c *client) next() sse.Event {
	c.t.Helper()
	e, err := c.tryNext()
	if err != nil {
		c.t.Fatalf("the stream ended: %v", err)
	}
	return e
}

// tryNext is next for goroutines other than the test's.
func (c *client) tryNext() (sse.Event, error) {
	before := c.reader.LastEventID()
	e, err := c.reader.Next()
	if e.ID == before {
		e.ID = ""
	}
	return e, err
}

// want reads events and compares "type data" of each, with the id in front if wanted
// as "id type data".
func (c *client) want(events ...string) {
	c.t.Helper()
	for _, want := range events {
		e := c.next()
		got := strings.TrimLeft(e.ID+" "+e.Type+" "+string(e.Data), " ")
		if e.Type == eventLive || e.Type == eventHeartbeat || e.Type == eventStream {
			got = strings.TrimLeft(e.ID+" "+e.Type, " ")
		}
		if got != want {
			c.t.Fatalf("event %q; want %q", got, want)
		}
	}
}

// opening reads the first event and returns what it says.
func (c *client) opening() streamInfo {
	c.t.Helper()
	e := c.next()
	if e.Type != eventStream || e.ID != "" {
		c.t.Fatalf("the first event is %q with id %q; want %q without", e.Type, e.ID, eventStream)
	}
	var o streamInfo
	strict(c.t, e.Data, &o)
	return o
}

// live reads up to the event live and returns its id and the events before it.
func (c *client) live() (id string, before []sse.Event) {
	c.t.Helper()
	for {
		e := c.next()
		if e.Type == eventLive {
			return e.ID, before
		}
		before = append(before, e)
	}
}

// ended checks that the stream ends now.
func (c *client) ended() {
	c.t.Helper()
	if e, err := c.reader.Next(); !errors.Is(err, io.EOF) {
		c.t.Fatalf("event %+v, error %v; want the end of the stream", e, err)
	}
}

// strict decodes JSON that must have no field that is not in v.
func strict(t testing.TB, data []byte, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
}

// lineBuffer is a log that several goroutines write.
type lineBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lineBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lineBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// eventually waits until a condition holds: for what no channel tells, such as what a
// server's other goroutines have done.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}
