package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errAgain says that a socket has nothing to read. To crypto/tls it is a pause, not an end.
var errAgain error = again{}

type again struct{}

func (again) Error() string   { return "nothing to read" }
func (again) Timeout() bool   { return true }
func (again) Temporary() bool { return true }

// recvNow reads what has arrived at fd. It returns errAgain when that is nothing, 0 at the end
// of the stream, and never blocks. A raw system call: the scheduler is not asked.
func recvNow(fd int, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
	switch errno {
	case 0:
		return int(n), nil
	case unix.EAGAIN, unix.EINTR:
		return 0, errAgain
	}
	return 0, errno
}

// sendNow writes all of p to fd, or returns an error. It never blocks.
func sendNow(fd int, p []byte) error {
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return errno
	}
	if int(n) != len(p) {
		return errors.New("socket is full")
	}
	return nil
}

// writeNow is write(2) of p to fd; it returns the bytes taken, negative when none.
func writeNow(fd int32, p []byte) int {
	n, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return -1
	}
	return int(n)
}

// perSource is how many connections share a source address, so that a server's limit per
// address is not what is measured: 127.0.0.2, 127.0.0.3 and so on.
const perSource = 500

// dial connects the i-th socket of this process to address and blocks until it is accepted.
// receive bounds the socket's receive buffer in bytes; 0 leaves it to the kernel. A socket
// leaves nothing behind when it is closed: it resets.
func dial(address string, i, receive int) (fd int, err error) {
	to, err := sockaddr(address)
	if err != nil {
		return -1, err
	}
	if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return -1, fmt.Errorf("make socket %d: %w", i, err)
	}
	n := 1 + i/perSource
	from := &unix.SockaddrInet4{Addr: [4]byte{127, 0, byte(n >> 8), byte(n)}}
	err = errors.Join(
		unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1),
		unix.Bind(fd, from),
	)
	if err == nil && receive > 0 {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receive)
	}
	if err == nil {
		err = unix.Connect(fd, to)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("connect socket %d to %s: %w", i, address, err)
	}
	return fd, nil
}

func sockaddr(address string) (*unix.SockaddrInet4, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !to.Addr().Is4() {
		return nil, fmt.Errorf("address %q: not an IPv4 address and port", address)
	}
	return &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}, nil
}

// watch has ep report when fd can be read.
func watch(ep, fd int) error {
	return unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

// waitNow waits for events in ep, up to the given milliseconds, for ever when negative. It
// blocks the thread without telling the scheduler: told, the runtime's monitor wakes up every
// 20 microseconds for a while after each call, on the very core that is measured.
func waitNow(ep int, events []unix.EpollEvent, milliseconds int) (int, error) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), uintptr(milliseconds), 0, 0)
	switch errno {
	case 0:
		return int(n), nil
	case unix.EINTR:
		return 0, nil
	}
	return 0, os.NewSyscallError("epoll_pwait", errno)
}
