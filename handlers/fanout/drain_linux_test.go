package fanout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// ends reads to the end and returns when that was.
func (c *client) ends() time.Time {
	c.t.Helper()
	if err := c.toEnd(); !errors.Is(err, io.EOF) {
		c.t.Errorf("reader %v ends with %v", c.tag, err)
	}
	return time.Now()
}

// TestDrain lets readers go while events are printed: each has its own farewell, they
// are spread over the time, and those who never read are cut off.
func TestDrain(t *testing.T) {
	eachSetup(t, func(t *testing.T, o Options) {
		const readers, spread = 200, 200 * time.Millisecond
		r := launch(t, o)
		l := newTimeline(t, "a")
		var clients []*client
		for range readers {
			clients = append(clients, r.connect(l.join(), pipe{}))
		}
		stuck := []*client{r.connect(l.join(), narrow), r.connect(l.join(), narrow)}
		r.level(readers + len(stuck))
		r.jam(l, len(stuck))
		ended := make([]time.Time, readers)
		var reading sync.WaitGroup
		for i, c := range clients {
			reading.Go(func() { ended[i] = c.ends() })
		}
		began := time.Now()
		r.Drain(t.Context(), spread)
		took := time.Since(began)
		reading.Wait()

		early, late := 0, 0
		for i, c := range clients {
			if want := fmt.Sprintf("B drain %v", c.tag); c.judge.bye != want {
				t.Errorf("farewell %q, want %q", c.judge.bye, want)
			}
			switch after := ended[i].Sub(began); {
			case after < spread/4:
				early++
			case after > spread/2:
				late++
			}
		}
		if early > readers/2 || late < readers/8 {
			t.Errorf("of %d, %d leave in the first quarter and %d in the second half", readers, early, late)
		}
		if took < spread || took > spread+5*time.Second {
			t.Errorf("took %v", took)
		}
		if n := r.gone.Load(); n != readers+2 {
			t.Errorf("%d are gone", n)
		}
		c, far := r.dial(pipe{})
		d, err := Dup(far)
		if err != nil {
			t.Fatal(err)
		}
		p := l.join()
		if err := r.Adopt(d, head, p, c.tag); !errors.Is(err, ErrClosed) {
			t.Errorf("Adopt after Drain: %v", err)
		}
		p.Close() // they are the caller's still
		d.Close()
		_ = far.Close()
		r.Drain(t.Context(), spread) // again
		if open, stands := l.usage(); open != 0 || stands != 0 {
			t.Errorf("%d streams are open for %d readers", open, stands)
		}
	})
}

// TestDrainParked has a parked reader that reads on in time: it gets what is left of
// its frame, then the farewell.
func TestDrainParked(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		r := launch(t, Options{IO: how, Shards: 1})
		l := newTimeline(t, "a")
		c := r.connect(l.join(), narrow)
		r.level(1)
		r.jam(l, 1)
		drained := make(chan struct{})
		go func() { // ends once the reader is gone
			defer close(drained)
			r.Drain(t.Context(), time.Minute) // a minute is for many; the last of few leaves soon
		}()
		c.ends()
		<-drained
		if c.judge.bye == "" {
			t.Error("no farewell")
		}
	})
}

// TestDrainFull has a reader that is level, but whose socket has no room for the
// farewell: it waits for room.
func TestDrainFull(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		long := fmt.Appendf(nil, "B drain %s\n", strings.Repeat("x", 64<<10))
		s := still(t, Options{IO: how, Farewell: func(Reason, any) []byte { return long }})
		m := pairOf(t, s, newTimeline(t, "a").join(), 1)
		s.rest(t)
		s.drain(time.Millisecond)
		in := s.take(inbox{})
		s.handle(&in)
		s.depart(time.Now().Add(time.Millisecond), time.Second)
		if s.open != 1 || m.conn.alone == nil {
			t.Fatal("it does not wait")
		}
		got := 0
		for range 1000 {
			got += m.drain(t)
			s.step(t)
		}
		if s.open != 0 || !m.over || m.judge.bye+"\n" != string(long) {
			t.Errorf("%d open; %d bytes of %d arrived", s.open, got, len(long))
		}
	})
}

// TestDrainGivenUp has a Drain whose context ends, and a Close that cuts it short.
func TestDrainGivenUp(t *testing.T) {
	eachSetup(t, func(t *testing.T, o Options) {
		r := launch(t, o)
		l := newTimeline(t, "a")
		for range 4 * o.Shards {
			r.connect(l.join(), pipe{})
		}
		r.level(4 * o.Shards)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r.Drain(ctx, time.Hour)
		waits := make(chan struct{})
		go func() { // ended by Close
			defer close(waits)
			r.Drain(t.Context(), time.Hour)
		}()
		r.Close()
		<-waits
	})
}

// TestCloseInPass closes in the middle of passes and of joining, twice at once.
func TestCloseInPass(t *testing.T) {
	eachSetup(t, func(t *testing.T, o Options) {
		for range 2 {
			r := launch(t, o)
			l := newTimeline(t, "a")
			for range 300 * o.Shards { // several slices a pass
				r.connect(l.join(), pipe{})
			}
			var printing sync.WaitGroup
			stop := make(chan struct{})
			printing.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						l.print("", 100)
					}
				}
			})
			r.eventually("a pass has begun", func() bool { return r.Stats().Passes > 3 })
			var closing sync.WaitGroup
			for range 2 {
				closing.Go(r.Close)
			}
			closing.Wait()
			close(stop)
			printing.Wait()
			r.Close()
			if open, stands := l.usage(); open != 0 || stands != 0 {
				t.Errorf("%d streams are open for %d readers", open, stands)
			}
			c, far := r.dial(pipe{})
			d, err := Dup(far)
			if err != nil {
				t.Fatal(err)
			}
			p := l.join()
			if err := r.Adopt(d, head, p, c.tag); !errors.Is(err, ErrClosed) {
				t.Errorf("Adopt after Close: %v", err)
			}
			p.Close()
			d.Close()
			_ = far.Close()
			for _, c := range r.clients {
				_ = c.Close()
			}
		}
	})
}

// TestCloseUnwelcome closes while a connection is adopted that the loop has not seen.
func TestCloseUnwelcome(t *testing.T) {
	l := newTimeline(t, "a")
	gone := 0
	s := unstarted(t, Options{IO: Epoll, Gone: func(any) { gone++ }})
	m := pair(t, s, l.join())
	s.close()
	s.ended.Go(s.loop)
	s.ended.Wait()
	if open, _ := l.usage(); open != 0 || gone != 1 {
		t.Errorf("%d streams are open, Gone is called %d times", open, gone)
	}
	if m.drain(t); !m.over {
		t.Error("the connection is open")
	}
}

// TestAge has connections that are closed at 80 to 100 % of an age.
func TestAge(t *testing.T) {
	eachSetup(t, func(t *testing.T, o Options) {
		o.MaxAge = 200 * time.Millisecond
		r := launch(t, o)
		l := newTimeline(t, "a")
		const readers = 100
		born, died := make([]time.Time, readers), make([]time.Time, readers)
		var reading sync.WaitGroup
		ends := map[int64]bool{}
		for i := range readers {
			born[i] = time.Now()
			c := r.connect(l.join(), pipe{})
			reading.Go(func() {
				died[i] = c.ends()
				if want := fmt.Sprintf("B age %v", c.tag); c.judge.bye != want {
					t.Errorf("farewell %q, want %q", c.judge.bye, want)
				}
			})
		}
		reading.Wait()
		for i := range readers {
			age := died[i].Sub(born[i])
			if age < o.MaxAge*8/10-time.Millisecond || age > o.MaxAge+5*time.Second {
				t.Errorf("a connection dies at %v", age)
			}
			ends[age.Milliseconds()/10] = true
		}
		if len(ends) < 3 {
			t.Errorf("all die at once, at tens of milliseconds %v", ends)
		}
		if s := r.Stats(); s.Connections != 0 || s.Dropped != 0 {
			t.Errorf("%+v", s)
		}
	})
}
