package topics

import (
	"slices"
	"time"
)

// A Request says what a reader wants.
type Request struct {
	Filter     Filter
	Every      time.Duration // at most one update of a key in this time; 0: as it happens
	After      string        // the last id that the reader has, as it was sent; "": none
	Since      time.Time     // without After: start with the events of that time; zero: now
	NoSnapshot bool          // do not send current values first
	Wire       Wire
}

// A Subscription is a reader's position on the tape, or that of several readers who
// are level with each other. Its methods may be called from one goroutine at a time.
type Subscription struct {
	bus    *Bus
	cohort *Cohort
	noSnap bool
	stands int // readers that it stands for, see Stand

	watches int // guarded by Cohort.mu: see watcher

	cur      cursor
	opening  [][]byte // what Next returns first, in this order
	replay   uint64   // the replay ends here and Live follows
	resuming bool     // until Live is out
	replayed bool     // the replay had an event
	sent     sent     // what Next returned last
}

// sent is what Next returned, so that a part of it can be taken back.
type sent struct {
	before uint64 // place of the cursor then
	batch  *batch // nil: it was something without places
	bytes  []byte
}

// Subscribe returns the position that r asks for. It does not block but for the
// locks. Close the result.
func (b *Bus) Subscribe(r Request) *Subscription {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &Subscription{bus: b, noSnap: r.NoSnapshot, cohort: b.joinLocked(r), stands: 1}
	s.cohort.readers++
	place, state, reason := b.placeLocked(r)
	if state == Resumed {
		s.resumeLocked(place, now)
	} else {
		s.openLocked(Opening{State: state, Reason: reason, Filter: r.Filter, Time: now.UTC()})
	}
	return s
}

// placeLocked finds where a reader goes on.
func (b *Bus) placeLocked(r Request) (place uint64, state State, reason Reason) {
	head := b.head.Load()
	switch {
	case r.After != "":
		id, err := ParseID(r.After)
		switch {
		case err != nil:
			return 0, Reset, Unknown
		case id.Epoch != b.epoch:
			return 0, Reset, Epoch
		case id.Seq > head:
			return 0, Reset, Future
		case !b.tape.reaches(id.Seq):
			return 0, Reset, Expired
		}
		return id.Seq, Resumed, ""
	case !r.Since.IsZero():
		place, ok := b.tape.since(r.Since, head)
		if !ok {
			return 0, Reset, Expired
		}
		return place, Resumed, ""
	}
	return 0, Fresh, ""
}

func (s *Subscription) resumeLocked(place uint64, now time.Time) {
	s.cur = s.cohort.join(place)
	s.replay, s.resuming = s.bus.head.Load(), true
	s.opening = [][]byte{s.cohort.wire.Open(nil, Opening{State: Resumed, Filter: s.cohort.filter, Time: now.UTC()})}
}

// openLocked makes the opening of a fresh or reset stream: state, snapshot, live.
func (s *Subscription) openLocked(o Opening) {
	head := s.bus.head.Load()
	s.cur = s.cohort.join(head)
	s.resuming = false
	s.opening = append(s.opening[:0], s.cohort.wire.Open(nil, o))
	if !s.noSnap {
		if current := s.cohort.snapshotBytes(o.Time); len(current) > 0 {
			s.opening = append(s.opening, current)
		}
	}
	s.opening = append(s.opening, s.cohort.wire.Live(nil, ID{Epoch: s.bus.epoch, Seq: head}, o.Time))
}

// Next returns the bytes that follow on the wire, nil when the reader is level. The
// bytes are shared: they must not be changed. late says that the reader did not
// keep up: it is then given all events of every-topics, but only the newest of each
// key of latest-topics. A reader that the tape has left behind gets a reset.
func (s *Subscription) Next(late bool) []byte { return s.next(span{}, late) }

// NextTo is Next for a reader that is to join leader, a subscription of the same
// cohort: it goes no further than leader has.
func (s *Subscription) NextTo(leader *Subscription, late bool) []byte {
	return s.next(span{bound: true, upto: leader.cur.place}, late)
}

func (s *Subscription) next(span span, late bool) []byte {
	s.sent = sent{before: s.cur.place}
	switch {
	case len(s.opening) > 0:
		s.sent.bytes = s.opening[0]
		s.opening = s.opening[1:]
	case s.resuming:
		s.nextReplay(late)
	default:
		b, beat, lost := s.cohort.next(&s.cur, span, late)
		if lost {
			return s.reset()
		}
		s.take(b, beat)
	}
	return s.sent.bytes
}

func (s *Subscription) take(b *batch, beat []byte) {
	s.sent.batch, s.sent.bytes = b, beat
	if b != nil {
		s.sent.bytes = b.bytes
	}
}

// nextReplay returns what the reader missed, then Live. The mark carries the id of
// the place where the replay ends, unless the last event was given that id already.
func (s *Subscription) nextReplay(late bool) {
	last := s.cur.place
	b, _, lost := s.cohort.next(&s.cur, span{bound: true, upto: s.replay}, late)
	if lost {
		s.reset()
		return
	}
	if b != nil {
		s.replayed = true
		s.take(b, nil)
		return
	}
	id := ID{Epoch: s.bus.epoch, Seq: s.replay}
	if s.replayed && last == s.replay {
		id = ID{}
	}
	s.cur = s.cohort.join(s.replay)
	s.resuming = false
	s.sent.bytes = s.cohort.wire.Live(nil, id, time.Now().UTC())
}

func (s *Subscription) reset() []byte {
	s.bus.mu.Lock()
	s.openLocked(Opening{State: Reset, Reason: Expired, Filter: s.cohort.filter, Time: time.Now().UTC()})
	s.bus.mu.Unlock()
	return s.Next(false)
}

// Opening returns and takes away what Next would return before the first event of the
// timeline: the stream's state, a snapshot, the mark after it.
func (s *Subscription) Opening() [][]byte {
	opening := s.opening
	s.opening = nil
	s.sent = sent{before: s.cur.place}
	return opening
}

// Rewind says that only n bytes of what Next returned last went out. It moves the
// position back behind the frame that was cut, and returns the rest of that frame,
// which has to go out first. What has no place, as a snapshot, is returned whole.
func (s *Subscription) Rewind(n int) (rest []byte) {
	last := s.sent
	s.sent = sent{before: s.cur.place}
	if last.batch == nil {
		return last.bytes[n:]
	}
	s.cur.place = last.before
	if n == 0 {
		return nil
	}
	for _, end := range last.batch.ends {
		s.cur.place = end.place
		if end.at >= n {
			return slices.Clone(last.bytes[n:end.at]) // a copy does not keep the batch
		}
	}
	return nil
}

// Fork returns a position of its own for one of the readers that s stands for: one
// to whom only n bytes of what Next returned last went out; rest as with Rewind. The
// caller has to lower Stand by one.
func (s *Subscription) Fork(n int) (own *Subscription, rest []byte) {
	s.cohort.mu.Lock() // watches is the cohort's
	own = new(*s)
	s.cohort.mu.Unlock()
	own.stands, own.watches = 0, 0
	own.opening = slices.Clone(s.opening)
	rest = own.Rewind(n)
	s.bus.mu.Lock()
	s.cohort.refs++
	s.bus.mu.Unlock()
	own.Stand(1)
	return own, rest
}

// Level reports whether a reader at s can from now on be served what leader, of the
// same cohort, is given: nothing lies between the two.
func (s *Subscription) Level(leader *Subscription) bool {
	return s.cohort == leader.cohort && !s.resuming && len(s.opening) == 0 &&
		!leader.resuming && len(leader.opening) == 0 &&
		!s.cohort.apart(s.cur.place, leader.cur.place, leader.cur.beat)
}

// Cohort returns the readers that s belongs to; subscriptions with the same one may
// share a position.
func (s *Subscription) Cohort() *Cohort { return s.cohort }

// Stand says for how many readers s stands, where they are counted. It is 1 at first.
func (s *Subscription) Stand(readers int) {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	s.cohort.readers += readers - s.stands
	s.stands = readers
}

// Notify has fn called whenever Next may have something new, from any goroutine and
// with locks held: fn must not block, nor call a method of this package.
func (s *Subscription) Notify(fn func()) { s.cohort.watch(s, fn) }

// Position returns the place up to which everything was handed out.
func (s *Subscription) Position() ID { return ID{Epoch: s.bus.epoch, Seq: s.cur.place} }

// Lag returns how many events wait for the reader.
func (s *Subscription) Lag() uint64 { return s.cohort.Lag(s.cur.place) }

// Close gives the position up. The Subscription must not be used afterwards.
func (s *Subscription) Close() {
	s.cohort.watch(s, nil)
	s.Stand(0)
	s.bus.leave(s.cohort)
}
