package topics

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// snapshot returns the places of the values that a fresh stream begins with.
func (r *rig) snapshot(types string) string {
	r.t.Helper()
	rd := r.subscribe(Request{Filter: r.filter(types)})
	defer rd.Close()
	s := ""
	for _, l := range rd.drain() {
		if l.Kind == "event" {
			s += fmt.Sprintf("%d ", l.Seq)
		}
	}
	return s
}

func TestValuesSurviveRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{Events: 16})
		fill := func() {
			r.put("stock", `{"symbol":"A"}`)                                   // 1
			r.put("stock", `{"symbol":"B"}`)                                   // 2
			r.put("news", `{"id":"x"}`)                                        // 3
			r.put("clock", `1`)                                                // 4
			r.put("clock", `2`)                                                // 5
			r.publish(Draft{Topic: "chat", Data: []byte("hello"), Text: true}) // 6
			r.put("stock", `{"symbol":"A"}`)                                   // 7
			r.put("stock", `{"symbol":"C"}`)                                   // 8
			r.retract("stock", "C")                                            // 9
			r.put("chat", `1`)                                                 // 10
			r.retract("chat", "mem-10")                                        // 11
		}
		fill()
		const all = "2 3 5 6 7 "
		if got := r.snapshot("*"); got != all {
			t.Fatalf("snapshot %s, want %s", got, all)
		}
		reopen := func(what, expect string) {
			t.Helper()
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
			r = start(t, log, Options{Events: 16})
			if got := r.snapshot("*"); got != expect {
				t.Errorf("%s: snapshot %s, want %s", what, got, expect)
			}
		}
		reopen("after a checkpoint", all)
		log.retain(8)
		reopen("without the head of the log", all)
		log.retain(12)
		reopen("with an empty log", all)
		if r.Head() != (ID{"mem", 11}) {
			t.Errorf("head %v, want mem-11", r.Head())
		}
		r.retract("stock", "A")
		reopen("after a retraction", "2 3 5 6 ")
		if rd := r.subscribe(Request{Filter: r.filter("*"), After: "mem-10"}); true {
			want(t, "before the log", rd.next(false)[:1], "open:reset:expired")
			rd.Close()
		}
		if e := r.Read(Request{Filter: r.filter("chat")}, 9).Events; len(e) != 1 || !e[0].Text || string(e[0].Data) != "hello" {
			t.Errorf("the text came back as %+v", e)
		}
	})
}

// Without a checkpoint, or with a torn one, the log has what is missing.
func TestValuesFromATornCheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{Checkpoint: time.Minute})
		r.put("stock", `{"symbol":"A"}`) // 1
		r.put("stock", `{"symbol":"B"}`) // 2
		r.put("chat", `1`)               // 3
		r.put("clock", `1`)              // 4
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, upto, _ := log.saved(); upto != 4 {
			t.Fatalf("checkpoint at %d, want 4", upto)
		}
		r.put("stock", `{"symbol":"A"}`) // 5
		r.put("chat", `1`)               // 6
		r.retract("stock", "B")          // 7
		r.put("stock", `{"symbol":"D"}`) // 8
		r.put("news", `{"id":"x"}`)      // 9
		r.put("news", `{"id":"x"}`)      // 10
		r.put("clock", `2`)              // 11
		r.put("chat", `1`)               // 12
		r.put("stock", `{"symbol":"B"}`) // 13
		r.put("chat", `1`)               // 14
		const all = "5 6 8 10 11 12 13 14 "
		if got := r.snapshot("*"); got != all {
			t.Fatalf("snapshot %s, want %s", got, all)
		}
		log.set(func(l *memLog) { l.unsaved, l.partial = errors.New("power cut"), true })
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		full, _, _ := log.saved()
		for n := range 40 { // any part of the values may be there
			random, seed := newRandom(t)
			log.set(func(l *memLog) {
				l.unsaved = nil
				l.values = maps.Clone(full)
				if n > 0 {
					for k, e := range full {
						if e.Seq > 4 && random.IntN(2) == 0 {
							delete(l.values, k)
						}
					}
				}
				l.upto = 4
			})
			r = start(t, log, Options{})
			if got := r.snapshot("*"); got != all {
				t.Errorf("seed %d: snapshot %s, want %s", seed, got, all)
			}
			log.set(func(l *memLog) { l.unsaved, l.partial = errors.New("no"), false })
			_ = r.stop()
		}
	})
}

// A log that lost its end gives the places of the lost events out again.
func TestValuesOfLostEventsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{})
		r.put("stock", `{"symbol":"A"}`) // 1
		r.put("chat", `1`)               // 2
		r.put("stock", `{"symbol":"B"}`) // 3: lost, and all that follows
		r.put("chat", `1`)               // 4
		r.put("clock", `1`)              // 5
		_ = r.stop()
		log.cut(2, "new")
		r = start(t, log, Options{})
		if got := r.snapshot("*"); got != "1 2 " {
			t.Errorf("snapshot %s, want 1 2", got)
		}
		for n := 3; n <= 5; n++ {
			r.put("weather", fmt.Sprintf(`{"location":"%d"}`, n))
		}
		r.put("stock", `{"symbol":"B"}`) // 6
		if got := r.snapshot("*"); got != "1 2 3 4 5 6 " {
			t.Errorf("snapshot %s, want 1 to 6", got)
		}
		for range 2 {
			_ = r.stop()
			r = start(t, log, Options{})
			if got := r.snapshot("*"); got != "1 2 3 4 5 6 " {
				t.Errorf("after a restart: snapshot %s, want 1 to 6", got)
			}
		}
	})
}

func TestRetractByID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		r.put("chat", `1`)  // 1
		r.put("chat", `2`)  // 2
		r.put("clock", `1`) // 3
		r.put("clock", `2`) // 4
		r.retract("chat", "mem-1")
		r.retract("clock", "mem-3") // not the value any more
		if got := r.snapshot("chat,clock"); got != "2 4 " {
			t.Errorf("snapshot %s, want 2 4", got)
		}
		gone := r.retract("clock", "mem-4")
		if got := r.snapshot("chat,clock"); got != "2 " {
			t.Errorf("snapshot %s, want 2", got)
		}
		r.put("clock", `3`)
		r.retract("clock", "") // the one value of the topic
		if got := r.snapshot("chat,clock"); got != "2 " {
			t.Errorf("snapshot %s, want 2", got)
		}
		for _, id := range []string{gone.String(), "mem-2", "new-4", "mem-99", "mem-0", "x", ""} {
			topic := "clock"
			if id == "" {
				topic = "chat"
			}
			if _, err := r.Retract(t.Context(), topic, id); !errors.Is(err, ErrNotFound) {
				t.Errorf("retract %q of %s: %v, want ErrNotFound", id, topic, err)
			}
		}
		if _, err := r.Retract(t.Context(), "sport", "x"); !errors.Is(err, ErrUnknownTopic) {
			t.Errorf("retract of an unknown topic: %v", err)
		}
		r.put("stock", `{"symbol":"mem-2"}`)
		r.retract("stock", "mem-2") // a key that looks like an id
		r.retract("stock", "mem-2") // the tape still knows it
		if got := r.snapshot("stock"); got != "" {
			t.Errorf("snapshot %s, want nothing", got)
		}
	})
}

func TestEveryTopicKeepsTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		for n := range 7 {
			r.put("news", fmt.Sprintf(`{"id":"%d"}`, n)) // 1 to 7, five are kept
		}
		if got := r.snapshot("news"); got != "3 4 5 6 7 " {
			t.Errorf("snapshot %s", got)
		}
		r.put("news", `{"id":"3"}`) // 8 corrects 4
		if got := r.snapshot("news"); got != "3 5 6 7 8 " {
			t.Errorf("after a correction: %s", got)
		}
		r.put("news", `{"id":"0"}`) // 9 corrects 1, which is not kept any more
		if got := r.snapshot("news"); got != "5 6 7 8 9 " {
			t.Errorf("after a late correction: %s", got)
		}
		r.retract("news", "5")
		if got := r.snapshot("news"); got != "5 7 8 9 " {
			t.Errorf("after a retraction: %s", got)
		}
		if got := r.snapshot("news.3,news.0"); got != "8 9 " {
			t.Errorf("by key: %s", got)
		}
	})
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{})
		in := func(d time.Duration) string { return time.Now().Add(d).Format(time.RFC3339) }
		r.put("stock", fmt.Sprintf(`{"symbol":"A","expires":%q}`, in(time.Minute)))  // 1
		r.put("stock", fmt.Sprintf(`{"symbol":"B","expires":%q}`, in(time.Hour)))    // 2
		r.put("stock", fmt.Sprintf(`{"symbol":"C","expires":%q}`, in(-time.Second))) // 3
		r.put("stock", `{"symbol":"D","expires":null}`)                              // 4
		r.put("stock", `{"symbol":"E","expires":"9999-12-31T23:59:59Z"}`)            // 5
		r.put("stock", `{"symbol":"F","expires":"0001-01-01T00:00:00Z"}`)            // 6
		for _, e := range log.all() {
			if !e.Expires.IsZero() && !time.Unix(0, e.Expires.UnixNano()).Equal(e.Expires) {
				t.Errorf("expiry %v does not fit in nanoseconds", e.Expires)
			}
		}
		stay := r.join("stock")
		if got := r.snapshot("stock"); got != "1 2 4 5 " {
			t.Errorf("snapshot %s", got)
		}
		time.Sleep(time.Minute - time.Nanosecond)
		if got := r.snapshot("stock"); got != "1 2 4 5 " {
			t.Errorf("a moment before: %s", got)
		}
		time.Sleep(time.Nanosecond)
		if got := r.snapshot("stock"); got != "2 4 5 " {
			t.Errorf("in the moment: %s", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		saved, _, _ := log.saved()
		if keys := slices.Sorted(maps.Keys(saved)); fmt.Sprint(keys) != "[stock.B stock.D stock.E]" {
			t.Errorf("the checkpoint has %v", keys)
		}
		r.put("stock", `{"symbol":"B"}`) // 7: for good now
		time.Sleep(2 * time.Hour)
		if got := r.snapshot("stock"); got != "4 5 7 " {
			t.Errorf("at last %s", got)
		}
		stay.Close()
	})
}

func TestValuesAreBounded(t *testing.T) {
	c := testTopics(t)
	v := newValues(c)
	stock, _ := c.Lookup("stock")
	seq := uint64(0)
	apply := func(n int) {
		seq++
		v.apply(stock, &entry{event: Event{Seq: seq, Topic: "stock", Key: fmt.Sprint(n)}})
	}
	for n := range MaxKeys {
		apply(n)
	}
	apply(0) // now 1 is the one not updated for the longest time
	apply(MaxKeys)
	tv := v.byTopic["stock"]
	if len(tv.byKey) != MaxKeys || tv.order.Len() != MaxKeys {
		t.Errorf("%d keys, %d in order", len(tv.byKey), tv.order.Len())
	}
	if !v.has("stock", "0") || v.has("stock", "1") || !v.has("stock", "2") || !v.has("stock", fmt.Sprint(MaxKeys)) {
		t.Error("the wrong key was forgotten")
	}
	if _, gone := v.take(); len(gone) != 1 || gone[0].Key != "1" {
		t.Errorf("gone: %v", gone)
	}
}

// What a failed SaveValues was given comes again, with what is new since.
func TestSaveValuesIsRepeated(t *testing.T) {
	for _, partial := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			log := newMemLog()
			r := start(t, log, Options{Checkpoint: time.Minute})
			r.put("stock", `{"symbol":"A"}`) // 1
			r.put("stock", `{"symbol":"B"}`) // 2
			r.put("clock", `1`)              // 3
			r.put("chat", `1`)               // 4
			r.put("chat", `1`)               // 5
			time.Sleep(time.Minute)
			synctest.Wait()
			log.set(func(l *memLog) { l.unsaved, l.partial = ErrUnavailable, partial })
			r.put("stock", `{"symbol":"C"}`) // 6: changed while it failed, and again
			r.put("stock", `{"symbol":"D"}`) // 7: changed, then gone
			r.put("clock", `2`)              // 8
			r.retract("stock", "A")          // 9: gone
			r.retract("stock", "B")          // 10: gone, then there again
			r.retract("chat", "mem-4")       // 11
			time.Sleep(time.Minute)
			synctest.Wait()
			r.put("stock", `{"symbol":"C"}`) // 12
			r.retract("stock", "D")          // 13
			r.put("stock", `{"symbol":"B"}`) // 14
			time.Sleep(time.Minute)
			synctest.Wait()
			if _, upto, _ := log.saved(); upto != 5 {
				t.Errorf("checkpoint at %d, want 5", upto)
			}
			log.set(func(l *memLog) { l.unsaved = nil })
			time.Sleep(time.Minute)
			synctest.Wait()
			saved, upto, _ := log.saved()
			if upto != 14 {
				t.Errorf("checkpoint at %d, want 14", upto)
			}
			var seqs []uint64
			for _, e := range saved {
				seqs = append(seqs, e.Seq)
			}
			if slices.Sort(seqs); fmt.Sprint(seqs) != "[5 8 12 14]" {
				t.Errorf("partial %v: the checkpoint has %v, want 5 8 12 14", partial, seqs)
			}
		})
	}
}

// In the checkpoint a value without a key is known by its place. It must not grow with
// every tick of a clock.
func TestCheckpointDoesNotGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		removed := 0
		log.onSave = func(_, gone []Event) { removed += len(gone) }
		r := start(t, log, Options{Checkpoint: 10 * time.Second})
		for n := range 200 {
			id := r.put("clock", fmt.Sprint(n))
			if n%7 == 3 {
				r.retract("clock", id.String())
			}
			r.put("chat", `1`)
			r.put("stock", `{"symbol":"A"}`)
			time.Sleep(time.Second)
			if n%50 == 0 {
				_ = r.stop()
				r = start(t, log, Options{Checkpoint: 10 * time.Second})
			}
		}
		_ = r.stop()
		if saved, _, _ := log.saved(); len(saved) != 4 { // stock.A, three of chat; the last of clock was withdrawn
			t.Errorf("the checkpoint has %d values: %v", len(saved), slices.Sorted(maps.Keys(saved)))
		}
		if removed > 300 {
			t.Errorf("%d values were removed", removed)
		}
	})
}
