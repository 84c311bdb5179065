package topics

import (
	"context"
	"hash/fnv"
	"strconv"
	"time"
)

// A Page is an answer to a reader who asks instead of listening.
type Page struct {
	Opening
	Events []*Event // current values oldest first, or what follows the position; shared, must not be changed
	Cursor ID       // position to ask on from
	More   bool     // the limit cut the page short
	Tag    string   // equal for equal pages
}

// Read returns the current values for r.Filter, or, when r names a position, the
// events after it, at most limit, which is at least 1. It does not block but for the
// locks. r.Every and r.Wire are not looked at.
func (b *Bus) Read(r Request, limit int) Page {
	limit = max(limit, 1)
	now := time.Now()
	b.asked.Store(now.Unix())
	b.mu.Lock()
	place, state, reason := b.placeLocked(r)
	page := Page{
		Opening: Opening{State: state, Reason: reason, Filter: r.Filter, Time: now.UTC()},
		Cursor:  b.Head(),
	}
	if state != Resumed {
		var current []*entry
		if !r.NoSnapshot {
			current, _ = b.values.match(r.Filter, now)
		}
		b.mu.Unlock()
		if len(current) > limit {
			current = current[len(current)-limit:]
			page.More = true
		}
		page.fill(current)
		return page
	}
	b.mu.Unlock()
	found, ok := b.tape.scan(nil, r.Filter, place, page.Cursor.Seq, limit+1)
	if !ok { // evicted since
		r.After, r.Since = ID{Epoch: b.epoch}.String(), time.Time{}
		return b.Read(r, limit)
	}
	if len(found) > limit {
		found = found[:limit]
		page.More = true
		page.Cursor.Seq = found[limit-1].event.Seq
	}
	page.fill(found)
	return page
}

func (p *Page) fill(entries []*entry) {
	h := fnv.New64a()
	h.Write([]byte(p.Filter.ident))
	h.Write([]byte(p.State))
	h.Write([]byte(p.Reason))
	h.Write(strconv.AppendBool(nil, p.More))
	h.Write([]byte(p.Cursor.Epoch))
	p.Events = make([]*Event, len(entries))
	for i, e := range entries {
		p.Events[i] = &e.event
		h.Write(strconv.AppendUint(nil, e.event.Seq, 36))
		h.Write([]byte{','})
	}
	p.Tag = strconv.FormatUint(h.Sum64(), 36)
}

// Wait blocks until there is an event for f after a position, or ctx is done. It
// returns whether there is one.
func (b *Bus) Wait(ctx context.Context, f Filter, w Wire, after ID) bool {
	b.mu.Lock()
	c := b.joinLocked(Request{Filter: f, Wire: w})
	b.mu.Unlock()
	defer b.leave(c)
	changed := make(chan struct{}, 1)
	watching := new(Subscription)
	c.watch(watching, func() {
		select {
		case changed <- struct{}{}:
		default: // it will look anyway
		}
	})
	defer c.watch(watching, nil)
	for {
		if page := b.Read(Request{Filter: f, After: after.String()}, 1); page.State != Resumed || len(page.Events) > 0 {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}
