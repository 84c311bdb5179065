package natslog

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/nats-io/nats.go"

	"tickertape/topics"
)

// Bounds of what shares a commit, and of what waits for one.
const (
	commitMessages = topics.MaxBatch
	commitBytes    = 4 << 20
	unitsWaiting   = 256
)

// batchPays is the number of lone events from which one atomic batch is faster
// than a flush of the disk for each: the server stages a batch in files of its
// own, which costs about as many flushes. See BenchmarkCommit.
const batchPays = 12

// A unit is what one Append stores: all of it or nothing.
type unit struct {
	messages []*nats.Msg
	bytes    int
	taken    atomic.Bool  // by the committer, or by the caller who gives it up
	done     chan outcome // capacity 1; the committer sends one; never closed
}

type outcome struct {
	first uint64
	err   error
}

// Append stores the events as one unit; see [topics.Log]. It blocks until the
// server has acknowledged them, for about ten seconds at most if the server does
// not answer. If ctx ends while they are on their way, the error is
// [topics.ErrUnknownOutcome] as well as ctx's.
func (l *Log) Append(ctx context.Context, events []topics.Event) (uint64, error) {
	u, err := l.newUnit(events)
	if err != nil {
		return 0, fmt.Errorf("append: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("append: %w", err)
	}
	if err := l.enter(); err != nil {
		return 0, fmt.Errorf("append: %w", err)
	}
	defer l.callers.Done()
	first, err := l.store(ctx, u)
	if err != nil {
		return 0, fmt.Errorf("append: %w", err)
	}
	return first, nil
}

// newUnit checks the events and encodes them.
func (l *Log) newUnit(events []topics.Event) (*unit, error) {
	if len(events) == 0 {
		return nil, errors.New("no events")
	}
	if len(events) > topics.MaxBatch {
		return nil, fmt.Errorf("%w: %d events; at most %d", topics.ErrTooLarge, len(events), topics.MaxBatch)
	}
	u := &unit{messages: make([]*nats.Msg, len(events)), done: make(chan outcome, 1)}
	for i := range events {
		m, err := encodeEvent(&events[i])
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", i, err)
		}
		u.messages[i] = m
		u.bytes += m.Size()
	}
	if most := l.opts.MaxBytes / 2; most > 0 && int64(u.bytes) > most {
		return nil, fmt.Errorf("%w: %d bytes; at most half of what it keeps, %d", topics.ErrTooLarge, u.bytes, most)
	}
	return u, nil
}

// store stores u by itself or through the committer.
func (l *Log) store(ctx context.Context, u *unit) (uint64, error) {
	if len(u.messages) == 1 && !l.group {
		return l.storeOne(ctx, u.messages[0])
	}
	select {
	case l.units <- u:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-l.ending.Done():
		return 0, ErrClosed
	}
	select {
	case o := <-u.done:
		return o.first, o.err
	case <-ctx.Done():
		return 0, u.giveUp(ctx.Err())
	case <-l.ending.Done():
		return 0, u.giveUp(ErrClosed)
	}
}

// giveUp takes u back from the committer if it can. It returns why, and that the
// outcome is unknown where it is.
func (u *unit) giveUp(why error) error {
	if u.taken.CompareAndSwap(false, true) {
		return why
	}
	return fmt.Errorf("%w: %w", topics.ErrUnknownOutcome, why)
}

// commitUnits commits the units that wait, as many at a time as fit, until Close.
func (l *Log) commitUnits() {
	var next *unit // did not fit
	group := make([]*unit, 0, 64)
	for {
		if next == nil {
			select {
			case next = <-l.units:
			case <-l.ending.Done():
				return
			}
		}
		group, next = l.gather(group[:0], next)
		if len(group) > 0 {
			l.commit(group)
		}
		clear(group)
	}
}

// gather appends first and the units that wait behind it to group, without
// blocking; next is the one that did not fit.
func (l *Log) gather(group []*unit, first *unit) (_ []*unit, next *unit) {
	count, bytes := 0, 0
	for u := first; ; {
		if count > 0 && (count+len(u.messages) > commitMessages || bytes+u.bytes > commitBytes) {
			return group, u
		}
		if u.taken.CompareAndSwap(false, true) {
			group = append(group, u)
			count += len(u.messages)
			bytes += u.bytes
		}
		select {
		case u = <-l.units:
		default:
			return group, nil
		}
	}
}

// commit stores the units and tells each of them. Where the server has refused a
// shared commit it has stored nothing of it, and each unit is tried by itself: none
// answers for another's fault.
func (l *Log) commit(group []*unit) {
	ctx := context.Background() // it belongs to many callers; the link bounds the wait
	messages := group[0].messages
	if len(group) > 1 {
		messages = nil
		for _, u := range group {
			messages = append(messages, u.messages...)
		}
	}
	if len(messages) == len(group) && len(group) < batchPays {
		l.commitLone(ctx, group)
		return
	}
	first, err := l.storeBatch(ctx, messages)
	if err != nil && len(group) > 1 && !errors.Is(err, topics.ErrUnknownOutcome) {
		for i := range group {
			l.commit(group[i : i+1])
		}
		return
	}
	for _, u := range group {
		u.done <- outcome{first, err}
		first += uint64(len(u.messages))
	}
}

// commitLone stores units of one event each, all of them under way at once.
func (l *Log) commitLone(ctx context.Context, group []*unit) {
	var requests [batchPays]*request
	for i, u := range group {
		r, err := l.link.send(u.messages[0])
		if err != nil {
			u.done <- outcome{err: err}
		}
		requests[i] = r
	}
	for i, u := range group {
		if requests[i] != nil {
			ack, err := l.link.waitAck(ctx, requests[i])
			u.done <- outcome{ack.Seq, err}
		}
	}
}

// storeOne publishes m and returns its place.
func (l *Log) storeOne(ctx context.Context, m *nats.Msg) (uint64, error) {
	r, err := l.link.send(m)
	if err != nil {
		return 0, err
	}
	ack, err := l.link.waitAck(ctx, r)
	return ack.Seq, err
}

// storeBatch publishes the messages as one unit and returns the place of the first.
func (l *Log) storeBatch(ctx context.Context, messages []*nats.Msg) (uint64, error) {
	if len(messages) == 1 {
		return l.storeOne(ctx, messages[0])
	}
	ack, err := l.link.publishBatch(ctx, messages)
	if err != nil {
		return 0, err
	}
	return ack.Seq - uint64(len(messages)) + 1, nil
}
