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
	bye(reason byeReason, pause time.Duration) []byte
}

func streamHeaders(header http.Header, as face) {
	eachStreamHeader(as, header.Set)
}

// eachStreamHeader calls set for what every stream says of itself.
func eachStreamHeader(as face, set func(name, value string)) {
	set("Content-Type", string(as))
	set("Cache-Control", "no-cache, no-transform")
	set("X-Accel-Buffering", "no") // nginx would hold events back
}

// serveStream answers with a stream: by the fan-out where the connection permits it,
// otherwise by this goroutine.
func (h *Handlers) serveStream(c *gin.Context, p *params, as face, wire closingWire) {
	who := reader{screen: p.screen, address: h.addressOf(c), since: time.Now()}
	if !h.streams.admit(&who, h.limit) {
		h.refuse(c)
		return
	}
	handedOver := false
	defer func() {
		if !handedOver {
			h.streams.dismiss(&who)
		}
	}()
	if handedOver = h.serveFanned(c, p, as, wire, who); !handedOver {
		h.serveAlone(c, p, as, wire, who)
	}
}

// serveAlone writes what follows the reader's position until the reader goes away,
// does not read for too long, is too old, or its moment of a drain has come.
func (h *Handlers) serveAlone(c *gin.Context, p *params, as face, wire closingWire, who reader) {
	sub := h.bus.Subscribe(p.request(wire))
	defer sub.Close()
	streamHeaders(c.Writer.Header(), as)
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
	if h.opts.MaxAge > 0 {
		s.endAt(who.since.Add(h.opts.MaxAge-rand.N(h.opts.MaxAge/5+1)), byeAge)
	}
	h.streams.add(s)
	defer h.streams.remove(s)

	gone, draining := c.Request.Context().Done(), h.draining.Done()
	for {
		changed := sub.Changed()
		if !h.catchUp(s) {
			return
		}
		if s.isDue() {
			_ = h.write(s, h.bye(wire, s.why)) // it comes back without that too
			return
		}
		select {
		case <-changed:
		case <-s.due:
		case <-gone:
			return
		case <-draining:
			draining = nil
			s.endAt(time.Now().Add(rand.N(h.spread+1)), byeDrain)
		}
	}
}

// catchUp writes until the reader is level, or has to be told something. It returns
// false if the stream is over.
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
		if s.isDue() || h.draining.Err() != nil && s.why != byeDrain {
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

	ends time.Time        // of its planned end; zero: never. This and the next two are its own goroutine's
	due  <-chan time.Time // tells when it has come
	why  byeReason        // reason of the bye

	mu   sync.Mutex           // guards the fields below; never held across I/O
	sub  *topics.Subscription // its methods; Changed is called without mu
	over bool                 // the handler is about to return: out must not be used
}

// endAt plans the end of the stream, unless it is planned for an earlier time.
func (s *stream) endAt(moment time.Time, why byeReason) {
	if s.ends.IsZero() || moment.Before(s.ends) {
		s.ends, s.due = moment, time.After(time.Until(moment))
	}
	s.why = why
}

func (s *stream) isDue() bool { return !s.ends.IsZero() && !time.Now().Before(s.ends) }

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
