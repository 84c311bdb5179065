package fanout

import (
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestGiantGroup prints for 5,000 readers and for one: that one waits for a slice of
// the others at most.
func TestGiantGroup(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		const readers = 5000
		s := still(t, Options{IO: how})
		giant, small := newTimeline(t, "giant"), newTimeline(t, "small")
		for range readers {
			pair(t, s, giant.join())
		}
		one := pair(t, s, small.join())
		s.rest(t)
		one.drain(t)

		writes := func() uint64 { return s.stats.writes.Load() }
		before := writes()
		giant.print("", 100)
		giant.print("", 100)
		if s.step(t); writes()-before != sliceWrites {
			t.Fatalf("the first turn makes %d writes, want %d", writes()-before, sliceWrites)
		}
		small.print("", 100)
		before = writes()
		turns := 0
		for one.judge.frames == 0 {
			if s.step(t); writes()-before > 2*sliceWrites+1 {
				t.Fatalf("the small group has waited for %d writes", writes()-before)
			}
			one.drain(t)
			turns++
		}
		if turns > 2 {
			t.Errorf("the small group has waited for %d turns", turns)
		}
		passes := s.stats.passes.Load()
		s.rest(t)
		if n := s.stats.passes.Load() - passes; n != 0 {
			t.Errorf("%d more passes for what was there before the first began", n)
		}
	})
}

// TestManyJoin has 2,000 readers come at once, each with much to catch up with: those
// who are there wait for a slice at most.
func TestManyJoin(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		s := still(t, Options{IO: how})
		l, small := newTimeline(t, "a"), newTimeline(t, "small")
		one := pair(t, s, small.join())
		s.rest(t)
		for range 100 {
			l.print("", 2000)
		}
		for range 2000 {
			pair(t, s, l.resume(0))
		}
		small.print("", 100)
		before := s.stats.writes.Load()
		for one.judge.frames == 0 {
			if s.step(t); s.stats.writes.Load()-before > sliceWrites+strayWrites+2 {
				t.Fatalf("a reader has waited for %d writes to others", s.stats.writes.Load()-before)
			}
			one.drain(t)
		}
	})
}

// TestManyGroups has 5,000 groups of one reader: an event for one of them is one write.
func TestManyGroups(t *testing.T) {
	s := still(t, Options{IO: Epoll}) // a write to one is the same by both
	var lines []*timeline
	var mates []*mate
	for range 5000 {
		lines = append(lines, newTimeline(t, "a"))
		mates = append(mates, pair(t, s, lines[len(lines)-1].join()))
	}
	s.rest(t)
	if n := len(s.groups); n != 5000 {
		t.Fatalf("%d groups", n)
	}
	for _, i := range []int{0, 1234, 4999} {
		writes, passes := s.stats.writes.Load(), s.stats.passes.Load()
		lines[i].print("", 100)
		s.rest(t)
		if w, p := s.stats.writes.Load()-writes, s.stats.passes.Load()-passes; w != 1 || p != 1 {
			t.Errorf("%d writes and %d passes for one event", w, p)
		}
		if mates[i].drain(t); mates[i].judge.frames != 1 {
			t.Errorf("reader %d has %d events", i, mates[i].judge.frames)
		}
	}
	for _, l := range lines {
		l.print("", 100)
	}
	writes := s.stats.writes.Load()
	if s.step(t); s.stats.writes.Load()-writes > sliceWrites {
		t.Errorf("%d groups write in one turn, before the loop looks at what else there is", s.stats.writes.Load()-writes)
	}
	s.rest(t)
	if n := s.stats.writes.Load() - writes; n != 5000 {
		t.Errorf("%d writes to 5,000 readers", n)
	}
}

// TestChangeInPass has readers leave and join while a pass over their group is under
// way, those who have been written to and those who have not.
func TestChangeInPass(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		random := seeded(t)
		s := still(t, Options{IO: how})
		l := newTimeline(t, "a")
		var mates []*mate
		join := func() {
			mates = append(mates, pair(t, s, l.join()))
			mates[len(mates)-1].judge.strict = true
		}
		for range 3 * sliceWrites {
			join()
		}
		s.rest(t)
		for range 8 {
			l.print("x", 100)
			for range 3 {
				s.step(t) // a slice
				for range 10 {
					i := random.IntN(len(mates))
					mates[i].close()
					mates = slices.Delete(mates, i, i+1)
					join()
				}
			}
			s.rest(t)
			for _, m := range mates {
				m.drain(t)
			}
		}
		l.end()
		s.rest(t)
		for i, m := range mates {
			if m.drain(t); !m.judge.ended {
				t.Errorf("reader %d stops at place %d of %d", i, m.judge.place, l.place())
			}
		}
		if s.open != len(mates) {
			t.Errorf("%d open, want %d", s.open, len(mates))
		}
	})
}

// TestPause looks at when the next pass may begin: after a long one in a moment, during
// which the loop sleeps, and takes along what comes; after a short one at once.
func TestPause(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		s := still(t, Options{IO: how})
		large, small := newTimeline(t, "a"), newTimeline(t, "b")
		many, one := pair(t, s, large.join()), pair(t, s, small.join())
		s.rest(t)
		// What makes a pass long is time; here it is said to have been.
		g := many.conn.group
		pass := func(took time.Duration) (pause time.Duration) {
			large.print("", 10)
			s.handleInbox()
			g.batch, g.passing, g.todo, g.began = g.stream.Next(false), true, len(g.level), time.Now().Add(-took)
			g.dirty.Store(false)
			s.slice(g)
			return time.Until(g.notBefore)
		}
		if pause := pass(longPass / 2); pause > 0 {
			t.Errorf("after a short pass it pauses for %v", pause)
		}
		if pause := pass(time.Hour); pause <= 0 || pause > maxPause {
			t.Errorf("after a very long pass it pauses for %v", pause)
		}
		if pause := pass(8 * time.Millisecond); pause <= 0 || pause > 2*time.Millisecond {
			t.Errorf("after 8 ms it pauses for %v", pause)
		}

		g.notBefore = time.Now().Add(time.Hour) // instead of milliseconds
		many.drain(t)
		passes := s.stats.passes.Load()
		wait := 2 * time.Hour
		for i := range 100 {
			large.print("", 10)
			if in := s.inboxSize(); i > 0 && in != 0 {
				t.Fatalf("event %d wakes the loop in a pause", i)
			}
			s.handleInbox()
			if s.turn(time.Now(), &wait) != 0 {
				t.Fatal("it does not pause")
			}
		}
		if wait > time.Hour {
			t.Errorf("the loop would sleep for %v", wait)
		}
		small.print("", 10)
		s.handleInbox()
		s.turn(time.Now(), &wait)
		if one.drain(t); one.judge.frames != 1 {
			t.Error("a small group waits in the pause of a large one")
		}
		s.turn(time.Now().Add(time.Hour), &wait)
		many.drain(t)
		if n := s.stats.passes.Load() - passes; n != 2 || many.judge.frames != 103 {
			t.Errorf("%d passes, the reader has %d events; want 2 and 103", n, many.judge.frames)
		}
	})
}

func (s *shard) handleInbox() {
	in := s.take(inbox{})
	s.handle(&in)
}

func (s *shard) inboxSize() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.inbox.dirty)
}

// TestFlood prints as fast as it can for 30 readers: many events go into one write.
func TestFlood(t *testing.T) {
	eachSetup(t, func(t *testing.T, o Options) {
		r := launch(t, o)
		l := newTimeline(t, "a")
		l.maxBatch = 64 << 10
		var clients []*client
		for range 30 {
			clients = append(clients, r.join(l))
		}
		r.level(30)
		const events = 2000
		for range events {
			l.print("", 40)
		}
		l.end()
		waitAll(clients)
		if n := r.Stats().Passes; n > uint64(events*o.Shards/4) {
			t.Errorf("%d passes for %d events", n, events)
		}
	})
}

// TestSizes holds what an idle connection costs.
func TestSizes(t *testing.T) {
	if n := unsafe.Sizeof(conn{}); n > 64 {
		t.Errorf("a connection takes %d bytes", n)
	}
	if n := unsafe.Sizeof(alone{}); n > 96 {
		t.Errorf("one that is not level takes %d bytes more", n)
	}
}

// TestWait has readers who are ahead of a group that has nothing to show: they join as
// soon as it has caught up, be it without a word or in the middle of a flood.
func TestWait(t *testing.T) {
	s := still(t, Options{IO: Epoll})
	leader := &drum{beat: make([]byte, 100)}
	m := pair(t, s, leader)
	s.rest(t)
	for _, flood := range []int{0, 5} {
		ahead := &drum{apart: true}
		waits := pair(t, s, ahead)
		s.rest(t)
		if !waits.conn.alone.waiting {
			t.Fatal("it does not wait")
		}
		leader.due = flood
		leader.fn()
		ahead.apart = false
		s.step(t)
		s.step(t)
		if waits.conn.alone != nil || leader.due != max(0, flood-2) {
			t.Errorf("it waits still; %d of %d events are due", leader.due, flood)
		}
		s.rest(t)
	}
	if n := len(m.conn.group.level); n != 3 {
		t.Errorf("%d are level, want 3", n)
	}
}

// TestBetween has something come after a reader was found to be level and before its
// stream can tell: it is not overlooked.
func TestBetween(t *testing.T) {
	s := still(t, Options{IO: Epoll})
	m := pair(t, s, &drum{beat: []byte("H a 1\n"), unheard: 1})
	s.rest(t)
	m.judge.line = newTimeline(t, "a")
	if m.drain(t); m.judge.beat != 1 {
		t.Error("it is overlooked")
	}
}

// A drum is a stream without any memory: Next returns a beat for each that is due.
type drum struct {
	beat  []byte
	due   int
	apart bool // it is never level with another
	fn    func()

	unheard int // due as soon as there is a fn, but fn is not told
}

func (d *drum) Key() any { return "drum" }

func (d *drum) Next(bool) []byte {
	if d.due == 0 {
		return nil
	}
	d.due--
	return d.beat
}

func (d *drum) NextTo(Stream, bool) []byte { return nil }
func (d *drum) Level(Stream) bool          { return !d.apart }
func (d *drum) Rewind(int) []byte          { panic("the reader is too slow") }
func (d *drum) Fork(int) (Stream, []byte)  { panic("the reader is too slow") }
func (d *drum) Stand(int)                  {}
func (d *drum) Notify(fn func())           { d.fn, d.due, d.unheard = fn, d.due+d.unheard, 0 }
func (d *drum) Close()                     {}

// TestAllocations holds a pass to no allocation at all, from the notice to the kernel.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	eachIO(t, func(t *testing.T, how IO) {
		s := still(t, Options{IO: how})
		leader := &drum{beat: make([]byte, 100)}
		mates := []*mate{pair(t, s, leader)}
		s.rest(t)
		for range 999 {
			mates = append(mates, pair(t, s, &drum{}))
		}
		s.rest(t)
		if n := len(mates[0].conn.group.level); n != 1000 {
			t.Fatalf("%d are level", n)
		}
		var in inbox
		buffer := make([]byte, 4<<10)
		pass := func() {
			leader.due++
			leader.fn()
			for turns := 1; turns > 0; {
				in = s.take(in)
				s.handle(&in)
				wait := time.Hour
				turns = s.turn(time.Now().Add(time.Hour), &wait)
			}
		}
		drain := func() {
			for _, m := range mates {
				for {
					if n, err := unix.Read(m.fd, buffer); err != nil || n < len(buffer) {
						break
					}
				}
			}
		}
		pass()
		drain()
		if n := testing.AllocsPerRun(20, pass); n != 0 {
			t.Errorf("a pass over 1,000 connections allocates %v times", n)
		}
		if n := s.stats.writes.Load(); n < 22*1000 {
			t.Errorf("%d writes", n)
		}
	})
}
