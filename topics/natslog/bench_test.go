package natslog

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"tickertape/topics"
)

func benchLog(b *testing.B, sync Sync) *Log {
	l, err := Open(b.Context(), Options{Dir: b.TempDir(), Sync: sync})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := l.Close(); err != nil {
			b.Error(err)
		}
	})
	return l
}

func benchEvent() topics.Event {
	return topics.Event{Topic: "stock", Key: "ACME", Data: make([]byte, 200)}
}

var bothSyncs = []Sync{Always, Sync(10 * time.Second)}

// One op is one event of a caller that has nothing else under way.
func BenchmarkAppendAlone(b *testing.B) {
	for _, sync := range bothSyncs {
		b.Run(sync.String(), func(b *testing.B) {
			l := benchLog(b, sync)
			for b.Loop() {
				if _, err := l.Append(b.Context(), []topics.Event{benchEvent()}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// One op is one event; 64 callers have one under way each.
func BenchmarkAppendConcurrent64(b *testing.B) {
	for _, sync := range bothSyncs {
		b.Run(sync.String(), func(b *testing.B) {
			l := benchLog(b, sync)
			b.SetParallelism(32) // times GOMAXPROCS
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := l.Append(b.Context(), []topics.Event{benchEvent()}); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// One op is one commit of n lone events: each flushed by itself, or as a batch.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{8, 12, 16, 32} {
		units := make([]*unit, n)
		l := benchLog(b, Always)
		fill := func() {
			for i := range units {
				units[i], _ = l.newUnit([]topics.Event{benchEvent()})
			}
		}
		b.Run(fmt.Sprintf("lone-%d", n), func(b *testing.B) {
			for b.Loop() {
				fill()
				for from := 0; from < n; from += batchPays {
					l.commitLone(b.Context(), units[from:min(n, from+batchPays)])
				}
			}
		})
		b.Run(fmt.Sprintf("batch-%d", n), func(b *testing.B) {
			for b.Loop() {
				fill()
				messages := units[0].messages
				for _, u := range units[1:] {
					messages = append(messages, u.messages...)
				}
				if _, err := l.storeBatch(b.Context(), messages); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// One op is the way of one event from Append to a follower that waits for it;
// ack-ns is the part of it until Append returns.
func BenchmarkFollow(b *testing.B) {
	for _, sync := range bothSyncs {
		b.Run(sync.String(), func(b *testing.B) {
			l := benchLog(b, sync)
			arrived := make(chan time.Time, 1)
			done := make(chan error, 1)
			ctx := b.Context()
			go func() {
				done <- l.Follow(ctx, 1, func(events []topics.Event) error {
					arrived <- time.Now()
					return nil
				})
			}()
			var ack time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := l.Append(ctx, []topics.Event{benchEvent()}); err != nil {
					b.Fatal(err)
				}
				ack += time.Since(start)
				<-arrived
			}
			b.ReportMetric(float64(ack.Nanoseconds())/float64(b.N), "ack-ns/op")
		})
	}
}

// One op is the reading of one stored event, as after a start.
func BenchmarkCatchUp(b *testing.B) {
	const count = 20_000
	l := benchLog(b, Sync(10*time.Second))
	list := make([]topics.Event, topics.MaxBatch)
	for i := range list {
		list[i] = benchEvent()
	}
	for range count / len(list) {
		if _, err := l.Append(b.Context(), list); err != nil {
			b.Fatal(err)
		}
	}
	enough := errors.New("enough")
	b.ReportAllocs()
	b.ResetTimer()
	for read := 0; read < b.N; {
		err := l.Follow(b.Context(), 1, func(events []topics.Event) error {
			if read += len(events); read >= b.N || events[len(events)-1].Seq == count {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) {
			b.Fatal(err)
		}
	}
}
