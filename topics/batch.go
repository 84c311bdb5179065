package topics

import "slices"

// A batch is bytes that several readers are given. Immutable once built.
type batch struct {
	first uint64 // place of the first event in it
	last  uint64 // place of the last event in it
	upto  uint64 // with every: no newer event was looked at
	bytes []byte
	ends  []frameEnd // of each event
}

// frameEnd says where in a batch the frame of an event ends.
type frameEnd struct {
	at    int
	place uint64
}

// sharesBatchLocked reports whether the newest batch is what follows a place.
func (c *Cohort) sharesBatchLocked(after, limit uint64) bool {
	if c.batch.first <= after || c.batch.last > limit || after < c.base {
		return false
	}
	i, _ := slices.BinarySearch(c.places, after+1)
	if i == len(c.places) || c.places[i] != c.batch.first {
		return false
	}
	if c.every == 0 {
		return true
	}
	newer, _ := slices.BinarySearch(c.places, c.batch.upto+1) // may replace what is in the batch
	return newer == len(c.places) || c.places[newer] > limit
}

// pendingLocked returns the entries for the cohort after one place up to another, at
// most so many. It returns false if the tape may have lost one.
func (c *Cohort) pendingLocked(after, limit uint64, most int) ([]*entry, bool) {
	if after >= limit {
		return nil, true
	}
	if after < c.base {
		return c.bus.tape.scan(nil, c.filter, after, limit, most)
	}
	from, _ := slices.BinarySearch(c.places, after+1)
	to, _ := slices.BinarySearch(c.places, limit+1)
	to = min(to, from+most)
	if from >= to {
		return nil, true
	}
	return c.bus.tape.pick(make([]*entry, 0, to-from), c.places[from:to])
}

// wantedLocked returns what a reader is to be given of the entries after its cursor: for
// an interval the newest of each key in it, for a late reader what is not replaced,
// otherwise all; not more than one batch needs. The cursor moves past what a late
// reader does without. It returns false if the tape may have lost one.
func (c *Cohort) wantedLocked(cur *cursor, limit uint64, late bool) ([]*entry, bool) {
	switch {
	case c.every > 0 && c.latest:
		pending, ok := c.pendingLocked(cur.place, limit, maxInterval)
		return c.newestOnly(pending), ok
	case !late:
		return c.pendingLocked(cur.place, limit, maxBatchEvents)
	}
	for {
		pending, ok := c.pendingLocked(cur.place, limit, maxLookAhead)
		if !ok || len(pending) == 0 {
			return nil, ok
		}
		last := pending[len(pending)-1].event.Seq
		wanted := slices.DeleteFunc(pending, func(e *entry) bool { return c.isReplaced(e, limit) })
		if len(wanted) > 0 {
			return c.newestOnly(wanted), true
		}
		cur.place = last
	}
}

// isReplaced reports whether a newer value, up to a place, replaces that of an event.
func (c *Cohort) isReplaced(e *entry, upto uint64) bool {
	if by := e.replaced.Load(); by == 0 || by > upto {
		return false
	}
	t, err := c.bus.catalogue.Lookup(e.event.Topic)
	return err == nil && t.Mode == Latest
}

// newestOnly returns the entries without those of latest-topics that a later one
// of the same key replaces, in order. The withdrawal of one event replaces nothing.
func (c *Cohort) newestOnly(entries []*entry) []*entry {
	seen := map[part]bool{}
	kept := make([]*entry, 0, len(entries))
	for _, e := range slices.Backward(entries) {
		if t, err := c.bus.catalogue.Lookup(e.event.Topic); err == nil && t.Mode == Latest && e.event.Target == 0 {
			key := part{e.event.Topic, e.event.Key}
			if seen[key] {
				continue
			}
			seen[key] = true
		}
		kept = append(kept, e)
	}
	slices.Reverse(kept)
	return kept
}

// buildLocked joins entries to one batch, as many as fit, at least one.
func (c *Cohort) buildLocked(entries []*entry) *batch {
	b := &batch{first: entries[0].event.Seq, ends: make([]frameEnd, 0, len(entries))}
	shared := c.wire == c.bus.wire
	for i, e := range entries {
		frame := e.frame
		if !shared {
			frame = c.wire.Event(nil, ID{Epoch: c.bus.epoch, Seq: e.event.Seq}, &e.event)
		}
		if i > 0 && len(b.bytes)+len(frame) > MaxBatchBytes {
			break
		}
		if i == 0 && shared {
			b.bytes = frame[:len(frame):len(frame)] // a batch of one is the tape's own bytes
		} else {
			b.bytes = append(b.bytes, frame...)
		}
		b.last = e.event.Seq
		b.ends = append(b.ends, frameEnd{at: len(b.bytes), place: b.last})
	}
	c.mark = max(c.mark, b.last)
	return b
}
