package natslog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tickertape/topics"
)

// retentionEvery is how often old events are looked for, at most.
const retentionEvery = time.Minute

// A savedUpto is a place that a checkpoint has reached, and when it did.
type savedUpto struct {
	upto uint64
	at   time.Time
}

// retain notes that the checkpoint has reached upto and, if it is time, removes
// the events that are older than MaxAge and below the checkpoint. The caller holds
// l.saving.
//
// Where the server syncs only now and then, a checkpoint counts once it is on the
// disk for sure: a power cut must not take the new checkpoint but leave the tape
// without the events that are in it.
func (l *Log) retain(ctx context.Context, upto uint64) error {
	now := l.now()
	wait := 2 * time.Duration(l.opts.Sync)
	if l.pending.upto == 0 {
		l.pending = savedUpto{upto, now}
	}
	if now.Sub(l.pending.at) >= wait {
		l.safe, l.pending = l.pending, savedUpto{upto, now}
		if wait == 0 {
			l.safe = l.pending
		}
	}
	if l.opts.MaxAge < 0 || l.safe.upto == 0 || now.Sub(l.retention) < min(retentionEvery, l.opts.MaxAge/4) {
		return nil
	}
	l.retention = now
	state, err := l.state(ctx)
	if err != nil {
		return err
	}
	keep, err := l.firstSince(ctx, now.Add(-l.opts.MaxAge), state)
	if err != nil {
		return fmt.Errorf("find what is older than %v: %w", l.opts.MaxAge, err)
	}
	keep = min(keep, l.safe.upto+1)
	if keep <= state.First {
		return nil
	}
	ctx, cancel := l.link.asking(ctx)
	defer cancel()
	stream, err := l.js.Stream(ctx, tapeStream)
	if err != nil {
		return err
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSequence(keep)); err != nil {
		return fmt.Errorf("remove events before %d: %w", keep, err)
	}
	l.log.Debug("old events removed", "from", state.First, "to", keep-1)
	return nil
}

// firstSince returns the place of the first event that was stored at t or later,
// or the one after the last.
func (l *Log) firstSince(ctx context.Context, t time.Time, state topics.LogState) (uint64, error) {
	first := state.Last + 1
	_, err := l.link.get(ctx, tapeStream, directGet{StartTime: &t, NextFor: tapePrefix + ">"}, func(s stored) error {
		first = min(first, s.seq)
		return nil
	})
	if errors.Is(err, errNone) {
		err = nil
	}
	return first, err
}

// torn is the end of a log whose newest events are gone although the server counts
// them: the place that it claims, and that of the newest event that there is.
type torn struct{ claimed, real uint64 }

// renewIfShort gives a log another epoch if its newest events are gone: a damaged file
// or a disk that lies took them, and an id of theirs must not be taken for a later one's.
func (l *Log) renewIfShort(ctx context.Context) (short bool, err error) {
	upto, _, err := l.savedUpto(ctx)
	if err != nil {
		return false, err
	}
	state, err := l.state(ctx)
	if err != nil {
		return false, err
	}
	newest := state.Last
	if state.First <= state.Last {
		if newest, err = l.newestPlace(ctx); err != nil {
			return false, err
		}
	}
	if upto <= newest && newest == state.Last {
		return false, nil
	}
	if newest < state.Last {
		l.torn = torn{claimed: state.Last, real: newest}
	}
	l.log.Error("the log has lost its newest events: its files are damaged", "newest", newest, "known", max(upto, state.Last))
	return true, l.openTape(ctx, "the log ends before what was known to be stored")
}

// newestPlace returns the place of the newest event that can be read, 0 if none can.
func (l *Log) newestPlace(ctx context.Context) (uint64, error) {
	asking, cancel := l.link.asking(ctx)
	defer cancel()
	stream, err := l.js.Stream(asking, tapeStream)
	if err != nil {
		return 0, unavailable(ctx, answerError(asking, err))
	}
	message, err := stream.GetLastMsgForSubject(asking, tapePrefix+"*")
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, unavailable(ctx, answerError(asking, err))
	}
	return message.Sequence, nil
}

// reprint brings a log that has lost its tail, as in a power cut, back into step with
// its checkpoint, which may have outlived events that it holds. Such values are
// appended again, as the newest events of the new epoch, and the checkpoint moves
// back to the end of the tape.
func (l *Log) reprint(ctx context.Context) error {
	state, err := l.state(ctx)
	if err != nil {
		return err
	}
	values, upto, err := l.values(ctx)
	if err != nil {
		return err
	}
	var ahead []topics.Event
	for _, v := range values {
		if v.event.Seq > state.Last {
			ahead = append(ahead, v.event)
		}
	}
	if len(ahead) == 0 && upto <= state.Last {
		return nil
	}
	slices.SortFunc(ahead, func(a, b topics.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, e := range ahead {
		if _, err := l.Append(ctx, []topics.Event{e}); err != nil {
			return err
		}
	}
	// The next fill of the tape reads them from there: the checkpoint forgets them.
	entries, err := newEntries(0, nil, ahead)
	if err != nil {
		return err
	}
	l.log.Warn("last values outlived their events and were printed again", "values", len(ahead))
	return l.save(ctx, entries, min(upto, state.Last))
}
