package handlers

import (
	"math/rand/v2"
	"net/http"
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

// serveStream answers with a stream: by the fan-out where the connection permits it,
// otherwise by this goroutine.
func (h *Handlers) serveStream(c *gin.Context, p params, as face, wire closingWire) {
	who := reader{screen: p.screen, address: h.addressOf(c), since: time.Now()}
	if !h.streams.admit(&who, h.limit) {
		h.refuse(c)
		return
	}
	if h.serveFanned(c, p, as, wire, who) {
		return
	}
	defer h.streams.dismiss(&who)
	h.serveAlone(c, p, as, wire, who)
}

// serveAlone writes what follows the reader's position until the reader goes away,
// does not read for too long, or the server drains.
func (h *Handlers) serveAlone(c *gin.Context, p params, as face, wire closingWire, who reader) {
	sub := h.bus.Subscribe(p.request(wire))
	defer sub.Close()
	streamHeaders(c.Writer.Header(), string(as))
	c.Writer.WriteHeader(http.StatusOK)
	c.Writer.WriteHeaderNow()
	w := direct(c.Writer)
	who.cohort = sub.Cohort()
	s := &stream{
		reader: who,
		w:      w,
		out:    http.NewResponseController(w),
		http2:  c.Request.ProtoMajor >= 2,
		sub:    sub,
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
			h.sayBye(s, wire, gone)
			return
		}
	}
}

// sayBye ends a stream in its moment of the drain. A reader that misses the bye comes
// back all the same.
func (h *Handlers) sayBye(s *stream, wire closingWire, gone <-chan struct{}) {
	moment := time.NewTimer(rand.N(h.streams.spread(h.opts.Drain) + 1))
	defer moment.Stop()
	select {
	case <-moment.C:
		_ = h.write(s, wire.bye("drain", h.comeBack()))
	case <-gone:
	}
}

// comeBack is the pause that a reader is asked to make after a planned end.
func (h *Handlers) comeBack() time.Duration {
	return retry(h.opts.DrainSpread/10, h.opts.DrainSpread)
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

// A stream is one reader that has a goroutine.
type stream struct {
	reader
	w     http.ResponseWriter // used by its own goroutine only
	out   *http.ResponseController
	http2 bool

	mu   sync.Mutex           // guards the fields below; never held across I/O
	sub  *topics.Subscription // its methods; Changed is called without mu
	over bool                 // the handler is about to return: out must not be used
}

func (s *stream) where() (topics.ID, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sub.Position(), s.sub.Lag()
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
