package main

import (
	"context"
	"sync"
	"time"

	"tickertape/feeds"
)

// maxSeen bounds the undated items whose first sight is remembered; beyond, the one
// seen first is forgotten.
const maxSeen = 1000

// An expiring feed gives each item that has no expiry of its own one, ttl after its
// time, or after it was first seen if it has none: the option ttl of an entry.
type expiring struct {
	feeds.Feed
	ttl time.Duration

	mu   sync.Mutex              // guards seen
	seen map[[2]string]time.Time // when an undated item first came, by topic and id
}

func newExpiring(feed feeds.Feed, ttl time.Duration) *expiring {
	return &expiring{Feed: feed, ttl: ttl, seen: make(map[[2]string]time.Time)}
}

// Run runs the feed behind a publisher that adds the expiry.
func (f *expiring) Run(ctx context.Context, pub feeds.Publisher) error {
	return f.Feed.Run(ctx, &expiringPublisher{pub, f})
}

// begin returns the time from which the item's life counts. It is the same each time
// that an item is found again, for otherwise the item would count as changed.
func (f *expiring) begin(item feeds.Item) time.Time {
	now := time.Now()
	switch {
	case !item.Time.IsZero():
		return item.Time
	case item.ID == "":
		return now
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	id := [2]string{item.Topic, item.ID}
	if at, known := f.seen[id]; known {
		return at
	}
	if len(f.seen) >= maxSeen {
		oldest := id
		least := now
		for other, at := range f.seen {
			if !at.After(least) {
				oldest, least = other, at
			}
		}
		delete(f.seen, oldest)
	}
	f.seen[id] = now
	return now
}

// An expiringPublisher passes everything on to the one that it embeds.
type expiringPublisher struct {
	feeds.Publisher
	feed *expiring
}

var (
	_ feeds.Pacer = (*expiringPublisher)(nil)
	_ feeds.Noter = (*expiringPublisher)(nil)
)

// Publish adds the expiry; see [feeds.Publisher]. The items are copied, not changed.
func (p *expiringPublisher) Publish(ctx context.Context, items ...feeds.Item) error {
	dated := make([]feeds.Item, len(items))
	for i, item := range items {
		if item.Expires.IsZero() {
			item.Expires = p.feed.begin(item).Add(p.feed.ttl)
		}
		dated[i] = item
	}
	return p.Publisher.Publish(ctx, dated...)
}

// Pause passes the wish on, so that the feed keeps its interval.
func (p *expiringPublisher) Pause(ctx context.Context, every feeds.Interval) error {
	return feeds.Pause(ctx, p.Publisher, every)
}

// Note passes the text on.
func (p *expiringPublisher) Note(detail string) { feeds.Note(p.Publisher, detail) }

// Unwrap returns the publisher behind, for what it knows of positions.
func (p *expiringPublisher) Unwrap() feeds.Publisher { return p.Publisher }
