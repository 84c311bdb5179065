package topics

import (
	"bytes"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// An entry is one event on the tape with its bytes on the wire. Immutable but for
// replaced.
type entry struct {
	event Event
	frame []byte // [Options.Wire]'s encoding, with the id
	inner bool   // the event's data is a part of frame

	// replaced is the place of the event that took this one's place among the last
	// values, 0 for none: who is late need not get it. All that changes of an entry.
	replaced atomic.Uint64
}

// encode makes the frame. Data that stands in it as it is, which is all but text of
// several lines, is kept once.
func (e *entry) encode(w Wire, id ID) {
	e.frame = w.Event(nil, id, &e.event)
	e.frame = e.frame[:len(e.frame):len(e.frame)]
	if at := bytes.LastIndex(e.frame, e.event.Data); at >= 0 && len(e.event.Data) > 0 {
		e.event.Data = e.frame[at : at+len(e.event.Data)]
		e.inner = true
	}
}

// size is what an entry weighs against the bound in bytes: its frame, data that is
// not part of that, and about 200 bytes for the structs around them.
func (e *entry) size() int {
	n := len(e.frame) + len(e.event.Key) + 200
	if !e.inner {
		n += len(e.event.Data)
	}
	return n
}

// A tape is a ring of the newest entries, oldest first, bounded in number and bytes.
type tape struct {
	maxEvents, maxBytes int // immutable

	mu      sync.RWMutex // guards the fields below
	ring    []*entry     // grows up to maxEvents
	start   int          // index of the oldest
	count   int
	bytes   int
	evicted uint64 // events up to this place may be missing
}

func newTape(maxEvents, maxBytes int) *tape {
	return &tape{maxEvents: maxEvents, maxBytes: maxBytes}
}

// begin says that events up to place are missing, and drops what is there of them.
func (t *tape) begin(place uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.count > 0 && t.atLocked(0).event.Seq <= place {
		t.evictOldestLocked()
	}
	t.evicted = max(t.evicted, place)
}

func (t *tape) append(e *entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.count > 0 && (t.count == t.maxEvents || t.bytes+e.size() > t.maxBytes) {
		t.evictOldestLocked()
	}
	if t.count == len(t.ring) {
		t.growLocked()
	}
	t.ring[(t.start+t.count)%len(t.ring)] = e
	t.count++
	t.bytes += e.size()
}

func (t *tape) evictOldestLocked() {
	old := t.ring[t.start]
	t.ring[t.start] = nil
	t.start = (t.start + 1) % len(t.ring)
	t.count--
	t.bytes -= old.size()
	t.evicted = old.event.Seq
}

func (t *tape) growLocked() {
	ring := make([]*entry, min(t.maxEvents, max(64, 2*len(t.ring))))
	for i := range t.count {
		ring[i] = t.ring[(t.start+i)%len(t.ring)]
	}
	t.ring, t.start = ring, 0
}

func (t *tape) atLocked(i int) *entry { return t.ring[(t.start+i)%len(t.ring)] }

// searchLocked returns the index of the first entry after place.
func (t *tape) searchLocked(place uint64) int {
	return sort.Search(t.count, func(i int) bool { return t.atLocked(i).event.Seq > place })
}

// pick appends to dst the entries at the given places, which ascend. It returns
// false if the tape has lost one of them.
func (t *tape) pick(dst []*entry, places []uint64) ([]*entry, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	next := -1
	for _, place := range places {
		i := next
		if i < 0 || i >= t.count || t.atLocked(i).event.Seq != place {
			i = t.searchLocked(place - 1)
		}
		next = i + 1
		if i == t.count || t.atLocked(i).event.Seq != place {
			return dst, false
		}
		dst = append(dst, t.atLocked(i))
	}
	return dst, true
}

// scan appends to dst the entries after one place, up to and with another, that
// match f, at most limit of them (0: no limit). It returns false if the tape may
// have lost one of them.
func (t *tape) scan(dst []*entry, f Filter, after, upto uint64, limit int) ([]*entry, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if after < t.evicted {
		return dst, false
	}
	for i := t.searchLocked(after); i < t.count; i++ {
		e := t.atLocked(i)
		if e.event.Seq > upto || (limit > 0 && len(dst) >= limit) {
			break
		}
		if f.matches(&e.event) {
			dst = append(dst, e)
		}
	}
	return dst, true
}

// since returns the place before the first event of time at or later. It returns
// false if events of that time may already have left the tape.
func (t *tape) since(at time.Time, head uint64) (uint64, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	i := sort.Search(t.count, func(i int) bool { return !t.atLocked(i).event.Time.Before(at) })
	if i == 0 && t.evicted > 0 {
		return 0, false
	}
	if i == t.count {
		return head, true
	}
	return t.atLocked(i).event.Seq - 1, true
}

// reaches reports whether everything after place is on the tape.
func (t *tape) reaches(place uint64) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return place >= t.evicted
}

// find returns the newest entry that f accepts, or nil.
func (t *tape) find(f func(*Event) bool) *entry {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for i := t.count - 1; i >= 0; i-- {
		if e := t.atLocked(i); f(&e.event) {
			return e
		}
	}
	return nil
}

// usage returns the number of entries and the bytes they weigh.
func (t *tape) usage() (events, bytes int) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.count, t.bytes
}
