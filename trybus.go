package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"tickertape/feeds"
	"tickertape/topics"
)

// A tryBus checks what the feed prints as the server's bus does, keeps the states
// of feeds off the output, and takes them as a sign to look at the feed.
type tryBus struct {
	*topics.Bus
	trial *trial
}

// Publish is what the supervisor calls for items and for states.
func (b tryBus) Publish(ctx context.Context, idempotency string, drafts ...topics.Draft) ([]topics.ID, error) {
	if len(drafts) > 0 && drafts[0].Topic == feeds.StatusTopic {
		b.trial.watch()
		return nil, nil
	}
	ids, err := b.Bus.Publish(ctx, idempotency, drafts...)
	if err != nil {
		return ids, err
	}
	// A feed may retract at once what it printed; the bus must have seen it by then.
	return ids, b.Await(ctx, ids[len(ids)-1].Seq)
}

// Listening says that somebody waits for the items, whoever asks.
func (b tryBus) Listening(...string) bool { return true }

// A tryLog is a log that writes each event to w as a line of JSON and keeps none
// longer than it takes to follow it.
type tryLog struct {
	w    io.Writer
	full func(shown int) bool // whether that is enough; set before use
	end  func()               // called once it is; set before use
	news chan struct{}        // capacity 1: there are events to follow; never closed

	mu      sync.Mutex // guards the fields below; held while writing, which keeps the order
	seq     uint64
	shown   int
	err     error // the first one of w
	pending []topics.Event
}

var _ topics.Log = (*tryLog)(nil)

func newTryLog(w io.Writer) *tryLog { return &tryLog{w: w, news: make(chan struct{}, 1)} }

// A tryLine is one line of the output, an event without its id.
type tryLine struct {
	Op    string          `json:"op,omitempty"` // "retract", otherwise nothing
	Topic string          `json:"topic"`
	Key   string          `json:"key,omitempty"`
	Data  json.RawMessage `json:"data,omitempty"`
}

// Append writes the events; those beyond the wanted number are stored and not shown.
func (l *tryLog) Append(_ context.Context, events []topics.Event) (first uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first = l.seq + 1
	for _, e := range events {
		l.seq++
		e.Seq, e.Time = l.seq, time.Now().UTC()
		l.pending = append(l.pending, e)
		if l.err == nil && !l.full(l.shown) {
			l.err = l.writeLocked(&e)
			l.shown++
		}
	}
	select {
	case l.news <- struct{}{}:
	default:
	}
	if l.err != nil || l.full(l.shown) {
		l.end()
	}
	return first, l.err
}

func (l *tryLog) writeLocked(e *topics.Event) error {
	line := tryLine{Topic: e.Topic, Key: e.Key, Data: e.Data}
	if e.Op == topics.Retract {
		line.Op, line.Data = "retract", nil
	}
	enc := json.NewEncoder(l.w)
	enc.SetEscapeHTML(false)
	return enc.Encode(line)
}

// outcome returns how many events were shown, and the error that ended it.
func (l *tryLog) outcome() (shown int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shown, l.err
}

// State describes a log that keeps nothing.
func (l *tryLog) State(context.Context) (topics.LogState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return topics.LogState{Epoch: "try", First: l.seq + 1, Last: l.seq}, nil
}

// Follow hands each event over once, to its only caller.
func (l *tryLog) Follow(ctx context.Context, _ uint64, fn func([]topics.Event) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.news:
		}
		l.mu.Lock()
		events := slices.Clone(l.pending)
		l.pending = l.pending[:0]
		l.mu.Unlock()
		if len(events) == 0 {
			continue
		}
		if err := fn(events); err != nil {
			return fmt.Errorf("follow: %w", err)
		}
	}
}

// Values has none.
func (l *tryLog) Values(context.Context, func(topics.Event) error) (uint64, error) { return 0, nil }

// SaveValues keeps none.
func (l *tryLog) SaveValues(context.Context, uint64, []topics.Event, []topics.Event) error {
	return nil
}

// noWire encodes nothing: nobody reads this tape.
type noWire struct{}

func (noWire) Open(dst []byte, _ topics.Opening) []byte              { return dst }
func (noWire) Event(dst []byte, _ topics.ID, _ *topics.Event) []byte { return dst }
func (noWire) Live(dst []byte, _ topics.ID, _ time.Time) []byte      { return dst }
func (noWire) Heartbeat(dst []byte, _ topics.ID, _ time.Time) []byte { return dst }
