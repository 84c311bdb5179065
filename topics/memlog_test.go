package topics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A memLog is a [Log] in memory, with switches for all that can go wrong.
type memLog struct {
	mu      sync.Mutex // guards the fields below
	epoch   string
	first   uint64
	last    uint64
	events  []Event          // places first to last
	changed chan struct{}    // closed and replaced when Follow may go on
	values  map[string]Event // the checkpoint, by valueIdentity
	upto    uint64           // of the checkpoint
	saves   int              // successful calls of SaveValues
	appends int              // calls of Append
	refuse  error            // Append stores nothing and returns it
	lose    error            // Append returns it; with keep it has stored
	keep    bool             // see lose
	slow    time.Duration    // Append takes so long
	gate    chan struct{}    // if not nil, Append waits for it to be closed
	unsaved error            // SaveValues returns it
	partial bool             // with unsaved: the values are stored, the place is not
	mute    bool             // State does not answer
	held    bool             // Follow hands out nothing
	broken  error            // Follow returns it
	onSave  func(changed, gone []Event)
}

func newMemLog() *memLog {
	return &memLog{epoch: "mem", first: 1, changed: make(chan struct{}), values: map[string]Event{}}
}

// valueIdentity is what a checkpoint tells values apart by: the key, or, without
// one, the place. It knows nothing of modes.
func valueIdentity(e *Event) string {
	if e.Key == "" {
		return fmt.Sprintf("%s#%d", e.Topic, e.Seq)
	}
	return e.Topic + "." + e.Key
}

func (l *memLog) Append(ctx context.Context, events []Event) (uint64, error) {
	l.mu.Lock()
	l.appends++
	slow, gate := l.slow, l.gate
	l.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	if slow > 0 {
		timer := time.NewTimer(slow)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil {
		return 0, l.refuse
	}
	if l.lose != nil && !l.keep {
		return 0, l.lose
	}
	place := l.storeLocked(events)
	if l.lose != nil {
		return 0, l.lose
	}
	return place, nil
}

func (l *memLog) storeLocked(events []Event) uint64 {
	place := l.last + 1
	now := time.Now().UTC()
	for _, e := range events {
		l.last++
		e.Seq, e.Time = l.last, now
		l.events = append(l.events, e)
	}
	l.wakeLocked()
	return place
}

func (l *memLog) wakeLocked() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// set changes switches.
func (l *memLog) set(change func(*memLog)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
	l.wakeLocked()
}

// retain drops all events before place.
func (l *memLog) retain(place uint64) {
	l.set(func(l *memLog) {
		for l.first < place && len(l.events) > 0 {
			l.events = l.events[1:]
			l.first++
		}
	})
}

// cut loses all events after place, as a power cut may; the log is another one then.
func (l *memLog) cut(place uint64, epoch string) {
	l.set(func(l *memLog) {
		l.events = l.events[:place+1-l.first]
		l.last, l.epoch = place, epoch
	})
}

func (l *memLog) State(ctx context.Context) (LogState, error) {
	l.mu.Lock()
	mute, s := l.mute, LogState{Epoch: l.epoch, First: l.first, Last: l.last}
	l.mu.Unlock()
	if mute {
		<-ctx.Done()
		return LogState{}, ctx.Err()
	}
	return s, ctx.Err()
}

// Follow hands out at most seven events at a time, so that most units are split.
func (l *memLog) Follow(ctx context.Context, from uint64, fn func([]Event) error) error {
	for {
		l.mu.Lock()
		changed, err := l.changed, l.broken
		var some []Event
		if from = max(from, l.first); from <= l.last && !l.held {
			rest := l.events[from-l.first:]
			some = slices.Clone(rest[:min(7, len(rest))])
		}
		l.mu.Unlock()
		if err != nil {
			return err
		}
		if len(some) > 0 {
			if err := fn(some); err != nil {
				return err
			}
			from = some[len(some)-1].Seq + 1
			if ctx.Err() == nil {
				continue
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *memLog) Values(_ context.Context, fn func(Event) error) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.values {
		if err := fn(e); err != nil {
			return 0, err
		}
	}
	return l.upto, nil
}

func (l *memLog) SaveValues(ctx context.Context, upto uint64, changed, gone []Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.onSave != nil {
		l.onSave(changed, gone)
	}
	if err := errors.Join(ctx.Err(), l.unsaved); err != nil && !l.partial {
		return err
	}
	for i := range changed {
		l.values[valueIdentity(&changed[i])] = changed[i]
		if slices.ContainsFunc(gone, func(e Event) bool { return valueIdentity(&e) == valueIdentity(&changed[i]) }) {
			panic("SaveValues: " + valueIdentity(&changed[i]) + " has changed and is gone")
		}
	}
	for i := range gone {
		delete(l.values, valueIdentity(&gone[i]))
	}
	if l.unsaved != nil {
		return l.unsaved
	}
	l.upto = upto
	l.saves++
	return nil
}

// all returns the stored events, which must not be changed.
func (l *memLog) all() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.events)
}

func (l *memLog) saved() (values map[string]Event, upto uint64, saves int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	values = map[string]Event{}
	for k, e := range l.values {
		values[k] = e
	}
	return values, l.upto, l.saves
}

func (l *memLog) count() (stored, appends int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.events), l.appends
}
