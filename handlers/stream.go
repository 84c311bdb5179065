package handlers

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
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
	out, end := h.outletOf(c, as)
	defer end()
	who.cohort = sub.Cohort()
	s := &stream{reader: who, out: out, sub: sub, wake: make(chan struct{}, 1)}
	defer s.stop()
	if h.opts.MaxAge > 0 {
		s.endAt(who.since.Add(h.opts.MaxAge-rand.N(h.opts.MaxAge/5+1)), byeAge)
	}
	forget := context.AfterFunc(c.Request.Context(), func() {
		s.gone.Store(true)
		s.poke()
	})
	defer forget()
	sub.Notify(s.poke)
	h.streams.add(s)
	defer h.streams.remove(s)
	for {
		if h.draining.Err() != nil && s.why != byeDrain {
			s.endAt(time.Now().Add(rand.N(h.spread+1)), byeDrain)
		}
		if s.gone.Load() || !h.catchUp(s) {
			return
		}
		if s.isDue() {
			_ = h.write(s, time.Now(), h.bye(wire, s.why)) // it comes back without that too
			return
		}
		<-s.wake
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
		if err := h.write(s, began, batch); err != nil {
			return false
		}
		late = late || time.Since(began) > lateAfter
		if s.isDue() || h.draining.Err() != nil && s.why != byeDrain {
			return true
		}
	}
}

// write sends bytes at once, or fails after the time that a reader may stall. That
// time is renewed when a quarter of it is over: to set it for each write costs as much
// as all else that is done here.
func (h *Handlers) write(s *stream, now time.Time, bytes []byte) error {
	if s.allowed.Sub(now) < h.opts.Stall*3/4 {
		s.allowed = now.Add(h.opts.Stall)
		if err := s.out.SetWriteDeadline(s.allowed); err != nil {
			return err
		}
	}
	if h.draining.Err() != nil { // after the deadline is set: Drain may have shortened the last one
		if err := s.out.SetWriteDeadline(now.Add(h.byeWait)); err != nil {
			return err
		}
	}
	n, err := s.out.Write(bytes)
	h.metrics.sent(n)
	if s.out.expires() {
		s.allowed = time.Time{}
	}
	return err
}

// A stream is one reader that has a goroutine.
type stream struct {
	reader
	out outlet // Write is for its own goroutine only

	wake chan struct{} // capacity 1, for a poke; its own goroutine receives; never closed
	gone atomic.Bool   // the reader has left

	// Owned by its own goroutine.
	ends    time.Time   // its planned end; zero: never
	due     *time.Timer // pokes it then
	why     byeReason   // reason of the bye
	allowed time.Time   // writes may take until then

	mu   sync.Mutex           // guards the fields below; never held across I/O
	sub  *topics.Subscription // its methods; Notify is called without mu
	over bool                 // the handler is about to return: out must not be used
}

// endAt plans the end of the stream, unless it is planned for an earlier time.
func (s *stream) endAt(moment time.Time, why byeReason) {
	if s.ends.IsZero() || moment.Before(s.ends) {
		s.stop()
		s.ends, s.due = moment, time.AfterFunc(time.Until(moment), s.poke)
	}
	s.why = why
}

// stop gives up the plan to end.
func (s *stream) stop() {
	if s.due != nil {
		s.due.Stop()
	}
}

// poke has the stream look what there is to do. It does not block.
func (s *stream) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

func (s *stream) isDue() bool { return !s.ends.IsZero() && !time.Now().Before(s.ends) }

func (s *stream) where() (topics.ID, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sub.Position(), s.sub.Lag()
}

// hurry gives the write that is under way, if any, no more than the given time, and
// lets the stream know that a drain has begun.
func (s *stream) hurry(within time.Duration) {
	s.poke()
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
