package fanout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A world is a still shard with readers in a few groups, to which random things happen.
type world struct {
	*shard
	t      *testing.T
	random *rand.Rand
	lines  []*timeline
	mates  []*mate
	gone   int
	joined int
}

func newWorld(t *testing.T, random *rand.Rand, how IO) *world {
	w := &world{t: t, random: random}
	w.shard = still(t, Options{IO: how, Gone: func(any) { w.gone++ }, Farewell: func(why Reason, tag any) []byte {
		return fmt.Appendf(nil, "B %s %s\n", why, strings.Repeat("x", 1+random.IntN(3000)))
	}})
	for i := range 3 {
		w.lines = append(w.lines, newTimeline(t, fmt.Sprint("line", i)))
	}
	return w
}

func (w *world) line() *timeline { return w.lines[w.random.IntN(len(w.lines))] }

func (w *world) join() {
	l := w.line()
	l.padding = w.random.IntN(2) * w.random.IntN(20<<10)
	p := l.join()
	if place := l.place() - w.random.IntN(8); place >= l.lost && w.random.IntN(3) == 0 {
		p.Close()
		p = l.resume(place)
	}
	opening := append(slices.Clone(head), fmt.Appendf(nil, "P %s 0\n\n", l.name))
	if size := w.random.IntN(70 << 10); w.random.IntN(4) == 0 {
		opening = append(opening, fmt.Appendf(nil, "P %s %d\n%s\n", l.name, size, strings.Repeat(".", size)))
	}
	w.mates = append(w.mates, pairWith(w.t, w.shard, p, w.random.IntN(2)*(1+w.random.IntN(30<<10)), opening))
	w.joined++
}

// happen does one random thing.
func (w *world) happen() {
	l := w.line()
	switch w.random.IntN(40) {
	case 0:
		w.join()
	case 1:
		l.beat()
	case 2:
		l.hold()
	case 3, 4:
		l.release()
	case 5:
		if w.random.IntN(10) == 0 {
			l.lose(w.random.IntN(50))
		}
	case 6:
		if w.random.IntN(4) == 0 && len(w.mates) > 0 {
			i := w.random.IntN(len(w.mates))
			w.mates[i].close()
			w.mates = slices.Delete(w.mates, i, i+1)
		}
	case 7, 8, 9, 10, 11, 12:
		size := w.random.IntN(300)
		if w.random.IntN(5) == 0 {
			size = w.random.IntN(20 << 10)
		}
		l.print([]string{"", "x", "y", "z"}[w.random.IntN(4)], size)
	case 13, 14, 15, 16, 17, 18, 19, 20, 21, 22:
		if len(w.mates) > 0 {
			if m := w.mates[w.random.IntN(len(w.mates))]; m.ready(w.t) {
				m.read(w.t, 1+w.random.IntN(8<<10))
			}
		}
	case 23:
		if len(w.mates) > 0 && w.random.IntN(20) == 0 {
			if m := w.mates[w.random.IntN(len(w.mates))]; slices.Contains(w.conns, m.conn) && (m.conn.alone == nil || !m.conn.alone.leaving) {
				w.farewell(m.conn, Age)
			}
		}
	default:
		w.step(w.t)
	}
	w.check()
}

// check looks for what must hold at all times.
func (w *world) check() {
	t := w.t
	open, parked, groups := 0, 0, map[*group]int{}
	for _, c := range w.conns {
		if c == nil {
			continue
		}
		open++
		groups[c.group]++
		switch {
		case c.alone != nil:
			parked++
			if c.alone.waiting != slices.Contains(c.group.waiting, c) {
				t.Fatalf("a connection waits: %v, and its group knows otherwise", c.alone.waiting)
			}
		case c.group.level[c.place] != c:
			t.Fatal("a level connection is not in its place")
		}
	}
	if open != w.open || int64(open) != w.stats.connections.Load() || int64(parked) != w.stats.parked.Load() ||
		len(groups) != len(w.groups) || int64(len(groups)) != w.stats.groups.Load() {
		t.Fatalf("%d open, %d parked, %d groups; counted are %d %d %d", open, parked, len(groups), w.open, w.stats.parked.Load(), w.stats.groups.Load())
	}
	for g, n := range groups {
		if g.members != n || w.groups[g.key] != g || (g.stream == nil) != (len(g.level) == 0) || g.todo > len(g.level) {
			t.Fatalf("a group of %d: %d members, %d level, %d to do, stream %v", n, g.members, len(g.level), g.todo, g.stream)
		}
		if g.stream == nil && len(g.waiting) > 0 {
			t.Fatal("they wait for nobody")
		}
		for _, c := range g.waiting {
			if w.conns[c.fd] != c {
				t.Fatal("one who has left is waited for")
			}
		}
	}
}

// settleDown prints the end for all and has it read.
func (w *world) settleDown() {
	for _, l := range w.lines {
		l.release()
		l.end()
	}
	for quiet := 0; quiet < 3; {
		n := w.step(w.t)
		for _, m := range w.mates {
			n += m.drain(w.t)
		}
		if quiet++; n > 0 {
			quiet = 0
		}
		w.check()
	}
	stands := 0
	for i, m := range w.mates {
		if (m.judge.place != m.judge.line.place() || len(m.judge.skipped) > 0) && m.judge.bye == "" { // a reset may jump over the end
			w.t.Errorf("reader %d of %d (over %v, rest %.40q) stops at place %d of %d: %+v", i, len(w.mates), m.over, m.rest, m.judge.place, m.judge.line.place(), m.conn.alone)
		}
	}
	for _, l := range w.lines {
		open, n := l.usage()
		stands += n
		if open > 1 {
			w.t.Errorf("%d streams are open for a group that is level", open)
		}
	}
	if stands != w.open || w.stats.parked.Load() != 0 {
		w.t.Errorf("streams stand for %d, %d are open, %d of them parked", stands, w.open, w.stats.parked.Load())
	}
	if w.gone+w.open != w.joined {
		w.t.Errorf("%d joined, %d are gone, %d are there", w.joined, w.gone, w.open)
	}
}

// TestModel lets random things happen to a shard, one after the other: nothing is lost,
// torn or given twice, and what is late is replaced only by something newer.
func TestModel(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		random := seeded(t)
		var parkings, writes uint64
		for range 6 {
			w := newWorld(t, random, how)
			for range 2 + random.IntN(20) {
				w.join()
			}
			for range 1500 {
				w.happen()
			}
			w.settleDown()
			parkings += w.stats.parkings.Load()
			writes += w.stats.writes.Load()
			if t.Failed() {
				return
			}
			for _, m := range w.mates {
				m.close()
			}
			w.rest(t)
			for _, l := range w.lines {
				if open, stands := l.usage(); open != 0 || stands != 0 {
					t.Errorf("%d streams are left, for %d readers", open, stands)
				}
			}
		}
		if parkings < 50 {
			t.Errorf("%d parkings in %d writes: the test tests nothing", parkings, writes)
		}
	})
}

// TestStorm is the same over TCP with everything at once: readers who come, go, stop and
// read on while others print.
func TestStorm(t *testing.T) {
	eachSetup(t, func(t *testing.T, o Options) {
		random := seeded(t)
		o.MaxAge = 2 * time.Second // for a few at the most
		r := launch(t, o)
		lines := []*timeline{newTimeline(t, "a"), newTimeline(t, "b")}
		var printers, readers sync.WaitGroup
		for _, l := range lines {
			own := rand.New(rand.NewPCG(random.Uint64(), 0))
			printers.Go(func() {
				for range 300 {
					size := own.IntN(400)
					if own.IntN(10) == 0 {
						size = own.IntN(30 << 10)
					}
					l.print([]string{"", "x", "y"}[own.IntN(3)], size)
					switch own.IntN(30) {
					case 0:
						l.beat()
					case 1:
						l.hold()
					case 2, 3:
						l.release()
					}
				}
				l.release()
			})
		}
		stays := make([]*client, 0, 60)
		for i := range 60 {
			c := r.connect(lines[i%2].join(), []pipe{{}, narrow}[i/2%2])
			own := rand.New(rand.NewPCG(random.Uint64(), 0))
			leaves := i%5 == 0
			if !leaves {
				stays = append(stays, c)
			}
			readers.Go(func() { c.wander(own, leaves) })
		}
		for i := range 100 { // descriptors are used again at once
			c := r.connect(lines[i%2].join(), pipe{})
			c.until(func() bool { return c.judge.opened })
			_ = c.Close()
		}
		printers.Wait()
		for _, l := range lines {
			l.end()
		}
		readers.Wait()
		for _, c := range stays {
			if c.err != nil {
				t.Errorf("reader %v at place %d: %v", c.tag, c.judge.place, c.err)
			} else if !c.judge.ended && c.judge.bye == "" {
				t.Errorf("reader %v is not given the end", c.tag)
			}
		}
	})
}

// wander reads as it likes, until the end, or leaves somewhere.
func (c *client) wander(random *rand.Rand, leaves bool) {
	_ = c.SetReadDeadline(time.Now().Add(patience))
	for steps := 0; !c.judge.ended && c.judge.bye == ""; steps++ {
		if leaves && random.IntN(20) == 0 {
			if random.IntN(2) == 0 {
				_ = c.SetLinger(0)
			}
			_ = c.Close()
			return
		}
		if c.err = c.some(1 + random.IntN(6000)); c.err != nil {
			return
		}
	}
}
