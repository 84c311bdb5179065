package logtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"tickertape/topics"
)

var errEnough = errors.New("enough")

func event(n int) topics.Event {
	return topics.Event{Topic: "news", Key: fmt.Sprintf("key-%d", n%7), Data: fmt.Appendf(nil, `{"n":%d}`, n)}
}

func events(from, count int) []topics.Event {
	list := make([]topics.Event, count)
	for i := range list {
		list[i] = event(from + i)
	}
	return list
}

func emptyState(b *testbed) {
	s := b.state()
	if s.First != 1 || s.Last != 0 {
		b.Errorf("an empty log must begin at 1 and end at 0: begins at %d, ends at %d", s.First, s.Last)
	}
	if !topics.ValidEpoch(s.Epoch) {
		b.Errorf("a log must have an epoch that an id can hold: %q", s.Epoch)
	}
	if got, upto := b.values(); len(got) != 0 || upto != 0 {
		b.Errorf("a log without a checkpoint must have no values, up to 0: %d values, up to %d", len(got), upto)
	}
}

func orderAndPlaces(b *testbed) {
	next, n := uint64(1), 0
	for _, count := range []int{1, 3, 1, 1, 40, 2, 1} {
		first := b.append(events(n, count)...)
		if first != next {
			b.Fatalf("places must be consecutive over appends: %d events at %d; want %d", count, first, next)
		}
		next, n = next+uint64(count), n+count
	}
	before := time.Time{}
	for i, e := range b.read(1) {
		if e.Seq != uint64(i)+1 {
			b.Fatalf("Follow must give each event once, in the order of places: %d at %d", e.Seq, i)
		}
		if want := event(i); string(e.Data) != string(want.Data) || e.Key != want.Key || e.Topic != want.Topic {
			b.Errorf("events must stay in the order of their Append: %s at place %d", e.Data, e.Seq)
		}
		if e.Time.Before(before) || e.Time.Location() != time.UTC || time.Since(e.Time).Abs() > time.Hour {
			b.Errorf("the log must set the time at which it stores, UTC, never backwards: %v after %v", e.Time, before)
		}
		before = e.Time
	}
	if s := b.state(); s.First != 1 || s.Last != uint64(n) || s.Bytes == 0 {
		b.Errorf("State must tell where the log begins and ends: %+v after %d events", s, n)
	}
}

func allOrNone(b *testbed) {
	b.append(events(0, 2)...)
	bad := events(2, 5)
	bad[3].Data = make([]byte, topics.MaxData+1)
	if _, err := b.log.Append(b.ctx, bad); !errors.Is(err, topics.ErrTooLarge) {
		b.Errorf("Append must refuse data over the limit with ErrTooLarge: %v", err)
	}
	if _, err := b.log.Append(b.ctx, events(0, topics.MaxBatch+1)); !errors.Is(err, topics.ErrTooLarge) {
		b.Errorf("Append must refuse more than %d events with ErrTooLarge: %v", topics.MaxBatch, err)
	}
	if _, err := b.log.Append(b.ctx, nil); err == nil {
		b.Errorf("Append must refuse no events: they have no place")
	}
	if last := b.state().Last; last != 2 {
		b.Errorf("Append must store all events or none: the log ends at %d after refusals; want 2", last)
	}
	if first := b.append(events(2, 1)...); first != 3 {
		b.Errorf("a refused Append must leave no hole: the next event is at %d; want 3", first)
	}
}

func limits(b *testbed) {
	largest := topics.Event{
		Topic: "a" + strings.Repeat("b", 63),
		Key:   strings.Repeat("\xff", topics.MaxKey),
		Data:  []byte(strings.Repeat("x", topics.MaxData)),
		Text:  true,
	}
	if first := b.append(largest); first != 1 {
		b.Errorf("the first event must be at 1: at %d", first)
	}
	if first := b.append(events(0, topics.MaxBatch)...); first != 2 {
		b.Errorf("a batch must be at consecutive places after the event before: at %d; want 2", first)
	}
	big := make([]topics.Event, 40) // 10 MiB in one unit
	for i := range big {
		big[i] = largest
	}
	b.append(big...)
	got := b.read(1)
	if want := 1 + topics.MaxBatch + len(big); len(got) != want {
		b.Fatalf("Follow must give every event: %d; want %d", len(got), want)
	}
	for _, i := range []int{0, 1 + topics.MaxBatch, len(got) - 1} {
		if e := got[i]; e.Topic != largest.Topic || e.Key != largest.Key || string(e.Data) != string(largest.Data) {
			b.Errorf("an event at the limits must come back unchanged: event %d did not", i)
		}
	}
	long := event(0)
	long.Key = strings.Repeat("k", topics.MaxKey+1)
	if _, err := b.log.Append(b.ctx, []topics.Event{long}); !errors.Is(err, topics.ErrTooLarge) {
		b.Errorf("Append must refuse a key over the limit with ErrTooLarge: %v", err)
	}
}

// concurrentAppends has writers that append lone events and batches, each one
// after the other.
func concurrentAppends(b *testbed) {
	const writers, rounds = 16, 12
	type key struct{ writer, n int }
	var (
		mu     sync.Mutex // guards placed
		placed = map[uint64]key{}
		group  sync.WaitGroup
	)
	write := func(w int) {
		n, before := 0, uint64(0)
		for round := range rounds {
			list := make([]topics.Event, 1+(w+round)%3*2)
			for i := range list {
				list[i] = topics.Event{Topic: "stock", Key: fmt.Sprint(w), Data: fmt.Appendf(nil, "[%d,%d]", w, n+i)}
			}
			first, err := b.log.Append(b.ctx, list)
			if err != nil {
				b.Errorf("Append must succeed from many goroutines at once: %v", err)
				return
			}
			if first <= before {
				b.Errorf("what one caller appends later must be at a later place: %d after %d", first, before)
			}
			mu.Lock()
			for i := range list {
				placed[first+uint64(i)] = key{w, n + i}
			}
			mu.Unlock()
			n, before = n+len(list), first
		}
	}
	for w := range writers {
		group.Go(func() { write(w) })
	}
	group.Wait()
	got := b.read(1)
	if len(got) != len(placed) {
		b.Errorf("each acknowledged event must be stored exactly once: %d stored, %d acknowledged", len(got), len(placed))
	}
	for _, e := range got {
		if k, want := placed[e.Seq], string(e.Data); fmt.Sprintf("[%d,%d]", k.writer, k.n) != want {
			b.Errorf("an event must be at the place that Append returned: %s at %d, which was given to %v", want, e.Seq, k)
		}
	}
}

func cancelledAppend(b *testbed) {
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	_, err := b.log.Append(ctx, events(0, 1))
	if !errors.Is(err, context.Canceled) {
		b.Errorf("Append must return the error of a context that is done: %v", err)
	}
	if last := b.state().Last; last != 0 && !errors.Is(err, topics.ErrUnknownOutcome) {
		b.Errorf("an error without ErrUnknownOutcome must mean that nothing was stored: the log ends at %d", last)
	}
}

// odd are texts that a log on subjects, headers or lines could trip over.
var odd = []string{
	"a.b.c", " ", "  lead and trail  ", "*", ">", "a.>", "a%20b", "%", "%zz", "Zürich 🗞", "tab\tnl\ncr\r\n",
	"\x00\x7f\xff\xfe", "key: value", `"quoted"`, "k=v o=1", "$JS.API", "_upto", ".", "..", "\u2028",
}

func roundTrip(b *testbed) {
	var want []topics.Event
	for i, s := range odd {
		want = append(want,
			topics.Event{Topic: "chat", Key: s, Data: []byte(s), Text: true},
			topics.Event{Topic: "a_b-9", Key: s, Op: topics.Retract},
			topics.Event{Topic: "news", Op: topics.Retract, Target: uint64(i) + 1},
			topics.Event{
				Topic: "news", Key: "k", Data: []byte(`{"a":1}`), Expires: time.Unix(1900000000, int64(i)).UTC(),
				Idempotency: topics.Idempotency{Key: "news " + s, Hash: ^uint64(i), Count: 3, Index: i % 3},
			})
	}
	b.append(want[:3]...)
	for _, e := range want[3:7] {
		b.append(e)
	}
	b.append(want[7:]...)
	compare := func(when string) {
		got := b.read(1)
		if len(got) != len(want) {
			b.Fatalf("Follow must give every event %s: %d; want %d", when, len(got), len(want))
		}
		for i, e := range got {
			if e.Seq == 0 || e.Time.IsZero() {
				b.Errorf("Follow must set Seq and Time %s: %+v", when, e)
			}
			if !sameEvent(e, want[i]) {
				b.Errorf("an event must come back as it was appended %s: got %+v; want %+v", when, e, want[i])
			}
		}
	}
	compare("at once")
	b.reopen()
	compare("after the log was opened again")
}

// sameEvent compares what the publisher sets.
func sameEvent(a, b topics.Event) bool {
	return a.Topic == b.Topic && a.Key == b.Key && a.Op == b.Op && a.Target == b.Target && a.Text == b.Text &&
		a.Expires.Equal(b.Expires) && string(a.Data) == string(b.Data) && a.Idempotency == b.Idempotency
}
