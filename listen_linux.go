package main

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	// unsentBytes is how much the kernel takes for a reader beyond what is on its way:
	// the rest waits on the tape, where it can still be replaced by newer values.
	unsentBytes = 128 << 10
	// sparedFiles are the open files that are not for streams: the log, the listeners,
	// publishers, and those that are refused.
	sparedFiles = 512
)

// tune sets the options that connections inherit from their listener. A kernel that
// does not know one only keeps more, or for longer.
func tune(fd uintptr, stall time.Duration) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentBytes)
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(stall.Milliseconds()))
}

// maxStreams returns the bound on streams; without a configured one, what the limit on
// open files allows.
func maxStreams(configured int) int {
	var limit unix.Rlimit
	if configured > 0 || unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return configured
	}
	return int(max(min(limit.Cur, 1<<30), 2*sparedFiles) - sparedFiles)
}
