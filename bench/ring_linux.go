package main

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A ring is an io_uring for one thing: the same bytes to many sockets, ringSize to a system
// call. Owned by one thread.
type ring struct {
	fd                     int
	sqTail, cqHead, cqTail *uint32
	sqMask, cqMask         uint32
	sqes                   []submission
	cqes                   []completion
}

const ringSize = 512

// submission, completion and ringParams are io_uring_sqe, io_uring_cqe and io_uring_params.
type submission struct {
	op, flags uint8
	prio      uint16
	fd        int32
	off, addr uint64
	len, msg  uint32
	user      uint64
	_         [3]uint64
}

type completion struct {
	user  uint64
	res   int32
	flags uint32
}

type ringParams struct {
	sqEntries, cqEntries, flags, cpu, idle, features, wq uint32
	_                                                    [3]uint32
	sq                                                   struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		_                                                   uint64
	}
	cq struct {
		head, tail, mask, entries, overflow, cqes, flags, _ uint32
		_                                                   uint64
	}
}

// Values of the kernel's interface.
const (
	ringSingleIssuer = 1 << 12
	ringDeferTask    = 1 << 13
	ringGetEvents    = 1
	ringOpSend       = 26
	ringSQEsAt       = 0x10000000
)

// newRing makes a ring; the error says why the kernel forbids it.
func newRing() (*ring, error) {
	p := ringParams{flags: ringSingleIssuer | ringDeferTask}
	fd, _, errno := syscall.Syscall(unix.SYS_IO_URING_SETUP, ringSize, uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("make io_uring: %w", errno)
	}
	size := max(int(p.sq.array+p.sqEntries*4), int(p.cq.cqes+p.cqEntries*16))
	const access = unix.PROT_READ | unix.PROT_WRITE
	queues, err := unix.Mmap(int(fd), 0, size, access, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("map io_uring: %w", err)
	}
	sqes, err := unix.Mmap(int(fd), ringSQEsAt, int(p.sqEntries)*int(unsafe.Sizeof(submission{})), access, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("map io_uring: %w", err)
	}
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&queues[offset])) }
	for i := range p.sqEntries {
		*at(p.sq.array + i*4) = i // each entry of the queue stands for the submission of its own number
	}
	return &ring{
		fd: int(fd), sqTail: at(p.sq.tail), cqHead: at(p.cq.head), cqTail: at(p.cq.tail), sqMask: *at(p.sq.mask), cqMask: *at(p.cq.mask),
		sqes: unsafe.Slice((*submission)(unsafe.Pointer(&sqes[0])), p.sqEntries),
		cqes: unsafe.Slice((*completion)(unsafe.Pointer(&queues[p.cq.cqes])), p.cqEntries),
	}, nil
}

// send writes b to each of fds and appends to bad those that did not take all of it. Nothing
// is under way when it returns.
func (r *ring) send(fds []int32, b []byte, bad []int32) []int32 {
	for len(fds) > 0 {
		n := min(len(fds), ringSize)
		tail := *r.sqTail
		for i, fd := range fds[:n] {
			r.sqes[(tail+uint32(i))&r.sqMask] = submission{
				op: ringOpSend, fd: fd, addr: uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))), len: uint32(len(b)),
				msg: unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL, user: uint64(fd),
			}
		}
		atomic.StoreUint32(r.sqTail, tail+uint32(n))
		for todo, done := n, 0; done < n; {
			took, _, errno := syscall.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(todo), uintptr(n-done), ringGetEvents, 0, 0)
			switch errno {
			case 0:
				todo -= int(took)
			case unix.EINTR, unix.EAGAIN, unix.EBUSY:
			default:
				panic("io_uring_enter: " + errno.Error()) // the ring was made for this: a mistake of ours
			}
			head := *r.cqHead
			for ; head != atomic.LoadUint32(r.cqTail); head++ {
				c := &r.cqes[head&r.cqMask]
				if int(c.res) != len(b) {
					bad = append(bad, int32(c.user))
				}
				done++
			}
			atomic.StoreUint32(r.cqHead, head)
		}
		fds = fds[n:]
	}
	return bad
}

// close gives the ring up; the maps go with the process.
func (r *ring) close() error { return unix.Close(r.fd) }
