// Package logtest owns the contract of [topics.Log] as a suite of tests, which
// every implementation runs. A failure says which rule was broken. Goroutines
// that a case starts end with the case.
package logtest

import (
	"context"
	"testing"
	"time"

	"tickertape/topics"
)

// A Place is where one log is stored.
type Place struct {
	// Open opens the log that is stored there, an empty one at first. The suite
	// calls end before it opens the log again, and before the test ends.
	Open func(t *testing.T) (log topics.Log, end func())
	// Wipe removes all that is stored; no log is open then.
	Wipe func(t *testing.T)
	// Age lets time go by, so that retention finds each event that is stored now
	// too old when SaveValues is called the next time. With nil, the cases on
	// retention are skipped.
	Age func(t *testing.T)
}

// caseTime bounds a case: a log that blocks for ever is a failure with a name.
const caseTime = 30 * time.Second

// Run runs each case on a place of its own.
func Run(t *testing.T, place func(t *testing.T) Place) {
	for _, c := range []struct {
		name string
		run  func(*testbed)
	}{
		{"EmptyState", emptyState},
		{"OrderAndPlaces", orderAndPlaces},
		{"AllOrNone", allOrNone},
		{"Limits", limits},
		{"ConcurrentAppends", concurrentAppends},
		{"CancelledAppend", cancelledAppend},
		{"RoundTrip", roundTrip},
		{"FollowFrom", followFrom},
		{"FollowLive", followLive},
		{"FollowEnds", followEnds},
		{"FollowRestarts", followRestarts},
		{"Reopen", reopen},
		{"Wipe", wipe},
		{"Values", values},
		{"ValuesGone", valuesGone},
		{"ValuesWithoutKey", valuesWithoutKey},
		{"ValuesHalfSaved", valuesHalfSaved},
		{"ManyValues", manyValues},
		{"RetentionKeepsValues", retentionKeepsValues},
		{"RetentionWaitsForCheckpoint", retentionWaitsForCheckpoint},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), caseTime)
			defer cancel()
			b := &testbed{T: t, ctx: ctx, place: place(t)}
			b.open()
			defer func() { b.end() }()
			c.run(b)
		})
	}
}

// A testbed is what a case runs on.
type testbed struct {
	*testing.T
	ctx   context.Context
	place Place
	log   topics.Log
	end   func()
}

func (b *testbed) open() {
	b.Helper()
	b.log, b.end = b.place.Open(b.T)
}

func (b *testbed) reopen() {
	b.Helper()
	b.end()
	b.open()
}

// append appends events that must be taken.
func (b *testbed) append(events ...topics.Event) uint64 {
	b.Helper()
	first, err := b.log.Append(b.ctx, events)
	if err != nil {
		b.Fatalf("Append must take %d events within the limits: %v", len(events), err)
	}
	return first
}

func (b *testbed) state() topics.LogState {
	b.Helper()
	s, err := b.log.State(b.ctx)
	if err != nil {
		b.Fatalf("State must answer: %v", err)
	}
	return s
}

// read returns the events from place from on, to the last one of now.
func (b *testbed) read(from uint64) []topics.Event {
	b.Helper()
	last := b.state().Last
	if last < from {
		return nil
	}
	return b.follow(from, last)
}

// follow returns the events from place from on until one of place to or later.
func (b *testbed) follow(from, to uint64) []topics.Event {
	b.Helper()
	var got []topics.Event
	err := b.log.Follow(b.ctx, from, func(events []topics.Event) error {
		got = append(got, events...)
		if got[len(got)-1].Seq >= to {
			return errEnough
		}
		return nil
	})
	if err != errEnough { //nolint:errorlint // the rule is that it is the same
		b.Fatalf("Follow must return the error of fn as it is: got %v after %d events", err, len(got))
	}
	return got
}

// values returns the checkpoint by topic and key, or place where there is no key.
func (b *testbed) values() (map[valueName]topics.Event, uint64) {
	b.Helper()
	got := make(map[valueName]topics.Event)
	upto, err := b.log.Values(b.ctx, func(e topics.Event) error {
		name := nameOf(e)
		if _, twice := got[name]; twice {
			b.Errorf("Values must give each value once: %v came twice", name)
		}
		got[name] = e
		return nil
	})
	if err != nil {
		b.Fatalf("Values must read what SaveValues has saved: %v", err)
	}
	return got, upto
}

func (b *testbed) save(upto uint64, changed, gone []topics.Event) {
	b.Helper()
	if err := b.log.SaveValues(b.ctx, upto, changed, gone); err != nil {
		b.Fatalf("SaveValues must save up to %d: %v", upto, err)
	}
}

type valueName struct {
	topic, key string
	seq        uint64
}

func nameOf(e topics.Event) valueName {
	if e.Key == "" {
		return valueName{e.Topic, "", e.Seq}
	}
	return valueName{e.Topic, e.Key, 0}
}
