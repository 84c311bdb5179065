package topics

import (
	"math"
	"slices"
	"time"
)

// TopicStats is what is going on in a topic.
type TopicStats struct {
	Events      uint64    // seen since this process started, the tape's filling included
	Values      int       // in the snapshot now
	Last        time.Time // of the newest event; zero: none seen
	Rate        float64   // events a second, averaged over about a minute
	Subscribers int       // readers whose filter touches the topic
}

// topicStats counts for one topic. Guarded by Bus.mu.
type topicStats struct {
	events  uint64
	last    time.Time
	rate    float64
	counted time.Time // when rate was right
}

// rateWindow is the time constant of the average rate.
const rateWindow = 30 * time.Second

func newStats(c *Catalogue) map[string]*topicStats {
	stats := map[string]*topicStats{}
	for _, t := range c.All() {
		stats[t.Name] = &topicStats{}
	}
	return stats
}

// count adds an event; one that was stored long ago does not count for the rate.
func (s *topicStats) count(stored, now time.Time) {
	s.events++
	s.last = stored
	if now.Sub(stored) < rateWindow {
		s.rate = s.rateAt(now) + 1/rateWindow.Seconds()
		s.counted = now
	}
}

func (s *topicStats) rateAt(now time.Time) float64 {
	return s.rate * math.Exp(-now.Sub(s.counted).Seconds()/rateWindow.Seconds())
}

// Stats returns what is going on, by topic.
func (b *Bus) Stats() map[string]TopicStats {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make(map[string]TopicStats, len(b.stats))
	for name, s := range b.stats {
		all[name] = TopicStats{
			Events: s.events,
			Values: b.values.byTopic[name].order.Len(),
			Last:   s.last,
			Rate:   s.rateAt(now),
		}
	}
	for _, c := range b.cohorts {
		for _, name := range c.filter.Topics() {
			s := all[name]
			s.Subscribers += c.readers
			all[name] = s
		}
	}
	return all
}

// Usage is what the tape and its readers take.
type Usage struct {
	Events, Bytes    int // on the tape
	Cohorts, Readers int
}

// Usage returns what the tape and its readers take now.
func (b *Bus) Usage() Usage {
	var u Usage
	u.Events, u.Bytes = b.tape.usage()
	b.mu.Lock()
	defer b.mu.Unlock()
	u.Cohorts = len(b.cohorts)
	for _, c := range b.cohorts {
		u.Readers += c.readers
	}
	return u
}

// Listening reports whether anybody reads one of the topics: a subscription is open
// whose filter touches one, or somebody called [Bus.Read] in the last ten minutes.
func (b *Bus) Listening(names ...string) bool {
	if time.Since(time.Unix(b.asked.Load(), 0)) < lastAsked {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.cohorts {
		if c.readers == 0 {
			continue
		}
		for _, name := range c.filter.Topics() {
			if slices.Contains(names, name) {
				return true
			}
		}
	}
	return false
}

// lastAsked is how long somebody who asked without a subscription counts as listening.
const lastAsked = 10 * time.Minute
