package topics

import (
	"slices"
	"sync"
	"time"
)

const (
	// MaxBatchBytes bounds the bytes that Next returns at once, unless one event is larger.
	MaxBatchBytes = 64 << 10
	// maxPlaces is how many places a cohort remembers before it forgets the older half.
	maxPlaces = 4096
	// maxBatchEvents bounds the work of building one batch.
	maxBatchEvents = 512
	// maxLookAhead is how many events are looked at for a late reader at once.
	maxLookAhead = 8192
	// maxInterval is more events than a tape can hold: an interval is looked at whole.
	maxInterval = 1 << 40
)

// A Cohort is all readers with the same filter, interval and wire. They share the
// bytes of a batch, the snapshot and the heartbeats.
type Cohort struct {
	bus    *Bus
	filter Filter
	every  time.Duration // at most one update of a key in this time; 0: as it happens
	wire   Wire
	latest bool // the filter touches a latest-topic, so values may be replaced

	refs    int  // guarded by Bus.mu: subscriptions that are open
	readers int  // guarded by Bus.mu: readers they stand for
	noted   bool // guarded by Bus.mu: an event of the running dispatch is for this cohort

	mu       sync.Mutex  // guards the fields below; never held across I/O
	watchers []watcher   // in the order in which they came
	places   []uint64    // of the events for this cohort, ascending, all after base
	base     uint64      // what is at or before it is not remembered in places
	newest   uint64      // place of the newest event noted, 0 for none
	released uint64      // with every: readers may see up to here
	flushed  time.Time   // with every: when released was moved
	timer    *time.Timer // with every: the next move; nil when none is due
	batch    *batch      // the newest batch built, shared by readers who are level; never nil
	mark     uint64      // no id above it was given to any reader of the cohort
	spoke    time.Time   // when there was last something to read
	beat     beat        // newest heartbeat
	snapshot snapshot    // cached
}

type beat struct {
	number uint64 // counts heartbeats
	bytes  []byte
}

type snapshot struct {
	newest uint64    // Cohort.newest when it was built
	drops  uint64    // values.drops when it was built
	until  time.Time // when a value in it expires; zero for never
	valid  bool
	bytes  []byte
}

type cohortKey struct {
	filter string
	every  time.Duration
	wire   Wire
}

// cursor is a reader's position in its cohort.
type cursor struct {
	place uint64 // every event up to here was considered for the reader
	beat  uint64 // number of the newest heartbeat that is behind the reader
}

// span says which events are asked for.
type span struct {
	bound bool   // up to a place, without heartbeats; otherwise all that the cohort lets its readers see
	upto  uint64 // with bound
}

// note records that the event at place is for this cohort. Caller holds Bus.mu.
func (c *Cohort) note(place uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.places) == maxPlaces {
		half := maxPlaces / 2
		c.base = c.places[half-1]
		c.places = append(c.places[:0], c.places[half:]...)
	}
	c.places = append(c.places, place)
	c.newest = place
}

// skip forgets what was noted: the tape has lost events up to place. Caller holds
// Bus.mu and has moved Bus.head.
func (c *Cohort) skip(place uint64, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.places, c.base = c.places[:0], place
	c.broadcastLocked(now)
}

// wake lets readers see what was noted, at once or when the interval is over.
// Caller holds Bus.mu and has moved Bus.head.
func (c *Cohort) wake(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.every == 0 {
		c.broadcastLocked(now)
		return
	}
	if c.timer != nil {
		return
	}
	if wait := c.every - now.Sub(c.flushed); wait > 0 {
		c.timer = time.AfterFunc(wait, c.flush)
		return
	}
	c.releaseLocked(now)
}

// flush runs when an interval is over.
func (c *Cohort) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer == nil { // stopped while it fired
		return
	}
	c.timer = nil
	c.releaseLocked(time.Now())
}

func (c *Cohort) releaseLocked(now time.Time) {
	c.released = c.bus.head.Load()
	c.flushed = now
	c.broadcastLocked(now)
}

func (c *Cohort) broadcastLocked(now time.Time) {
	c.spoke = now
	for i := range c.watchers {
		c.watchers[i].fn()
	}
}

// stop ends the interval timer. Caller holds Bus.mu.
func (c *Cohort) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
}

// limitLocked returns the place up to which readers may see.
func (c *Cohort) limitLocked() uint64 {
	head := c.bus.head.Load()
	if c.every == 0 {
		return head
	}
	if n := len(c.places); n == 0 || c.places[n-1] <= c.released {
		return head // nothing is held back
	}
	return c.released
}

// heartbeat speaks if the cohort has been silent for the interval.
func (c *Cohort) heartbeat(now time.Time, interval time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.spoke) < interval {
		return
	}
	place := c.limitLocked()
	id := ID{}
	if place > c.mark {
		id = ID{Epoch: c.bus.epoch, Seq: place}
		c.mark = place
	}
	c.beat = beat{number: c.beat.number + 1, bytes: c.wire.Heartbeat(nil, id, now)}
	c.broadcastLocked(now)
}

// join returns the cursor of a reader who has everything up to place.
func (c *Cohort) join(place uint64) cursor {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mark = max(c.mark, place)
	return cursor{place: place, beat: c.beat.number}
}

// A watcher is told that there may be something to read.
type watcher struct {
	of *Subscription // its field watches is the place in Cohort.watchers plus one
	fn func()
}

// watch calls fn at each change, until fn is nil. It must not block, nor call back.
func (c *Cohort) watch(s *Subscription, fn func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch place := s.watches - 1; {
	case fn != nil && place >= 0:
		c.watchers[place].fn = fn
	case fn != nil:
		c.watchers = append(c.watchers, watcher{s, fn})
		s.watches = len(c.watchers)
	case place >= 0:
		last := len(c.watchers) - 1
		c.watchers[place] = c.watchers[last]
		c.watchers[place].of.watches = place + 1
		c.watchers[last] = watcher{}
		c.watchers = c.watchers[:last]
		s.watches = 0
	}
}

// next returns what follows the cursor and moves it: a batch, or a heartbeat, or
// neither when the reader is level. A reader that is late gets only the newest value
// of a key. It returns lost if the tape has moved past the cursor, which then stays.
func (c *Cohort) next(cur *cursor, span span, late bool) (b *batch, beat []byte, lost bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	limit := span.upto
	if !span.bound {
		limit = c.limitLocked()
	}
	late = late && c.latest && c.every == 0
	if !late && c.sharesBatchLocked(cur.place, limit) {
		c.passLocked(cur, c.batch.last)
		return c.batch, nil, false
	}
	pending, ok := c.wantedLocked(cur, limit, late)
	if !ok {
		return nil, nil, true
	}
	if len(pending) == 0 {
		return nil, c.levelLocked(cur, limit, span.bound), false
	}
	b = c.buildLocked(pending)
	b.upto = limit
	if !late {
		c.batch = b
	}
	c.passLocked(cur, b.last)
	return b, nil, false
}

func (c *Cohort) passLocked(cur *cursor, place uint64) {
	cur.place = place
	cur.beat = c.beat.number
}

// levelLocked moves the cursor of a reader for whom there is no event, and returns
// the newest heartbeat unless the reader was given something since. Its id is above
// all that were given out before it, so it is above the reader's.
func (c *Cohort) levelLocked(cur *cursor, limit uint64, silent bool) []byte {
	due := !silent && c.beat.number > cur.beat
	c.passLocked(cur, max(cur.place, limit))
	if !due {
		return nil
	}
	return c.beat.bytes
}

// snapshotBytes returns the current values for the cohort, without ids. Caller holds
// Bus.mu. One build serves all who come before the next change.
func (c *Cohort) snapshotBytes(now time.Time) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	drops := c.bus.values.drops(c.filter)
	if s := &c.snapshot; s.valid && s.newest == c.newest && s.drops == drops && (s.until.IsZero() || now.Before(s.until)) {
		return s.bytes
	}
	current, until := c.bus.values.match(c.filter, now)
	var bytes []byte
	for _, e := range current {
		bytes = c.wire.Event(bytes, ID{}, &e.event)
	}
	if c.readers > 1 {
		c.snapshot = snapshot{newest: c.newest, drops: drops, until: until, valid: true, bytes: bytes}
	}
	return bytes
}

// Filter returns what the readers of the cohort want.
func (c *Cohort) Filter() Filter { return c.filter }

// Lag returns how many events for the cohort wait after a place; where it does not
// remember, events of any topic count.
func (c *Cohort) Lag(place uint64) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if place >= c.base {
		i, _ := slices.BinarySearch(c.places, place+1)
		return uint64(len(c.places) - i)
	}
	return c.bus.head.Load() - place
}

// apart reports whether there are events for the cohort between two places, or a
// heartbeat after a cursor.
func (c *Cohort) apart(one, other uint64, beat uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	low, high := min(one, other), max(one, other)
	if beat != c.beat.number || (low < high && low < c.base) {
		return true
	}
	i, _ := slices.BinarySearch(c.places, low+1)
	return i < len(c.places) && c.places[i] <= high
}
