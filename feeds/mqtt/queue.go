package mqtt

import (
	"container/list"
	"context"
	"errors"
	"sync"

	"tickertape/feeds"
)

const (
	maxWaiting = 1000 // entries
	maxBatch   = 100  // items published at once
)

// An entry is what waits to be published: an item, or the withdrawal of a key.
type entry struct {
	key     string
	item    feeds.Item
	retract bool
}

// A queue holds what waits to be published, at most maxWaiting entries. One of a key
// replaces the one that waits, in its place; those without key are kept all.
type queue struct {
	news chan struct{} // capacity 1: something was put; never closed

	mu      sync.Mutex // guards the fields below
	order   *list.List // of entry, the oldest in front
	byKey   map[string]*list.Element
	dropped int
}

func newQueue() *queue {
	return &queue{news: make(chan struct{}, 1), order: list.New(), byKey: make(map[string]*list.Element)}
}

// put adds an entry; keyed says that it replaces an older one of its key. It does not
// block: where the queue is full the oldest entry is dropped and counted.
func (q *queue) put(e entry, keyed bool) {
	q.mu.Lock()
	if old := q.byKey[e.key]; keyed && old != nil {
		old.Value = e
	} else {
		at := q.order.PushBack(e)
		if keyed {
			q.byKey[e.key] = at
		}
		if q.order.Len() > maxWaiting {
			q.removeLocked(q.order.Front())
			q.dropped++
		}
	}
	q.mu.Unlock()
	select {
	case q.news <- struct{}{}:
	default:
	}
}

func (q *queue) removeLocked(at *list.Element) entry {
	e := q.order.Remove(at).(entry)
	if q.byKey[e.key] == at {
		delete(q.byKey, e.key)
	}
	return e
}

// take removes the next items, or a withdrawal.
func (q *queue) take() (items []feeds.Item, withdraw *entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(items) < maxBatch {
		at := q.order.Front()
		if at == nil {
			return items, nil
		}
		if at.Value.(entry).retract {
			if len(items) > 0 {
				return items, nil
			}
			e := q.removeLocked(at)
			return nil, &e
		}
		items = append(items, q.removeLocked(at).item)
	}
	return items, nil
}

// lost returns how many entries were dropped so far.
func (q *queue) lost() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// run publishes until ctx is done, then returns nil, or until publishing fails. What is
// refused is the publisher's to report.
func (q *queue) run(ctx context.Context, pub feeds.Publisher) error {
	for ctx.Err() == nil {
		items, withdraw := q.take()
		var err error
		switch {
		case withdraw != nil:
			err = pub.Retract(ctx, "", withdraw.key)
		case len(items) > 0:
			err = pub.Publish(ctx, items...)
		default:
			select {
			case <-ctx.Done():
			case <-q.news:
			}
			continue
		}
		if err != nil && !errors.Is(err, feeds.ErrItem) && ctx.Err() == nil {
			return err
		}
	}
	return nil
}
