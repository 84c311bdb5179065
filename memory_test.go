package main

import (
	"context"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// After a herd has come and is calm, memory is trimmed once; not while it comes, and
// not for a few.
func TestTrimMemoryAfterAHerd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var streams atomic.Int64
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			trimMemory(ctx, func() int { return int(streams.Load()) })
		}()
		collections := func() int64 {
			time.Sleep(trimEvery)
			synctest.Wait()
			var s debug.GCStats
			debug.ReadGCStats(&s)
			return s.NumGC
		}
		debug.SetGCPercent(-1) // only the trim collects
		defer debug.SetGCPercent(100)
		start := collections()
		for _, step := range []struct {
			streams int
			trimmed bool
			why     string
		}{
			{trimStreams - 1, false, "too few"},
			{trimStreams - 1, false, "too few, calm"},
			{3 * trimStreams, false, "they are coming"},
			{5 * trimStreams, false, "they are still coming"},
			{5 * trimStreams, true, "they have come"},
			{5 * trimStreams, false, "nothing new"},
			{0, false, "they are going"},
			{0, true, "they have gone"},
		} {
			streams.Store(int64(step.streams))
			now := collections()
			if (now > start) != step.trimmed {
				t.Errorf("%d streams, %s: %d collections; trimmed should be %v", step.streams, step.why, now-start, step.trimmed)
			}
			start = now
		}
		cancel()
		<-done
	})
}
