package topics

import (
	"container/list"
	"math"
	"slices"
	"strconv"
	"time"
)

// MaxKeys is how many values one topic keeps. Beyond it the value that was not
// updated for the longest time is forgotten.
const MaxKeys = 65536

// values are the last values of all topics: what a snapshot is made of.
// Guarded by Bus.mu.
type values struct {
	byTopic map[string]*topicValues
}

// topicValues holds the values of one topic in the order of their last update.
type topicValues struct {
	keep    int                      // bound
	order   *list.List               // of *entry, oldest first
	byKey   map[string]*list.Element // by valueKey
	changed map[string]*entry        // since the last checkpoint
	gone    map[string]*entry        // left since the last checkpoint; by savedKey
	dropped uint64                   // counts values that left because of the bound
}

func newValues(c *Catalogue) *values {
	v := &values{byTopic: map[string]*topicValues{}}
	for _, t := range c.All() {
		keep := MaxKeys
		if t.Mode == Every {
			keep = t.Snapshot
		}
		v.byTopic[t.Name] = &topicValues{
			keep:    keep,
			order:   list.New(),
			byKey:   map[string]*list.Element{},
			changed: map[string]*entry{},
			gone:    map[string]*entry{},
		}
	}
	return v
}

// valueKey names a value within its topic. Events of an every-topic without a key
// are values of their own.
func valueKey(t *Topic, e *Event) string {
	if e.Key == "" && t.Mode == Every {
		return placeKey(e.Seq)
	}
	return "k" + e.Key
}

// savedKey names a value within its topic in the checkpoint, which knows nothing of
// modes: without a key it is known by its place.
func savedKey(e *Event) string {
	if e.Key == "" {
		return placeKey(e.Seq)
	}
	return "k" + e.Key
}

func placeKey(seq uint64) string { return "#" + strconv.FormatUint(seq, 10) }

// apply updates the values by an event. Events that are older than what is there
// already change nothing.
func (v *values) apply(t *Topic, e *entry) {
	tv := v.byTopic[t.Name]
	key := valueKey(t, &e.event)
	if e.event.Op == Retract {
		tv.retract(t, key, &e.event)
		return
	}
	if el := tv.byKey[key]; el != nil {
		old := el.Value.(*entry)
		if old.event.Seq >= e.event.Seq {
			e.replaced.Store(old.event.Seq)
			return
		}
		old.replaced.Store(e.event.Seq)
		tv.order.Remove(el)
		tv.replace(key, old)
	}
	tv.byKey[key] = tv.insert(e)
	tv.changed[key] = e
	delete(tv.gone, savedKey(&e.event))
	if tv.order.Len() > tv.keep {
		tv.dropped++
		oldest := tv.order.Front().Value.(*entry)
		tv.remove(valueKey(t, &oldest.event), math.MaxUint64)
	}
}

// retract removes what an event withdraws: the value of a key, or one event.
func (tv *topicValues) retract(t *Topic, key string, e *Event) {
	switch {
	case e.Target == 0:
		tv.remove(key, e.Seq)
	case t.Mode == Every:
		tv.remove(placeKey(e.Target), e.Seq)
	default: // the one value of the topic, if it is still that event
		if el := tv.byKey[key]; el != nil && el.Value.(*entry).event.Seq == e.Target {
			tv.remove(key, e.Seq)
		}
	}
}

// replace notes that a value makes way for a newer one. Without a key the two have
// different places in the checkpoint, so the old one has to be removed there, unless it
// came and went between two checkpoints.
func (tv *topicValues) replace(key string, old *entry) {
	if old.event.Key == "" && tv.changed[key] != old {
		tv.gone[savedKey(&old.event)] = old
	}
}

// insert keeps the order of places. Only a checkpoint that was cut short makes an
// event come after a newer one.
func (tv *topicValues) insert(e *entry) *list.Element {
	at := tv.order.Back()
	for at != nil && at.Value.(*entry).event.Seq > e.event.Seq {
		at = at.Prev()
	}
	if at == nil {
		return tv.order.PushFront(e)
	}
	return tv.order.InsertAfter(e, at)
}

func (tv *topicValues) remove(key string, at uint64) {
	el := tv.byKey[key]
	if el == nil || el.Value.(*entry).event.Seq >= at {
		return
	}
	old := el.Value.(*entry)
	tv.order.Remove(el)
	delete(tv.byKey, key)
	delete(tv.changed, key)
	tv.gone[savedKey(&old.event)] = old
}

// load fills the values from a checkpoint, in any order. Those after last are of
// events that the log has lost, as a power cut can make it: they leave the checkpoint.
func (v *values) load(c *Catalogue, saved []*entry, last uint64) {
	slices.SortFunc(saved, bySeq)
	for _, e := range saved {
		t, err := c.Lookup(e.event.Topic)
		if err != nil {
			continue
		}
		if tv := v.byTopic[t.Name]; e.event.Seq > last {
			tv.gone[savedKey(&e.event)] = e
		} else {
			v.apply(t, e)
			clear(tv.changed)
		}
	}
}

func bySeq(a, b *entry) int {
	switch {
	case a.event.Seq < b.event.Seq:
		return -1
	case a.event.Seq > b.event.Seq:
		return 1
	}
	return 0
}

// match returns the values that f wants and that have not expired, oldest first,
// and when the first of them will expire (zero: none will).
func (v *values) match(f Filter, now time.Time) (current []*entry, until time.Time) {
	add := func(e *entry) {
		if x := e.event.Expires; !x.IsZero() {
			if !x.After(now) {
				return
			}
			if until.IsZero() || x.Before(until) {
				until = x
			}
		}
		current = append(current, e)
	}
	for _, name := range f.topics {
		if tv := v.byTopic[name]; tv != nil {
			for el := tv.order.Front(); el != nil; el = el.Next() {
				add(el.Value.(*entry))
			}
		}
	}
	for _, p := range f.keys {
		if tv := v.byTopic[p.topic]; tv != nil {
			if el := tv.byKey["k"+p.key]; el != nil {
				add(el.Value.(*entry))
			}
		}
	}
	slices.SortFunc(current, bySeq)
	return current, until
}

// drops counts the values of the filter's topics that have left because of a bound.
// Those who want single keys are not told of the events that did it.
func (v *values) drops(f Filter) (n uint64) {
	for _, p := range f.keys {
		if tv := v.byTopic[p.topic]; tv != nil {
			n += tv.dropped
		}
	}
	return n
}

// has reports whether the topic has a value of that key.
func (v *values) has(topic, key string) bool {
	tv := v.byTopic[topic]
	return tv != nil && tv.byKey["k"+key] != nil
}

// expire removes what has expired by now.
func (v *values) expire(now time.Time) {
	for _, tv := range v.byTopic {
		for key, el := range tv.byKey {
			e := el.Value.(*entry)
			if !e.event.Expires.IsZero() && !e.event.Expires.After(now) {
				tv.remove(key, e.event.Seq+1)
			}
		}
	}
}

// take returns what has changed since the last call and forgets it.
func (v *values) take() (changed, gone []Event) {
	for _, tv := range v.byTopic {
		for _, e := range tv.changed {
			changed = append(changed, e.event)
		}
		for _, e := range tv.gone {
			gone = append(gone, e.event)
		}
		clear(tv.changed)
		clear(tv.gone)
	}
	return changed, gone
}

// putBack undoes take after a checkpoint that failed, for what has not changed since.
func (v *values) putBack(c *Catalogue, changed, gone []Event) {
	for _, e := range slices.Concat(changed, gone) {
		t, _ := c.Lookup(e.Topic)
		tv, key := v.byTopic[t.Name], valueKey(t, &e)
		var current *entry
		if el := tv.byKey[key]; el != nil {
			current = el.Value.(*entry)
			tv.changed[key] = current
		}
		if current == nil || savedKey(&current.event) != savedKey(&e) {
			tv.gone[savedKey(&e)] = &entry{event: e}
		}
	}
}
