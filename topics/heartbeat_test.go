package topics

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestHeartbeatComesAfterSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: 15 * time.Second})
		done := make(chan struct{})
		rd := r.subscribe(Request{Filter: r.filter("news")})
		lines := follow(rd, done)
		begin := time.Now()
		time.Sleep(10 * time.Second)
		r.put("news", `{}`) // at 10 s: the silence begins again
		time.Sleep(20 * time.Second)
		r.put("stock", `{"symbol":"A"}`) // at 30 s: of no interest
		time.Sleep(24 * time.Second)
		close(done)
		got := lines()
		want(t, "stream", got, "open:fresh live:0 1 beat beat:2")
		for i, at := range map[int]time.Duration{3: 25 * time.Second, 4: 40 * time.Second} {
			if after := got[i].Time.Sub(begin); after < at || after > at+2*time.Second {
				t.Errorf("heartbeat after %v, want %v", after, at)
			}
		}
		rd.Close()
	})
}

func TestHeartbeatIsABookmark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: 15 * time.Second, Events: 16})
		rd, level := r.join("news"), r.join("news")
		beat := func(what, text string) string {
			t.Helper()
			time.Sleep(16 * time.Second)
			lines := rd.drain()
			want(t, what, lines, text)
			return lines[len(lines)-1].ID
		}
		beat("nothing moved", "beat")
		beat("nothing moved again", "beat")
		for range 30 { // the whole tape is of no interest
			r.put("chat", `1`)
		}
		mark := beat("others printed", "beat:30")
		beat("and then no one", "beat")
		back := r.subscribe(Request{Filter: r.filter("news"), After: mark})
		want(t, "resumed from the bookmark", back.drain(), "open:resumed live:30")
		r.put("news", `{}`)
		r.put("chat", `1`)
		want(t, "event", rd.drain(), "31")
		want(t, "event", back.drain(), "31")
		beat("bookmark after an event", "beat:32")
		want(t, "bookmark for the other", back.drain(), "beat:32")
		want(t, "who did not read gets events and the newest heartbeat alone", level.drain(), "31")
		time.Sleep(16 * time.Second)
		want(t, "and then goes on", level.drain(), "beat")
		for _, rd := range []*reader{rd, level, back} {
			rd.Close()
		}
	})
}

func TestHeartbeatNeverBeforeEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: 15 * time.Second})
		rd := r.join("news")
		r.put("news", `{}`)
		r.put("chat", `1`)
		time.Sleep(50 * time.Second)
		want(t, "events first, and they are sign enough", rd.drain(), "1")
		replay := r.subscribe(Request{Filter: r.filter("news"), After: "mem-0"})
		replay.next(false)
		time.Sleep(50 * time.Second)
		want(t, "in a replay", replay.drain(), "1 live:2")
		rd.Close()
		replay.Close()
	})
}

// Who joined between an event and a heartbeat has an id that the heartbeat must not repeat.
func TestHeartbeatRepeatsNoID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: 15 * time.Second})
		rd := r.join("news")
		r.put("chat", `1`)
		r.put("chat", `1`)
		joined := r.subscribe(Request{Filter: r.filter("news")})
		want(t, "joined", joined.drain(), "open:fresh live:2")
		resumed := r.subscribe(Request{Filter: r.filter("news"), After: "mem-1"})
		want(t, "resumed", resumed.drain(), "open:resumed live:2")
		time.Sleep(16 * time.Second)
		for _, rd := range []*reader{joined, resumed, rd} {
			want(t, "heartbeat", rd.drain(), "beat")
		}
		r.put("chat", `1`)
		pending := r.subscribe(Request{Filter: r.filter("news")}) // its live is not read yet
		time.Sleep(16 * time.Second)
		want(t, "heartbeat after live", pending.drain(), "open:fresh live:3 beat")
		for _, rd := range []*reader{joined, resumed, rd, pending} {
			rd.Close()
		}
	})
}
