package fanout

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// interests returns how many connections each mask of an epoll is asked for.
func interests(t testing.TB, e *epoll) map[uint32]int {
	t.Helper()
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", e.fd))
	if err != nil {
		t.Fatal(err)
	}
	count := map[uint32]int{}
	for line := range strings.Lines(string(info)) {
		var fd int
		var mask uint32
		if n, _ := fmt.Sscanf(line, "tfd: %d events: %x", &fd, &mask); n == 2 {
			count[mask&^(unix.EPOLLERR|unix.EPOLLHUP)]++
		}
	}
	return count
}

// jam prints more than narrow connections take, until n of them are parked. Those who
// are brisk keep up.
func (r *rig) jam(l *timeline, n int, brisk ...*client) {
	r.t.Helper()
	for range 20 {
		l.print("", 20<<10)
		r.keepUp(l, brisk...)
	}
	r.eventually(fmt.Sprintf("%d are parked", n), func() bool { return r.Stats().Parked == n })
}

// keepUp waits until readers that listen have everything.
func (r *rig) keepUp(l *timeline, clients ...*client) {
	r.t.Helper()
	for _, c := range clients {
		r.eventually("the others keep up", func() bool { return c.at.Load() == int64(l.place()) })
	}
}

// TestParked has a reader that stops in the middle of a frame, and goes on much
// later: it is owed the rest of that frame and the newest values, nothing else, and
// is one of its group again then.
func TestParked(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		const rounds = 10
		r := launch(t, Options{IO: how, Shards: 1}) // both are in one group
		l := newTimeline(t, "a")
		brisk, slow := r.join(l), r.connect(l.join(), narrow)
		r.level(2)
		for range rounds {
			r.jam(l, 1, brisk)
			for range 100 {
				l.print("x", 1000)
			}
			l.print("", 100)
			r.keepUp(l, brisk)
			if n := interests(t, r.shards[0].epoll); n[watchBlocked] != 1 || n[watchIdle] != 1 {
				t.Fatalf("while parked the epoll is asked for %x", n)
			}
			slow.until(func() bool { return slow.judge.place == l.place() })
			r.level(2)
			if n := interests(t, r.shards[0].epoll); n[watchIdle] != 2 {
				t.Fatalf("once level the epoll is asked for %x", n)
			}
		}
		if s := r.Stats(); s.Parkings < rounds || s.Dropped != 0 {
			t.Errorf("%+v", s)
		}
		if most := rounds * (20 + 1 + 2); slow.judge.frames > most {
			t.Errorf("the slow reader has %d frames, more than %d: not the newest only", slow.judge.frames, most)
		}
		l.end()
		brisk.wait()
		slow.until(func() bool { return slow.judge.ended })
		cuts := 0
		for _, w := range l.rewinds {
			if w.rest > 21<<10 {
				t.Errorf("after %d of %d bytes %d are kept, more than one frame", w.n, w.of, w.rest)
			}
			if w.n > 0 && w.rest > 0 {
				cuts++
			}
		}
		if cuts == 0 || l.lates == 0 {
			t.Errorf("%d frames were cut, %d late reads; the test tests nothing", cuts, l.lates)
		}
	})
}

// TestSmallSips has readers that take a few bytes at a time.
func TestSmallSips(t *testing.T) {
	eachSetup(t, func(t *testing.T, o Options) {
		random := seeded(t)
		r := launch(t, o)
		l := newTimeline(t, "a")
		l.padding = 100 << 10
		var slow []*client
		for range 4 {
			slow = append(slow, r.connect(l.join(), narrow))
		}
		brisk := r.join(l)
		for i := range 60 {
			l.print([]string{"", "x"}[i%2], random.IntN(6<<10))
			for _, c := range slow {
				if err := c.some(1 + random.IntN(3000)); err != nil {
					t.Fatal(err)
				}
			}
		}
		l.end()
		brisk.wait()
		for _, c := range slow {
			c.until(func() bool { return c.judge.ended })
		}
		r.level(5)
	})
}

// TestReset has a parked reader that the tape leaves behind.
func TestReset(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		r := launch(t, Options{IO: how, Shards: 1})
		l := newTimeline(t, "a")
		slow := r.connect(l.join(), narrow)
		r.level(1)
		r.jam(l, 1)
		brisk := r.join(l)
		for range 10 {
			l.print("", 1000)
			r.keepUp(l, brisk)
		}
		l.lose(3)
		l.end()
		brisk.wait()
		slow.until(func() bool { return slow.judge.resets == 1 })
		r.level(2)
		l.end()
		slow.until(func() bool { return slow.judge.ended })
	})
}

// TestLateInOpening has a reader that is slow to take its opening: it is late as well.
func TestLateInOpening(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		s := still(t, Options{IO: how})
		l := newTimeline(t, "a")
		m := pairWith(t, s, l.join(), 1, append(slices.Clone(head), fmt.Appendf(nil, "P a 50000\n%s\n", strings.Repeat(".", 50000))))
		s.rest(t)
		for range 50 {
			l.print("x", 100)
		}
		l.end()
		for !m.judge.ended {
			m.drain(t)
			s.step(t)
		}
		if m.judge.frames != 2 {
			t.Errorf("it has %d events, want the newest and the end", m.judge.frames)
		}
	})
}

// TestLateNoMore has a reader who was slow to take its opening, and then waits for its
// group: it is not late any more.
func TestLateNoMore(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		s := still(t, Options{IO: how})
		l := newTimeline(t, "a")
		pair(t, s, l.join())
		s.rest(t)
		l.hold()
		l.print("x", 100)
		m := pairWith(t, s, l.join(), 1, append(slices.Clone(head), fmt.Appendf(nil, "P a 50000\n%s\n", strings.Repeat(".", 50000))))
		for s.step(t) > 0 || m.drain(t) > 0 {
		}
		if a := m.conn.alone; a == nil || !a.waiting || s.stats.parked.Load() != 1 {
			t.Fatalf("it does not wait: %+v", a)
		}
		for range 3 {
			l.print("x", 100)
		}
		l.release()
		s.rest(t)
		if m.drain(t); m.judge.frames != 3 {
			t.Errorf("it has %d events, want all 3", m.judge.frames)
		}
	})
}

// TestSharedOpening has readers who are given the same opening, none of whom takes it at
// once, and then different farewells.
func TestSharedOpening(t *testing.T) {
	for name, size := range map[string]int{"gathered": 20 << 10, "in parts": 80 << 10} {
		t.Run(name, func(t *testing.T) {
			farewells := 0
			s := still(t, Options{IO: Epoll, Farewell: func(Reason, any) []byte {
				farewells++
				return fmt.Appendf(nil, "B age %d\n", farewells)
			}})
			l := newTimeline(t, "a")
			shared := append(make([][]byte, 0, 10), head...)
			shared = append(shared, fmt.Appendf(nil, "P a %d\n%s\n", size, strings.Repeat(".", size)))
			mates := []*mate{}
			for range 3 {
				mates = append(mates, pairWith(t, s, l.join(), 1, shared))
				s.rest(t)
			}
			if n := s.stats.parked.Load(); n != 3 {
				t.Fatalf("%d parked, want 3", n)
			}
			for _, m := range mates {
				s.farewell(m.conn, Age)
			}
			for s.open > 0 {
				for _, m := range mates {
					m.drain(t)
				}
				s.step(t)
			}
			for i, m := range mates {
				if m.drain(t); m.judge.bye != fmt.Sprintf("B age %d", i+1) {
					t.Errorf("reader %d has the farewell %q", i, m.judge.bye)
				}
			}
		})
	}
}

// TestStall has readers that never read: they are closed, and others notice nothing.
func TestStall(t *testing.T) {
	eachSetup(t, func(t *testing.T, o Options) {
		o.Stall = 150 * time.Millisecond
		r := launch(t, o)
		l := newTimeline(t, "a")
		brisk := r.join(l)
		for range 4 {
			r.connect(l.join(), narrow)
		}
		r.level(5)
		began := time.Now()
		r.jam(l, 4, brisk)
		r.eventually("the stalled are gone", func() bool { return r.gone.Load() == 4 })
		if took := time.Since(began); took < o.Stall {
			t.Errorf("closed after %v, before the %v that it may stall", took, o.Stall)
		}
		r.level(1)
		if s := r.Stats(); s.Dropped != 4 {
			t.Errorf("%+v, want 4 dropped", s)
		}
		l.end()
		brisk.wait()
	})
}

// TestStallInOpening has a reader that does not even take its snapshot.
func TestStallInOpening(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		r := launch(t, Options{IO: how, Shards: 1, Stall: 100 * time.Millisecond})
		l := newTimeline(t, "a")
		l.padding = 8 << 20
		r.connect(l.join(), narrow)
		r.eventually("it is gone", func() bool { return r.gone.Load() == 1 })
	})
}

// TestLeave has readers that go away in all the ways there are, while nothing is
// printed, while something is, and while they are parked.
func TestLeave(t *testing.T) {
	leave := map[string]struct {
		how    func(c *client) error
		failed bool
	}{
		"close":       {func(c *client) error { return c.Close() }, false},
		"half-close":  {func(c *client) error { return c.CloseWrite() }, false},
		"reset":       {func(c *client) error { return errors.Join(c.SetLinger(0), c.Close()) }, true},
		"unread left": {func(c *client) error { _, err := c.Write([]byte("more")); return errors.Join(err, c.Close()) }, false},
	}
	for name, by := range leave {
		t.Run(name, func(t *testing.T) {
			eachSetup(t, func(t *testing.T, o Options) {
				r := launch(t, o)
				l := newTimeline(t, "a")
				stays := r.join(l)
				connect := func(p pipe) (clients []*client) {
					for range 10 {
						clients = append(clients, r.connect(l.join(), p))
					}
					r.level(11)
					return clients
				}
				leaveAll := func(clients []*client) {
					for _, c := range clients {
						if err := by.how(c); err != nil {
							t.Error(err)
						}
					}
					r.level(1)
				}
				idle := connect(pipe{})
				for _, c := range idle {
					c.until(func() bool { return c.judge.opened }) // a close with unread bytes is a reset
				}
				leaveAll(idle)
				if s := r.Stats(); by.failed != (s.Dropped > 0) {
					t.Errorf("%+v; failed is %v", s, by.failed)
				}
				busy := connect(pipe{})
				for i, c := range busy {
					l.print("", 100)
					if i == 5 {
						go func() { l.print("", 100); l.print("", 100) }() // done before the end is printed, or after it
					}
					if err := by.how(c); err != nil {
						t.Error(err)
					}
					l.print("", 100)
				}
				r.level(1)
				full := connect(narrow)
				r.jam(l, 10, stays)
				leaveAll(full)
				l.end()
				stays.wait()
				if n := r.gone.Load(); n != 30 {
					t.Errorf("%d are gone, want 30", n)
				}
			})
		})
	}
}

// TestMoreFromClient has clients that pipeline requests: nobody reads them, and they do
// not turn the last bytes into a reset.
func TestMoreFromClient(t *testing.T) {
	eachSetup(t, func(t *testing.T, o Options) {
		r := launch(t, o)
		l := newTimeline(t, "a")
		var clients []*client
		for i := range 10 {
			c, far := r.dial(pipe{})
			c.judge.line, c.tag = l, i
			if _, err := c.Write([]byte(strings.Repeat("GET / HTTP/1.1\r\n\r\n", i*700))); err != nil {
				t.Fatal(err)
			}
			r.adopt(c, far, l.join())
			clients = append(clients, c)
		}
		r.level(10)
		for i, c := range clients {
			if _, err := c.Write([]byte(strings.Repeat("GET / HTTP/1.1\r\n\r\n", i*700))); err != nil {
				t.Fatal(err)
			}
		}
		l.end()
		for _, c := range clients {
			c.until(func() bool { return c.judge.ended })
		}
		if s := r.Stats(); s.Connections != 10 {
			t.Fatalf("%+v, want all 10 connected", s)
		}
		r.Drain(t.Context(), time.Millisecond)
		for _, c := range clients {
			if err := c.toEnd(); !errors.Is(err, io.EOF) || c.judge.bye == "" {
				t.Errorf("reader %v ends with %v and the farewell %q", c.tag, err, c.judge.bye)
			}
			if e := c.failure(); e != 0 { // readers on other systems would have lost bytes
				t.Errorf("reader %v: %v", c.tag, e)
			}
		}
	})
}
