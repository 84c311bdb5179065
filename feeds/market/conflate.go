package market

import (
	"context"
	"errors"
	"sync"
	"time"

	"tickertape/feeds"
)

// A Conflator publishes the newest item of each symbol, at most one in a pace. The
// first one after a pause goes out at once.
type Conflator struct {
	pace    time.Duration
	symbols []string
	news    chan struct{} // capacity 1: something was put; never closed

	mu      sync.Mutex            // guards the fields below
	waiting map[string]feeds.Item // by symbol, one of symbols
	next    map[string]time.Time  // when a symbol may be published again
}

// NewConflator returns a conflator for these symbols; it holds one item for each.
func NewConflator(pace time.Duration, symbols []string) *Conflator {
	c := &Conflator{pace: pace, symbols: symbols, news: make(chan struct{}, 1)}
	c.waiting = make(map[string]feeds.Item, len(symbols))
	c.next = make(map[string]time.Time, len(symbols))
	for _, symbol := range symbols {
		c.next[symbol] = time.Time{}
	}
	return c
}

// Put makes it the newest item of a symbol, in place of one that waits. It does not
// block, and ignores symbols that are not the conflator's.
func (c *Conflator) Put(symbol string, it feeds.Item) {
	c.mu.Lock()
	_, known := c.next[symbol]
	if known {
		c.waiting[symbol] = it
	}
	c.mu.Unlock()
	if !known {
		return
	}
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// Run publishes until ctx is done, then returns nil, or until publishing fails.
// Items that are refused are the publisher's to report.
func (c *Conflator) Run(ctx context.Context, pub feeds.Publisher) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		items, wait := c.take(time.Now())
		if len(items) > 0 {
			err := pub.Publish(ctx, items...)
			if err != nil && !errors.Is(err, feeds.ErrItem) {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return nil
		case <-c.news:
		case <-timer.C:
		}
	}
}

// take removes the items that may be published now, in the order of the symbols, and
// returns how long until the first of the others may.
func (c *Conflator) take(now time.Time) (items []feeds.Item, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wait = time.Hour
	for _, symbol := range c.symbols {
		it, ok := c.waiting[symbol]
		if !ok {
			continue
		}
		if left := c.next[symbol].Sub(now); left > 0 {
			wait = min(wait, left)
			continue
		}
		delete(c.waiting, symbol)
		c.next[symbol] = now.Add(c.pace)
		items = append(items, it)
	}
	return items, wait
}
