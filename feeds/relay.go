package feeds

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"tickertape/topics"
)

// A Relayer is what a [Publisher] can be besides: one that stores what another tape
// says as it is said there, and knows how far it got, over restarts too. The
// supervisor's publishers are. A position is whatever the source calls it, of at most
// 1,000 bytes.
type Relayer interface {
	// Relay stores the drafts as one unit, at most [topics.MaxBatch], and with them the
	// position up to which they bring the feed. What was stored under a position is not
	// stored again. It blocks as Publish does and returns the ids of the events. A
	// [topics.InvalidError] says which draft is refused here, and then none is stored.
	Relay(ctx context.Context, position string, drafts ...topics.Draft) ([]topics.ID, error)
	// Position returns the newest position that was stored or kept; "" without one.
	Position() string
	// Keep notes a position up to which there was nothing to store, or nothing more. It
	// does not block; a crash may cost what was kept in the last second.
	Keep(position string)
}

var _ Relayer = (*publisher)(nil)

// RelayerOf returns the relayer that a publisher is, or wraps (a publisher that wraps one
// has a method Unwrap); nil if there is none.
func RelayerOf(pub Publisher) Relayer {
	for {
		if r, ok := pub.(Relayer); ok {
			return r
		}
		w, ok := pub.(interface{ Unwrap() Publisher })
		if !ok {
			return nil
		}
		pub = w.Unwrap()
	}
}

// maxPosition bounds the bytes of a position, which is stored with each unit.
const maxPosition = 1000

// A Memo is what a [Bus] can be besides: one that knows under which of the idempotency
// keys with a prefix events were stored last, before a restart too. *topics.Bus is.
type Memo interface {
	NewestKey(prefix string) string
}

var _ Memo = (*topics.Bus)(nil)

// A place is how far a feed has got in its source.
type place struct {
	mu     sync.Mutex // guards the fields below
	kept   string     // the newest position
	logged string     // the newest one that stands in the log, as far as it is known
	dirty  bool       // changed since it was last saved, in a way that the log does not tell
	saved  time.Time  // when it was last saved
}

// saveEvery is how old what was saved of a place may become that the log tells anyway: the
// log forgets what has left the tape, and a disk is not to be written to each second.
const saveEvery = time.Minute

// set notes a position; stored says that it stands in the log.
func (p *place) set(position string, stored bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == position {
		return
	}
	p.kept = position
	if stored {
		p.logged = position
	}
	p.dirty = p.dirty || !stored || time.Since(p.saved) >= saveEvery
}

// placeRecord is a place as it is saved.
type placeRecord struct {
	Kept   string `json:"kept"`
	Logged string `json:"logged,omitempty"`
}

// changed reports whether there is something to save, once.
func (p *place) changed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	dirty := p.dirty
	if dirty {
		p.dirty, p.saved = false, time.Now()
	}
	return dirty
}

func (p *place) record() *placeRecord {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == "" {
		return nil
	}
	return &placeRecord{Kept: p.kept, Logged: p.logged}
}

func (p *place) recall(r *placeRecord) {
	if r == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept, p.logged = r.Kept, r.Logged
}

// reconcile returns the newest position, given the newest one in the log. What was
// saved may be older than that, by as much as a crash costs; it is newer where
// nothing was stored since.
func (p *place) reconcile(logged string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if logged != "" && logged != p.logged {
		p.kept, p.logged = logged, logged
	}
	return p.kept
}

// positionKey begins the idempotency keys under which a feed's positions stand.
func (r *runner) positionKey() string { return "feed-" + r.env.ID + "@" }

// Position implements [Relayer].
func (p *publisher) Position() string {
	logged := ""
	if m, ok := p.bus.(Memo); ok {
		logged = strings.TrimPrefix(m.NewestKey(p.positionKey()), p.positionKey())
	}
	return p.place.reconcile(logged)
}

// Keep implements [Relayer].
func (p *publisher) Keep(position string) {
	if len(position) <= maxPosition {
		p.place.set(position, false)
	}
}

// Relay implements [Relayer].
func (p *publisher) Relay(ctx context.Context, position string, drafts ...topics.Draft) (ids []topics.ID, err error) {
	if err := p.over(ctx); err != nil {
		return nil, err
	}
	if position == "" || len(position) > maxPosition {
		return nil, fmt.Errorf("relay: a position of %d bytes: want 1 to %d", len(position), maxPosition)
	}
	for i, d := range drafts {
		if !p.topics[d.Topic] {
			return nil, &topics.InvalidError{Index: i, Reason: fmt.Sprintf("the feed does not print on topic %.80q", d.Topic)}
		}
	}
	for left := len(drafts); left > 0; left -= p.limit.Burst() {
		if err := p.limit.WaitN(ctx, min(left, p.limit.Burst())); err != nil {
			return nil, err
		}
	}
	err = p.insist(ctx, func(ctx context.Context) error {
		var err error
		ids, err = p.bus.Publish(ctx, p.positionKey()+position, drafts...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("relay %d events: %w", len(drafts), err)
	}
	p.place.set(position, true)
	p.board.alive(len(ids), 0, "")
	return ids, nil
}
