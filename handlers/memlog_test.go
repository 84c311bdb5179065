package handlers

import (
	"context"
	"slices"
	"sync"
	"time"

	"tickertape/topics"
)

// A memLog is a [topics.Log] in memory.
type memLog struct {
	mu      sync.Mutex // guards the fields below
	epoch   string
	events  []topics.Event // from place 1
	changed chan struct{}  // closed and replaced when Follow may go on
	held    bool           // Follow hands out nothing
	refuse  error          // Append stores nothing and returns it
	gate    chan struct{}  // if not nil, Append waits until it is closed
	waiting chan struct{}  // if not nil, Append sends on it before it waits for gate
}

func newMemLog() *memLog { return &memLog{epoch: "mem", changed: make(chan struct{})} }

func (l *memLog) Append(ctx context.Context, events []topics.Event) (uint64, error) {
	l.mu.Lock()
	gate, waiting := l.gate, l.waiting
	l.mu.Unlock()
	if waiting != nil {
		waiting <- struct{}{}
	}
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil {
		return 0, l.refuse
	}
	first := uint64(len(l.events)) + 1
	for _, e := range events {
		e.Seq, e.Time = uint64(len(l.events))+1, time.Now().UTC()
		l.events = append(l.events, e)
	}
	l.wakeLocked()
	return first, nil
}

func (l *memLog) wakeLocked() {
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *memLog) set(change func(*memLog)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
	l.wakeLocked()
}

func (l *memLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.events)
}

func (l *memLog) State(ctx context.Context) (topics.LogState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return topics.LogState{Epoch: l.epoch, First: 1, Last: uint64(len(l.events))}, ctx.Err()
}

func (l *memLog) Follow(ctx context.Context, from uint64, fn func([]topics.Event) error) error {
	for ctx.Err() == nil {
		l.mu.Lock()
		changed := l.changed
		var some []topics.Event
		if n := uint64(len(l.events)); from <= n && !l.held {
			some = slices.Clone(l.events[from-1 : min(n, from+99)])
		}
		l.mu.Unlock()
		if len(some) > 0 {
			if err := fn(some); err != nil {
				return err
			}
			from += uint64(len(some))
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

func (l *memLog) Values(context.Context, func(topics.Event) error) (uint64, error) { return 0, nil }

func (l *memLog) SaveValues(ctx context.Context, _ uint64, _, _ []topics.Event) error {
	return ctx.Err()
}
