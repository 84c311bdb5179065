package handlers

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"tickertape/topics"
)

// lateAfter is how long a write may take before its reader counts as late.
const lateAfter = 100 * time.Millisecond

// A closingWire can say how a stream ends.
type closingWire interface {
	topics.Wire
	bye(reason string, pause time.Duration) []byte
}

func streamHeaders(header http.Header, contentType string) {
	header.Set("Content-Type", contentType)
	header.Set("Cache-Control", "no-cache, no-transform")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
}

// serveStream writes what follows the reader's position until the reader goes away,
// does not read for too long, or the server drains.
func (h *Handlers) serveStream(c *gin.Context, p params, as face, wire closingWire) {
	sub := h.bus.Subscribe(p.request(wire))
	defer sub.Close()
	streamHeaders(c.Writer.Header(), string(as))
	c.Writer.WriteHeader(http.StatusOK)
	c.Writer.WriteHeaderNow()
	w := direct(c.Writer)
	s := &stream{
		screen:  p.screen,
		address: c.ClientIP(),
		filter:  p.filter.String(),
		since:   time.Now(),
		w:       w,
		out:     http.NewResponseController(w),
		http2:   c.Request.ProtoMajor >= 2,
		sub:     sub,
	}
	h.streams.add(s)
	defer h.streams.remove(s)

	gone := c.Request.Context().Done()
	for {
		changed := sub.Changed()
		if !h.catchUp(s) {
			return
		}
		select {
		case <-changed:
		case <-gone:
			return
		case <-h.draining.Done():
			pause := retry(h.opts.DrainSpread/10, h.opts.DrainSpread)
			_ = h.write(s, wire.bye("drain", pause)) // a reader that misses it comes back all the same
			return
		}
	}
}

// catchUp writes until the reader is level. It returns false if the stream is over.
func (h *Handlers) catchUp(s *stream) bool {
	late := false // until it is level again
	for {
		s.mu.Lock()
		batch := s.sub.Next(late)
		s.mu.Unlock()
		if batch == nil {
			return true
		}
		began := time.Now()
		if err := h.write(s, batch); err != nil {
			return false
		}
		if time.Since(began) > lateAfter {
			late = true
		}
		if h.draining.Err() != nil {
			return true
		}
	}
}

// write sends bytes at once, or fails after the time that a reader may stall.
func (h *Handlers) write(s *stream, bytes []byte) error {
	if err := s.out.SetWriteDeadline(time.Now().Add(h.opts.Stall)); err != nil {
		return err
	}
	if h.draining.Err() != nil { // after the deadline is set: Drain may have shortened the last one
		if err := s.out.SetWriteDeadline(time.Now().Add(h.byeWait)); err != nil {
			return err
		}
	}
	n, err := s.w.Write(bytes)
	h.metrics.sent(n)
	if err == nil {
		err = s.out.Flush()
	}
	if err == nil && s.http2 { // there, a deadline that passes ends the stream even while nothing is written
		err = s.out.SetWriteDeadline(time.Time{})
	}
	return err
}

// direct returns the server's own writer below the router's: the router's Flush loses
// errors, and its writer is used again for the next request.
func direct(w gin.ResponseWriter) http.ResponseWriter {
	if u, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		return u.Unwrap()
	}
	return w
}

// A stream is one reader that is connected.
type stream struct {
	number  uint64 // set by streams.add
	screen  string
	address string
	filter  string
	since   time.Time
	w       http.ResponseWriter // used by its own goroutine only
	out     *http.ResponseController
	http2   bool

	mu   sync.Mutex           // guards the fields below; never held across I/O
	sub  *topics.Subscription // its methods; Changed is called without mu
	over bool                 // the handler is about to return: out must not be used
}

// hurry gives the write that is under way, if any, no more than the given time.
func (s *stream) hurry(within time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		_ = s.out.SetWriteDeadline(time.Now().Add(within)) // one that is closed needs none
	}
}

func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}

// streams is the list of who is connected. It is bounded by the number of
// connections.
type streams struct {
	mu   sync.Mutex
	next uint64
	all  map[*stream]struct{}
}

func newStreams() *streams { return &streams{all: map[*stream]struct{}{}} }

func (l *streams) add(s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	s.number = l.next
	l.all[s] = struct{}{}
}

func (l *streams) remove(s *stream) {
	s.end()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, s)
}

func (l *streams) list() []*stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]*stream, 0, len(l.all))
	for s := range l.all {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *stream) int { return cmp.Compare(a.number, b.number) })
	return all
}

func (l *streams) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all)
}

// Drain tells every stream bye and refuses new ones softly. It does not wait: the
// server that runs the handlers does. Readers that do not read are cut off.
func (h *Handlers) Drain() {
	h.drain()
	for _, s := range h.streams.list() {
		s.hurry(h.byeWait)
	}
}

// streamStatus is an element of GET /streams.
type streamStatus struct {
	ID       string `json:"id"`
	Screen   string `json:"screen,omitempty"`
	Address  string `json:"address"`
	Topics   string `json:"topics"`
	Since    string `json:"since" format:"date-time"`
	Position string `json:"position"`
	Lag      uint64 `json:"lag" doc:"events that wait for the reader"`
}

func (s *stream) status() streamStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return streamStatus{
		ID:       strconv.FormatUint(s.number, 10),
		Screen:   s.screen,
		Address:  s.address,
		Topics:   s.filter,
		Since:    stamp(s.since),
		Position: s.sub.Position().String(),
		Lag:      s.sub.Lag(),
	}
}
