package fanout

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A Fanout writes to the connections that it has adopted. Make one with [New].
type Fanout struct {
	opts   Options
	shards []*shard
	next   atomic.Uint64
	io     IO
	began  time.Time // what conn.ends counts from; no jump of the clock ends connections

	stop sync.Once
}

// New starts a fanout. Close the result.
func New(o Options) (*Fanout, error) {
	o = o.withDefaults()
	if o.Shards <= 0 {
		o.Shards = runtime.GOMAXPROCS(0)
	}
	rings, err := openRings(o, newUring)
	if err != nil {
		return nil, fmt.Errorf("fanout: io_uring: %w", err)
	}
	f := &Fanout{opts: o, io: Epoll, began: time.Now()}
	if rings[0] != nil {
		f.io = Uring
	}
	for i, ring := range rings {
		s, err := newShard(f, ring)
		if err != nil {
			closeRings(rings[i:])
			f.Close()
			return nil, fmt.Errorf("fanout: start a shard: %w", err)
		}
		f.shards = append(f.shards, s)
		s.start()
	}
	return f, nil
}

// openRings returns an io_uring for each shard, or nil for each. It fails if they are
// asked for and not permitted.
func openRings(o Options, open func() (*uring, error)) ([]*uring, error) {
	rings := make([]*uring, o.Shards)
	if o.IO == Epoll {
		return rings, nil
	}
	for i := range rings {
		ring, err := open()
		if err == nil {
			rings[i] = ring
			continue
		}
		closeRings(rings)
		if o.IO == Uring {
			return nil, err
		}
		o.Logger.Debug("io_uring not available; writing with one send for each connection", "error", err)
		return make([]*uring, o.Shards), nil
	}
	return rings, nil
}

func closeRings(rings []*uring) {
	for _, ring := range rings {
		if ring != nil {
			ring.close()
		}
	}
}

// IO returns how the fanout writes: Epoll or Uring.
func (f *Fanout) IO() IO { return f.io }

// A Duplicate is a second descriptor of a connection. The zero value is none.
type Duplicate struct{ fd int }

// firstDescriptor is the lowest that a duplicate may have: below are the standard
// streams, even where they are closed.
const firstDescriptor = 3

// Dup duplicates the descriptor of a TCP connection, so that it can be given to
// [Fanout.Adopt] after the first one is closed. Close the result, or have it adopted.
func Dup(c *net.TCPConn) (Duplicate, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return Duplicate{}, fmt.Errorf("fanout: %w", err)
	}
	var d Duplicate
	var failed error
	err = raw.Control(func(fd uintptr) { d.fd, failed = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, firstDescriptor) })
	if err == nil {
		err = failed
	}
	if err != nil {
		return Duplicate{}, fmt.Errorf("fanout: duplicate the descriptor: %w", err)
	}
	return d, nil
}

// Close closes the descriptor.
func (d Duplicate) Close() {
	if d.fd >= firstDescriptor {
		_ = unix.Close(d.fd)
	}
}

// Adopt takes over a connection, a response to whose request has not begun: it writes
// opening, then what s has. Only the fanout uses d and s from then on; both are closed
// when the reader goes away, stalls, or the fanout is closed. tag is handed to
// [Options.Farewell] and [Options.Gone]. Adopt does not block. If it returns
// [ErrClosed], d and s are still the caller's.
func (f *Fanout) Adopt(d Duplicate, opening [][]byte, s Stream, tag any) error {
	c := &conn{fd: int32(d.fd), tag: tag}
	c.alone = &alone{stream: s, rest: opening, since: time.Now()}
	if f.opts.MaxAge > 0 {
		c.ends = (time.Since(f.began) + f.opts.MaxAge - rand.N(f.opts.MaxAge/5+1)).Milliseconds()
	}
	return f.shards[f.next.Add(1)%uint64(len(f.shards))].adopt(c)
}

// Drain closes all connections with a farewell, spread over a time, and waits until
// they are closed, or ctx is done. No connection is adopted from then on.
func (f *Fanout) Drain(ctx context.Context, spread time.Duration) {
	for _, s := range f.shards {
		s.drain(spread)
	}
	for _, s := range f.shards {
		select {
		case <-s.drained:
		case <-ctx.Done():
			return
		}
	}
}

// Close cuts off what is still connected and waits until all goroutines have ended.
// It may be called twice.
func (f *Fanout) Close() {
	f.stop.Do(func() {
		for _, s := range f.shards {
			s.close()
		}
	})
}

// Stats returns what the fanout does.
func (f *Fanout) Stats() Stats {
	var sum Stats
	for _, s := range f.shards {
		s.addStats(&sum)
	}
	return sum
}
