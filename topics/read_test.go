package topics

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func seqs(p Page) []uint64 {
	var all []uint64
	for _, e := range p.Events {
		all = append(all, e.Seq)
	}
	return all
}

func TestReadCurrentValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		if p := r.Read(Request{Filter: r.filter("*")}, 5); len(p.Events) != 0 || p.More || p.State != Fresh || p.Cursor != (ID{"mem", 0}) {
			t.Errorf("empty: %+v", p)
		}
		for n := range 8 {
			r.put("stock", fmt.Sprintf(`{"symbol":"%d"}`, n))
		}
		r.put("chat", `1`)
		for _, tt := range []struct {
			limit int
			want  []uint64
			more  bool
		}{
			{100, count(1, 8), false}, {8, count(1, 8), false}, {7, count(2, 8), true}, {1, count(8, 8), true},
			{0, count(8, 8), true}, {-1, count(8, 8), true},
		} {
			p := r.Read(Request{Filter: r.filter("stock")}, tt.limit)
			if !slices.Equal(seqs(p), tt.want) || p.More != tt.more || p.Cursor.Seq != 9 || p.State != Fresh {
				t.Errorf("limit %d: %v, more %v, cursor %v", tt.limit, seqs(p), p.More, p.Cursor)
			}
		}
		if p := r.Read(Request{Filter: r.filter("stock"), NoSnapshot: true}, 5); len(p.Events) != 0 || p.More || p.Cursor.Seq != 9 {
			t.Errorf("without values: %+v", p)
		}
		p := r.Read(Request{Filter: r.filter("stock.3"), After: "zzz-3"}, 5)
		if p.State != Reset || p.Reason != Epoch || !slices.Equal(seqs(p), []uint64{4}) {
			t.Errorf("reset: %+v", p)
		}
	})
}

// Walking by cursor covers everything exactly once, while events keep coming.
func TestReadByCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		for n := range 100 {
			r.put([]string{"chat", "news", "clock"}[n%3], `1`)
		}
		for limit := 1; limit < 40; limit++ {
			var expect, got []uint64
			cursor := ID{"mem", 0}
			for pages := 0; ; pages++ {
				p := r.Read(Request{Filter: r.filter("chat,news"), After: cursor.String()}, limit)
				if p.State != Resumed || len(p.Events) > limit || (p.More && len(p.Events) < limit) {
					t.Fatalf("limit %d: %+v", limit, p)
				}
				got = append(got, seqs(p)...)
				cursor = p.Cursor
				if pages == 2 {
					r.put("chat", `1`)
				}
				if !p.More {
					break
				}
			}
			for _, e := range r.log.all() {
				if e.Topic != "clock" {
					expect = append(expect, e.Seq)
				}
			}
			if last := len(expect) - 1; len(got) == last { // it came after the last page
				expect = expect[:last]
			}
			if !slices.Equal(got, expect) {
				t.Fatalf("limit %d: got %v, want %v", limit, got, expect)
			}
		}
		p := r.Read(Request{Filter: r.filter("chat"), Since: time.Now().Add(-time.Hour)}, 2)
		if p.State != Resumed || !slices.Equal(seqs(p), []uint64{1, 4}) || !p.More || p.Cursor.Seq != 4 {
			t.Errorf("since: %+v", p)
		}
		if p := r.Read(Request{Filter: r.filter("chat"), After: r.Head().String()}, 2); len(p.Events) != 0 || p.More || p.Cursor != r.Head() {
			t.Errorf("level: %+v", p)
		}
		if p := r.Read(Request{Filter: r.filter("chat"), After: "mem-0"}, 0); len(p.Events) != 1 || !p.More {
			t.Errorf("limit 0: %+v", p)
		}
	})
}

func TestTag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		for n := range 12 {
			r.put("stock", fmt.Sprintf(`{"symbol":"%d"}`, n%4))
		}
		r.put("chat", `1`)
		tags := map[string]string{}
		see := func(what string, p Page) {
			t.Helper()
			if other, ok := tags[p.Tag]; ok {
				t.Errorf("%s has the tag of %s", what, other)
			}
			if tags[p.Tag] = what; p.Tag == "" {
				t.Errorf("%s has no tag", what)
			}
		}
		get := func(types, after string, limit int) Page {
			return r.Read(Request{Filter: r.filter(types), After: after}, limit)
		}
		see("stock", get("stock", "", 100))
		see("stock, 3 values", get("stock", "", 3))
		see("stock, 2 values", get("stock", "", 2))
		see("stock.1", get("stock.1", "", 100))
		see("stock.1 and stock.2", get("stock.1,stock.2", "", 100))
		see("chat", get("chat", "", 100))
		see("nothing", get("news", "", 100))
		see("nothing else", get("weather", "", 100))
		see("stock after 1", get("stock", "mem-1", 100))
		see("stock after 8", get("stock", "mem-8", 100))
		see("stock after 12", get("stock", "mem-12", 100))
		see("reset", get("stock", "new-12", 100))
		before := get("stock", "", 100)
		r.put("chat", `2`)
		time.Sleep(time.Second)
		if after := get("stock", "", 100); after.Tag != before.Tag {
			t.Error("the tag changed with another topic")
		}
		r.put("stock", `{"symbol":"0"}`)
		see("new value", get("stock", "", 100))
		r.retract("stock", "0")
		see("withdrawn value", get("stock", "", 100))
	})
}

func TestWaitWakesOnMatchingEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Events: 16})
		r.put("stock", `{"symbol":"A"}`)
		wait := func(ctx context.Context, types string, after ID) <-chan bool {
			got := make(chan bool, 1)
			go func() { got <- r.Wait(ctx, r.filter(types), r.wire, after) }()
			return got
		}
		if !<-wait(t.Context(), "stock", ID{"mem", 0}) {
			t.Error("Wait for what is there already = false")
		}
		woken := wait(t.Context(), "stock.B,chat", r.Head())
		for range 20 { // also beyond what the tape holds
			r.put("stock", `{"symbol":"A"}`)
			time.Sleep(10 * time.Second) // and through heartbeats
		}
		synctest.Wait()
		select {
		case got := <-woken:
			if page := r.Read(Request{Filter: r.filter("stock.B,chat"), After: "mem-1"}, 1); page.State != Reset {
				t.Errorf("woken (%v) by another key", got)
			}
		default:
		}
		woken = wait(t.Context(), "stock.B", r.Head())
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(woken) > 0 {
			t.Error("woken by nothing")
		}
		begin := time.Now()
		r.put("stock", `{"symbol":"B"}`)
		if !<-woken || time.Since(begin) != 0 {
			t.Errorf("not woken at once by its key, but after %v", time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if <-wait(ctx, "news", r.Head()) {
			t.Error("Wait = true without an event")
		}
		for _, after := range []ID{{"new", 1}, {"mem", 999}, {"mem", 1}} {
			if !<-wait(t.Context(), "news", after) {
				t.Errorf("Wait after %v = false; the reader has to be told", after)
			}
		}
		synctest.Wait()
		if u := r.Usage(); u.Cohorts > 1 {
			t.Errorf("%d cohorts are left", u.Cohorts)
		}
		r.put("chat", `1`) // ends the first wait, if it still waits
	})
}

// Pages and events race; every page must be of one moment.
func TestReadWhileEventsCome(t *testing.T) {
	r := start(t, newMemLog(), Options{Events: 64})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 300 {
			r.publish(slices.Repeat([]Draft{{Topic: "chat", Data: []byte(`1`)}}, 1+rand.IntN(20))...)
		}
	}()
	var next uint64 = 1
	cursor := ID{"mem", 0}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		for {
			p := r.Read(Request{Filter: r.filter("chat"), After: cursor.String()}, 10)
			if p.State == Resumed {
				for _, e := range p.Events {
					if e.Seq != next {
						t.Fatalf("event %d, want %d", e.Seq, next)
					}
					next++
				}
			} else if p.Reason != Expired {
				t.Fatalf("page: %+v", p)
			}
			cursor, next = p.Cursor, p.Cursor.Seq+1
			if !p.More || p.State != Resumed {
				break
			}
		}
	}
	if cursor.Seq != r.Head().Seq {
		t.Errorf("ended at %v, head is %v", cursor, r.Head())
	}
}
