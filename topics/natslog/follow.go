package natslog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tickertape/topics"
)

// Bounds of a follower: the events of one call of fn, what is fetched ahead of it,
// and how soon a consumer that the server has lost is missed.
const (
	followEvents    = 256
	followAhead     = 512
	followBytes     = 8 << 20
	followHeartbeat = 5 * time.Second
	followForgotten = time.Minute // the server drops a consumer that nobody has asked for so long
)

// A follower is one call of Follow.
type follower struct {
	log   *Log
	next  uint64 // place of the next event
	fn    func([]topics.Event) error
	batch []topics.Event // handed to fn, used again

	// Of the consumer of the moment; a new one gets new ones.
	consumed uint64             // its messages so far
	messages chan jetstream.Msg // capacity followEvents; its callback sends, run receives; never closed
	broken   chan error         // capacity 1; its error callback sends; never closed
}

var (
	errFollowFn  = errors.New("fn failed")
	errFollowGap = errors.New("the consumer has lost messages")
	errReplaced  = errors.New("the log was replaced by another one")
)

// Follow calls fn with the events from place from on; see [topics.Log]. Up to 256
// come at once. It blocks until ctx is done, fn fails, or the log is closed
// ([ErrClosed]), and it returns an error too when the log that it was following is
// gone: deleted on the server, and another one begun.
func (l *Log) Follow(ctx context.Context, from uint64, fn func(events []topics.Event) error) error {
	if err := l.enter(); err != nil {
		return fmt.Errorf("follow log: %w", err)
	}
	defer l.callers.Done()
	caller := ctx
	ctx, cancel := l.scope(ctx, l.closing)
	defer cancel()
	f := &follower{log: l, next: max(from, 1), fn: fn, batch: make([]topics.Event, 0, followEvents)}
	err := f.keep(ctx)
	switch {
	case errors.Is(err, errFollowFn):
		return errors.Unwrap(err)
	case caller.Err() != nil:
		return caller.Err()
	}
	return fmt.Errorf("follow log: %w", err)
}

// keep follows the log with one consumer after the other, until ctx is done, fn
// fails, or the log is another one. The error says which.
func (f *follower) keep(ctx context.Context) error {
	epoch := ""
	for pause := time.Duration(0); ; {
		before := f.next
		err := f.run(ctx, &epoch)
		switch {
		case errors.Is(err, errFollowFn), errors.Is(err, errReplaced):
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		if f.next > before || errors.Is(err, errLost) {
			pause = 0
		}
		pause = min(max(2*pause, 10*time.Millisecond), 2*time.Second)
		f.log.log.Warn("log reader starts again", "next", f.next, "in", pause, "err", err)
		if err := f.log.linkUp(ctx, pause); err != nil {
			return err
		}
	}
}

// linkUp waits for the pause, then until there is a connection.
func (l *Log) linkUp(ctx context.Context, pause time.Duration) error {
	select {
	case <-time.After(pause):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	up, _ := l.link.state()
	select {
	case <-up:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// run follows the log with one consumer until that is lost, ctx is done, or fn
// fails. epoch is that of the log; run sets it if it is "".
func (f *follower) run(ctx context.Context, epoch *string) error {
	_, life := f.log.link.state()
	state, err := f.log.state(ctx)
	if err != nil {
		return err
	}
	if *epoch == "" {
		*epoch = state.Epoch
	}
	if *epoch != state.Epoch {
		return errReplaced
	}
	consumer, err := f.create(ctx)
	if err != nil {
		return fmt.Errorf("make consumer: %w", err)
	}
	defer f.drop(consumer.CachedInfo().Name)
	consumed, err := f.consume(ctx, consumer)
	if err != nil {
		return fmt.Errorf("consume: %w", err)
	}
	defer func() {
		consumed.Stop()
		<-consumed.Closed()
	}()
	return f.pump(ctx, life)
}

// create makes a consumer that begins at f.next.
func (f *follower) create(ctx context.Context) (jetstream.Consumer, error) {
	asking, cancel := f.log.link.asking(ctx)
	defer cancel()
	consumer, err := f.log.js.CreateConsumer(asking, tapeStream, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       f.next,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: followForgotten,
	})
	if err != nil {
		return nil, answerError(asking, err)
	}
	return consumer, nil
}

// consume starts the messages of consumer flowing into f.messages.
func (f *follower) consume(ctx context.Context, consumer jetstream.Consumer) (jetstream.ConsumeContext, error) {
	f.consumed = 0
	messages, broken := make(chan jetstream.Msg, followEvents), make(chan error, 1)
	f.messages, f.broken = messages, broken
	take := func(m jetstream.Msg) {
		select {
		case messages <- m:
		case <-ctx.Done():
		}
	}
	fail := func(_ jetstream.ConsumeContext, err error) {
		select {
		case broken <- err:
		default:
		}
	}
	return consumer.Consume(take,
		jetstream.PullMaxMessagesWithBytesLimit(followAhead, followBytes),
		jetstream.PullHeartbeat(followHeartbeat),
		jetstream.ConsumeErrHandler(fail))
}

// pump hands the messages to fn, as many at a time as are there.
func (f *follower) pump(ctx context.Context, life context.Context) error {
	for {
		var m jetstream.Msg
		select {
		case m = <-f.messages:
		case <-ctx.Done():
			return ctx.Err()
		case <-life.Done():
			return errLost
		case err := <-f.broken:
			return err
		}
		f.batch = f.batch[:0]
		lost := f.add(m)
	more:
		for lost == nil && len(f.batch) < followEvents {
			select {
			case m = <-f.messages:
				lost = f.add(m)
			default:
				break more
			}
		}
		if len(f.batch) > 0 {
			if err := f.fn(f.batch); err != nil {
				return &fnError{err}
			}
			f.next = f.batch[len(f.batch)-1].Seq + 1
			clear(f.batch)
		}
		if lost != nil {
			return lost
		}
	}
}

// add decodes m and appends it to the batch. It returns an error if the consumer
// has lost a message before m.
func (f *follower) add(m jetstream.Msg) error {
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	if f.consumed++; meta.Sequence.Consumer != f.consumed {
		return errFollowGap
	}
	if meta.Sequence.Stream < f.next {
		return nil // the server begins at its end when that is before from
	}
	f.batch = append(f.batch, topics.Event{})
	e := &f.batch[len(f.batch)-1]
	if err := decodeEvent(e, m.Subject(), m.Headers(), m.Data()); err != nil {
		// Nobody can read it, now or later: the tape goes on without it.
		f.log.log.Error("event on the log is damaged", "seq", meta.Sequence.Stream, "err", err)
		f.batch = f.batch[:len(f.batch)-1]
		return nil
	}
	e.Seq, e.Time = meta.Sequence.Stream, meta.Timestamp.UTC()
	return nil
}

// drop deletes the consumer from the server, or leaves it to be forgotten.
func (f *follower) drop(name string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	asking, done := f.log.link.asking(ctx)
	defer done()
	_ = f.log.js.DeleteConsumer(asking, tapeStream, name)
}

// fnError is what fn returned.
type fnError struct{ err error }

func (e *fnError) Error() string        { return e.err.Error() }
func (e *fnError) Unwrap() error        { return e.err }
func (e *fnError) Is(target error) bool { return target == errFollowFn }
