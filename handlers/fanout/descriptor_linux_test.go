package fanout

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReuse has the kernel's word on a connection arrive after that is closed, when
// another one has its descriptor: it is not about that one.
func TestReuse(t *testing.T) {
	eachIO(t, func(t *testing.T, how IO) {
		s := still(t, Options{IO: how})
		l := newTimeline(t, "a")
		first := pair(t, s, l.join())
		s.rest(t)
		first.close()
		s.hear(t)
		stale := s.inbox.ready
		if len(stale) == 0 {
			t.Fatal("the kernel says nothing")
		}
		s.inbox.ready = nil
		fd := first.conn.fd
		s.cutOff(first.conn)
		var second *mate
		for range 100 {
			if second = pair(t, s, l.join()); second.conn.fd == fd {
				break
			}
		}
		if second.conn.fd != fd {
			t.Fatal("the descriptor is not used again")
		}
		s.rest(t)
		s.handle(&inbox{ready: stale})
		if s.conns[fd] != second.conn {
			t.Fatal("the word on an earlier connection closes a later one")
		}
		l.end()
		s.rest(t)
		if second.drain(t); !second.judge.ended {
			t.Error("it is given nothing")
		}
	})
}

// TestDescriptorLimit duplicates when no descriptor is left.
func TestDescriptorLimit(t *testing.T) {
	r := launch(t, Options{IO: Epoll, Shards: 1})
	_, far := r.dial(pipe{})
	before := descriptors(t)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	fill := make([]int, 0, 64)
	lowered := unix.Rlimit{Cur: uint64(before + 8), Max: limit.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &lowered); err != nil {
		t.Fatal(err)
	}
	for {
		fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			break
		}
		fill = append(fill, fd)
	}
	d, err := Dup(far)
	for _, fd := range fill {
		_ = unix.Close(fd)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, unix.EMFILE) {
		t.Errorf("Dup: %v, want %v", err, unix.EMFILE)
	}
	d.Close() // nothing
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, %d were before", after, before)
	}
	_ = far.Close()
	if d, err = Dup(far); err == nil {
		t.Error("Dup of a closed connection")
	}
	d.Close()
	if _, err := os.Stdin.Stat(); err != nil {
		t.Errorf("standard input: %v", err)
	}
}
