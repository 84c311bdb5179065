package main

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	// keepAlive is off for Go, which would set it for each connection: see tune.
	keepAlive = -1
	// keepAliveSeconds is the silence before the kernel probes whether a peer is there,
	// the time between two probes, and with keepAliveProbes the end of a dead one.
	keepAliveSeconds = 15
	keepAliveProbes  = 9
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
	for _, option := range []struct{ level, name, value int }{
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, keepAliveSeconds},
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, keepAliveSeconds},
		{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, keepAliveProbes},
		{unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentBytes},
		{unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(stall.Milliseconds())},
	} {
		_ = unix.SetsockoptInt(int(fd), option.level, option.name, option.value)
	}
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
