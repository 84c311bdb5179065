package handlers

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tickertape/topics"
)

// A reader is who reads a stream.
type reader struct {
	number  uint64 // set by streams.add
	screen  string
	address netip.Addr
	since   time.Time
	cohort  *topics.Cohort
}

func (r *reader) base() *reader { return r }

// A listed is a stream in the list of streams.
type listed interface {
	base() *reader
	where() (position topics.ID, lag uint64)
	hurry(within time.Duration)
	end() // no call of hurry has an effect any more
}

// limits bound the streams; zero means no bound.
type limits struct {
	total, perAddress int
	rate              *rate.Limiter // of new streams; nil: no bound
}

// streams is the list of who is connected, bounded by limits.
type streams struct {
	mu       sync.Mutex // guards the fields below
	next     uint64
	all      map[listed]struct{}
	admitted int
	byPrefix map[netip.Prefix]int // admitted; what counts as one address, see prefixOf
}

func newStreams() *streams {
	return &streams{all: map[listed]struct{}{}, byPrefix: map[netip.Prefix]int{}}
}

// admit counts a new stream, or returns false if it would be over a limit. Dismiss
// whom it admits.
func (l *streams) admit(r *reader, limit limits) bool {
	prefix := prefixOf(r.address)
	l.mu.Lock()
	defer l.mu.Unlock()
	if limit.total > 0 && l.admitted >= limit.total ||
		limit.perAddress > 0 && l.byPrefix[prefix] >= limit.perAddress ||
		limit.rate != nil && !limit.rate.Allow() {
		return false
	}
	l.admitted++
	l.byPrefix[prefix]++
	return true
}

// dismiss undoes admit.
func (l *streams) dismiss(r *reader) {
	prefix := prefixOf(r.address)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.admitted--
	if l.byPrefix[prefix]--; l.byPrefix[prefix] == 0 {
		delete(l.byPrefix, prefix)
	}
}

func (l *streams) add(s listed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	s.base().number = l.next
	l.all[s] = struct{}{}
}

func (l *streams) remove(s listed) {
	s.end()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, s)
}

func (l *streams) list() []listed {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]listed, 0, len(l.all))
	for s := range l.all {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b listed) int { return cmp.Compare(a.base().number, b.base().number) })
	return all
}

func (l *streams) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all)
}

// spread returns the time over which a drain lets the streams go: few need no more
// than a moment.
func (l *streams) spread(most time.Duration) time.Duration {
	return min(most, time.Duration(l.count())*2*time.Millisecond)
}

// Streams returns how many streams are open.
func (h *Handlers) Streams() int { return h.streams.count() }

// Drain lets the streams go one after the other, each with a bye, and refuses new ones
// softly. It does not wait: the server that runs the handlers does, and
// [Handlers.Close]. Readers that do not read are cut off. A second call does nothing.
func (h *Handlers) Drain() {
	h.drainOnce.Do(func() {
		h.spread = h.streams.spread(h.opts.Drain)
		h.drain()
		h.drainFanned()
		for _, s := range h.streams.list() {
			s.hurry(h.spread + h.byeWait)
		}
	})
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

func statusOf(s listed) streamStatus {
	r := s.base()
	position, lag := s.where()
	return streamStatus{
		ID:       strconv.FormatUint(r.number, 10),
		Screen:   r.screen,
		Address:  addressText(r.address),
		Topics:   r.cohort.Filter().String(),
		Since:    stamp(r.since),
		Position: position.String(),
		Lag:      lag,
	}
}

func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return "unknown"
	}
	return a.String()
}
