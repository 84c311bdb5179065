package natslog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"tickertape/topics"
)

// The checkpoint is a stream that keeps one message a subject: one for each value,
// and one with the place up to which it is complete, written after the values.
//
// A value that is gone is not removed: a message that says so takes its place
// for goneTime. Where processes share the log, each saves values; a slow one would
// otherwise find nothing where it is about to put a value that another one has
// seen withdrawn since.
const goneTime = 5 * time.Minute

const (
	valuesAtOnce = 500 // values that are read, or compared, in one request
	saveAttempts = 8   // when other processes save at the same time
)

// Headers that make the server store a message only on top of the one that we
// know, and forget it after a while.
const (
	expectedLast = "Nats-Expected-Last-Subject-Sequence"
	messageTTL   = "Nats-TTL"
)

// A checkpointed is one message of the checkpoint.
type checkpointed struct {
	at    uint64 // its place in the stream of the checkpoint
	event topics.Event
	gone  bool
}

// Values calls fn with each value of the last checkpoint; see [topics.Log]. It
// reads all of them before the first call. A value without a key is known by its
// Seq, so several can be there for a topic whose older ones were not given to
// SaveValues as gone. Values returns fn's error as it is.
func (l *Log) Values(ctx context.Context, fn func(topics.Event) error) (uint64, error) {
	if err := l.enter(); err != nil {
		return 0, fmt.Errorf("read values: %w", err)
	}
	defer l.callers.Done()
	ctx, cancel := l.scope(ctx, l.ending)
	defer cancel()
	values, upto, err := l.values(ctx)
	if err != nil {
		return 0, fmt.Errorf("read values: %w", unavailable(ctx, err))
	}
	for _, v := range values {
		if err := fn(v.event); err != nil {
			return 0, err
		}
	}
	return upto, nil
}

// values reads the checkpoint from its beginning. In that order, and with the place
// taken from the same pass, what is returned is complete up to the place even if a
// server that lags behind the others answers, or if values are saved meanwhile.
func (l *Log) values(ctx context.Context) (values map[string]checkpointed, upto uint64, err error) {
	values = make(map[string]checkpointed)
	for next, left := uint64(1), uint64(1); left > 0; {
		ask := directGet{Seq: next, NextFor: valuePrefix + ">", Batch: valuesAtOnce}
		left, err = l.link.get(ctx, valueStream, ask, func(s stored) error {
			next = s.seq + 1
			if s.subject == uptoSubject {
				upto, err = strconv.ParseUint(string(s.data), 10, 64)
				return err
			}
			v, err := s.value()
			if err != nil {
				// Nobody can read it, now or later: the others are worth more.
				l.log.Error("value in the checkpoint is damaged", "at", s.seq, "err", err)
				return nil
			}
			if v.gone {
				delete(values, s.subject)
			} else {
				values[s.subject] = v
			}
			return nil
		})
		if errors.Is(err, errNone) {
			break
		}
		if err != nil {
			return nil, 0, err
		}
	}
	return values, upto, nil
}

func (s stored) value() (checkpointed, error) {
	v := checkpointed{at: s.seq}
	var err error
	v.gone, err = decodeValue(&v.event, s.subject, s.header, s.data)
	return v, err
}

// SaveValues adds to the checkpoint; see [topics.Log]. Call it every ten seconds
// or so, and sooner when a good part of [Options.MaxBytes] was published. A gone
// event may be the value itself or what withdrew it.
//
// Several processes may save the same log: a value or the place never moves
// backwards, whoever is slow. On the way SaveValues removes events that are older
// than [Options.MaxAge], once a minute. Calls take turns.
func (l *Log) SaveValues(ctx context.Context, upto uint64, changed, gone []topics.Event) error {
	if err := l.enter(); err != nil {
		return fmt.Errorf("save values: %w", err)
	}
	defer l.callers.Done()
	ctx, cancel := l.scope(ctx, l.ending)
	defer cancel()
	l.saving.Lock()
	defer l.saving.Unlock()
	entries, err := newEntries(upto, changed, gone)
	if err != nil {
		return fmt.Errorf("save values: %w", err)
	}
	save := l.save
	if l.embedded == nil {
		save = l.saveShared
	}
	if err := save(ctx, entries, upto); err != nil {
		return fmt.Errorf("save values: %w", err)
	}
	if err := l.retain(ctx, upto); err != nil {
		// The checkpoint is good; what is too old goes the next time.
		l.log.Warn("old events not removed", "err", err)
	}
	return nil
}

// An entry is what SaveValues wants the checkpoint to hold for a subject.
type entry struct {
	subject string
	event   uint64 // place of the event that it comes from
	asOf    uint64 // what the checkpoint holds gives way up to this place
	message *nats.Msg
}

// newEntries returns one entry a subject, the newest. A value that is gone at upto
// may have been put at any place before.
func newEntries(upto uint64, changed, gone []topics.Event) ([]entry, error) {
	entries := make([]entry, 0, len(changed)+len(gone))
	index := make(map[string]int, len(changed)+len(gone))
	add := func(e entry) {
		if i, known := index[e.subject]; !known {
			index[e.subject] = len(entries)
			entries = append(entries, e)
		} else if e.event >= entries[i].event {
			entries[i] = e
		}
	}
	for _, e := range changed {
		m, err := encodeValue(&e)
		if err != nil {
			return nil, err
		}
		add(entry{m.Subject, e.Seq, max(e.Seq, 1) - 1, m})
	}
	for _, e := range gone {
		at := max(e.Seq, upto)
		m, err := encodeGone(&e, at)
		if err != nil {
			return nil, err
		}
		add(entry{m.Subject, e.Seq, at, m})
	}
	return entries, nil
}

// save stores the entries, then the place, for the only process that does so.
func (l *Log) save(ctx context.Context, entries []entry, upto uint64) error {
	messages := make([]*nats.Msg, 0, len(entries)+1)
	for _, e := range entries {
		messages = append(messages, e.message)
	}
	messages = append(messages, newUpto(upto))
	for part := range parts(messages) {
		if _, err := l.storeBatch(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

func newUpto(upto uint64) *nats.Msg {
	return &nats.Msg{Subject: uptoSubject, Data: strconv.AppendUint(nil, upto, 10)}
}

// parts cuts messages into runs that one batch can hold.
func parts(messages []*nats.Msg) func(yield func([]*nats.Msg) bool) {
	return func(yield func([]*nats.Msg) bool) {
		from, bytes := 0, 0
		for i, m := range messages {
			if i > from && (i-from == commitMessages || bytes+m.Size() > commitBytes) {
				if !yield(messages[from:i]) {
					return
				}
				from, bytes = i, 0
			}
			bytes += m.Size()
		}
		yield(messages[from:])
	}
}

// saveShared is save where others save too. It compares what is there with what it
// has, and stores on the condition that it is still there; if not, it looks again.
func (l *Log) saveShared(ctx context.Context, entries []entry, upto uint64) error {
	for part := range slices.Chunk(entries, valuesAtOnce) {
		if err := l.compareAndSave(ctx, part, 0); err != nil {
			return err
		}
	}
	return l.compareAndSave(ctx, nil, upto)
}

// compareAndSave stores those of the entries that are newer than what the checkpoint
// holds, and the place if it is not 0 and a later one.
func (l *Log) compareAndSave(ctx context.Context, entries []entry, upto uint64) (err error) {
	for range saveAttempts {
		var messages []*nats.Msg
		if messages, err = l.newer(ctx, entries, upto); err != nil {
			return unavailable(ctx, err)
		}
		if err = l.saveParts(ctx, messages); err == nil {
			return nil
		}
		if r := refused(err); r == nil || r.ErrCode != codeWrongLastSeq && r.ErrCode != codeWrongLastSeqSecret {
			return err
		}
	}
	return err
}

func (l *Log) saveParts(ctx context.Context, messages []*nats.Msg) error {
	if len(messages) == 0 {
		return nil
	}
	for part := range parts(messages) {
		if _, err := l.storeBatch(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// newer returns what is to be stored, each message with the condition that the
// one it replaces is the one that was seen here. A value that is missing although
// the checkpoint has gone past it was withdrawn: the values are read before the
// place, so that whoever withdrew it is either seen or breaks the condition.
func (l *Log) newer(ctx context.Context, entries []entry, upto uint64) ([]*nats.Msg, error) {
	there, err := l.last(ctx, entries)
	if err != nil {
		return nil, err
	}
	saved, savedAt, err := l.savedUpto(ctx)
	if err != nil {
		return nil, err
	}
	var messages []*nats.Msg
	for _, e := range entries {
		old, known := there[e.subject]
		if known && old.event.Seq > e.asOf || !known && e.asOf < saved {
			continue
		}
		e.message.Header[expectedLast] = []string{strconv.FormatUint(old.at, 10)}
		messages = append(messages, e.message)
	}
	if upto > saved {
		m := newUpto(upto)
		m.Header = nats.Header{expectedLast: {strconv.FormatUint(savedAt, 10)}}
		messages = append(messages, m)
	}
	return messages, nil
}

// last returns what the checkpoint holds for the subjects of the entries.
func (l *Log) last(ctx context.Context, entries []entry) (map[string]checkpointed, error) {
	there := make(map[string]checkpointed, len(entries))
	for len(there) < len(entries) {
		ask := directGet{}
		for _, e := range entries {
			if _, known := there[e.subject]; !known {
				ask.MultiLast = append(ask.MultiLast, e.subject)
			}
		}
		left, err := l.link.get(ctx, valueStream, ask, func(s stored) error {
			v, err := s.value()
			there[s.subject] = v
			return err
		})
		if errors.Is(err, errNone) || err == nil && left == 0 {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return there, nil
}

// savedUpto returns the place of the checkpoint, and where the message with it is.
func (l *Log) savedUpto(ctx context.Context) (upto, at uint64, err error) {
	ask := directGet{MultiLast: []string{uptoSubject}}
	_, err = l.link.get(ctx, valueStream, ask, func(s stored) (err error) {
		at = s.seq
		upto, err = strconv.ParseUint(string(s.data), 10, 64)
		return err
	})
	if errors.Is(err, errNone) {
		err = nil
	}
	return upto, at, err
}
