package fanout

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the randomized tests; 0: a new one each time")

func TestMain(m *testing.M) {
	// Go's own poller has two descriptors from its first use on: now, not while they
	// are counted.
	if e, err := newEpoll(); err == nil {
		e.close()
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait of a test; only a test that fails takes as long.
const patience = 20 * time.Second

// seeded returns randomness that a failing test names.
func seeded(t testing.TB) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again with: go test -run '%s' -seed %d", t.Name(), seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// eachIO runs a test over both ways to write.
func eachIO(t *testing.T, test func(t *testing.T, how IO)) {
	for _, how := range []IO{Epoll, Uring} {
		t.Run(string(how), func(t *testing.T) {
			needs(t, how)
			test(t, how)
		})
	}
}

// needs skips a test of io_uring, aloud, where the kernel forbids it.
func needs(t testing.TB, how IO) {
	if how != Uring {
		return
	}
	ring, err := newUring()
	if err != nil {
		t.Skipf("io_uring is not permitted here (%v): only the test over epoll has run", err)
	}
	ring.close()
}

// eachSetup runs a test over both ways to write, with one shard and with two.
func eachSetup(t *testing.T, test func(t *testing.T, o Options)) {
	eachIO(t, func(t *testing.T, how IO) {
		for shards := 1; shards <= 2; shards++ {
			t.Run(strconv.Itoa(shards), func(t *testing.T) { test(t, Options{IO: how, Shards: shards}) })
		}
	})
}

// A rig is a fanout with clients on loopback. When the test ends, it closes all of it
// and finds out whether anything is left.
type rig struct {
	*Fanout
	t        testing.TB
	listener *net.TCPListener
	clients  []*client
	gone     atomic.Int64 // calls of Options.Gone
	parked   atomic.Int64 // calls of Options.Parked
	adopted  int64

	mu   sync.Mutex
	tags map[any]int // calls of Options.Gone by tag
}

func launch(t testing.TB, o Options) *rig {
	t.Helper()
	r := &rig{t: t, tags: map[any]int{}}
	before := descriptors(t)
	o.Gone = func(tag any) {
		r.mu.Lock()
		r.tags[tag]++
		r.mu.Unlock()
		r.gone.Add(1)
	}
	o.Parked = func(tag any, own Stream) {
		if c, ok := own.(*position); !ok || c.closed || tag == nil {
			t.Errorf("Parked(%v, %v)", tag, own)
		}
		r.parked.Add(1)
	}
	if o.Farewell == nil {
		o.Farewell = func(why Reason, tag any) []byte { return fmt.Appendf(nil, "B %s %v\n", why, tag) }
	}
	var err error
	if r.Fanout, err = New(o); err != nil {
		t.Fatal(err)
	}
	if o.IO != "" && o.IO != Auto && r.IO() != o.IO {
		t.Fatalf("IO() = %s, want %s", r.IO(), o.IO)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.listener = l.(*net.TCPListener)
	t.Cleanup(func() { r.finish(before) })
	return r
}

func (r *rig) finish(before int) {
	r.Close()
	_ = r.listener.Close()
	for _, c := range r.clients {
		_ = c.Close()
		<-c.read
	}
	for tag, n := range r.tags {
		if n != 1 {
			r.t.Errorf("Gone(%v) is called %d times", tag, n)
		}
	}
	if n := r.gone.Load(); n != r.adopted {
		r.t.Errorf("Gone is called for %d of %d connections", n, r.adopted)
	}
	s := r.Stats()
	if n := r.parked.Load(); n != int64(s.Parkings) {
		r.t.Errorf("Parked is called %d times, %d were", n, s.Parkings)
	}
	if s.Connections != 0 || s.Parked != 0 || s.Groups != 0 {
		r.t.Errorf("left after Close: %+v", s)
	}
	if after := descriptors(r.t); after != before {
		r.t.Errorf("%d descriptors are open, %d were before", after, before)
	}
}

// descriptors counts what the process has open.
func descriptors(t testing.TB) int {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// eventually waits for what no reader can see.
func (r *rig) eventually(what string, holds func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("never: %s; %+v", what, r.Stats())
		}
	}
}

// level waits until n connections are level with their groups, and no others are.
func (r *rig) level(n int) {
	r.t.Helper()
	r.eventually(fmt.Sprintf("%d level, none parked", n), func() bool {
		s := r.Stats()
		return s.Connections == n && s.Parked == 0
	})
}

// A client is the reader's end of a connection.
type client struct {
	*net.TCPConn
	t    testing.TB
	tag  any
	read chan struct{} // closed when nothing reads any more; closed from the start without listen

	judge  judge        // of the goroutine that reads, until read is closed
	err    error        // likewise
	buffer []byte       // likewise
	rest   []byte       // likewise
	at     atomic.Int64 // place that it has
}

// A pipe says how large the buffers of a connection are; 0 is the system's choice.
type pipe struct{ send, receive int }

var narrow = pipe{send: 4 << 10, receive: 4 << 10}

// dial connects, and gives the server's end as it comes out of net/http.
func (r *rig) dial(p pipe) (*client, *net.TCPConn) {
	r.t.Helper()
	d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			if p.receive > 0 {
				_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, p.receive)
			}
		})
	}}
	near, err := d.Dial("tcp", r.listener.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	far, err := r.listener.AcceptTCP()
	if err != nil {
		r.t.Fatal(err)
	}
	if p.send > 0 {
		_ = far.SetWriteBuffer(p.send)
	}
	closed := make(chan struct{})
	close(closed)
	c := &client{TCPConn: near.(*net.TCPConn), t: r.t, read: closed}
	r.clients = append(r.clients, c)
	return c, far
}

// connect has a connection adopted. Nothing reads from it before listen or until.
func (r *rig) connect(p *position, wide pipe) *client {
	r.t.Helper()
	c, far := r.dial(wide)
	c.judge.line = p.line
	c.tag = len(r.clients)
	r.adopt(c, far, p)
	return c
}

func (r *rig) adopt(c *client, far *net.TCPConn, p *position) {
	r.t.Helper()
	d, err := Dup(far)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = far.Close()
	if err := r.Adopt(d, head, p, c.tag); err != nil {
		r.t.Fatal(err)
	}
	r.adopted++
}

// join connects a reader that never falls behind and listens to the end.
func (r *rig) join(l *timeline) *client {
	r.t.Helper()
	c := r.connect(l.join(), pipe{})
	c.judge.strict = true
	c.listen()
	return c
}

// listen reads and judges in a goroutine until the end of the timeline, or of the
// connection; wait awaits it.
func (c *client) listen() {
	c.read = make(chan struct{})
	go func() { // ends with the connection at the latest, which rig.finish closes; it waits
		defer close(c.read)
		c.err = c.follow(func() bool { return c.judge.ended })
	}()
}

// wait returns once the reader that listens has the end.
func (c *client) wait() {
	c.t.Helper()
	<-c.read
	if c.err != nil {
		c.t.Errorf("reader %v at place %d: %v", c.tag, c.judge.place, c.err)
	}
}

func waitAll(clients []*client) {
	for _, c := range clients {
		c.wait()
	}
}

// until reads and judges until done holds.
func (c *client) until(done func() bool) {
	c.t.Helper()
	if err := c.follow(done); err != nil {
		c.t.Fatalf("reader %v at place %d: %v", c.tag, c.judge.place, err)
	}
}

// toEnd reads and judges until the connection ends, which it returns.
func (c *client) toEnd() error {
	return c.follow(func() bool { return false })
}

func (c *client) follow(done func() bool) error {
	_ = c.SetReadDeadline(time.Now().Add(patience))
	for !done() {
		if err := c.some(16 << 10); err != nil {
			return err
		}
	}
	return nil
}

// some reads and judges at most n bytes.
func (c *client) some(n int) error {
	c.buffer = slices.Grow(c.buffer[:0], n)[:n]
	n, err := c.TCPConn.Read(c.buffer)
	c.rest = append(c.rest, c.buffer[:n]...)
	left, wrong := c.judge.take(c.rest)
	c.rest = append(c.rest[:0], left...)
	c.at.Store(int64(c.judge.place))
	if wrong != nil {
		return wrong
	}
	if err != nil && len(left) > 0 && errors.Is(err, io.EOF) {
		return fmt.Errorf("ends in the middle of a frame: %.40q", left)
	}
	return err
}

// failure returns what the kernel holds against a connection, as that it was reset.
func (c *client) failure() (e syscall.Errno) {
	c.t.Helper()
	raw, err := c.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			n, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
			if err != nil {
				c.t.Error(err)
			}
			e = syscall.Errno(n)
		})
	}
	if err != nil {
		c.t.Error(err)
	}
	return e
}

// still returns a shard whose loop is the test: nothing happens but in step.
func still(t testing.TB, o Options) *shard {
	t.Helper()
	s := unstarted(t, o)
	t.Cleanup(func() {
		s.close() // its goroutines do not run; the loop's last act is ours
		s.shut(s.take(inbox{}).adopted)
	})
	return s
}

func unstarted(t testing.TB, o Options) *shard {
	t.Helper()
	o.Shards = 1
	o = o.withDefaults()
	rings, err := openRings(o, newUring)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newShard(&Fanout{opts: o, io: o.IO}, rings[0])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// step is one round of the loop: what the kernel and others say, then one turn. It
// knows no pauses.
func (s *shard) step(t testing.TB) (turns int) {
	t.Helper()
	s.hear(t)
	in := s.take(inbox{})
	s.handle(&in)
	wait := time.Hour
	return s.turn(time.Now().Add(time.Hour), &wait)
}

// hear takes what the kernel says into the inbox.
func (s *shard) hear(t testing.TB) {
	t.Helper()
	var events [256]unix.EpollEvent
	for {
		n, err := unix.EpollWait(s.epoll.fd, events[:], 0)
		if err != nil && !errors.Is(err, unix.EINTR) {
			t.Fatal(err)
		}
		s.inbox.ready = append(s.inbox.ready, events[:max(n, 0)]...)
		if n < len(events) {
			return
		}
	}
}

// rest goes on until nothing is left to do.
func (s *shard) rest(t testing.TB) {
	t.Helper()
	for rounds := 0; s.step(t) > 0; rounds++ {
		if rounds > 1_000_000 {
			t.Fatal("the loop never comes to rest")
		}
		runtime.Gosched()
	}
}
