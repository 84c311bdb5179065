package fanout

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// uringEntries is how many sends go into one system call.
const uringEntries = sliceWrites

// A uring is an io_uring (io_uring_setup(2)) for one thing: many sends of the same
// bytes in one system call. Every send carries MSG_DONTWAIT, so that it completes, or
// says EAGAIN, inside io_uring_enter: nothing is left in flight, so no buffer has to
// outlive the call, and no thread is bound to the ring.
type uring struct {
	fd        int
	ring      []byte // shared memory of both queues
	requests  []byte // shared memory of the submissions
	sqTail    *uint32
	cqHead    *uint32
	cqTail    *uint32
	sqMask    uint32
	cqMask    uint32
	entries   []uringSubmission
	completed []uringCompletion
}

// Layouts of the kernel's include/uapi/linux/io_uring.h.
type uringSubmission struct {
	opcode, flags uint8
	priority      uint16
	fd            int32
	offset, addr  uint64
	length        uint32
	msgFlags      uint32
	user          uint64
	_             [3]uint64
}

type uringCompletion struct {
	user   uint64
	result int32
	flags  uint32
}

type uringParams struct {
	sqEntries, cqEntries, flags, cpu, idle, features, wq uint32
	_                                                    [3]uint32
	sq                                                   struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		user                                                uint64
	}
	cq struct {
		head, tail, mask, entries, overflow, cqes, flags, _ uint32
		user                                                uint64
	}
}

const (
	uringOpSend         = 26
	uringEnterGetEvents = 1
	uringSingleMmap     = 1
	uringOffsetSQEs     = 0x10000000
)

var errUringOld = errors.New("the kernel's io_uring is too old")

func newUring() (*uring, error) {
	var p uringParams
	fd, _, e := syscall.Syscall(unix.SYS_IO_URING_SETUP, uringEntries, uintptr(unsafe.Pointer(&p)), 0)
	if e != 0 {
		return nil, fmt.Errorf("set up: %w", e)
	}
	unix.CloseOnExec(int(fd))
	u := &uring{fd: int(fd)}
	if p.features&uringSingleMmap == 0 {
		u.close()
		return nil, errUringOld
	}
	if err := u.mapRings(&p); err != nil {
		u.close()
		return nil, err
	}
	if err := u.try(); err != nil {
		u.close()
		return nil, err
	}
	return u, nil
}

// try sends a byte: that a ring can be set up does not say that it may be used, or
// that it knows how to send.
func (u *uring) try() error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("try: %w", err)
	}
	defer func() { _, _ = unix.Close(pair[0]), unix.Close(pair[1]) }()
	var result [1]int32
	if _, err := u.send([]*conn{{fd: int32(pair[0])}}, []byte{0}, result[:]); err != nil {
		return err
	}
	if result[0] != 1 {
		return errUringOld
	}
	return nil
}

func (u *uring) mapRings(p *uringParams) (err error) {
	size := max(int(p.sq.array+p.sqEntries*4), int(p.cq.cqes+p.cqEntries*uint32(unsafe.Sizeof(uringCompletion{}))))
	if u.ring, err = unix.Mmap(u.fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err != nil {
		return fmt.Errorf("map the queues: %w", err)
	}
	size = int(p.sqEntries) * int(unsafe.Sizeof(uringSubmission{}))
	if u.requests, err = unix.Mmap(u.fd, uringOffsetSQEs, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err != nil {
		return fmt.Errorf("map the submissions: %w", err)
	}
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&u.ring[offset])) }
	u.sqTail, u.cqHead, u.cqTail = at(p.sq.tail), at(p.cq.head), at(p.cq.tail)
	u.sqMask, u.cqMask = *at(p.sq.mask), *at(p.cq.mask)
	u.entries = unsafe.Slice((*uringSubmission)(unsafe.Pointer(&u.requests[0])), p.sqEntries)
	u.completed = unsafe.Slice((*uringCompletion)(unsafe.Pointer(&u.ring[p.cq.cqes])), p.cqEntries)
	index := unsafe.Slice(at(p.sq.array), p.sqEntries)
	for i := range index {
		index[i] = uint32(i)
	}
	return nil
}

func (u *uring) close() {
	if u.requests != nil {
		_ = unix.Munmap(u.requests)
	}
	if u.ring != nil {
		_ = unix.Munmap(u.ring)
	}
	_ = unix.Close(u.fd)
}

// maxTries is how often io_uring_enter may fail in passing, in one send.
const maxTries = 1000

// send writes p to every connection, at most uringEntries of them, and stores in
// results what each took, or the negative error number. If it fails, the first
// submitted connections have been written to, where results has nothing else with an
// unknown result, and the others have not.
func (u *uring) send(conns []*conn, p []byte, results []int32) (submitted int, err error) {
	tail := *u.sqTail
	for i, c := range conns {
		u.entries[(tail+uint32(i))&u.sqMask] = uringSubmission{
			opcode:   uringOpSend,
			fd:       c.fd,
			addr:     uint64(uintptr(unsafe.Pointer(unsafe.SliceData(p)))),
			length:   uint32(len(p)),
			msgFlags: unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL,
			user:     uint64(i),
		}
	}
	atomic.StoreUint32(u.sqTail, tail+uint32(len(conns)))
	defer runtime.KeepAlive(p)
	for tries, seen := 0, 0; seen < len(conns); {
		// RawSyscall does not tell the scheduler, who would start another thread in the
		// meantime: the loop yields between slices.
		n, _, e := syscall.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(u.fd), uintptr(len(conns)-submitted), uintptr(len(conns)-seen), uringEnterGetEvents, 0, 0)
		switch e {
		case 0:
			submitted += int(n)
		case unix.EINTR, unix.EAGAIN, unix.EBUSY:
			if tries++; tries <= maxTries {
				break
			}
			fallthrough
		default:
			return submitted, fmt.Errorf("enter: %w", e)
		}
		head, end := *u.cqHead, atomic.LoadUint32(u.cqTail)
		for ; head != end; head++ {
			done := &u.completed[head&u.cqMask]
			results[done.user] = done.result
			seen++
		}
		atomic.StoreUint32(u.cqHead, head)
	}
	return submitted, nil
}
