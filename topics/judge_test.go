package topics

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A judge follows one stream and compares it with the log. It knows the rules of a
// stream and nothing of how the package keeps them.
type judge struct {
	t      testing.TB
	seed   uint64
	filter Filter
	every  time.Duration
	tape   uint64 // events that the tape holds

	phase    string // "", snapshot, replay, live
	pos      uint64 // all up to here was given or is known to be missing
	last     uint64 // newest id on this stream
	anyID    bool
	snapshot []uint64
	resets   int
}

func (j *judge) fail(l line, format string, args ...any) {
	j.t.Helper()
	j.t.Fatalf("seed %d, filter %q, every %v, %s at %d, line %s: %s",
		j.seed, j.filter, j.every, j.phase, j.pos, brief([]line{l}), fmt.Sprintf(format, args...))
}

// take judges what one call of Next returned. log is all that was stored so far, from
// place 1, and head a place that the tape had not passed when Next returned.
func (j *judge) take(lines []line, log []Event, late bool, head uint64) {
	j.t.Helper()
	conflated := late || j.every > 0
	given := map[string]bool{}
	for _, l := range lines {
		id := l.place(j.t)
		if l.ID != "" {
			if j.anyID && id <= j.last {
				j.fail(l, "id %d after %d", id, j.last)
			}
			j.last, j.anyID = id, true
		}
		switch l.Kind {
		case "open":
			j.open(l, head)
		case "event":
			j.event(l, log, conflated, head)
			if key := l.Topic + "." + l.Key; conflated && l.ID != "" && isLatest(l.Topic) && l.Target == 0 {
				if given[key] {
					j.fail(l, "two values of %s in one batch", key)
				}
				given[key] = true
			}
		case "live":
			j.live(l, log, conflated, head)
		case "beat":
			if j.phase != "live" {
				j.fail(l, "heartbeat before live")
			}
			if l.ID != "" {
				j.gap(l, log, id, false, 0)
				j.pos = id
			}
		}
	}
}

func (j *judge) open(l line, head uint64) {
	j.t.Helper()
	switch {
	case l.State == Resumed && j.phase == "":
		j.phase = "replay"
		return
	case l.State == Fresh && j.phase == "":
	case l.State == Reset:
		j.resets++
		if l.Reason == Expired && j.pos+j.tape >= head {
			j.fail(l, "expired with head %d and %d events on the tape", head, j.tape)
		}
	default:
		j.fail(l, "out of place")
	}
	j.phase, j.snapshot = "snapshot", nil
}

func (j *judge) event(l line, log []Event, conflated bool, head uint64) {
	j.t.Helper()
	e := log[l.Seq-1]
	if e.Topic != l.Topic || e.Key != l.Key || e.Op != l.Op || e.Target != l.Target || string(e.Data) != l.Data {
		j.fail(l, "is %+v in the log", e)
	}
	if !j.filter.Match(e.Topic, e.Key) {
		j.fail(l, "was not asked for")
	}
	if l.ID == "" {
		if j.phase != "snapshot" {
			j.fail(l, "no id")
		}
		j.snapshot = append(j.snapshot, l.Seq)
		return
	}
	if l.place(j.t) != l.Seq || (j.phase != "replay" && j.phase != "live") {
		j.fail(l, "out of place")
	}
	j.gap(l, log, l.Seq-1, conflated, head)
	j.pos = l.Seq
}

func (j *judge) live(l line, log []Event, conflated bool, head uint64) {
	j.t.Helper()
	switch j.phase {
	case "replay":
		if l.ID != "" {
			j.gap(l, log, l.place(j.t), conflated, head)
			j.pos = l.place(j.t)
		}
	case "snapshot":
		if l.ID == "" {
			j.fail(l, "live without a position")
		}
		j.pos = l.place(j.t)
		if want := modelSnapshot(log[:j.pos], j.filter); !slices.Equal(want, j.snapshot) {
			j.fail(l, "snapshot %v, want %v", j.snapshot, want)
		}
	default:
		j.fail(l, "out of place")
	}
	j.phase = "live"
}

// gap fails if an event after the position and up to a place should have been given.
func (j *judge) gap(l line, log []Event, upto uint64, conflated bool, head uint64) {
	j.t.Helper()
	for seq := j.pos + 1; seq <= upto; seq++ {
		e := log[seq-1]
		if !j.filter.Match(e.Topic, e.Key) {
			continue
		}
		replaced := conflated && isLatest(e.Topic) && e.Target == 0 && slices.ContainsFunc(log[seq:head], func(o Event) bool {
			return o.Topic == e.Topic && o.Key == e.Key && o.Target == 0
		})
		if !replaced {
			j.fail(l, "event %d is missing", seq)
		}
	}
}

func isLatest(topic string) bool { return topic == "stock" || topic == "weather" || topic == "clock" }

// modelSnapshot is what the last values are after the events of log, told plainly.
func modelSnapshot(log []Event, f Filter) []uint64 {
	keep := map[string]int{"news": 5, "chat": 3, "secret": 20, "stock": MaxKeys, "weather": MaxKeys, "clock": 1}
	values := map[string][]Event{} // by topic, oldest first
	for _, e := range log {
		same := func(o Event) bool {
			switch {
			case e.Target != 0:
				return o.Seq == e.Target
			case e.Key == "" && !isLatest(e.Topic):
				return false
			}
			return o.Key == e.Key
		}
		values[e.Topic] = slices.DeleteFunc(values[e.Topic], same)
		if e.Op == Put {
			values[e.Topic] = append(values[e.Topic], e)
		}
		if vs := values[e.Topic]; len(vs) > keep[e.Topic] {
			values[e.Topic] = vs[1:]
		}
	}
	var places []uint64
	for _, vs := range values {
		for _, e := range vs {
			if f.Match(e.Topic, e.Key) {
				places = append(places, e.Seq)
			}
		}
	}
	slices.Sort(places)
	return places
}
