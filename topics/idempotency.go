package topics

import (
	"container/list"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
	"time"
)

// ErrIdempotency says that an idempotency key was used before for other events.
var ErrIdempotency = errors.New("topics: the idempotency key was used for another publish")

// maxIdempotencyKeys bounds the memory for keys; the oldest are forgotten first.
const maxIdempotencyKeys = 65536

// An idempotency knows the publishes that had a key. It learns of those of earlier
// runs and of other processes from the events themselves.
type idempotency struct {
	mu    sync.Mutex // guards the fields below; never held across I/O
	byKey map[string]*attempt
	order *list.List // of *attempt, oldest first
}

// An attempt is one publish with a key.
type attempt struct {
	key  string
	at   *list.Element
	hash uint64

	settled chan struct{} // closed when first is known or the attempt failed
	first   uint64        // place of the first event; 0: not known, or nothing was stored
	count   int

	doubted chan struct{} // closed when the answer of the log was lost
}

func newIdempotency() *idempotency {
	return &idempotency{byKey: map[string]*attempt{}, order: list.New()}
}

// begin returns the attempt of a key, and whether it is new and so the caller's to make.
func (i *idempotency) begin(key string, hash uint64, count int) (a *attempt, mine bool, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if a := i.byKey[key]; a != nil {
		if a.hash != hash || a.count != count {
			return nil, false, fmt.Errorf("%w: %.80q", ErrIdempotency, key)
		}
		return a, false, nil
	}
	return i.addLocked(key, hash, count), true, nil
}

func (i *idempotency) addLocked(key string, hash uint64, count int) *attempt {
	a := &attempt{key: key, hash: hash, count: count, settled: make(chan struct{}), doubted: make(chan struct{})}
	a.at = i.order.PushBack(a)
	i.byKey[key] = a
	if i.order.Len() > maxIdempotencyKeys {
		i.removeLocked(i.order.Front().Value.(*attempt))
	}
	return a
}

func (i *idempotency) removeLocked(a *attempt) {
	i.order.Remove(a.at)
	if i.byKey[a.key] == a {
		delete(i.byKey, a.key)
	}
}

// stored learns from an event of the log.
func (i *idempotency) stored(e *Event) {
	if e.Idempotency.Key == "" {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	a := i.byKey[e.Idempotency.Key]
	if a == nil {
		a = i.addLocked(e.Idempotency.Key, e.Idempotency.Hash, e.Idempotency.Count)
	}
	if a.hash != e.Idempotency.Hash {
		return // another process used the key at the same time for something else
	}
	i.settleLocked(a, e.Seq-uint64(e.Idempotency.Index))
}

func (i *idempotency) settleLocked(a *attempt, first uint64) {
	select {
	case <-a.settled:
	default:
		a.first = first
		close(a.settled)
	}
}

func (i *idempotency) settle(a *attempt, first uint64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.settleLocked(a, first)
}

// fail forgets an attempt of which nothing was stored.
func (i *idempotency) fail(a *attempt) {
	i.mu.Lock()
	defer i.mu.Unlock()
	select {
	case <-a.settled: // its events came back from the log after all
	default:
		i.removeLocked(a)
		close(a.settled)
	}
}

// outcome returns what is known of an attempt.
func (i *idempotency) outcome(a *attempt) (first uint64, open bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	select {
	case <-a.settled:
		return a.first, false
	default:
		return 0, true
	}
}

// publishOnce appends the events unless an attempt with that key did or does.
func (b *Bus) publishOnce(ctx context.Context, key string, events []Event) ([]ID, error) {
	key = events[0].Topic + "/" + key
	hash := bodyHash(events)
	for {
		a, mine, err := b.idempotency.begin(key, hash, len(events))
		if err != nil {
			return nil, err
		}
		if mine {
			return b.attempt(ctx, a, events)
		}
		select {
		case <-a.settled:
		case <-a.doubted:
			if !b.resolve(ctx, a) {
				return nil, ErrUnknownOutcome
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if first, _ := b.idempotency.outcome(a); first > 0 {
			return b.idsFrom(first, a.count), nil
		}
	}
}

// attempt appends the events. When the answer of the log is lost, the log itself
// tells what happened.
func (b *Bus) attempt(ctx context.Context, a *attempt, events []Event) ([]ID, error) {
	for n := range events {
		events[n].Idempotency = Idempotency{Key: a.key, Hash: a.hash, Count: a.count, Index: n}
	}
	first, err := b.log.Append(ctx, events)
	if err == nil {
		b.idempotency.settle(a, first)
		return b.idsFrom(first, len(events)), nil
	}
	if !errors.Is(err, ErrUnknownOutcome) && ctx.Err() == nil {
		b.idempotency.fail(a)
		return nil, err
	}
	close(a.doubted)
	b.resolve(ctx, a)
	if first, open := b.idempotency.outcome(a); !open && first > 0 {
		return b.idsFrom(first, a.count), nil
	}
	return nil, err
}

// resolve finds out whether the events of an attempt were stored: once everything
// that the log holds now was read, they have come by or never will. It blocks for at
// most five seconds and returns false if that was not enough.
func (b *Bus) resolve(ctx context.Context, a *attempt) bool {
	if _, open := b.idempotency.outcome(a); !open {
		return true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if b.catchUp(ctx) == nil {
		b.idempotency.fail(a) // does nothing if they came by
	}
	_, open := b.idempotency.outcome(a)
	return !open
}

// NewestKey returns, of the idempotency keys that begin with prefix, the one under which
// events were stored last; "" if none of them is on the tape. It knows those of earlier
// runs.
func (b *Bus) NewestKey(prefix string) string { return b.idempotency.newest(prefix) }

func (i *idempotency) newest(prefix string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	newest, at := "", uint64(0)
	for e := i.order.Front(); e != nil; e = e.Next() {
		a := e.Value.(*attempt)
		_, key, _ := strings.Cut(a.key, "/") // without its topic
		if a.first > at && strings.HasPrefix(key, prefix) {
			newest, at = key, a.first
		}
	}
	return newest
}

// bodyHash is the same for the same events in every run: it is stored with them.
func bodyHash(events []Event) uint64 {
	h := fnv.New64a()
	for i := range events {
		for _, part := range [][]byte{[]byte(events[i].Topic), []byte(events[i].Key), events[i].Data} {
			var size [8]byte
			binary.LittleEndian.PutUint64(size[:], uint64(len(part)))
			h.Write(size[:])
			h.Write(part)
		}
		if events[i].Text {
			h.Write([]byte{1})
		}
	}
	return h.Sum64()
}
