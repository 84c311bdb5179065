package fanout

import (
	"math"
	"syscall"
	"time"
)

// A queue is groups in the order of their turns.
type queue struct {
	groups []*group
	head   int
}

func (q *queue) len() int { return len(q.groups) - q.head }

func (q *queue) push(g *group) { q.groups = append(q.groups, g) }

func (q *queue) pop() *group {
	g := q.groups[q.head]
	q.groups[q.head] = nil
	q.head++
	if q.head == len(q.groups) {
		q.groups, q.head = q.groups[:0], 0
	} else if q.head >= 1024 && q.head > len(q.groups)/2 {
		n := copy(q.groups, q.groups[q.head:])
		clear(q.groups[n:])
		q.groups, q.head = q.groups[:n], 0
	}
	return g
}

func (s *shard) enqueue(g *group) {
	if !g.queued && g.stream != nil {
		g.queued = true
		s.queue.push(g)
	}
}

// turn lets groups write, one after the other, until they have made the writes of one
// slice together. It returns how many groups wrote; if none may, wait is shortened to
// the time until one may.
func (s *shard) turn(now time.Time, wait *time.Duration) (turns int) {
	budget := sliceWrites
	for range s.queue.len() {
		g := s.queue.pop()
		if pause := g.notBefore.Sub(now); pause > 0 && !g.passing && g.stream != nil {
			s.queue.push(g)
			*wait = min(*wait, pause)
			continue
		}
		g.queued = false
		turns++
		more, wrote := s.slice(g, now)
		if more {
			s.enqueue(g)
		}
		if budget -= wrote + 1; budget <= 0 {
			break
		}
	}
	return turns
}

// slice goes on with the pass of a group, or begins the next one. It returns whether
// there may be more to write, and the writes made.
func (s *shard) slice(g *group, now time.Time) (more bool, wrote int) {
	if g.stream == nil {
		return false, 0
	}
	if !g.passing {
		g.batch = g.stream.Next(false)
		if g.batch == nil {
			s.settle(g)
			return false, 0
		}
		g.passing, g.todo, g.began = true, len(g.level), now
		s.stats.passes.Add(1)
	}
	if s.uring != nil && g.todo > 1 {
		wrote = s.sliceUring(g)
	} else {
		wrote = s.sliceSends(g)
	}
	if g.stream == nil { // nobody is left
		return false, wrote
	}
	if g.todo > 0 {
		return true, wrote
	}
	g.passing, g.batch = false, nil
	end := time.Now()
	if took := end.Sub(g.began); took > longPass {
		g.notBefore = end.Add(min(took/8, maxPause))
	}
	s.settle(g)
	return true, wrote
}

func (s *shard) sliceSends(g *group) (wrote int) {
	bytes := 0
	for wrote < sliceWrites && g.todo > 0 {
		g.todo--
		wrote++
		c := g.level[g.todo]
		n, e := send(c.fd, g.batch)
		bytes += n
		if n != len(g.batch) {
			s.cut(c, n, e)
		}
	}
	s.stats.writes.Add(uint64(wrote))
	s.stats.bytes.Add(uint64(bytes))
	return wrote
}

func (s *shard) sliceUring(g *group) int {
	n := min(sliceWrites, g.todo)
	from := g.todo - n
	results := s.results[:n]
	for i := range results {
		results[i] = math.MinInt32
	}
	if err := s.uring.send(g.level[from:g.todo], g.batch, results); err != nil {
		s.fan.opts.Logger.Error("io_uring failed; writing with one send for each connection", "error", err)
		s.uring.close()
		s.uring = nil
	}
	bytes := 0
	for i := n - 1; i >= 0; i-- {
		g.todo = from + i
		c := g.level[g.todo]
		switch r := results[i]; {
		case int(r) == len(g.batch):
			bytes += int(r)
		case r >= 0:
			bytes += int(r)
			s.cut(c, int(r), 0)
		case r == math.MinInt32: // it is not known what went out
			s.drop(c)
		default:
			s.cut(c, 0, syscall.Errno(-r))
		}
		if g.stream == nil {
			break
		}
	}
	s.stats.writes.Add(uint64(n))
	s.stats.bytes.Add(uint64(bytes))
	return n
}

// cut handles a connection that did not take all of a batch.
func (s *shard) cut(c *conn, n int, e syscall.Errno) {
	if e != 0 && e != syscall.EAGAIN {
		s.drop(c)
		return
	}
	s.park(c, n)
}
