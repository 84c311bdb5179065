package logtest

import (
	"fmt"
	"time"

	"tickertape/topics"
)

// put appends a value and returns it as Follow would.
func (b *testbed) put(topic, key, data string) topics.Event {
	b.Helper()
	seq := b.append(topics.Event{Topic: topic, Key: key, Data: []byte(data)})
	return b.follow(seq, seq)[0]
}

// wantValues fails unless the checkpoint is exactly these events, up to upto.
func (b *testbed) wantValues(rule string, upto uint64, want ...topics.Event) {
	b.Helper()
	got, reached := b.values()
	if reached != upto {
		b.Errorf("%s: Values reports up to %d; want %d", rule, reached, upto)
	}
	if len(got) != len(want) {
		b.Errorf("%s: %d values; want %d", rule, len(got), len(want))
	}
	for _, w := range want {
		g, ok := got[nameOf(w)]
		if !ok || !sameEvent(g, w) || g.Seq != w.Seq || !g.Time.Equal(w.Time) {
			b.Errorf("%s: value %+v; want %+v", rule, g, w)
		}
	}
}

func values(b *testbed) {
	var want []topics.Event
	for i, key := range odd {
		seq := b.append(topics.Event{
			Topic: "weather", Key: key, Data: []byte(key), Text: i%2 == 0, Expires: time.Unix(1900000000, 1).UTC(),
			Idempotency: topics.Idempotency{Key: key, Hash: 1 << 63, Count: 1},
		})
		want = append(want, b.follow(seq, seq)...)
	}
	last := want[len(want)-1].Seq
	b.save(last, want, nil)
	b.wantValues("values must come back as they were saved", last, want...)
	b.reopen()
	b.wantValues("values must survive a reopen", last, want...)

	newer := b.put("weather", odd[0], "newer")
	b.save(newer.Seq, []topics.Event{newer}, nil)
	want[0] = newer
	b.wantValues("a later save must replace the values of its keys and keep the others", newer.Seq, want...)
	b.save(newer.Seq+5, nil, nil)
	b.wantValues("a save of nothing must move the place on", newer.Seq+5, want...)
}

func valuesGone(b *testbed) {
	a, c := b.put("stock", "A.B", "1"), b.put("stock", "C", "2")
	b.save(2, []topics.Event{a, c}, nil)
	retract := topics.Event{Topic: "stock", Key: "A.B", Op: topics.Retract}
	retract.Seq = b.append(retract)
	b.save(3, nil, []topics.Event{retract})
	b.wantValues("a value that is gone must leave the checkpoint", 3, c)
	b.save(3, nil, []topics.Event{c})
	b.wantValues("a value may be given as gone by itself", 3)
	b.reopen()
	b.wantValues("a value that is gone must not return with a reopen", 3)
	again := b.put("stock", "A.B", "3")
	b.save(again.Seq, []topics.Event{again}, nil)
	b.wantValues("a key whose value was gone must take a new one", again.Seq, again)
}

// valuesWithoutKey are those of topics without a key: each event is a value.
func valuesWithoutKey(b *testbed) {
	list := []topics.Event{b.put("chat", "", "a"), b.put("chat", "", "b"), b.put("chat", "", "c")}
	b.save(3, list, nil)
	b.wantValues("each event without a key must be a value of its own", 3, list...)
	b.save(3, nil, list[:1])
	b.wantValues("an event without a key must go by its place", 3, list[1:]...)
	target := topics.Event{Topic: "chat", Op: topics.Retract, Target: list[1].Seq}
	target.Seq = b.append(target)
	b.save(4, nil, []topics.Event{target})
	b.wantValues("an event without a key must go with what retracts it", 4, list[2])
}

// valuesHalfSaved has values in the checkpoint that are newer than its place, as
// after a crash in the middle of SaveValues.
func valuesHalfSaved(b *testbed) {
	a := b.put("stock", "A", "1")
	b.save(1, []topics.Event{a}, nil)
	a2, c := b.put("stock", "A", "2"), b.put("stock", "C", "3")
	b.save(1, []topics.Event{a2}, nil)
	b.reopen()
	b.wantValues("a value may be newer than the place, which must not run ahead", 1, a2)
	if got := b.read(2); len(got) != 2 || got[0].Seq != a2.Seq || got[1].Seq != c.Seq {
		b.Errorf("the events after the place of the checkpoint must be there to complete it: %+v", got)
	}
}

func manyValues(b *testbed) {
	const count = 1700
	list := make([]topics.Event, count)
	for i := range list {
		list[i] = topics.Event{
			Seq: uint64(i) + 1, Topic: "stock", Key: fmt.Sprintf("S%d", i), Data: []byte("1"), Time: time.Unix(1, 0).UTC(),
		}
	}
	b.append(events(0, 900)...)
	b.append(events(0, 800)...)
	b.save(count, list, nil)
	b.wantValues("all of many values must be saved", count, list...)
	b.save(count, nil, list[:count-1])
	b.wantValues("all of many gone values must go", count, list[count-1])
}

func retentionKeepsValues(b *testbed) {
	if b.place.Age == nil {
		b.Skip("no retention")
	}
	a := b.put("stock", "A", "1")
	b.append(events(0, 10)...)
	b.save(a.Seq+10, []topics.Event{a}, nil)
	epoch := b.state().Epoch
	b.place.Age(b.T)
	b.save(a.Seq+10, nil, nil)
	s := b.state()
	if s.First != a.Seq+11 || s.Last != a.Seq+10 {
		b.Errorf("retention must remove old events that are in the checkpoint: the log has %d to %d", s.First, s.Last)
	}
	b.wantValues("retention must keep the values", a.Seq+10, a)
	b.reopen()
	b.wantValues("values must survive retention and a reopen", a.Seq+10, a)
	if s := b.state(); s.Last != a.Seq+10 || s.Epoch != epoch {
		b.Errorf("an empty log must know its end and its epoch when it is opened again: %+v", s)
	}
	if first := b.append(events(0, 1)...); first != a.Seq+11 {
		b.Errorf("places must go on after retention: %d; want %d", first, a.Seq+11)
	}
	if got := b.follow(1, a.Seq+11); len(got) != 1 {
		b.Errorf("Follow from a place that is gone must begin at the oldest event: %d events", len(got))
	}
}

func retentionWaitsForCheckpoint(b *testbed) {
	if b.place.Age == nil {
		b.Skip("no retention")
	}
	b.append(events(0, 10)...)
	b.save(4, nil, nil)
	b.place.Age(b.T)
	b.save(4, nil, nil)
	if s := b.state(); s.First != 5 || s.Last != 10 {
		b.Errorf("retention must not remove events above the checkpoint: it is at 4, the log has %d to %d", s.First, s.Last)
	}
	if got := b.read(1); len(got) != 6 || got[0].Seq != 5 {
		b.Errorf("events above the checkpoint must be there however old: %d events", len(got))
	}
}
