package fanout

import (
	"errors"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestUringResults sends through a ring to sockets in every state.
func TestUringResults(t *testing.T) {
	needs(t, Uring)
	ring, err := newUring()
	if err != nil {
		t.Fatal(err)
	}
	defer ring.close()
	var conns []*conn
	socket := func() (near, far int) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		_ = unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 16<<10)
		t.Cleanup(func() { _ = unix.Close(fds[0]) })
		conns = append(conns, &conn{fd: int32(fds[0])})
		return fds[0], fds[1]
	}
	payload := make([]byte, 100<<10)
	_, partial := socket()
	full, fullFar := socket()
	for {
		if _, e := send(int32(full), payload); e == syscall.EAGAIN {
			break
		}
	}
	_, broken := socket()
	_ = unix.Close(broken)
	conns = append(conns, &conn{fd: 1 << 20})
	for range 100 { // EPIPE and EAGAIN do not keep others from theirs
		_, far := socket()
		defer unix.Close(far)
	}
	defer unix.Close(partial)
	defer unix.Close(fullFar)

	results := make([]int32, len(conns))
	for round := range 3 { // the ring goes round
		submitted, err := ring.send(conns, payload, results)
		if err != nil || submitted != len(conns) {
			t.Fatalf("%d submitted, %v", submitted, err)
		}
		for i, r := range results {
			e := syscall.Errno(max(-r, 0))
			ok := false
			switch {
			case i == 1 || round > 0 && (i == 0 || i > 3):
				ok = e == syscall.EAGAIN
			case i == 2:
				ok = e == syscall.EPIPE
			case i == 3:
				ok = e == syscall.EBADF
			default:
				ok = r > 0 && int(r) < len(payload)
			}
			if !ok {
				t.Errorf("round %d: socket %d has the result %d", round, i, r)
			}
		}
	}
	// And what is small arrives.
	conns = nil
	_, far := socket()
	defer unix.Close(far)
	if _, err := ring.send(conns, []byte("small"), results[:1]); err != nil || results[0] != 5 {
		t.Errorf("result %d, %v", results[0], err)
	}
	var got [10]byte
	if n, err := unix.Read(far, got[:]); string(got[:max(n, 0)]) != "small" {
		t.Errorf("read %q, %v", got[:max(n, 0)], err)
	}
}

// TestUringFails has a ring fail while it is used: its readers are written to without.
func TestUringFails(t *testing.T) {
	needs(t, Uring)
	s := still(t, Options{IO: Uring})
	l := newTimeline(t, "a")
	var mates []*mate
	for range 600 {
		mates = append(mates, pair(t, s, l.join()))
	}
	s.rest(t)
	l.print("", 100)
	s.step(t)
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Dup3(null, s.uring.fd, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	_ = unix.Close(null)
	s.rest(t)
	l.end()
	s.rest(t)
	if s.uring != nil {
		t.Error("the ring is used still")
	}
	for i, m := range mates {
		if m.drain(t); !m.judge.ended || m.judge.frames != 2 {
			t.Errorf("reader %d has %d events", i, m.judge.frames)
		}
	}
}

// TestRings has the ring of the second shard refused.
func TestRings(t *testing.T) {
	needs(t, Uring)
	refused := errors.New("refused")
	open := func() func() (*uring, error) {
		n := 0
		return func() (*uring, error) {
			if n++; n == 2 {
				return nil, refused
			}
			return newUring()
		}
	}
	before := descriptors(t)
	rings, err := openRings(Options{IO: Auto, Shards: 3}.withDefaults(), open())
	if err != nil || len(rings) != 3 || rings[0] != nil || rings[2] != nil {
		t.Errorf("Auto: %v, %v", rings, err)
	}
	if _, err := openRings(Options{IO: Uring, Shards: 3}.withDefaults(), open()); !errors.Is(err, refused) {
		t.Errorf("Uring: %v", err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, %d were before", after, before)
	}
}

// TestUringForbidden starts a fanout where the calls of io_uring are forbidden, as
// containers do it: Auto goes without, Uring says why it cannot.
func TestUringForbidden(t *testing.T) {
	for name, call := range map[string]uint32{"set up": unix.SYS_IO_URING_SETUP, "enter": unix.SYS_IO_URING_ENTER} {
		t.Run(name, func(t *testing.T) {
			before := descriptors(t)
			done := make(chan string)
			go func() { // done when it has sent; its thread ends with it
				runtime.LockOSThread()
				if err := forbid(call); err != nil {
					done <- "skip: seccomp: " + err.Error()
					return
				}
				if f, err := New(Options{IO: Uring}); err == nil {
					f.Close()
					done <- "Uring starts"
					return
				} else if !errors.Is(err, unix.EPERM) {
					done <- "Uring: " + err.Error()
					return
				}
				f, err := New(Options{})
				if err != nil {
					done <- "Auto: " + err.Error()
					return
				}
				defer func() { done <- "" }()
				defer f.Close()
				if f.IO() != Epoll {
					t.Errorf("Auto writes by %s", f.IO())
				}
			}()
			switch said := <-done; {
			case len(said) > 4 && said[:5] == "skip:":
				t.Skip(said)
			case said != "":
				t.Error(said)
			}
			if after := descriptors(t); after != before {
				t.Errorf("%d descriptors are open, %d were before", after, before)
			}
		})
	}
}

// forbid has a system call fail with EPERM on this thread, for ever.
func forbid(call uint32) error {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0x00050000 | uint32(unix.EPERM)}, // SECCOMP_RET_ERRNO
		{Code: unix.BPF_RET | unix.BPF_K, K: 0x7fff0000},                      // SECCOMP_RET_ALLOW
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
}
