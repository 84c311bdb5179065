package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/handlers/sse"
	"tickertape/topics"
)

// checkBye checks the last event of a stream and returns its pause.
func checkBye(t testing.TB, e sse.Event, reason byeReason) time.Duration {
	t.Helper()
	var b byeInfo
	strict(t, e.Data, &b)
	if e.Type != eventBye || e.ID != "" || b.Reason != reason || b.RetryMS <= 0 || e.Retry != time.Duration(b.RetryMS)*time.Millisecond {
		t.Errorf("%q %q %s with retry %v; want bye, reason %s, and the retry that it says", e.ID, e.Type, e.Data, e.Retry, reason)
	}
	return e.Retry
}

func testDrain(t *testing.T, via way) {
	s := start(t, setup{via: via})
	var clients []*client
	for range 12 {
		c := s.open("/latest?type=news")
		c.live()
		clients = append(clients, c)
	}
	s.Drain()
	pauses := map[time.Duration]bool{}
	for _, c := range clients {
		pause := checkBye(t, c.next(), "drain")
		if pause < time.Second || pause > 10*time.Second {
			t.Errorf("pause %v; want 1s to 10s", pause)
		}
		pauses[pause] = true
		c.ended()
	}
	if len(pauses) < 5 {
		t.Errorf("12 readers come back after %v", pauses)
	}
	c := s.open("/latest?type=news") // an EventSource gets 200
	checkBye(t, c.next(), "drain")
	c.ended()
	for _, accept := range []string{"*/*", "application/json", "application/x-ndjson"} {
		a := s.get("/latest?type=news", "Accept: "+accept)
		seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
		if a.problem(t).Status != 503 || err != nil || seconds < 2 || seconds > 10 {
			t.Errorf("Accept %s: %d, Retry-After %q", accept, a.StatusCode, a.Header.Get("Retry-After"))
		}
	}
	if a := s.get("/latest?typ=news", "Accept: text/event-stream"); a.StatusCode != 400 {
		t.Errorf("a request that can never work: %d", a.StatusCode)
	}
	if a := s.getAdmin("/readyz"); a.StatusCode != 503 || !strings.Contains(a.body, "stopping") {
		t.Errorf("readyz: %d %s", a.StatusCode, a.body)
	}
	s.Drain() // twice is once
}

// A reader that does not read must not hold up the end of the program.
func testDrainCutsFrozenReaders(t *testing.T, via way) {
	s := start(t, setup{via: via, smallBuffers: true, before: func(h *Handlers) { h.byeWait = 100 * time.Millisecond }})
	s.freeze("/latest?type=news")
	s.fill("news", 1<<20)
	eventually(t, "the reader is behind", func() bool { return s.lag() > 100 })
	s.Drain()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.server.Config.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	s.Close(ctx)
	if s.streams.count() != 0 {
		t.Error("streams are left")
	}
}

// Streams that end by themselves while Drain goes through the list: on HTTP/2 a writer
// whose handler has returned must not be touched.
func testDrainWhileStreamsEnd(t *testing.T, via way) {
	for range 5 {
		s := start(t, setup{via: via})
		var clients []*client
		for range 20 {
			clients = append(clients, s.open("/latest?type=news"))
		}
		var group sync.WaitGroup
		for _, c := range clients {
			group.Go(c.close)
		}
		s.Drain()
		group.Wait()
		eventually(t, "all have ended", func() bool { return s.streams.count() == 0 })
	}
}

func TestBeforeTheTapeIsFilled(t *testing.T) {
	log := newMemLog()
	if _, err := log.Append(t.Context(), []topics.Event{{Topic: "news", Key: "a", Data: []byte(`{"id":"a"}`)}}); err != nil {
		t.Fatal(err)
	}
	log.held = true
	s := start(t, setup{log: log, waiting: true, before: func(h *Handlers) { h.readyWait = 300 * time.Millisecond }})
	if a := s.getAdmin("/readyz"); a.StatusCode != 503 || !strings.Contains(a.body, "filling") {
		t.Errorf("readyz: %d %s", a.StatusCode, a.body)
	}
	if a := s.getAdmin("/metrics"); a.StatusCode != 200 || strings.Contains(a.body, "tickertape_head ") {
		t.Errorf("metrics: %d", a.StatusCode)
	}
	if a := s.get("/healthz"); a.StatusCode != 200 {
		t.Errorf("healthz: %d", a.StatusCode)
	}
	// it waits, then says so softly
	c := s.open("/latest?type=news")
	checkBye(t, c.next(), "overload")
	c.ended()
	if a := s.get("/latest?type=news"); a.problem(t).Status != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("%d", a.StatusCode)
	}
	if a := s.post("/latest/news", "application/json", `{"id":"b"}`); a.problem(t).Status != 503 {
		t.Errorf("publish: %d", a.StatusCode)
	}
	for _, path := range []string{"/topics", "/feeds"} {
		if a := s.get(path); a.StatusCode != 200 {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	// one that waits is served once the tape is filled
	s.readyWait = patience
	got := make(chan jsonPage, 1)
	go func() { // ends with the answer
		p, _ := s.page("/latest?type=news")
		got <- p
	}()
	log.set(func(l *memLog) { l.held = false })
	if p := <-got; len(p.Events) != 1 {
		t.Errorf("page %+v", p)
	}
	if a := s.getAdmin("/readyz"); a.StatusCode != 200 || !strings.Contains(a.body, `"head":"mem-1"`) {
		t.Errorf("readyz: %d %s", a.StatusCode, a.body)
	}
}

// A process that is still filling its tape can be stopped.
func TestDrainBeforeTheTapeIsFilled(t *testing.T) {
	log := newMemLog()
	if _, err := log.Append(t.Context(), []topics.Event{{Topic: "note", Data: []byte(`1`)}}); err != nil {
		t.Fatal(err)
	}
	log.held = true
	s := start(t, setup{log: log, waiting: true})
	status := make(chan int, 1)
	go func() { // ends with the answer
		status <- s.get("/latest").StatusCode
	}()
	s.Drain()
	if got := <-status; got != 503 {
		t.Errorf("%d", got)
	}
}

// A position that another process has shown already is waited for, at most a second;
// one that is far ahead, or of another log, is not.
func TestPositionOfAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := New(Options{Catalogue: testCatalogue(t)})
		if err != nil {
			t.Fatal(err)
		}
		log := newMemLog()
		h.Use(topics.NewBus(topics.Options{Catalogue: h.opts.Catalogue, Log: log, Wire: h.Wire()}))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go h.bus.Run(ctx) // ends with ctx; the bubble waits for it
		<-h.bus.Ready()
		log.set(func(l *memLog) { l.held = true })
		if _, err := log.Append(ctx, []topics.Event{{Topic: "news", Key: "a", Data: []byte(`{"id":"a"}`)}}); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"mem-10001", "other-1", "mem-0", "nonsense", ""} {
			began := time.Now()
			if h.awaitPosition(ctx, id); time.Since(began) != 0 {
				t.Errorf("%q: waited %v", id, time.Since(began))
			}
		}
		began := time.Now()
		if h.awaitPosition(ctx, "mem-1"); time.Since(began) != time.Second {
			t.Errorf("one that is not reached: waited %v; want 1s", time.Since(began))
		}
		done := make(chan struct{})
		go func() { // ends when the position is reached
			defer close(done)
			h.awaitPosition(ctx, "mem-1")
		}()
		synctest.Wait()
		select {
		case <-done:
			t.Fatal("it does not wait")
		default:
		}
		log.set(func(l *memLog) { l.held = false })
		began = time.Now()
		if <-done; time.Since(began) != 0 || h.bus.Head().Seq != 1 {
			t.Errorf("waited %v beyond the event; head %v", time.Since(began), h.bus.Head())
		}
	})
}

// The same over HTTP. The event comes a little after the request, on a machine of any
// speed a test that can only fail when the request does not wait.
func TestResumeAtAPositionOfAnotherProcess(t *testing.T) {
	s := start(t, setup{})
	s.log.set(func(l *memLog) { l.held = true })
	if _, err := s.log.Append(t.Context(), []topics.Event{{Topic: "news", Key: "a", Data: []byte(`{"id":"a"}`)}}); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(50*time.Millisecond, func() { s.log.set(func(l *memLog) { l.held = false }) })
	defer timer.Stop()
	if o := s.open("/latest?type=news", "Last-Event-ID: mem-1").opening(); o.State != topics.Resumed {
		t.Errorf("state %s, reason %s; want resumed", o.State, o.Reason)
	}
}

// A takingOutlet is a connection that takes everything.
type takingOutlet struct{ memoryWriter }

func (*takingOutlet) expires() bool { return false }

// Once a drain has begun, no write may wait longer than the last one.
func TestDrainShortensWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := New(Options{Catalogue: testCatalogue(t)})
		if err != nil {
			t.Fatal(err)
		}
		h.Use(topics.NewBus(topics.Options{Catalogue: h.opts.Catalogue}))
		w := &takingOutlet{}
		s := &stream{out: w}
		h.streams.add(s)
		check := func(when string, want time.Duration) {
			t.Helper()
			if got := time.Until(w.deadline); got != want {
				t.Errorf("%s: a write may wait %v; want %v", when, got, want)
			}
		}
		write := func() {
			if err := h.write(s, time.Now(), []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		write()
		check("before", 5*time.Minute)
		h.Drain()
		check("the write that is under way", byeWait)
		time.Sleep(time.Second)
		write()
		check("the write after", byeWait)
		h.streams.remove(s)
		time.Sleep(time.Second)
		s.hurry(byeWait) // of a Drain that listed it before
		check("once the handler has returned, its writer is left alone", byeWait-time.Second)
	})
}

// fill publishes events of 4 KiB on a topic until they have so many bytes together,
// and returns their number.
func (s *site) fill(topic string, bytes int) int {
	s.t.Helper()
	pad := strings.Repeat("x", 4<<10)
	n := bytes / len(pad)
	drafts := make([]topics.Draft, n)
	for i := range n {
		drafts[i] = draft(topic, fmt.Sprintf(`{"id":"%d","pad":"%s"}`, i, pad))
	}
	for some := range slices.Chunk(drafts, 16) {
		s.publish(some...)
	}
	return n
}

// list returns what /streams shows.
func (s *site) list() []streamStatus {
	s.t.Helper()
	var list streamList
	if err := json.Unmarshal([]byte(s.getAdmin("/streams").body), &list); err != nil {
		s.t.Fatal(err)
	}
	return list.Streams
}

// lag returns the largest lag that /streams shows.
func (s *site) lag() uint64 {
	s.t.Helper()
	var most uint64
	for _, st := range s.list() {
		most = max(most, st.Lag)
	}
	return most
}

// smallBufferListener gives accepted connections a small buffer for what is not sent.
type smallBufferListener struct{ net.Listener }

func (l smallBufferListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return conn, conn.(*net.TCPConn).SetWriteBuffer(128 << 10)
}
