package handlers

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"tickertape/handlers/sse"
	"tickertape/topics"
)

// heap returns the bytes that are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// pairs publishes news items of 4 KiB and prices, numbered from one number up to,
// and without, another.
func (s *site) pairs(from, to int) {
	s.t.Helper()
	pad := strings.Repeat("x", 4<<10)
	for ; from < to; from += 10 {
		var drafts []topics.Draft
		for i := from; i < min(from+10, to); i++ {
			drafts = append(drafts, draft("news", fmt.Sprintf(`{"id":"%d","pad":"%s"}`, i, pad)), draft("stock", fmt.Sprintf(`{"symbol":"S","price":"%d"}`, i)))
		}
		s.publish(drafts...)
	}
}

// Readers that never read delay neither the publisher nor a healthy reader. When they
// read again they get every event that matters, and mostly the newest of the others.
func testFrozenReaders(t *testing.T, via way) {
	const readers, pairs = 10, 300 // 1.2 MB of news for each of the frozen
	s := start(t, setup{via: via, smallBuffers: true})
	var clients []*frozen
	for range readers {
		clients = append(clients, s.freeze("/latest?type=news,stock"))
	}
	began := time.Now()
	healthy := s.open("/latest?type=news,stock")
	healthy.live()
	got := make(chan int, 1)
	go func() { // ends when it has read all news
		n := 0
		for n < pairs {
			e, err := healthy.reader.Next()
			if err != nil || e.Type == "news" && numberOf(e) != n {
				break
			}
			if e.Type == "news" {
				n++
			}
		}
		got <- n
	}()
	s.pairs(0, pairs) // returns once they are on the tape, while nobody frozen has read a byte
	if n := <-got; n != pairs {
		t.Errorf("the healthy reader got %d of %d news", n, pairs)
	}
	if lag := s.lag(); lag < pairs/2 {
		t.Errorf("the list of streams shows a lag of %d at most", lag)
	}
	if rest := 2*lateAfter - time.Since(began); rest > 0 { // so that they count as late
		<-time.After(rest)
	}
	for _, f := range clients[:2] {
		checkThawed(t, f.thaw(), pairs)
	}
}

// They cost no memory beyond the tape either: with a queue for each, twenty would hold
// twenty times 3 MB.
func TestFrozenReadersCostNoMemory(t *testing.T) {
	for _, via := range []way{paths[0], paths[3]} {
		t.Run(via.name, func(t *testing.T) {
			if probe := impossible[via.io]; probe != nil && probe() != nil {
				t.Skipf("not on this system: %v", probe())
			}
			s := start(t, setup{via: via, smallBuffers: true})
			for range 20 {
				s.freeze("/latest?type=news")
			}
			before := heap()
			s.fill("news", 3<<20)
			// The tape holds data and frame of each event.
			grown := int64(heap()) - int64(before)
			t.Logf("the heap grew by %d MiB; the tape holds %d MiB", grown>>20, s.bus.Usage().Bytes>>20)
			if grown > 20<<20 {
				t.Errorf("the heap grew by %d MiB", grown>>20)
			}
		})
	}
}

// checkThawed reads what a frozen reader is given when it reads again.
func checkThawed(t *testing.T, c *client, pairs int) {
	t.Helper()
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
			if numberOf(e) != news {
				t.Fatalf("news %d is %.30s", news, e.Data)
			}
			news++
		default:
			t.Fatalf("event %q: %.80s", e.Type, e.Data)
		}
	}
	for last := fmt.Sprintf(`{"symbol":"S","price":"%d"}`, pairs-1); ; {
		prices++
		if e := c.next(); string(e.Data) == last {
			break
		}
	}
	if prices > pairs*2/3 {
		t.Errorf("a late reader was given %d of %d prices; want mostly the newest", prices, pairs)
	}
}

// numberOf returns the number of a news item of [site.pairs].
func numberOf(e sse.Event) int {
	n := -1
	_, _ = fmt.Sscanf(string(e.Data), `{"id":"%d"`, &n)
	return n
}

// A reader that the tape has left behind is told so in the stream, and ends current.
func testReaderThatFallsOffTheTape(t *testing.T, via way) {
	s := start(t, setup{via: via, smallBuffers: true, bus: topics.Options{Bytes: 1 << 20}})
	f := s.freeze("/latest?type=news,stock")
	const pairs = 500
	s.pairs(0, pairs)
	c := f.thaw()
	c.opening()
	c.live()
	next, resets, price, current := 0, 0, "", 0 // current: events of the snapshot
	for at := (topics.ID{}); at.Seq != 2*pairs; {
		e := c.next()
		switch e.Type {
		case eventStream:
			var o streamInfo
			strict(t, e.Data, &o)
			if o.State != topics.Reset || o.Reason != topics.Expired {
				t.Fatalf("%s", e.Data)
			}
			resets++
			next, price, current = -1, "", 0
		case eventLive, "stock", "news":
			if e.ID != "" {
				id, err := topics.ParseID(e.ID)
				if err != nil || id.Seq <= at.Seq {
					t.Fatalf("%q after %v", e.ID, at)
				}
				at = id
			} else {
				current++
			}
			if e.Type == "stock" {
				price = string(e.Data)
			}
			if n := numberOf(e); e.Type == "news" && e.ID != "" {
				if next >= 0 && n != next {
					t.Fatalf("after news %d and without a reset: %.30s", next-1, e.Data)
				}
				next = n + 1
			}
		}
	}
	if resets == 0 {
		t.Fatal("the tape held all of it: nothing was tested")
	}
	if want := fmt.Sprintf(`{"symbol":"S","price":"%d"}`, pairs-1); price != want || current != 6 { // five news and one price
		t.Errorf("the snapshot had %d events, and the last price is %s; want 6 and %s", current, price, want)
	}
	s.publish(draft("news", `{"id":"more"}`))
	c.want(fmt.Sprintf(`mem-%d news {"id":"more"}`, 2*pairs+1))
}

// A reader that takes nothing for the whole stall time is cut off, and gives up what it holds.
func testStalledReaderIsCut(t *testing.T, via way) {
	s := start(t, setup{via: via, smallBuffers: true, options: Options{Stall: 100 * time.Millisecond}})
	s.freeze("/latest?type=news")
	s.fill("news", 1<<20)
	eventually(t, "it is cut off", func() bool { return s.streams.count() == 0 && s.bus.Usage().Cohorts == 0 })
}

// The same where the protocol has windows of its own: the client's is 4 MiB.
func TestStalledHTTP2ReaderIsCut(t *testing.T) {
	s := start(t, setup{via: paths[2], options: Options{Stall: 100 * time.Millisecond}})
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

func testReaderThatLeavesIsForgotten(t *testing.T, via way) {
	s := start(t, setup{via: via})
	for range 20 {
		s.open("/latest?type=news").close()
	}
	eventually(t, "they are gone", func() bool { return s.streams.count() == 0 && s.bus.Usage().Cohorts == 0 })
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
		streams[i] = &stream{sub: s.bus.Subscribe(p.request(s.stream)), out: &writerOutlet{w: w, ResponseController: http.NewResponseController(w)}}
		defer streams[i].sub.Close()
		s.catchUp(streams[i])
	}
	event := draft("news", `{"id":"a"}`)
	per := testing.AllocsPerRun(20, func() {
		s.publish(event)
		for _, st := range streams {
			if !s.catchUp(st) {
				t.Fatal("ended")
			}
		}
	}) / readers
	t.Logf("%.3f allocations a reader and event, publishing included", per)
	if per > 0.2 {
		t.Errorf("%.3f allocations a reader and event; want none", per)
	}
	if got := streams[0].out.(*writerOutlet).w.(*memoryWriter).bytes; got < 21*len("event: news\ndata: {}") {
		t.Errorf("a reader got %d bytes", got)
	}
}

// One op is one event to 100 readers over loopback, net/http included.
func BenchmarkSend(b *testing.B) {
	const readers = 100
	s := start(b, setup{})
	took, mark := make(chan struct{}, readers), []byte(`"bench"`)
	for range readers {
		f := s.freeze("/latest?type=news")
		go func() { // ends with the connection
			buf := make([]byte, 64<<10)
			for {
				n, err := f.response.Body.Read(buf)
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
