package fanout

import (
	"syscall"
	"time"
)

// enqueue has a group asked for what follows, in its turn.
func (s *shard) enqueue(g *group) {
	if g.stream == nil { // the one who is level first is asked anyway
		g.dirty.Store(false)
		return
	}
	if !g.queued {
		g.queued = true
		s.queue.push(g)
	}
}

// turn lets connections that catch up write, then groups, each until they have made
// the writes of a slice together. It returns how many did; if none may, wait is
// shortened to the time until a group may.
func (s *shard) turn(now time.Time, wait *time.Duration) (turns int) {
	turns = s.turnStrays()
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
		more, wrote := s.slice(g)
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
func (s *shard) slice(g *group) (more bool, wrote int) {
	if !g.passing {
		g.dirty.Store(false) // before Next: what comes from now on marks it again
		if g.stream == nil {
			return false, 0
		}
		g.batch = g.stream.Next(false)
		if len(g.batch) == 0 {
			s.settle(g)
			return false, 0
		}
		g.passing, g.todo, g.began = true, len(g.level), time.Now()
		s.stats.passes.Add(1)
	}
	if s.uring != nil && g.todo > 1 {
		wrote = s.sliceUring(g)
	} else {
		wrote = s.sliceSends(g)
	}
	if !g.passing || g.todo > 0 { // all have left, or it goes on
		return g.passing, wrote
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

func (s *shard) sliceUring(g *group) (wrote int) {
	wrote = min(sliceWrites, g.todo)
	from := g.todo - wrote
	results := s.results[:wrote]
	s.sendUring(g.level[from:g.todo], g.batch, results)
	bytes := 0
	for i := wrote - 1; i >= 0; i-- { // backwards, as level[:todo] stays in its place
		g.todo = from + i
		n, e := max(int(results[i]), 0), syscall.Errno(max(-results[i], 0))
		bytes += n
		if n != len(g.batch) {
			s.cut(g.level[g.todo], n, e)
		}
	}
	s.stats.writes.Add(uint64(wrote))
	s.stats.bytes.Add(uint64(bytes))
	return wrote
}

// sendUring writes p to connections through the io_uring. If that fails, it is given up
// for good, and what it has not sent goes out otherwise.
func (s *shard) sendUring(conns []*conn, p []byte, results []int32) {
	for i := range results {
		results[i] = -int32(syscall.EIO) // should it stay unknown what went out
	}
	submitted, err := s.uring.send(conns, p, results)
	if err == nil {
		return
	}
	s.fan.opts.Logger.Error("io_uring failed; writing with one send for each connection", "error", err)
	s.uring.close()
	s.uring = nil
	for i := submitted; i < len(conns); i++ {
		if n, e := send(conns[i].fd, p); e != 0 {
			results[i] = -int32(e)
		} else {
			results[i] = int32(n)
		}
	}
}

// cut handles a connection that did not take all of a batch.
func (s *shard) cut(c *conn, n int, e syscall.Errno) {
	if e != 0 && e != syscall.EAGAIN {
		s.drop(c)
		return
	}
	s.park(c, n)
}
