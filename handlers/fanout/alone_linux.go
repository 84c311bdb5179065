package fanout

import (
	"slices"
	"syscall"
	"time"
)

const (
	// maxScratch is the size of an opening up to which its parts go out in one write.
	maxScratch = 64 << 10
	// strayWrites is how many writes one connection makes that catches up before
	// another one has its turn.
	strayWrites = 8
)

// stray has a connection that is not level served in its turn.
func (s *shard) stray(c *conn) {
	if !c.alone.queued {
		c.alone.queued = true
		s.strays.push(c)
	}
}

// turnStrays serves connections that are not level, one after the other, until they
// have made the writes of one slice together. It returns how many had their turn.
func (s *shard) turnStrays() (turns int) {
	for budget := sliceWrites; budget > 0 && s.strays.len() > 0; turns++ {
		c := s.strays.pop()
		if s.conns[c.fd] != c || c.alone == nil { // closed since
			continue
		}
		c.alone.queued = false
		if c.alone.blocked {
			continue
		}
		before := s.stats.writes.Load()
		s.serve(c)
		budget -= max(1, int(s.stats.writes.Load()-before))
	}
	return turns
}

// serve gives a connection that is not level what it can take, until its socket is
// full, it is level, or it has had its turn.
func (s *shard) serve(c *conn) {
	a := c.alone
	for range strayWrites {
		if len(a.rest) > 0 && !s.sendRest(c) {
			return
		}
		if a.leaving {
			s.finish(c)
			return
		}
		bytes := s.following(c)
		if len(bytes) == 0 {
			s.join(c)
			return
		}
		n, e := s.send(c, bytes)
		if e == 0 && n == len(bytes) {
			continue
		}
		if e != 0 && e != syscall.EAGAIN {
			s.drop(c)
			return
		}
		a.late = true
		if rest := a.stream.Rewind(n); len(rest) > 0 {
			a.rest = [][]byte{rest}
		}
		if e == syscall.EAGAIN {
			s.block(c)
			return
		}
	}
	s.stray(c)
}

// following returns what a connection gets next; not more than its group has.
func (s *shard) following(c *conn) []byte {
	if leader := c.group.stream; leader != nil {
		return c.alone.stream.NextTo(leader, c.alone.late)
	}
	return c.alone.stream.Next(c.alone.late)
}

// sendRest sends what has to go out first. It returns false if the connection is
// blocked, or gone.
func (s *shard) sendRest(c *conn) bool {
	a := c.alone
	if len(a.rest) > 1 {
		s.gather(a)
	}
	for len(a.rest) > 0 {
		n, e := s.send(c, a.rest[0])
		switch {
		case e == syscall.EAGAIN:
			s.keep(a)
			s.block(c)
			return false
		case e != 0:
			s.drop(c)
			return false
		case n == len(a.rest[0]):
			a.rest = a.rest[1:]
		default:
			a.rest = append([][]byte{a.rest[0][n:]}, a.rest[1:]...)
		}
	}
	a.rest, a.gathered = nil, false
	return true
}

// gather joins the parts of an opening to one write, if they are small. The slice of
// parts may be shared with other connections.
func (s *shard) gather(a *alone) {
	size := 0
	for _, part := range a.rest {
		size += len(part)
	}
	if size > maxScratch {
		return
	}
	s.scratch = s.scratch[:0]
	for _, part := range a.rest {
		s.scratch = append(s.scratch, part...)
	}
	a.rest = [][]byte{s.scratch}
	a.gathered = true
}

// keep copies what is left of a gathered opening out of the scratch.
func (s *shard) keep(a *alone) {
	if a.gathered {
		a.rest[0] = slices.Clone(a.rest[0])
	}
	a.gathered = false
}

// send writes to one connection and keeps count.
func (s *shard) send(c *conn, p []byte) (int, syscall.Errno) {
	n, e := send(c.fd, p)
	if n > 0 {
		c.alone.since = time.Now()
		s.stats.bytes.Add(uint64(n))
	}
	s.stats.writes.Add(1)
	return n, e
}

// block waits for the socket to take more. Once it is watched, each time that it
// becomes writable is told.
func (s *shard) block(c *conn) {
	a := c.alone
	a.blocked, a.late = true, true
	if a.watched {
		return
	}
	a.watched = true
	if err := s.epoll.watch(c, watchBlocked); err != nil {
		s.drop(c)
	}
}

// join makes a connection that has everything a part of its group.
func (s *shard) join(c *conn) {
	g, a := c.group, c.alone
	switch {
	case g.stream == nil:
		g.stream = a.stream
		g.stream.Notify(func() { s.mark(g) })
		g.add(c)
		s.enqueue(g) // something may have come before Notify
	case a.stream.Level(g.stream):
		a.stream.Close()
		g.add(c)
		g.stream.Stand(len(g.level))
	default: // ahead of the group, which is told when it has something to catch up with
		a.waiting, a.late = true, false
		g.waiting = append(g.waiting, c)
		return
	}
	s.stats.parked.Add(-1)
	if a.watched {
		if err := s.epoll.watch(c, watchIdle); err != nil {
			s.drop(c)
		}
	}
}

// park gives a connection, of whose batch only n bytes went out, a stream of its own.
func (s *shard) park(c *conn, n int) {
	g := c.group
	own, rest := g.stream.Fork(n)
	g.remove(c)
	c.alone = &alone{stream: own, late: true, since: time.Now()}
	s.fan.opts.Parked(c.tag, own)
	if len(rest) > 0 {
		c.alone.rest = [][]byte{rest}
	}
	s.stand(g)
	s.stats.parked.Add(1)
	s.stats.parkings.Add(1)
	s.block(c)
}

// stand says how many connections the stream of a group stands for. A group without
// any has no stream: the first who is level brings the next one.
func (s *shard) stand(g *group) {
	if len(g.level) > 0 {
		g.stream.Stand(len(g.level))
		return
	}
	g.stream.Close()
	g.stream, g.passing, g.batch, g.todo = nil, false, nil, 0
	s.settle(g)
}

// settle lets those who wait for the group try again.
func (s *shard) settle(g *group) {
	for _, c := range g.waiting {
		c.alone.waiting = false
		s.stray(c)
	}
	clear(g.waiting)
	g.waiting = g.waiting[:0]
}

// leaveAlone takes a connection that is not level out of its group.
func (s *shard) leaveAlone(c *conn) {
	a := c.alone
	if a.waiting {
		i := slices.Index(c.group.waiting, c)
		c.group.waiting = slices.Delete(c.group.waiting, i, i+1)
	}
	if a.stream != nil {
		a.stream.Close()
	}
	s.stats.parked.Add(-1)
}

// farewell sends the last bytes to a connection, after the frame that is on its way,
// and closes it.
func (s *shard) farewell(c *conn, why Reason) {
	last := s.fan.opts.Farewell(why, c.tag)
	if c.alone != nil {
		a := c.alone
		a.leaving = true
		a.rest = append(slices.Clip(a.rest), last)
		if !a.blocked {
			s.serve(c)
		}
		return
	}
	n, e := send(c.fd, last)
	s.stats.writes.Add(1)
	s.stats.bytes.Add(uint64(n))
	switch {
	case n == len(last):
		s.finish(c)
	case e != 0 && e != syscall.EAGAIN:
		s.drop(c)
	default:
		c.group.remove(c)
		s.stand(c.group)
		c.alone = &alone{rest: [][]byte{last[n:]}, leaving: true, since: time.Now()}
		s.stats.parked.Add(1)
		s.block(c)
	}
}

// finish closes a connection in such a way that what was written arrives.
func (s *shard) finish(c *conn) {
	s.release(c)
	hangUp(c.fd)
	s.fan.opts.Gone(c.tag)
}
