package topics

import (
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

// A Subscription is a reader's position on the tape. Its methods may be called from
// one goroutine at a time.
type Subscription struct {
	bus    *Bus
	cohort *Cohort
	noSnap bool

	cur      cursor
	opening  []byte // what Next returns first; nil once it did
	replay   uint64 // the replay ends here and Live follows
	resuming bool   // until Live is out
	replayed bool   // the replay had an event
}

// Subscribe returns the position that r asks for. It does not block but for the
// locks. Close the result.
func (b *Bus) Subscribe(r Request) *Subscription {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &Subscription{bus: b, noSnap: r.NoSnapshot, cohort: b.joinLocked(r)}
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
	s.opening = s.cohort.wire.Open(nil, Opening{State: Resumed, Filter: s.cohort.filter, Time: now.UTC()})
}

// openLocked makes the opening of a fresh or reset stream: state, snapshot, live.
func (s *Subscription) openLocked(o Opening) {
	head := s.bus.head.Load()
	s.cur = s.cohort.join(head)
	s.resuming = false
	s.opening = s.cohort.wire.Open(nil, o)
	if !s.noSnap {
		s.opening = append(s.opening, s.cohort.snapshotBytes(o.Time)...)
	}
	s.opening = s.cohort.wire.Live(s.opening, ID{Epoch: s.bus.epoch, Seq: head}, o.Time)
}

// Changed returns a channel that is closed when Next may have something new. Take it
// before Next, and wait on it once Next has returned nil.
func (s *Subscription) Changed() <-chan struct{} { return s.cohort.signal() }

// Next returns the bytes that follow on the wire, nil when the reader is level. The
// bytes are shared: they must not be changed. late says that the reader did not
// keep up: it is then given all events of every-topics, but only the newest of each
// key of latest-topics. A reader that the tape has left behind gets a reset.
func (s *Subscription) Next(late bool) []byte {
	if s.opening != nil {
		opening := s.opening
		s.opening = nil
		return opening
	}
	if s.resuming {
		return s.nextReplay(late)
	}
	bytes, lost := s.cohort.next(&s.cur, span{}, late)
	if lost {
		return s.reset()
	}
	return bytes
}

// nextReplay returns what the reader missed, then Live. The mark carries the id of
// the place where the replay ends, unless the last event was given that id already.
func (s *Subscription) nextReplay(late bool) []byte {
	last := s.cur.place
	bytes, lost := s.cohort.next(&s.cur, span{replay: true, upto: s.replay}, late)
	if lost {
		return s.reset()
	}
	if bytes != nil {
		s.replayed = true
		return bytes
	}
	id := ID{Epoch: s.bus.epoch, Seq: s.replay}
	if s.replayed && last == s.replay {
		id = ID{}
	}
	s.cur = s.cohort.join(s.replay)
	s.resuming = false
	return s.cohort.wire.Live(nil, id, time.Now().UTC())
}

func (s *Subscription) reset() []byte {
	s.bus.mu.Lock()
	s.openLocked(Opening{State: Reset, Reason: Expired, Filter: s.cohort.filter, Time: time.Now().UTC()})
	s.bus.mu.Unlock()
	return s.Next(false)
}

// Position returns the place up to which everything was handed out.
func (s *Subscription) Position() ID { return ID{Epoch: s.bus.epoch, Seq: s.cur.place} }

// Lag returns how many events wait for the reader.
func (s *Subscription) Lag() uint64 { return s.cohort.lag(s.cur.place) }

// Close gives the position up. The Subscription must not be used afterwards.
func (s *Subscription) Close() { s.bus.leave(s.cohort) }
