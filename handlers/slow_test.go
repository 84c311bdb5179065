package handlers

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"tickertape/handlers/sse"
	"tickertape/topics"
)

// thaw reads a connection of [site.freeze] as an EventSource.
func thaw(t testing.TB, conn net.Conn) *client {
	t.Helper()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_ = conn.(*net.TCPConn).SetReadBuffer(1 << 20)
	res, err := http.ReadResponse(bufio.NewReaderSize(conn, 64<<10), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &client{t: t, response: res, reader: sse.NewReader(res.Body, 0), close: func() { conn.Close() }}
}

// heap returns the bytes that are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// pair publishes number i of a news item of 4 KiB and a price.
func (s *site) pair(i int, pad string) {
	s.t.Helper()
	s.publish(
		draft("news", fmt.Sprintf(`{"id":"%d","pad":%q}`, i, pad)),
		draft("stock", fmt.Sprintf(`{"symbol":"S","price":"%d"}`, i)),
	)
}

// Readers that never read delay neither the publisher nor a healthy reader, and cost
// no memory beyond the tape. When they read again they get every event that matters.
func TestFrozenReaders(t *testing.T) {
	const frozen, pairs = 20, 700 // 2.9 MB of news for each of the frozen
	s := start(t, setup{smallBuffers: true})
	var conns []net.Conn
	for range frozen {
		conn := s.freeze("/latest?type=news,stock")
		defer conn.Close()
		conns = append(conns, conn)
	}
	pad := strings.Repeat("x", 4<<10)
	began, before := time.Now(), heap()
	healthy := s.open("/latest?type=news,stock")
	healthy.live()
	got := make(chan int, 1)
	go func() { // ends when it has read all news
		n := 0
		for n < pairs {
			if e, err := healthy.reader.Next(); err != nil || e.Type == "news" && !strings.HasPrefix(string(e.Data), fmt.Sprintf(`{"id":"%d",`, n)) {
				break
			} else if e.Type == "news" {
				n++
			}
		}
		got <- n
	}()
	for i := range pairs {
		s.pair(i, pad) // returns once it is on the tape, while nobody frozen has read a byte
	}
	if n := <-got; n != pairs {
		t.Errorf("the healthy reader got %d of %d news", n, pairs)
	}
	// The tape holds data and frame of each event: about 7 MB. A queue for each reader
	// would take twenty times 3 MB more.
	if grown := int64(heap()) - int64(before); grown > 30<<20 {
		t.Errorf("the heap grew by %d MiB with %d frozen readers", grown>>20, frozen)
	} else {
		t.Logf("the heap grew by %d MiB with %d frozen readers; the tape holds %d MiB", grown>>20, frozen, s.bus.Usage().Bytes>>20)
	}
	if lag := s.lag(); lag < pairs {
		t.Errorf("the list of streams shows a lag of %d at most", lag)
	}
	if rest := 2*lateAfter - time.Since(began); rest > 0 { // so that they count as late
		<-time.After(rest)
	}
	for _, conn := range conns[:2] {
		c := thaw(t, conn)
		if o := c.opening(); o.State != topics.Fresh {
			t.Errorf("state %s", o.State)
		}
		c.live()
		news, prices := 0, 0
		for news < pairs {
			e := c.next()
			switch e.Type {
			case "stock":
				prices++
			case "news":
				if !strings.HasPrefix(string(e.Data), fmt.Sprintf(`{"id":"%d",`, news)) {
					t.Fatalf("news %d is %.30s", news, e.Data)
				}
				news++
			default:
				t.Fatalf("event %q: %.80s", e.Type, e.Data)
			}
		}
		for {
			e := c.next()
			if prices++; string(e.Data) == fmt.Sprintf(`{"symbol":"S","price":"%d"}`, pairs-1) {
				break
			}
		}
		if prices > pairs/2 {
			t.Errorf("a late reader was given %d of %d prices; want mostly the newest", prices, pairs)
		}
	}
}

// A reader that the tape has left behind is told so in the stream, and ends current.
func TestReaderThatFallsOffTheTape(t *testing.T) {
	s := start(t, setup{smallBuffers: true, bus: topics.Options{Bytes: 1 << 20}})
	conn := s.freeze("/latest?type=news,stock")
	defer conn.Close()
	pad := strings.Repeat("x", 4<<10)
	const pairs = 800
	for i := range pairs {
		s.pair(i, pad)
	}
	c := thaw(t, conn)
	c.opening()
	c.live()
	next, last := 0, topics.ID{}
	for {
		e := c.next()
		if e.Type == eventStream {
			var o streamInfo
			strict(t, e.Data, &o)
			if o.State != topics.Reset || o.Reason != topics.Expired {
				t.Fatalf("%s", e.Data)
			}
			break
		}
		if e.Type == "news" {
			if !strings.HasPrefix(string(e.Data), fmt.Sprintf(`{"id":"%d",`, next)) {
				t.Fatalf("after %d news and without a reset: %.30s", next, e.Data)
			}
			next++
		}
		last, _ = topics.ParseID(e.ID)
	}
	if next == pairs {
		t.Fatal("the tape held all of it: nothing was tested")
	}
	id, events := c.live()
	if at, err := topics.ParseID(id); err != nil || at.Seq != 2*pairs || at.Seq <= last.Seq {
		t.Errorf("live at %q after %v; want the head", id, last)
	}
	price := ""
	for _, e := range events {
		if e.Type == "stock" {
			price = string(e.Data)
		}
	}
	if want := fmt.Sprintf(`{"symbol":"S","price":"%d"}`, pairs-1); price != want || len(events) != 6 { // five news and one price
		t.Errorf("the snapshot has %d events and the price %s; want 6 and %s", len(events), price, want)
	}
	s.pair(pairs, "")
	c.want(fmt.Sprintf(`mem-%d news {"id":"%d","pad":""}`, 2*pairs+1, pairs))
}

// A reader that takes nothing for the whole stall time is cut off, and gives up what it holds.
func TestStalledReaderIsCut(t *testing.T) {
	s := start(t, setup{smallBuffers: true, options: Options{Stall: 100 * time.Millisecond}})
	conn := s.freeze("/latest?type=news")
	defer conn.Close()
	s.fill("news", 2<<20)
	eventually(t, "it is cut off", func() bool { return s.streams.count() == 0 && s.bus.Usage().Cohorts == 0 })
}

// The same where the protocol has windows of its own: the client's is 4 MiB.
func TestStalledHTTP2ReaderIsCut(t *testing.T) {
	s := start(t, setup{http2: true, options: Options{Stall: 100 * time.Millisecond}})
	frozen := s.open("/latest?type=news")
	healthy := s.open("/latest?type=stock") // on the same connection
	healthy.live()
	s.fill("news", 8<<20)
	eventually(t, "it is cut off", func() bool { return s.streams.count() == 1 })
	frozen.close()
	s.publish(draft("stock", `{"symbol":"S"}`))
	if e := healthy.next(); e.Type != "stock" {
		t.Errorf("the other stream of the connection got %q", e.Type)
	}
}

func TestReaderThatLeavesIsForgotten(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		s := start(t, setup{http2: http2})
		for range 20 {
			s.open("/latest?type=news").close()
		}
		eventually(t, "they are gone", func() bool { return s.streams.count() == 0 && s.bus.Usage().Cohorts == 0 })
	}
}

// memoryWriter is the server's side of a connection that takes everything.
type memoryWriter struct {
	header   http.Header
	bytes    int
	deadline time.Time
}

func (w *memoryWriter) Header() http.Header                { return w.header }
func (w *memoryWriter) WriteHeader(int)                    {}
func (w *memoryWriter) Write(p []byte) (int, error)        { w.bytes += len(p); return len(p), nil }
func (w *memoryWriter) FlushError() error                  { return nil }
func (w *memoryWriter) SetWriteDeadline(t time.Time) error { w.deadline = t; return nil }
func (w *memoryWriter) SetReadDeadline(time.Time) error    { return nil }

// Readers who are level share the bytes of a batch: handing it on allocates nothing.
func TestSendingABatchAllocatesNothing(t *testing.T) {
	if raced {
		t.Skip("the race detector allocates")
	}
	const readers = 1000
	s := start(t, setup{})
	q, err := readQuestion(s.opts.Catalogue, "type=news")
	if err != nil {
		t.Fatal(err)
	}
	p, err := q.params("", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	streams := make([]*stream, readers)
	for i := range streams {
		w := &memoryWriter{header: http.Header{}}
		streams[i] = &stream{sub: s.bus.Subscribe(p.request(s.stream)), w: w, out: http.NewResponseController(w)}
		defer streams[i].sub.Close()
		s.catchUp(streams[i])
	}
	event := draft("news", `{"id":"a"}`)
	per := testing.AllocsPerRun(20, func() {
		s.publish(event)
		for _, st := range streams {
			st.sub.Changed()
			if !s.catchUp(st) {
				t.Fatal("ended")
			}
		}
	}) / readers
	t.Logf("%.3f allocations a reader and event, publishing included", per)
	if per > 0.2 {
		t.Errorf("%.3f allocations a reader and event; want none", per)
	}
	if got := streams[0].w.(*memoryWriter).bytes; got < 21*len("event: news\ndata: {}") {
		t.Errorf("a reader got %d bytes", got)
	}
}

// One op is one event to 100 readers over loopback, net/http included.
func BenchmarkSend(b *testing.B) {
	const readers = 100
	s := start(b, setup{})
	took, mark := make(chan struct{}, readers), []byte(`"bench"`)
	for range readers {
		conn := s.freeze("/latest?type=news")
		b.Cleanup(func() { conn.Close() })
		go func() { // ends with the connection
			buf := make([]byte, 64<<10)
			for {
				n, err := conn.Read(buf)
				if err != nil {
					return
				}
				if bytes.Contains(buf[:n], mark) {
					took <- struct{}{}
				}
			}
		}()
	}
	event := draft("news", `{"id":"bench"}`)
	b.ReportAllocs()
	for b.Loop() {
		s.publish(event)
		for range readers {
			<-took
		}
	}
}
