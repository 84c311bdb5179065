package logtest

import (
	"context"
	"errors"
	"fmt"

	"tickertape/topics"
)

func followFrom(b *testbed) {
	const count = 700
	b.append(events(0, count)...)
	for _, from := range []uint64{0, 1, 2, 350, count - 1, count} {
		got := b.follow(from, count)
		first := max(from, 1)
		if len(got) != count-int(first)+1 {
			b.Fatalf("Follow from %d must give %d events: %d", from, count-first+1, len(got))
		}
		for i, e := range got {
			if e.Seq != first+uint64(i) || string(e.Data) != string(event(int(e.Seq)-1).Data) {
				b.Fatalf("Follow from %d must give the events in order, each once: %d at %d", from, e.Seq, i)
			}
		}
	}
}

// followLive follows from beyond the end of the log while events are appended.
func followLive(b *testbed) {
	b.append(events(0, 5)...)
	const from, count = 8, 300
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	ended := make(chan error, 1)
	got := make(chan topics.Event, count)
	go func() {
		ended <- b.log.Follow(ctx, from, func(list []topics.Event) error {
			for _, e := range list {
				got <- e
			}
			return nil
		})
	}()
	for n := 5; n < count; {
		size := 1 + n%4
		b.append(events(n, size)...)
		n += size
	}
	last := b.state().Last
	for want := uint64(from); want <= last; want++ {
		select {
		case e := <-got:
			if e.Seq != want || string(e.Data) != string(event(int(want)-1).Data) {
				b.Fatalf("Follow must give what is appended meanwhile, from the given place on, in order: %d; want %d", e.Seq, want)
			}
		case <-b.ctx.Done():
			b.Fatalf("Follow must give what is appended meanwhile: %d never came", want)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		b.Errorf("Follow must return the error of a context that is done: %v", err)
	}
}

func followEnds(b *testbed) {
	b.append(events(0, 10)...)
	failure := errors.New("no more")
	calls := 0
	err := b.log.Follow(b.ctx, 1, func([]topics.Event) error { calls++; return failure })
	if !errors.Is(err, failure) || calls != 1 {
		b.Errorf("Follow must end at the first error of fn and return it: %v after %d calls", err, calls)
	}
	ctx, cancel := context.WithCancelCause(b.ctx)
	err = b.log.Follow(ctx, 1, func([]topics.Event) error { cancel(nil); return nil })
	if !errors.Is(err, context.Canceled) {
		b.Errorf("Follow must end with a context that is done: %v", err)
	}
}

// followRestarts reads in small pieces, as a reader does that fails again and
// again, while events are appended.
func followRestarts(b *testbed) {
	const pieces, piece = 25, 9
	written := make(chan error, 1)
	go func() {
		for n := range pieces * piece {
			if _, err := b.log.Append(b.ctx, events(n, 1)); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	next := uint64(1)
	for next <= pieces*piece {
		end := next + piece
		err := b.log.Follow(b.ctx, next, func(list []topics.Event) error {
			for _, e := range list {
				if e.Seq != next {
					return fmt.Errorf("got %d; want %d", e.Seq, next)
				}
				next++
			}
			if next >= end || next > pieces*piece {
				return errEnough
			}
			return nil
		})
		if !errors.Is(err, errEnough) {
			b.Fatalf("Follow must resume where the last one ended, with no gap and no repeat: %v", err)
		}
	}
	if err := <-written; err != nil {
		b.Fatalf("Append must succeed while others follow: %v", err)
	}
}

func reopen(b *testbed) {
	b.append(events(0, 20)...)
	before := b.state()
	b.reopen()
	if after := b.state(); after.Epoch != before.Epoch || after.First != before.First || after.Last != before.Last {
		b.Errorf("a log that is opened again must be the same: %+v; before %+v", after, before)
	}
	if first := b.append(events(20, 1)...); first != 21 {
		b.Errorf("places must go on after the log was opened again: %d; want 21", first)
	}
	for i, e := range b.read(1) {
		if e.Seq != uint64(i)+1 || string(e.Data) != string(event(i).Data) {
			b.Fatalf("events must survive a reopen, in order: %d at %d", e.Seq, i)
		}
	}
}

func wipe(b *testbed) {
	b.append(events(0, 3)...)
	before := b.state()
	b.save(3, nil, nil)
	b.end()
	b.place.Wipe(b.T)
	b.open()
	after := b.state()
	if after.Epoch == before.Epoch {
		b.Errorf("another log must have another epoch: both have %q", after.Epoch)
	}
	if after.Last != 0 {
		b.Errorf("a wiped log must be empty: it ends at %d", after.Last)
	}
	if _, upto := b.values(); upto != 0 {
		b.Errorf("a wiped log must have no checkpoint: up to %d", upto)
	}
}
