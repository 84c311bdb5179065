package topics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func chats(texts ...string) []Draft {
	var drafts []Draft
	for _, text := range texts {
		drafts = append(drafts, Draft{Topic: "chat", Data: []byte(text)})
	}
	return drafts
}

func (r *rig) stored(n int) {
	r.t.Helper()
	if stored, _ := r.log.count(); stored != n {
		r.t.Errorf("%d events are stored, want %d", stored, n)
	}
}

func TestIdempotentPublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{})
		publish := func(key string, drafts []Draft) ([]ID, error) { return r.Publish(t.Context(), key, drafts...) }
		again := func(what string) {
			t.Helper()
			ids, err := publish("key", chats(`1`, ` [ 2 ] `))
			if err != nil || !slices.Equal(ids, []ID{{"mem", 1}, {"mem", 2}}) {
				t.Errorf("%s: %v, %v", what, ids, err)
			}
			r.stored(2)
		}
		again("first")
		again("at once")
		synctest.Wait()
		again("from the tape")
		for _, other := range [][]Draft{
			chats(`1`), chats(`1`, `3`), chats(`1`, `[2]`, `[2]`), chats(`[2]`, `1`),
			{{Topic: "chat", Data: []byte(`1`), Text: true}, {Topic: "chat", Data: []byte(`[2]`)}},
			{{Topic: "chat", Data: []byte(`1`)}, {Topic: "clock", Data: []byte(`[2]`)}},
		} {
			if _, err := publish("key", other); !errors.Is(err, ErrIdempotency) {
				t.Errorf("other body %+v: %v", other, err)
			}
		}
		again("after other bodies")
		for n := range 3 {
			_ = r.stop()
			r = start(t, log, Options{})
			again(fmt.Sprint("restart ", n+1))
			if _, err := publish("key", chats(`9`)); !errors.Is(err, ErrIdempotency) {
				t.Errorf("other body after a restart: %v", err)
			}
		}
		if ids, err := publish("key", []Draft{{Topic: "clock", Data: []byte(`1`)}}); err != nil || ids[0].Seq != 3 {
			t.Errorf("same key in another topic: %v, %v", ids, err)
		}
		if ids, err := publish("", chats(`1`)); err != nil || ids[0].Seq != 4 {
			t.Errorf("no key: %v, %v", ids, err)
		}
		if ids, err := publish("", chats(`1`)); err != nil || ids[0].Seq != 5 {
			t.Errorf("no key again: %v, %v", ids, err)
		}
	})
}

func TestConcurrentPublishesOfOneKeyStoreOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{})
		log.set(func(l *memLog) { l.slow = time.Second })
		var wg sync.WaitGroup
		for n := range 50 {
			wg.Go(func() {
				if n%10 == 9 {
					if _, err := r.Publish(t.Context(), "key", chats(`"other"`)...); !errors.Is(err, ErrIdempotency) {
						t.Errorf("other body: %v", err)
					}
					return
				}
				ids, err := r.Publish(t.Context(), "key", chats(`1`, `2`)...)
				if err != nil || !slices.Equal(ids, []ID{{"mem", 1}, {"mem", 2}}) {
					t.Errorf("%v, %v", ids, err)
				}
			})
			if n == 0 {
				synctest.Wait() // so that its body is the first
			}
		}
		wg.Wait()
		r.stored(2)
		if _, appends := log.count(); appends != 1 {
			t.Errorf("%d appends", appends)
		}
	})
}

// A refusal is not remembered, and those who waited for it try for themselves.
func TestRefusedPublishMayBeTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{})
		log.set(func(l *memLog) { l.refuse, l.slow = ErrUnavailable, time.Second })
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if _, err := r.Publish(t.Context(), "key", chats(`1`)...); !errors.Is(err, ErrUnavailable) {
					t.Errorf("refused: %v", err)
				}
			})
		}
		wg.Wait()
		if len(r.idempotency.byKey) != 0 || r.idempotency.order.Len() != 0 {
			t.Errorf("%d keys are remembered", len(r.idempotency.byKey))
		}
		log.set(func(l *memLog) { l.refuse = nil })
		if ids, err := r.Publish(t.Context(), "key", chats(`"another"`)...); err != nil || ids[0].Seq != 1 {
			t.Errorf("again: %v, %v", ids, err)
		}
	})
}

func TestLostAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		keep   bool // the log has stored it
		lose   error
		cancel bool // the caller has gone
	}{
		{"stored", true, fmt.Errorf("log: %w", ErrUnknownOutcome), false},
		{"not stored", false, fmt.Errorf("log: %w", ErrUnknownOutcome), false},
		{"stored, caller gone", true, context.Canceled, true},
		{"not stored, caller gone", false, context.Canceled, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			log := newMemLog()
			r := start(t, log, Options{})
			r.put("chat", `0`)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			log.set(func(l *memLog) { l.lose, l.keep = tt.lose, tt.keep })
			if tt.cancel {
				cancel()
			}
			ids, err := r.Publish(ctx, "key", chats(`1`)...)
			switch {
			case tt.keep && (err != nil || ids[0].Seq != 2):
				t.Errorf("%s: %v, %v; the log tells", tt.name, ids, err)
			case !tt.keep && !errors.Is(err, tt.lose):
				t.Errorf("%s: %v", tt.name, err)
			}
			log.set(func(l *memLog) { l.lose = nil })
			for range 2 {
				if ids, err := r.Publish(t.Context(), "key", chats(`1`)...); err != nil || ids[0].Seq != 2 {
					t.Errorf("%s, again: %v, %v", tt.name, ids, err)
				}
			}
			r.stored(2)
		})
	}
}

// While neither the answer nor the log can be had, nothing is stored again; nobody
// waits for ever.
func TestUndecidedPublish(t *testing.T) {
	for _, keep := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			log := newMemLog()
			r := start(t, log, Options{})
			log.set(func(l *memLog) {
				l.lose, l.keep, l.mute, l.held, l.slow = ErrUnknownOutcome, keep, true, true, time.Second
			})
			var wg sync.WaitGroup
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			begin := time.Now()
			for range 3 {
				wg.Go(func() {
					if ids, err := r.Publish(ctx, "key", chats(`1`)...); !errors.Is(err, ErrUnknownOutcome) {
						t.Errorf("undecided: %v, %v", ids, err)
					}
				})
			}
			wg.Wait()
			if waited := time.Since(begin); waited > 20*time.Second {
				t.Errorf("waited %v", waited)
			}
			if _, appends := log.count(); appends != 1 {
				t.Errorf("%d appends", appends)
			}
			if _, err := r.Publish(t.Context(), "key", chats(`2`)...); !errors.Is(err, ErrIdempotency) {
				t.Errorf("other body while undecided: %v", err)
			}
			log.set(func(l *memLog) { l.lose, l.mute, l.held = nil, false, false })
			for range 2 {
				if ids, err := r.Publish(t.Context(), "key", chats(`1`)...); err != nil || ids[0].Seq != 1 {
					t.Errorf("decided: %v, %v", ids, err)
				}
			}
			r.stored(1)
		})
	}
}

// The moment in which the tape has an event must not be one in which its key is unknown.
func TestLostAnswersNeverStoreTwice(t *testing.T) {
	log := newMemLog()
	r := start(t, log, Options{})
	log.set(func(l *memLog) { l.lose, l.keep = ErrUnknownOutcome, true })
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for n := range 300 {
				key := fmt.Sprintf("%d-%d", worker, n)
				ids, err := r.Publish(t.Context(), key, chats(`1`, `2`)...)
				if err != nil || len(ids) != 2 {
					t.Errorf("%s: %v, %v", key, ids, err)
					return
				}
			}
		})
	}
	wg.Wait()
	r.stored(2400)
}

// Another process may use a key at the same time for something else.
func TestForeignEventsOfAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{})
		gate := make(chan struct{})
		log.set(func(l *memLog) { l.gate, l.lose = gate, ErrUnknownOutcome })
		result := make(chan error)
		go func() {
			_, err := r.Publish(t.Context(), "key", chats(`"ours"`)...)
			result <- err
		}()
		synctest.Wait()
		theirs := Event{Topic: "chat", Data: []byte(`"theirs"`), Idempotency: Idempotency{Key: "chat/key", Hash: 1, Count: 1}}
		log.set(func(l *memLog) { l.storeLocked([]Event{theirs}) })
		synctest.Wait()
		close(gate)
		if err := <-result; !errors.Is(err, ErrUnknownOutcome) {
			t.Errorf("ours was not stored, but Publish = %v", err)
		}
	})
}

func TestIdempotencyIsBounded(t *testing.T) {
	i := newIdempotency()
	waiting, mine, err := i.begin("first", 1, 1)
	if err != nil || !mine {
		t.Fatal(err)
	}
	for n := range maxIdempotencyKeys + 10 {
		i.stored(&Event{Seq: uint64(n + 1), Idempotency: Idempotency{Key: fmt.Sprint(n), Hash: 7, Count: 1}})
	}
	if len(i.byKey) != maxIdempotencyKeys || i.order.Len() != maxIdempotencyKeys {
		t.Errorf("%d keys, %d in order", len(i.byKey), i.order.Len())
	}
	if i.byKey["9"] != nil || i.byKey["10"] == nil {
		t.Error("the oldest is not the one forgotten")
	}
	i.fail(waiting) // forgotten while it ran
	if len(i.byKey) != maxIdempotencyKeys || i.order.Len() != maxIdempotencyKeys {
		t.Errorf("after a failure: %d keys, %d in order", len(i.byKey), i.order.Len())
	}
}
