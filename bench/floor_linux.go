package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A bareFloor is the least that a server can do for a delivery: one thread, one epoll, and for
// each event one write(2) of the same bytes to each subscriber. GET subscribes, POST publishes.
// It has no filter, no ids of its own, no memory of the past, no heartbeat and no limits; it
// parses no more of a request than it must, and closes a subscriber that cannot take a whole
// event. It keeps one number for a connection. All of it is owned by the goroutine of runFloor,
// which allocates nothing for an event and whose scheduler has nothing else to run.
type bareFloor struct {
	ep, listener int
	subscribers  []int32
	place        []int32  // by descriptor: one more than its place in subscribers, 0 for others
	requests     [][]byte // by descriptor: what has come of a request; nil for subscribers
	read         []byte
	out          []byte // what is to be written to all
	batch        bool   // take all publishes that wait before writing
	ring         *ring  // nil: write(2)
	bad          []int32
}

// frameStart makes the floor's frames as long as the server's.
const frameStart = "id: aaaaa-100\nevent: " + benchTopic + "\ndata: "

var (
	floorHead   = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\r\n")
	floorAnswer = []byte("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
)

// runFloor serves on address for ever. options may hold "batch" and "uring".
func runFloor(address, options string, out io.Writer) error {
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	f := &bareFloor{read: make([]byte, 64<<10), out: make([]byte, 0, 1<<20), batch: strings.Contains(options, "batch")}
	if strings.Contains(options, "uring") {
		var err error
		if f.ring, err = newRing(); err != nil {
			return err
		}
	}
	if err := f.listen(address); err != nil {
		return err
	}
	fmt.Fprintln(out, "listening")
	return f.serve()
}

func (f *bareFloor) listen(address string) error {
	at, err := sockaddr(address)
	if err != nil {
		return err
	}
	if f.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return os.NewSyscallError("socket", err)
	}
	if err := unix.SetsockoptInt(f.listener, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(f.listener, at); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if err := unix.Listen(f.listener, 4096); err != nil {
		return os.NewSyscallError("listen", err)
	}
	if f.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	return watch(f.ep, f.listener)
}

func (f *bareFloor) serve() error {
	events := make([]unix.EpollEvent, 512)
	for {
		n, err := waitNow(f.ep, events, -1)
		if err != nil {
			return err
		}
		for _, ev := range events[:n] {
			if int(ev.Fd) == f.listener {
				f.accept()
			} else {
				f.request(ev.Fd)
			}
		}
		if len(f.out) > 0 {
			f.flush()
		}
	}
}

func (f *bareFloor) accept() {
	for {
		fd, _, err := unix.Accept4(f.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		for fd >= len(f.place) {
			f.place = append(f.place, make([]int32, 1024)...)
			f.requests = append(f.requests, make([][]byte, 1024)...)
		}
		if unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) != nil || watch(f.ep, fd) != nil {
			unix.Close(fd)
		}
	}
}

// request takes what has come at fd, and acts once it is a whole request.
func (f *bareFloor) request(fd int32) {
	n, err := recvNow(int(fd), f.read)
	if errors.Is(err, errAgain) {
		return
	}
	if n == 0 || err != nil {
		f.drop(fd)
		return
	}
	b := f.read[:n]
	if len(f.requests[fd]) > 0 {
		b = append(f.requests[fd], b...)
	}
	end := bytes.Index(b, headEnd)
	if end < 0 {
		f.requests[fd] = bytes.Clone(b)
		return
	}
	if b[0] == 'G' {
		f.subscribe(fd)
		return
	}
	body := b[end+len(headEnd):]
	if len(body) < bodyLength(b[:end]) {
		f.requests[fd] = bytes.Clone(b)
		return
	}
	if f.requests[fd] != nil {
		f.requests[fd] = f.requests[fd][:0]
	}
	f.out = append(append(append(f.out, frameStart...), body...), '\n', '\n')
	if writeNow(fd, floorAnswer) != len(floorAnswer) {
		f.drop(fd)
	}
	if !f.batch {
		f.flush()
	}
}

// bodyLength finds the number after Content-Length as the generator writes it.
func bodyLength(head []byte) (n int) {
	at := bytes.Index(head, []byte("Content-Length: "))
	if at < 0 {
		return 0
	}
	for _, c := range head[at+len("Content-Length: "):] {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func (f *bareFloor) subscribe(fd int32) {
	if writeNow(fd, floorHead) != len(floorHead) {
		f.drop(fd)
		return
	}
	f.requests[fd] = nil
	f.subscribers = append(f.subscribers, fd)
	f.place[fd] = int32(len(f.subscribers))
}

func (f *bareFloor) drop(fd int32) {
	if at := f.place[fd]; at > 0 {
		last := f.subscribers[len(f.subscribers)-1]
		f.subscribers[at-1] = last
		f.place[last] = at
		f.place[fd] = 0
		f.subscribers = f.subscribers[:len(f.subscribers)-1]
	}
	f.requests[fd] = nil
	_ = syscall.Close(int(fd))
}

// flush writes what is out to every subscriber, backwards, so that one may be dropped.
func (f *bareFloor) flush() {
	if f.ring != nil {
		f.bad = f.ring.send(f.subscribers, f.out, f.bad[:0])
		for _, fd := range f.bad {
			f.drop(fd)
		}
	} else {
		for i := len(f.subscribers) - 1; i >= 0; i-- {
			if fd := f.subscribers[i]; writeNow(fd, f.out) != len(f.out) {
				f.drop(fd)
			}
		}
	}
	f.out = f.out[:0]
}
