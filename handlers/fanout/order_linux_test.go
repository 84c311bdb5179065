package fanout

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
)

// TestOrder has readers of three groups, some there from the start and some who join
// while it is printed: each has every event from its place on, once, in order.
func TestOrder(t *testing.T) {
	for _, readers := range []int{1, 100, 1000} {
		t.Run(fmt.Sprint(readers), func(t *testing.T) {
			eachSetup(t, func(t *testing.T, o Options) {
				random := seeded(t)
				r := launch(t, o)
				lines := []*timeline{newTimeline(t, "a"), newTimeline(t, "b"), newTimeline(t, "c")}
				var clients []*client
				join := func() { clients = append(clients, r.join(lines[len(clients)%len(lines)])) }
				for range (readers + 1) / 2 {
					join()
				}
				var printers sync.WaitGroup
				for _, l := range lines {
					sizes := rand.New(rand.NewPCG(random.Uint64(), 0))
					printers.Go(func() {
						for i := range 150 {
							l.print([]string{"", "x", "y"}[i%3], 10+sizes.IntN(200))
							if i%40 == 0 {
								l.beat()
							}
						}
					})
				}
				for len(clients) < readers {
					join()
				}
				printers.Wait()
				r.level(readers)
				for _, l := range lines {
					l.end()
				}
				waitAll(clients)
				r.level(readers)
				for i, l := range lines {
					want := (readers + 2 - i) / 3
					if open, stands := l.usage(); stands != want || open > o.Shards {
						t.Errorf("%d readers of %s have %d streams that stand for %d", want, l.name, open, stands)
					}
				}
				if s := r.Stats(); s.Parkings != 0 || s.Dropped != 0 || s.Groups > 3*o.Shards {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// TestResume has readers that come with a position: what they missed comes first.
func TestResume(t *testing.T) {
	eachSetup(t, func(t *testing.T, o Options) {
		r := launch(t, o)
		l := newTimeline(t, "a")
		clients := []*client{r.join(l)}
		for range 500 {
			l.print("", 100)
		}
		for place := 0; place < 500; place += 50 {
			c := r.connect(l.resume(place), pipe{})
			c.judge.strict = true
			c.listen()
			clients = append(clients, c)
			l.print("x", 100)
		}
		l.end()
		waitAll(clients)
		for _, c := range clients[1:] {
			if want := 511 - (int(c.tag.(int))-2)*50; c.judge.frames != want {
				t.Errorf("reader %v has %d events, want %d", c.tag, c.judge.frames, want)
			}
		}
	})
}

// TestHeldBack has a reader whose snapshot is ahead of what its group may see yet: it
// waits for the group, and the loop rests meanwhile.
func TestHeldBack(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		s := still(t, Options{IO: how})
		l := newTimeline(t, "a")
		first := pair(t, s, l.join())
		s.rest(t)
		l.hold()
		l.print("", 10)
		second := pair(t, s, l.join())
		s.rest(t) // it would never
		if n := s.stats.parked.Load(); n != 1 {
			t.Fatalf("%d parked, want the one who waits", n)
		}
		l.beat()
		s.rest(t)
		l.print("", 10)
		l.release()
		l.end()
		s.rest(t)
		first.drain(t)
		second.drain(t)
		if first.judge.frames != 3 || second.judge.frames != 2 || !second.judge.ended {
			t.Errorf("%d and %d events, want 3 and 2", first.judge.frames, second.judge.frames)
		}
		if n := s.stats.parked.Load(); n != 0 {
			t.Errorf("%d parked, want 0", n)
		}
	})
}
