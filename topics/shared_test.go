package topics

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRewind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		for range 3 {
			r.put("chat", `1`)
		}
		q := Request{Filter: r.filter("chat"), After: "mem-0", Wire: r.wire}
		whole := r.Subscribe(q)
		whole.Next(false)
		batch := string(whole.Next(false))
		whole.Close()
		for n := range len(batch) + 1 {
			s := r.Subscribe(q)
			s.Next(false)
			s.Next(false)
			rest := string(s.Rewind(n))
			frames := strings.Count(batch[:n]+rest, "\n") // that are out with the rest
			if !strings.HasPrefix(batch, batch[:n]+rest) || (n+len(rest) > 0 && batch[n+len(rest)-1] != '\n') {
				t.Errorf("cut at %d: the rest is %q", n, rest)
			}
			if s.Position().Seq != uint64(frames) {
				t.Errorf("cut at %d: position %v, %d frames are out", n, s.Position(), frames)
			}
			var after []line
			for bytes := s.Next(false); bytes != nil; bytes = s.Next(false) {
				after = append(after, parseLines(t, bytes)...)
			}
			expect := strings.Fields("1 2 3 live")[frames:]
			want(t, fmt.Sprintf("after a cut at %d", n), after, strings.Join(expect, " "))
			s.Close()
		}
		s := r.Subscribe(Request{Filter: q.Filter, Wire: r.wire})
		for range 3 { // what has no place comes back whole: stream, snapshot, live
			bytes := string(s.Next(false))
			if rest := string(s.Rewind(5)); rest != bytes[5:] {
				t.Errorf("rest %q of %q", rest, bytes)
			}
		}
		if bytes := s.Next(false); bytes != nil || s.Position().Seq != 3 {
			t.Errorf("then %q at %v", bytes, s.Position())
		}
		s.Close()
	})
}

// A leader that is reset twice must not disturb who forked in between.
func TestForkKeepsItsOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Events: 16, Heartbeat: time.Hour})
		rd := r.join("chat")
		overrun := func() {
			for range 20 {
				r.put("chat", `1`)
			}
		}
		overrun()
		bytes := rd.Next(false)
		own, rest := rd.Fork(7)
		rd.Stand(0)
		if string(bytes[7:]) != string(rest) {
			t.Errorf("rest %q of %q", rest, bytes)
		}
		for rd.Next(false) != nil {
		}
		overrun()
		for rd.Next(false) != nil {
		}
		fork := &reader{Subscription: own, t: t}
		want(t, "first reset", append(fork.next(false), fork.next(false)...), "*18 *19 *20 live:20")
		want(t, "second reset", fork.drain(), "open:reset:expired *38 *39 *40 live:40")
		if u := r.Usage(); u.Cohorts != 1 || u.Readers != 1 {
			t.Errorf("%d readers in %d cohorts, want 1 in 1", u.Readers, u.Cohorts)
		}
		rd.Close()
		r.put("chat", `1`)
		want(t, "alone", fork.drain(), "41")
		fork.Close()
		if u := r.Usage(); u.Cohorts != 0 || u.Readers != 0 {
			t.Errorf("%+v is left", u)
		}
	})
}

func TestLevelAndNextTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: 15 * time.Second})
		leader := r.join("chat")
		level := func(what string, rd *reader, expect bool) {
			t.Helper()
			if got := rd.Level(leader.Subscription); got != expect {
				t.Errorf("%s: level %v", what, got)
			}
		}
		rd := r.subscribe(Request{Filter: r.filter("chat"), After: "mem-0"})
		level("before its opening", rd, false)
		rd.next(false)
		level("before live", rd, false)
		want(t, "live", rd.next(false), "live:0")
		level("after live", rd, true)
		for range 4 {
			r.put("chat", `1`)
			r.put("clock", `1`)
		}
		level("both behind", rd, true)
		leader.drain()
		level("behind", rd, false)
		r.put("chat", `1`) // 9
		to := func() []line { return parseLines(t, rd.NextTo(leader.Subscription, false)) }
		want(t, "up to the leader", to(), "1 3 5 7")
		want(t, "and no further", to(), "")
		level("caught up", rd, true)
		rd.drain()
		level("ahead", rd, false)
		want(t, "ahead", to(), "")
		leader.drain()
		level("level", rd, true)

		time.Sleep(16 * time.Second)
		fresh := r.subscribe(Request{Filter: r.filter("chat")})
		fresh.drain()
		level("a heartbeat lies before the leader", fresh, false)
		want(t, "heartbeat", leader.drain(), "beat")
		level("and behind it", fresh, true)
		other := r.join("clock")
		level("another cohort", other, false)
		r.put("clock", `1`)
		again := r.subscribe(Request{Filter: r.filter("chat")})
		level("fresh, before its opening", again, false)
		if rd.Level(again.Subscription) {
			t.Error("level with one before its opening")
		}
		for _, rd := range []*reader{leader, rd, fresh, other, again} {
			rd.Close()
		}
	})
}

// Who is behind what the cohort remembers is not taken for level.
func TestLevelBehindWhatTheCohortRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: time.Hour})
		r.put("chat", `1`)
		old := r.subscribe(Request{Filter: r.filter("chat")})
		old.drain()
		leader := r.join("chat")
		for range 3 * maxPlaces / 500 {
			drafts := make([]Draft, 500)
			for i := range drafts {
				drafts[i] = Draft{Topic: "chat", Data: []byte(`1`)}
			}
			r.publish(drafts...)
		}
		leader.drain()
		leader.cohort.places = leader.cohort.places[:0] // as if all that is remembered were newer
		leader.cohort.base = leader.Position().Seq
		if old.Level(leader.Subscription) {
			t.Error("level")
		}
		if old.Cohort() != leader.Cohort() {
			t.Error("not of one cohort")
		}
		old.Close()
		leader.Close()
	})
}

func TestNotify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: 15 * time.Second})
		a, b := r.join("chat"), r.join("chat")
		told := make(chan string, 100)
		a.Notify(func() { told <- "a" })
		b.Notify(func() { told <- "b" })
		expect := func(what string, n int) {
			t.Helper()
			synctest.Wait()
			if len(told) != n {
				t.Errorf("%s: told %d times, want %d", what, len(told), n)
			}
			for len(told) > 0 {
				<-told
			}
		}
		r.put("chat", `1`)
		expect("event", 2)
		r.put("clock", `1`)
		expect("another topic", 0)
		r.publish(Draft{Topic: "chat", Data: []byte(`1`)}, Draft{Topic: "chat", Data: []byte(`1`)})
		expect("unit of two", 2)
		time.Sleep(16 * time.Second)
		expect("heartbeat", 2)
		b.Notify(nil)
		r.put("chat", `1`)
		expect("without b", 1)
		a.Close()
		r.put("chat", `1`)
		expect("closed", 0)
		b.Close()
	})
}
