package fanout

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestVanish has idle clients vanish without a word, in a network that goes down: they
// are found by the next heartbeat, which nobody acknowledges within TCP_USER_TIMEOUT.
// That connections inherit from their listener.
func TestVanish(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		r := launch(t, Options{IO: how, Shards: 1})
		l := newTimeline(t, "a")
		pairs, down, err := island(2, 300*time.Millisecond)
		if err != nil {
			t.Skipf("no network of our own (%v): not tested here", err)
		}
		for i, p := range pairs {
			r.adopted++
			c := &conn{fd: int32(p[1]), tag: i}
			c.alone = &alone{stream: l.join(), rest: head, since: time.Now()}
			if err := r.shards[0].adopt(c); err != nil {
				t.Fatal(err)
			}
			defer unix.Close(p[0])
		}
		r.level(2)
		if err := down(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		l.beat()
		r.eventually("they are gone", func() bool { return r.gone.Load() == 2 })
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("took %v", took)
		}
		if s := r.Stats(); s.Dropped != 2 {
			t.Errorf("%+v, want 2 dropped", s)
		}
	})
}

// island connects pairs of TCP sockets in a network of their own, the first of each
// without anyone who reads, and returns what takes that network down.
func island(n int, timeout time.Duration) (pairs [][2]int, down func() error, err error) {
	type made struct {
		pairs [][2]int
		err   error
	}
	came, sink, sunk := make(chan made), make(chan struct{}), make(chan error)
	go func() { // ends after down, or at once if it fails; its thread, whose network it is, ends with it
		runtime.LockOSThread()
		pairs, err := settleIsland(n, timeout)
		came <- made{pairs, err}
		if err != nil {
			return
		}
		<-sink
		sunk <- loopback(false)
	}()
	m := <-came
	return m.pairs, func() error { close(sink); return <-sunk }, m.err
}

func settleIsland(n int, timeout time.Duration) (pairs [][2]int, err error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("unshare: %w", err)
	}
	if err := loopback(true); err != nil {
		return nil, err
	}
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unix.Close(listener)) }()
	if err := unix.SetsockoptInt(listener, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(timeout.Milliseconds())); err != nil {
		return nil, err
	}
	at := &unix.SockaddrInet4{Port: 7, Addr: [4]byte{127, 0, 0, 1}}
	if err := errors.Join(unix.Bind(listener, at), unix.Listen(listener, n)); err != nil {
		return nil, err
	}
	for range n {
		near, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		if err := unix.Connect(near, at); err != nil {
			return nil, err
		}
		far, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, [2]int{near, far})
	}
	return pairs, nil
}

// loopback takes the loopback of this thread's network up or down.
func loopback(up bool) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if up {
		request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	}
	if err := unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	return nil
}

// TestZeroWindow has a client whose window is closed for ever: the kernel gives it up.
func TestZeroWindow(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		r := launch(t, Options{IO: how, Shards: 1}) // with 5 minutes of patience
		l := newTimeline(t, "a")
		c, far := r.dial(narrow)
		c.tag = "stuck"
		raw, err := far.SyscallConn()
		if err == nil {
			err = raw.Control(func(fd uintptr) {
				if err := unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 200); err != nil {
					t.Error(err)
				}
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		r.adopt(c, far, l.join())
		r.level(1)
		for range 20 {
			l.print("", 20<<10)
		}
		r.eventually("it is gone", func() bool { return r.gone.Load() == 1 })
		if s := r.Stats(); s.Dropped != 1 {
			t.Errorf("%+v, want 1 dropped", s)
		}
	})
}
