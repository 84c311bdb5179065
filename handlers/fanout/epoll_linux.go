package fanout

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// edge makes a readiness be told once. Told until it is acted on, the poller, which
// only hands it over, would be told the same again and again.
const edge = unix.EPOLLET & 0xffffffff

const (
	watchIdle    = unix.EPOLLRDHUP | edge
	watchBlocked = unix.EPOLLOUT | unix.EPOLLRDHUP | edge
	hungUp       = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
)

// An epoll waits for many descriptors. Its own descriptor waits in Go's netpoller, so
// that no thread is blocked.
type epoll struct {
	fd   int
	file *os.File
	raw  syscall.RawConn
}

func newEpoll() (*epoll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("epoll: %w", err)
	}
	e := &epoll{fd: fd, file: os.NewFile(uintptr(fd), "epoll")}
	if e.raw, err = e.file.SyscallConn(); err != nil {
		_ = e.file.Close()
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return e, nil
}

// wait blocks until something is ready, and returns how many of events are filled; an
// error once the epoll is closed.
func (e *epoll) wait(events []unix.EpollEvent) (n int, err error) {
	failed := e.raw.Read(func(fd uintptr) bool {
		for {
			n, err = unix.EpollWait(int(fd), events, 0)
			if !errors.Is(err, unix.EINTR) {
				return n > 0 || err != nil
			}
		}
	})
	if failed != nil {
		return 0, failed
	}
	return n, err
}

func (e *epoll) add(c *conn) error {
	return unix.EpollCtl(e.fd, unix.EPOLL_CTL_ADD, int(c.fd), &unix.EpollEvent{Events: watchIdle, Fd: c.fd, Pad: c.generation})
}

func (e *epoll) watch(c *conn, events uint32) error {
	return unix.EpollCtl(e.fd, unix.EPOLL_CTL_MOD, int(c.fd), &unix.EpollEvent{Events: events, Fd: c.fd, Pad: c.generation})
}

func (e *epoll) close() { _ = e.file.Close() }

// send writes without blocking. RawSyscall does not tell the scheduler: the call takes
// microseconds, and the loop yields between slices.
func send(fd int32, p []byte) (int, syscall.Errno) {
	n, _, e := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(n), 0
}

// hangUp closes a connection so that what was written arrives: unread input would make
// the kernel reset the connection, and some readers lose their last bytes.
func hangUp(fd int32) {
	_ = unix.Shutdown(int(fd), unix.SHUT_WR)
	for range 16 { // what is read makes room for more; one who does not stop is reset
		// With MSG_TRUNC, TCP throws away as much as is asked for, and copies nothing.
		const all = 1 << 30
		n, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), 0, all, unix.MSG_TRUNC|unix.MSG_DONTWAIT, 0, 0)
		if e != 0 || n == 0 {
			break
		}
	}
	_ = unix.Close(int(fd))
}
