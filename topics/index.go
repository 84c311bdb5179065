package topics

// An index finds the cohorts that want an event without asking the others.
// Guarded by Bus.mu.
type index struct {
	whole map[string]map[*Cohort]struct{} // by topic
	keyed map[part]map[*Cohort]struct{}   // by topic and key
}

func newIndex() *index {
	return &index{whole: map[string]map[*Cohort]struct{}{}, keyed: map[part]map[*Cohort]struct{}{}}
}

func (x *index) add(c *Cohort) {
	for _, t := range c.filter.topics {
		put(x.whole, t, c)
	}
	for _, p := range c.filter.keys {
		put(x.keyed, p, c)
	}
}

func (x *index) remove(c *Cohort) {
	for _, t := range c.filter.topics {
		drop(x.whole, t, c)
	}
	for _, p := range c.filter.keys {
		drop(x.keyed, p, c)
	}
}

// each calls fn for every cohort that wants e, once. A cohort is never in both maps
// for one topic, see [newFilter].
func (x *index) each(e *Event, fn func(*Cohort)) {
	for c := range x.whole[e.Topic] {
		fn(c)
	}
	if len(x.keyed) == 0 {
		return
	}
	for c := range x.keyed[part{e.Topic, e.Key}] {
		fn(c)
	}
}

func put[K comparable](m map[K]map[*Cohort]struct{}, key K, c *Cohort) {
	if m[key] == nil {
		m[key] = map[*Cohort]struct{}{}
	}
	m[key][c] = struct{}{}
}

func drop[K comparable](m map[K]map[*Cohort]struct{}, key K, c *Cohort) {
	delete(m[key], c)
	if len(m[key]) == 0 {
		delete(m, key)
	}
}
