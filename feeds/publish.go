package feeds

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"tickertape/topics"
)

const (
	storeTime  = 30 * time.Second       // one attempt to store
	storePause = 250 * time.Millisecond // before the second attempt, doubling
	storeMost  = 10 * time.Second       // the longest pause
)

// ready is an item on its way to the bus.
type ready struct {
	draft topics.Draft
	mark  mark // its entry in recent; the zero mark for an item without id
}

// Publish stores the items; see [Publisher]. It waits where the feed is over its
// rate, and as long as the log is not available.
func (p *publisher) Publish(ctx context.Context, items ...Item) error {
	if err := p.over(ctx); err != nil {
		return err
	}
	p.standIn.stop(ctx)
	documents := p.fetched()
	list, refused := p.prepare(items)
	repeated := len(items) - len(list) - len(refused)
	stored, bad, err := p.storeAll(ctx, list)
	refused = append(refused, bad...)
	if err != nil {
		if stored > 0 {
			p.board.alive(stored, repeated, "")
		}
		return fmt.Errorf("publish %d items: %w", len(items), err)
	}
	p.settle(documents)
	if stored > 0 || repeated > 0 || len(refused) == 0 {
		p.board.alive(stored, repeated, "")
	}
	if len(refused) == 0 {
		return nil
	}
	err = fmt.Errorf("publish: %d of %d: %w", len(refused), len(items), refused[0])
	p.board.trouble(err, len(refused))
	return err
}

// prepare encodes the items and leaves out those that break a rule and those
// published before.
func (r *runner) prepare(items []Item) (list []ready, refused []error) {
	now := time.Now()
	list = make([]ready, 0, len(items))
	for _, it := range items {
		if it.Topic == "" {
			it.Topic = r.topic
		}
		it.Simulated = it.Simulated || r.spec.Simulated
		if !r.topics[it.Topic] {
			refused = append(refused, fmt.Errorf("%w: %s: the feed does not print on topic %.80q", ErrItem, it.name(), it.Topic))
			continue
		}
		data, m, err := it.encode(now)
		if err != nil {
			refused = append(refused, err)
			continue
		}
		if !r.recent.add(m) {
			continue
		}
		list = append(list, ready{topics.Draft{Topic: it.Topic, Data: data}, m})
	}
	return list, refused
}

// storeAll stores the items in batches, at the feed's rate. Those that it does not
// store, for whatever reason, may be published again.
func (p *publisher) storeAll(ctx context.Context, list []ready) (stored int, refused []error, err error) {
	room := 0 // how many the rate allows now
	for len(list) > 0 {
		if room == 0 {
			room = min(len(list), topics.MaxBatch, p.limit.Burst())
			if err = p.limit.WaitN(ctx, room); err != nil {
				break
			}
		}
		n, bad, failure := p.store(ctx, list[:room])
		if err = failure; err != nil {
			break
		}
		stored += n
		for _, item := range list[:n] {
			p.recent.keep(item.mark)
		}
		if bad != nil {
			refused = append(refused, bad)
			p.recent.forget(list[n].mark)
			n++
		}
		list, room = list[n:], room-n
	}
	for _, item := range list {
		p.recent.forget(item.mark)
	}
	return stored, refused, err
}

// store hands one batch to the bus and returns how many of it are stored. Where
// the bus finds an item that does not fit its topic, bad says so, and it is the first
// one that is not stored.
func (p *publisher) store(ctx context.Context, batch []ready) (stored int, bad, err error) {
	err = p.put(ctx, batch)
	var invalid *topics.InvalidError
	if err == nil {
		return len(batch), nil, nil
	}
	if !errors.As(err, &invalid) || invalid.Index < 0 || invalid.Index >= len(batch) {
		return 0, nil, err
	}
	// The bus takes all or none; those before the bad one it has found right.
	i := invalid.Index
	which := fmt.Sprintf("id %.80q", batch[i].mark.id)
	if batch[i].mark.id == "" {
		which = beginning(batch[i].draft.Data)
	}
	bad = fmt.Errorf("%w: %s: %s", ErrItem, which, invalid.Reason)
	if invalid.Field != "" {
		bad = fmt.Errorf("%w: %s: field %s: %s", ErrItem, which, invalid.Field, invalid.Reason)
	}
	if i > 0 {
		if err := p.put(ctx, batch[:i]); err != nil {
			return 0, nil, err
		}
	}
	return i, bad, nil
}

// put publishes one batch, again and again while the log is not available: that is
// no fault of the feed, and what it read must not be lost.
func (p *publisher) put(ctx context.Context, batch []ready) error {
	drafts := make([]topics.Draft, len(batch))
	idempotency := ""
	for i, item := range batch {
		drafts[i] = item.draft
		if item.mark.id != "" && idempotency == "" {
			idempotency = "feed-" + p.env.ID + "-" + rand.Text()
		}
	}
	return p.insist(ctx, func(ctx context.Context) error {
		_, err := p.bus.Publish(ctx, idempotency, drafts...)
		return err
	})
}

// insist calls fn until it succeeds, fails for a reason of its own, or ctx or the
// run ends.
func (p *publisher) insist(ctx context.Context, fn func(context.Context) error) error {
	for pause := storePause; ; pause = min(2*pause, storeMost) {
		attempt, cancel := context.WithTimeout(ctx, storeTime)
		err := fn(attempt)
		late := attempt.Err() != nil
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
		if !late && !errors.Is(err, topics.ErrUnavailable) && !errors.Is(err, topics.ErrUnknownOutcome) {
			return err
		}
		p.board.trouble(err, 0)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
		case <-p.ctx.Done():
		}
		timer.Stop()
		if over := p.over(ctx); over != nil {
			return err
		}
	}
}

// Retract withdraws the value of a key; see [Publisher]. The same item may be
// published again afterwards. That there is no such value is fine: it may be too old.
func (p *publisher) Retract(ctx context.Context, topic, key string) error {
	if err := p.over(ctx); err != nil {
		return err
	}
	if topic == "" {
		topic = p.topic
	}
	if !p.topics[topic] {
		return fmt.Errorf("%w: retract %.80q: the feed does not print on topic %.80q", ErrItem, key, topic)
	}
	if err := p.limit.Wait(ctx); err != nil {
		return err
	}
	err := p.insist(ctx, func(ctx context.Context) error {
		_, err := p.bus.Retract(ctx, topic, key)
		return err
	})
	if err != nil && !errors.Is(err, topics.ErrNotFound) {
		return fmt.Errorf("retract %.80q on %s: %w", key, topic, err)
	}
	p.recent.forget(mark{topic: topic, id: key})
	p.board.alive(0, 0, "")
	return nil
}
