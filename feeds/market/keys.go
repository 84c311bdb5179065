package market

import (
	"fmt"
	"sync"

	"tickertape/feeds"
)

// Keys lets one feed of a kind at a time use a key, where the source allows one
// connection for it. The zero value is ready; a kind has one.
type Keys struct {
	mu   sync.Mutex        // guards held
	held map[string]string // the feed that uses a key
}

// Take lets the feed with that id use key until release is called. Where another
// feed uses it, the error says so and needs attention.
func (k *Keys) Take(key, id string) (release func(), err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if other, taken := k.held[key]; taken {
		return nil, feeds.NeedsAttention(fmt.Errorf("the feed %q uses the same key, and a key has one connection", other),
			"list the symbols of both in one feed, or use another key")
	}
	if k.held == nil {
		k.held = make(map[string]string)
	}
	k.held[key] = id
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.held, key)
	}, nil
}
