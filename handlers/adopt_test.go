package handlers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"tickertape/handlers/sse"
)

// streamOn reads the head of a stream from a raw connection.
func streamOn(t testing.TB, conn io.Reader) *client {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s, %v", res.Status, res.Header)
	}
	return &client{t: t, response: res, reader: sse.NewReader(res.Body, 0)}
}

// A connection may have served other requests before its stream.
func testAfterOtherRequests(t *testing.T, via way) {
	s := start(t, setup{via: via})
	conn := s.dial()
	in := bufio.NewReader(conn)
	for _, target := range []string{"/topics", "/latest?type=news", "/nothing", "/latest?typ=news"} {
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: tape\r\nAccept: application/json\r\n\r\n", target)
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
	}
	send(conn, "/latest?type=news")
	c := streamOn(t, in)
	c.live()
	s.publish(draft("news", `{"id":"a"}`))
	c.want(`mem-1 news {"id":"a"}`)
	if n := s.streams.count(); n != 1 {
		t.Errorf("%d streams", n)
	}
}

// Bytes that a client sends after its request, before and while it is served, do not
// disturb the stream, and no answer to them gets into it.
func testPipelinedBytes(t *testing.T, via way) {
	s := start(t, setup{via: via})
	conn := s.dial()
	var head strings.Builder
	fmt.Fprint(&head, "GET /latest?type=news HTTP/1.1\r\nHost: tape\r\nAccept: text/event-stream\r\n\r\n")
	fmt.Fprint(&head, "GET /topics HTTP/1.1\r\nHost: tape\r\n\r\n") // in the same packet
	fmt.Fprint(conn, head.String())
	c := streamOn(t, conn)
	c.live()
	for i := range 20 {
		fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: tape\r\n\r\n")
		s.publish(draft("news", fmt.Sprintf(`{"id":"%d"}`, i)))
		c.want(fmt.Sprintf(`mem-%d news {"id":"%d"}`, i+1, i))
	}
	s.Drain()
	checkBye(t, c.next(), "drain") // arrives although there is unread input
	c.ended()
}

// A client that has closed its side has gone, also when it did so at once.
func testHalfClosedClient(t *testing.T, via way) {
	s := start(t, setup{via: via})
	later := s.dial()
	send(later, "/latest?type=news")
	streamOn(t, later).live()
	if via.tls { // its end of data is one of TLS, in the connection
		later.Close()
	} else {
		if err := later.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, later); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("its stream ended with %v", err)
		}
	}
	eventually(t, "it is gone", func() bool { return s.streams.count() == 0 && s.bus.Usage().Cohorts == 0 })
	at := s.dial()
	send(at, "/latest?type=news")
	if !via.tls {
		_ = at.(*net.TCPConn).CloseWrite()
	}
	at.Close()
	eventually(t, "it is gone", func() bool { return s.streams.count() == 0 && s.bus.Usage().Cohorts == 0 })
}

// A body is unusual, but no reason to refuse a stream; the server must not take it for
// something else. Such streams have a goroutine.
func testRequestWithBody(t *testing.T, via way) {
	s := start(t, setup{via: via})
	for name, request := range map[string]string{
		"a length":           "Content-Length: 5\r\n\r\nhello",
		"chunks":             "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"a length of zero":   "Content-Length: 0\r\n\r\n",
		"expected, no body":  "Expect: 100-continue\r\n\r\n",
		"an upgrade":         "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
		"websocket":          "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
		"close":              "Connection: close\r\n\r\n",
		"several lines, OWS": "X-A:  b \r\nX-A:\tc\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn := s.dial()
			fmt.Fprint(conn, "GET /latest?type=note HTTP/1.1\r\nHost: tape\r\nAccept: text/event-stream\r\n"+request)
			c := streamOn(t, conn)
			c.live()
			id := s.publish(draft("note", `1`))[0]
			c.want(id.String() + " note 1")
		})
	}
}

// A client that waits to be asked for its body is asked.
func testExpectedBody(t *testing.T, via way) {
	s := start(t, setup{via: via})
	conn := s.dial()
	send(conn, "/latest?type=news", "Content-Length: 5", "Expect: 100-continue")
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("%q, %v; want 100 Continue", line, err)
	}
	_, _ = in.ReadString('\n')
	fmt.Fprint(conn, "hello")
	streamOn(t, in).live()
	conn.Close()
	eventually(t, "it is gone", func() bool { return s.streams.count() == 0 })
}

// A body that nobody wants holds nothing up: one that does not come, one without an end.
func TestUnwantedBodies(t *testing.T) {
	s := start(t, setup{before: func(h *Handlers) { h.bodyWait = 40 * time.Millisecond }})
	for _, target := range []string{"GET /latest?type=news", "GET /topics", "GET /nothing", "DELETE /latest/note", "OPTIONS /latest", "POST /latest/nothing", "POST /latest/news"} {
		for body, status := range map[string]int{
			"Content-Length: 500\r\n\r\n":                                                408,
			"Content-Length: 500\r\nExpect: 100-continue\r\n\r\n":                        408,
			"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n":                           408,
			"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n":                             400,
			"Content-Length: 100000\r\n\r\n" + strings.Repeat("x", 100000):               413,
			"Transfer-Encoding: chunked\r\n\r\n1ffff\r\n" + strings.Repeat("x", 0x1ffff): 413,
		} {
			conn := s.dial()
			fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: tape\r\nAccept: text/event-stream\r\n%s", target, body)
			in := bufio.NewReader(conn)
			res, err := http.ReadResponse(in, nil)
			if err == nil && res.StatusCode == 100 {
				res, err = http.ReadResponse(in, nil)
			}
			if err != nil {
				t.Errorf("%s, %.50q: %v", target, body, err)
				continue
			}
			_, _ = io.Copy(io.Discard, res.Body)
			if strings.HasPrefix(target, "POST") { // a publish has reasons of its own
				conn.Close()
				continue
			}
			if res.StatusCode != status {
				t.Errorf("%s, %.50q: %s; want %d", target, body, res.Status, status)
			}
			if _, err := in.ReadByte(); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s, %.50q: the connection is used again: %v", target, body, err)
			}
			conn.Close()
		}
	}
	if n := s.admitted(); n != 0 {
		t.Errorf("%d admitted", n)
	}
}

// Heads that come slowly are cut off by the server: on a new connection, and on one
// that is kept.
func testSlowHeads(t *testing.T, via way) {
	s := start(t, setup{via: via, server: func(srv *http.Server) { srv.ReadHeaderTimeout = 150 * time.Millisecond }})
	for _, kept := range []bool{false, true} {
		conn := s.dial()
		in := bufio.NewReader(conn)
		if kept {
			fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: tape\r\n\r\n")
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
		}
		fmt.Fprint(conn, "GET /latest?type=news HTTP/1.1\r\nHost: tape\r\n")
		began := time.Now()
		_, err := io.Copy(io.Discard, in)
		var late net.Error
		if errors.As(err, &late) && late.Timeout() || time.Since(began) > patience/2 {
			t.Errorf("kept %v: not cut after %v: %v", kept, time.Since(began), err)
		}
	}
	if n := s.streams.count(); n != 0 {
		t.Errorf("%d streams", n)
	}
}

// The times of the server are for requests, not for streams.
func testStreamOutlivesTheServersTimes(t *testing.T, via way) {
	short := 60 * time.Millisecond
	if via.tls { // there these times bound the handshake too
		short = time.Second
	}
	s := start(t, setup{via: via, server: func(srv *http.Server) {
		srv.IdleTimeout, srv.ReadHeaderTimeout = short, short
		if !via.http2 { // there it is the time of a stream, which the answer's own deadline does not undo
			srv.WriteTimeout = short
		}
	}})
	c := s.open("/latest?type=news")
	c.live()
	for i := range 3 {
		<-time.After(short)
		s.publish(draft("news", fmt.Sprintf(`{"id":"%d"}`, i)))
		c.want(fmt.Sprintf(`mem-%d news {"id":"%d"}`, i+1, i))
	}
}

// The list of streams shows how far behind a reader is whose socket is full, and that
// it is level again.
func testLagIsShown(t *testing.T, via way) {
	s := start(t, setup{via: via, smallBuffers: true})
	f := s.freeze("/latest?type=news&screen=slow")
	quick := s.open("/latest?type=news&screen=quick")
	quick.live()
	count := s.fill("news", 1<<20)
	status := func(screen string) streamStatus {
		for _, st := range s.list() {
			if st.Screen == screen {
				return st
			}
		}
		t.Fatalf("%q is not listed", screen)
		return streamStatus{}
	}
	for range count {
		quick.next()
	}
	head := s.bus.Head().String()
	eventually(t, "the quick one is level", func() bool { st := status("quick"); return st.Lag == 0 && st.Position == head })
	if st := status("slow"); st.Lag < 50 || st.Lag > uint64(count) || st.Position == head {
		t.Errorf("the slow one: lag %d at %s; head %s, %d events", st.Lag, st.Position, head, count)
	}
	c := f.thaw()
	c.opening()
	c.live()
	for range count {
		c.next()
	}
	eventually(t, "the slow one is level", func() bool { st := status("slow"); return st.Lag == 0 && st.Position == head })
	s.publish(draft("news", `{"id":"last"}`))
	head = s.bus.Head().String()
	for _, screen := range []string{"slow", "quick"} {
		eventually(t, screen+" goes on", func() bool { st := status(screen); return st.Lag == 0 && st.Position == head })
	}
}

// A reader who comes while the fan-out closes is told to come back.
func TestTooLateForTheFanout(t *testing.T) {
	s := start(t, setup{via: way{io: "epoll"}})
	s.Close(context.Background()) // without a drain, and twice
	s.Close(context.Background())
	checkRefused(t, s, "/latest?type=news")
	eventually(t, "they are forgotten", func() bool { return s.admitted() == 0 && s.bus.Usage().Cohorts == 0 })
}

// Close without a drain cuts the readers off, and leaves the rest alone.
func TestCloseWithoutDrain(t *testing.T) {
	s := start(t, setup{via: way{io: "epoll"}})
	c := s.open("/latest?type=news")
	c.live()
	s.Close(context.Background())
	if e, err := c.reader.Next(); err == nil {
		t.Errorf("got %q", e.Type)
	}
	if a := s.get("/healthz"); a.StatusCode != 200 {
		t.Errorf("%d", a.StatusCode)
	}
}

// Where Drain was not begun, or is over, Close has nothing to wait for; and it does not
// wait longer than it may.
func TestCloseWaitsNoLongerThanItMay(t *testing.T) {
	s := start(t, setup{via: way{io: "epoll"}, options: Options{Drain: time.Minute}})
	var clients []*client
	for range 30 {
		clients = append(clients, s.open("/latest?type=news"))
	}
	s.streams.mu.Lock() // as if there were many more, so that the drain would take its minute
	for i := range 30000 {
		s.streams.all[&fanned{reader: reader{number: uint64(i)}}] = struct{}{}
	}
	s.streams.mu.Unlock()
	s.Drain()
	s.streams.mu.Lock()
	for l := range s.streams.all {
		if l.base().cohort == nil {
			delete(s.streams.all, l)
		}
	}
	s.streams.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	s.Close(ctx)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	for _, c := range clients {
		for {
			if _, err := c.reader.Next(); err != nil {
				break
			}
		}
	}
}

func TestUnknownIOIsRefused(t *testing.T) {
	h, err := New(Options{Catalogue: testCatalogue(t), IO: "kqueue"})
	if err == nil || h != nil {
		t.Errorf("%v, %v; want an error and nothing to close", h, err)
	}
}
