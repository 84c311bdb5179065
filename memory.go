package main

import (
	"context"
	"runtime/debug"
	"time"
)

const (
	// gcPercent lets the heap grow to three times what lives before it is collected:
	// with a live heap of a few MiB, collecting is dearer than the memory.
	gcPercent = 200
	// trimEvery is the time between two looks at the number of streams.
	trimEvery = 4 * time.Second
	// trimStreams is by how many streams the number has to change for a trim.
	trimStreams = 1000
)

// tuneMemory sets the pace of the garbage collector, unless GOGC does.
func tuneMemory(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// trimMemory gives memory back to the system once the start is over, and after a herd
// of readers has come or gone: what was needed for that is garbage then, and without
// load nothing would make the collector run for a long time. It returns when ctx is done.
func trimMemory(ctx context.Context, streams func() int) {
	tick := time.NewTicker(trimEvery)
	defer tick.Stop()
	trimmed, last := streams(), 0
	for started := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := streams()
		calm := max(now-last, last-now) < trimStreams/10
		if last = now; calm && (!started || max(now-trimmed, trimmed-now) >= trimStreams) {
			debug.FreeOSMemory()
			started, trimmed = true, now
		}
	}
}
