package main

import "golang.org/x/sys/unix"

// unsentBytes is how much the kernel takes for a reader beyond what is on its way:
// the rest waits on the tape, where it can still be replaced by newer values.
const unsentBytes = 128 << 10

// tune sets the options that connections inherit from their listener.
func tune(fd uintptr) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentBytes) // an old kernel only keeps more
}
