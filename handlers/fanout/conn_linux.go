package fanout

import (
	"sync/atomic"
	"time"
)

// A conn is one connection. It is owned by the loop of its shard.
type conn struct {
	fd         int32
	generation int32 // tells it from an earlier one with the same fd
	place      int32 // in group.level; meaningful while alone is nil
	group      *group
	alone      *alone // nil while the connection is level with its group
	ends       int64  // its end by age, in milliseconds since Fanout.began; 0: none
	tag        any
}

// alone is what a connection holds that is not level with its group.
type alone struct {
	stream  Stream    // nil for one that was level and is only given its farewell
	rest    [][]byte  // goes out before what stream has
	since   time.Time // when the kernel last took something
	late    bool      // the socket was full since the connection was level
	blocked bool      // the socket is full: wait for the kernel
	watched bool      // the epoll waits for the socket to take more
	leaving bool      // closes when rest is out
	waiting bool      // in group.waiting: ahead of the group
	queued  bool      // in shard.strays

	gathered bool // rest[0] is the shard's scratch
}

// A group is the connections of a shard that are given the same bytes. It is owned by
// the loop of its shard, but for dirty, which any goroutine sets.
type group struct {
	key     any
	stream  Stream  // stands for all that are level; nil while there is none
	level   []*conn // in no order
	waiting []*conn // ahead of the stream; they join when it has caught up
	members int     // level, waiting and parked

	dirty  atomic.Bool // the stream may have something since it was asked last
	queued bool        // in shard.queue

	// The pass that is under way: level[:todo] have not been given batch.
	batch     []byte
	todo      int
	passing   bool
	began     time.Time
	notBefore time.Time // of the next pass
}

// add makes a connection level. In a pass it counts as served: its stream has what
// the batch holds.
func (g *group) add(c *conn) {
	c.place = int32(len(g.level))
	c.alone = nil
	g.level = append(g.level, c)
}

// remove takes a level connection out. In a pass those that are served stay behind
// those that are not.
func (g *group) remove(c *conn) {
	i, last := int(c.place), len(g.level)-1
	if g.passing && i < g.todo {
		g.todo--
		g.move(g.todo, i)
		i = g.todo
	}
	g.move(last, i)
	g.level[last] = nil
	g.level = g.level[:last]
}

func (g *group) move(from, to int) {
	g.level[to] = g.level[from]
	g.level[to].place = int32(to)
}
