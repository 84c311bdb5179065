package fanout

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// scrap is what mates read into, one after the other.
var scrap [64 << 10]byte

// A mate is the reader's end of a pair of sockets in a test without goroutines.
type mate struct {
	fd    int
	conn  *conn
	judge judge
	rest  []byte
	bytes int // that it has read
	over  bool
}

// pair adopts one of two connected sockets into a still shard.
func pair(t testing.TB, s *shard, p Stream) *mate {
	t.Helper()
	return pairOf(t, s, p, 0)
}

// pairOf is pair with a buffer of so many bytes, or what the kernel takes for it.
func pairOf(t testing.TB, s *shard, p Stream, size int) *mate {
	t.Helper()
	return pairWith(t, s, p, size, head)
}

// pairWith is pairOf with an opening.
func pairWith(t testing.TB, s *shard, p Stream, size int, opening [][]byte) *mate {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if size > 0 {
		_ = unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUF, size)
	}
	m := &mate{fd: fds[1], conn: &conn{fd: int32(fds[0])}}
	if own, ok := p.(*position); ok {
		m.judge.line = own.line
	}
	m.conn.alone = &alone{stream: p, rest: opening, since: time.Now()}
	m.conn.tag = m
	if err := s.adopt(m.conn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.close)
	return m
}

func (m *mate) close() {
	if m.fd >= 0 {
		_ = unix.Close(m.fd)
	}
	m.fd = -1
}

// read reads and judges at most n bytes, and returns how many there were.
func (m *mate) read(t testing.TB, n int) int {
	t.Helper()
	if m.fd < 0 || m.over {
		return 0
	}
	buffer := scrap[:n]
	n, err := unix.Read(m.fd, buffer) // never blocks: MSG_DONTWAIT below has looked
	if err != nil {
		t.Fatal(err)
	}
	m.bytes += n
	m.over = n == 0
	left, err := m.judge.take(append(m.rest, buffer[:n]...))
	m.rest = left
	if err != nil {
		t.Fatalf("at place %d: %v", m.judge.place, err)
	}
	return n
}

// ready reports whether there is something to read.
func (m *mate) ready(t testing.TB) bool {
	t.Helper()
	if m.fd < 0 || m.over {
		return false
	}
	var one [1]byte
	_, _, err := unix.Recvfrom(m.fd, one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	if err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.ECONNRESET) {
		t.Fatal(err)
	}
	return err == nil
}

// drain reads all that is there.
func (m *mate) drain(t testing.TB) (n int) {
	t.Helper()
	for m.ready(t) {
		n += m.read(t, len(scrap))
	}
	return n
}
