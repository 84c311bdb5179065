package handlers

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tickertape/topics"
)

// Streams end after 80 to 100 % of the age, each at a time of its own, with a bye that
// asks to come back soon; who comes back goes on where it was.
func testMaxAge(t *testing.T, via way) {
	const age = 400 * time.Millisecond
	s := start(t, setup{via: via, options: Options{MaxAge: age}})
	var reading sync.WaitGroup
	var mu sync.Mutex
	pauses := map[time.Duration]bool{}
	for range 10 {
		began := time.Now() // before the server's
		c := s.open("/latest?type=news")
		id, _ := c.live()
		reading.Go(func() {
			e, err := c.tryNext()
			if err != nil {
				t.Errorf("the stream ended: %v", err)
				return
			}
			if lived := time.Since(began); lived < age*8/10 {
				t.Errorf("it lived for %v; want 80 to 100 %% of %v", lived, age)
			}
			pause := checkBye(t, e, "age")
			if pause < 500*time.Millisecond || pause > 2*time.Second {
				t.Errorf("pause %v; want 0.5s to 2s", pause)
			}
			if e, err := c.reader.Next(); err == nil {
				t.Errorf("after the bye: %q", e.Type)
			}
			mu.Lock()
			defer mu.Unlock()
			pauses[pause] = true
			if id != "mem-0" {
				t.Errorf("live at %q", id)
			}
		})
	}
	reading.Wait()
	if len(pauses) < 4 {
		t.Errorf("10 readers come back after %v", pauses)
	}
	eventually(t, "they are forgotten", func() bool { return s.streams.count() == 0 && s.admitted() == 0 })
	s.publish(draft("news", `{"id":"a"}`))
	c := s.open("/latest?type=news", "Last-Event-ID: mem-0")
	if o := c.opening(); o.State != topics.Resumed {
		t.Errorf("state %s", o.State)
	}
	c.want(`mem-1 news {"id":"a"}`)
}

// flood publishes on news until stop is called: as much as the readers of a test can
// take while the race detector looks on.
func (s *site) flood() (stop func()) {
	done := make(chan struct{})
	var publishing sync.WaitGroup
	pad := strings.Repeat("x", 200)
	publishing.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i += 20 {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			drafts := make([]topics.Draft, 20)
			for n := range drafts {
				drafts[n] = draft("news", fmt.Sprintf(`{"id":"%d","pad":%q}`, i+n, pad))
			}
			s.publish(drafts...)
		}
	})
	return func() { close(done); publishing.Wait() }
}

// untilBye reads numbered news, checks that none is missing, and returns the pause of
// the bye that ends the stream.
func (c *client) untilBye(reason byeReason) time.Duration {
	c.t.Helper()
	last := topics.ID{}
	for {
		e := c.next()
		if e.Type == eventBye {
			pause := checkBye(c.t, e, reason)
			c.ended()
			return pause
		}
		if e.ID == "" {
			continue
		}
		id, err := topics.ParseID(e.ID)
		if err != nil || last.Epoch != "" && id.Seq != last.Seq+1 {
			c.t.Fatalf("id %q after %v (%v)", e.ID, last, err)
		}
		last = id
	}
}

// A reader who is never level ends by age too, after a whole event.
func testMaxAgeInAFlood(t *testing.T, via way) {
	s := start(t, setup{via: via, options: Options{MaxAge: 300 * time.Millisecond}})
	defer s.flood()()
	began := time.Now()
	c := s.open("/latest?type=news")
	c.untilBye("age")
	if lived := time.Since(began); lived < 240*time.Millisecond || lived > 5*time.Second {
		t.Errorf("it lived for %v", lived)
	}
}

// A drain lets the streams go one after the other, as long as it may take, each with a
// pause of its own; until its moment a reader is served.
func testDrainIsPaced(t *testing.T, via way) {
	const readers, span = 60, 120 * time.Millisecond // two milliseconds for each
	s := start(t, setup{via: via, options: Options{Drain: time.Second, DrainSpread: time.Minute}})
	var reading sync.WaitGroup
	var mu sync.Mutex
	var times []time.Duration
	pauses := map[time.Duration]bool{}
	var clients []*client
	for range readers {
		c := s.open("/latest?type=news")
		c.live()
		clients = append(clients, c)
	}
	began := time.Now()
	for _, c := range clients {
		reading.Go(func() {
			pause := c.untilBye("drain")
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Since(began))
			pauses[pause] = true
		})
	}
	s.Drain()
	s.Close(t.Context()) // at once after Drain: it must not hurry it
	reading.Wait()
	first, last := times[0], times[0]
	for _, d := range times {
		first, last = min(first, d), max(last, d)
	}
	if last < span/2 {
		t.Errorf("all were let go within %v; want about %v", last, span)
	}
	if len(pauses) < readers*9/10 {
		t.Errorf("%d readers were given %d pauses", readers, len(pauses))
	}
	t.Logf("first after %v, last after %v", first, last)
	eventually(t, "all are forgotten", func() bool { return s.streams.count() == 0 })
}

// Readers who are in the middle of a flood, behind and level, are told bye between two
// events.
func testDrainInAFlood(t *testing.T, via way) {
	s := start(t, setup{via: via, options: Options{Drain: time.Second}})
	defer s.flood()()
	var reading sync.WaitGroup
	for i := range 8 {
		target := []string{"/latest?type=news", "/latest?type=news&since=1h", "/latest", "/latest?type=*&every=100ms"}[i%4]
		c := s.open(target)
		c.opening()
		reading.Go(func() {
			if strings.Contains(target, "since") { // its replay has ids of its own
				for {
					if e, err := c.tryNext(); err != nil {
						t.Errorf("without a bye: %v", err)
						return
					} else if e.Type == eventBye {
						checkBye(t, e, "drain")
						return
					}
				}
			}
			c.untilBye("drain")
		})
	}
	began := time.Now()
	s.Drain()
	s.Close(t.Context())
	reading.Wait()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
