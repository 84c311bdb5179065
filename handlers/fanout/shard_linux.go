package fanout

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// sliceWrites is how many connections of one group are written to before another
	// group has its turn, and the scheduler.
	sliceWrites = 256
	// longPass is the length of a pass from which on the next one is not begun at once.
	longPass = 500 * time.Microsecond
	// maxPause is the longest pause between two passes.
	maxPause = 5 * time.Millisecond
	// maxInspect is the longest time between two looks at ages and stalls.
	maxInspect = 5 * time.Second
)

// A shard is one epoll and its connections; only loop writes to or closes them.
type shard struct {
	fan     *Fanout
	epoll   *epoll
	wake    chan struct{} // capacity 1: there is something in the inbox; never closed
	drained chan struct{} // closed by loop when a drain is over
	ended   sync.WaitGroup
	stats   shardStats

	mu    sync.Mutex // guards inbox; never held across a call of a Stream
	inbox inbox

	// The fields below are owned by loop.
	uring      *uring // nil: one send for each connection
	results    [uringEntries]int32
	conns      []*conn // by descriptor
	open       int
	groups     map[any]*group
	queue      queue[*group] // those that may have something to write
	strays     queue[*conn]  // those that are not level and may be written to
	generation int32
	inspected  time.Time
	leaving    *departure // nil until a drain
	scratch    []byte
}

// An inbox is what other goroutines have for the loop.
type inbox struct {
	adopted []*conn
	dirty   []*group
	ready   []unix.EpollEvent
	drain   time.Duration // spread of a drain that is asked for; 0: none
	closing bool
	refuse  bool // no more connections
}

type shardStats struct {
	connections, parked, groups              atomic.Int64
	passes, writes, bytes, parkings, dropped atomic.Uint64
}

// newShard returns a shard that owns ring, nil for one send each, unless it fails.
func newShard(f *Fanout, ring *uring) (*shard, error) {
	s := &shard{
		fan:     f,
		uring:   ring,
		wake:    make(chan struct{}, 1),
		drained: make(chan struct{}),
		groups:  map[any]*group{},
	}
	var err error
	if s.epoll, err = newEpoll(); err != nil {
		return nil, err
	}
	return s, nil
}

// start starts the two goroutines; close stops and awaits them.
func (s *shard) start() {
	s.ended.Go(s.poll)
	s.ended.Go(s.loop)
}

func (s *shard) close() {
	s.mu.Lock()
	s.inbox.closing, s.inbox.refuse = true, true
	s.mu.Unlock()
	s.kick()
	s.ended.Wait()
}

func (s *shard) drain(spread time.Duration) {
	s.mu.Lock()
	s.inbox.drain, s.inbox.refuse = max(spread, time.Millisecond), true
	s.mu.Unlock()
	s.kick()
}

func (s *shard) adopt(c *conn) error {
	s.mu.Lock()
	if s.inbox.refuse {
		s.mu.Unlock()
		return ErrClosed
	}
	s.inbox.adopted = append(s.inbox.adopted, c)
	s.mu.Unlock()
	s.kick()
	return nil
}

// mark says that a group may have something to write. Until the loop asks its stream,
// which is after a pause when passes follow each other, further marks cost nothing.
func (s *shard) mark(g *group) {
	if g.dirty.Swap(true) {
		return
	}
	s.mu.Lock()
	s.inbox.dirty = append(s.inbox.dirty, g)
	s.mu.Unlock()
	s.kick()
}

func (s *shard) kick() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// poll hands over what the kernel says until the epoll is closed by loop.
func (s *shard) poll() {
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := s.epoll.wait(events)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.inbox.ready = append(s.inbox.ready, events[:n]...)
		s.mu.Unlock()
		s.kick()
	}
}

// loop serves the connections until close.
func (s *shard) loop() {
	timer := time.NewTimer(s.inspectEvery())
	defer timer.Stop()
	var in inbox
	for {
		in = s.take(in)
		if in.closing {
			s.shut(in.adopted)
			return
		}
		s.handle(&in)
		now := time.Now()
		if now.Sub(s.inspected) >= s.inspectEvery() {
			s.inspect(now)
		}
		wait := s.depart(now, s.inspectEvery())
		if s.turn(now, &wait) > 0 {
			runtime.Gosched() // publishers must be read while a pass runs
			continue
		}
		timer.Reset(wait)
		select {
		case <-s.wake:
		case <-timer.C:
		}
	}
}

// take empties the inbox; the slices of the last one are used again.
func (s *shard) take(old inbox) inbox {
	clear(old.adopted)
	clear(old.dirty)
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.inbox
	s.inbox.adopted, s.inbox.dirty, s.inbox.ready = old.adopted[:0], old.dirty[:0], old.ready[:0]
	s.inbox.drain = 0
	return in
}

func (s *shard) handle(in *inbox) {
	for _, e := range in.ready {
		c := s.connOf(e)
		switch {
		case c == nil: // closed since
		case e.Events&unix.EPOLLERR != 0:
			s.drop(c)
		case e.Events&hungUp != 0:
			s.cutOff(c)
		case c.alone != nil && c.alone.blocked:
			c.alone.blocked = false
			s.stray(c)
		}
	}
	for _, c := range in.adopted {
		s.welcome(c)
	}
	for _, g := range in.dirty {
		s.enqueue(g)
	}
	if in.drain > 0 && s.leaving == nil {
		s.leaving = newDeparture(s.conns, s.open, in.drain)
	}
}

// connOf returns the connection that an event is about, nil if it is an earlier one
// of that descriptor.
func (s *shard) connOf(e unix.EpollEvent) *conn {
	if int(e.Fd) >= len(s.conns) {
		return nil
	}
	if c := s.conns[e.Fd]; c != nil && c.generation == e.Pad {
		return c
	}
	return nil
}

// welcome takes a new connection in.
func (s *shard) welcome(c *conn) {
	if int(c.fd) >= len(s.conns) {
		s.conns = append(s.conns, make([]*conn, max(64, 2*int(c.fd))-len(s.conns))...)
	}
	s.generation++
	c.generation = s.generation
	s.conns[c.fd] = c
	s.open++
	s.stats.connections.Add(1)
	s.stats.parked.Add(1)
	key := c.alone.stream.Key()
	if c.group = s.groups[key]; c.group == nil {
		c.group = &group{key: key}
		s.groups[key] = c.group
		s.stats.groups.Add(1)
	}
	c.group.members++
	if err := s.epoll.add(c); err != nil {
		s.fan.opts.Logger.Warn("connection not watched", "error", err)
		s.drop(c)
		return
	}
	s.stray(c)
}

// drop closes a connection that failed or stalled.
func (s *shard) drop(c *conn) {
	s.stats.dropped.Add(1)
	s.cutOff(c)
}

// cutOff closes a connection without a word.
func (s *shard) cutOff(c *conn) {
	s.release(c)
	_ = unix.Close(int(c.fd))
	s.fan.opts.Gone(c.tag)
}

// release takes a connection out of everything but the kernel.
func (s *shard) release(c *conn) {
	s.conns[c.fd] = nil
	s.open--
	s.stats.connections.Add(-1)
	g := c.group
	if c.alone != nil {
		s.leaveAlone(c)
	} else {
		g.remove(c)
		s.stand(g)
	}
	g.members--
	if g.members == 0 {
		delete(s.groups, g.key)
		s.stats.groups.Add(-1)
	}
}

// shut closes what is left, and connections that were adopted but not welcomed. No
// more are adopted: who asked for the end has seen to that.
func (s *shard) shut(adopted []*conn) {
	for _, c := range s.conns {
		if c != nil {
			s.cutOff(c)
		}
	}
	for _, c := range adopted {
		c.alone.stream.Close()
		_ = unix.Close(int(c.fd))
		s.fan.opts.Gone(c.tag)
	}
	if s.uring != nil {
		s.uring.close()
	}
	s.epoll.close()
	if s.leaving == nil || !s.leaving.over {
		close(s.drained)
	}
}

func (s *shard) inspectEvery() time.Duration {
	every := min(maxInspect, s.fan.opts.Stall/4)
	if s.fan.opts.MaxAge > 0 {
		every = min(every, max(s.fan.opts.MaxAge/20, 10*time.Millisecond))
	}
	return max(every, time.Millisecond)
}

// inspect ends what is too old, and what has stalled.
func (s *shard) inspect(now time.Time) {
	s.inspected = now
	for _, c := range s.conns {
		switch {
		case c == nil:
		case c.alone != nil && c.alone.blocked && now.Sub(c.alone.since) >= s.fan.opts.Stall:
			s.drop(c)
		case c.ends != 0 && now.Sub(s.fan.began).Milliseconds() >= c.ends && !(c.alone != nil && c.alone.leaving):
			s.farewell(c, Age)
		}
	}
}

func (s *shard) addStats(sum *Stats) {
	sum.Connections += int(s.stats.connections.Load())
	sum.Parked += int(s.stats.parked.Load())
	sum.Groups += int(s.stats.groups.Load())
	sum.Passes += s.stats.passes.Load()
	sum.Writes += s.stats.writes.Load()
	sum.Bytes += s.stats.bytes.Load()
	sum.Parkings += s.stats.parkings.Load()
	sum.Dropped += s.stats.dropped.Load()
}
