package topics

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestFreshStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		r.put("stock", `{"symbol":"A","p":1}`) // 1
		r.put("news", `{"id":"n1"}`)           // 2
		r.put("stock", `{"symbol":"B","p":1}`) // 3
		r.put("stock", `{"symbol":"A","p":2}`) // 4
		r.put("weather", `{"location":"X"}`)   // 5
		rd := r.subscribe(Request{Filter: r.filter("stock,news")})
		want(t, "fresh", rd.drain(), "open:fresh *2 *3 *4 live:5")
		r.publish(Draft{Topic: "stock", Data: []byte(`{"symbol":"C"}`)}, Draft{Topic: "chat", Data: []byte(`1`)}, Draft{Topic: "news", Data: []byte(`{}`)})
		want(t, "live", rd.drain(), "6 8")
		r.retract("stock", "C")
		want(t, "retraction", rd.drain(), "-9")
		if again := rd.drain(); again != nil {
			t.Errorf("level reader got %q", brief(again))
		}
		r.retract("news", "n1")
		rd2 := r.subscribe(Request{Filter: r.filter("*")})
		want(t, "everything", rd2.drain(), "open:fresh *3 *4 *5 *7 *8 live:10")
		rd3 := r.subscribe(Request{Filter: r.filter("*"), NoSnapshot: true})
		want(t, "no snapshot", rd3.drain(), "open:fresh live:10")
		for _, rd := range []*reader{rd, rd2, rd3} {
			rd.Close()
		}
	})
}

// At every position there is: all that was missed follows, each once, then live.
func TestResumeAtEveryPosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		for n := range 40 {
			switch n % 4 {
			case 0:
				r.put("news", `{}`)
			case 1:
				r.put("stock", fmt.Sprintf(`{"symbol":%q}`, "AB"[n/4%2:n/4%2+1]))
			default:
				r.put("chat", `1`)
			}
		}
		for _, types := range []string{"news", "stock.A", "stock.A,news", "*", "weather", "chat,stock.B"} {
			level := r.join(types) // the cohort knows later places only
			for after := range uint64(41) {
				rd := r.subscribe(Request{Filter: r.filter(types), After: ID{"mem", after}.String()})
				expect := "open:resumed"
				last := after
				for _, e := range r.log.all() {
					if e.Seq > after && rd.cohort.filter.matches(&e) {
						expect += fmt.Sprintf(" %d", e.Seq)
						last = e.Seq
					}
				}
				if last == 40 && after != 40 {
					expect += " live" // the event had that id
				} else {
					expect += " live:40"
				}
				want(t, fmt.Sprintf("%s after %d", types, after), rd.drain(), expect)
				rd.Close()
			}
			level.Close()
		}
		rd := r.subscribe(Request{Filter: r.filter("news"), After: "mem-37"})
		r.put("news", `{}`)
		r.put("chat", `1`)
		want(t, "events during a replay", rd.drain(), "open:resumed live:40 41")
		rd.Close()
	})
}

func TestResetReasons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Events: 16})
		for range 20 {
			r.put("chat", `1`)
		}
		var streams []*reader
		snapshot := " *18 *19 *20 live:20"
		for _, tt := range []struct{ after, want string }{
			{"mem-3", "open:reset:expired" + snapshot},
			{"mem-0", "open:reset:expired" + snapshot},
			{"mem-4", "open:resumed 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 live"},
			{"mem-20", "open:resumed live:20"},
			{"mem-21", "open:reset:future" + snapshot},
			{"mem-18446744073709551615", "open:reset:future" + snapshot},
			{"men-19", "open:reset:epoch" + snapshot},
			{"men-0", "open:reset:epoch" + snapshot},
			{"19", "open:reset:unknown" + snapshot},
			{"mem-019", "open:reset:unknown" + snapshot},
			{"mem-19\x00", "open:reset:unknown" + snapshot},
			{strings.Repeat("x", 10000), "open:reset:unknown" + snapshot},
		} {
			rd := r.subscribe(Request{Filter: r.filter("chat"), After: tt.after})
			want(t, fmt.Sprintf("after %.30q", tt.after), rd.drain(), tt.want)
			defer rd.Close()
			streams = append(streams, rd)
		}
		r.put("chat", `1`)
		for _, rd := range streams {
			want(t, "it goes on", rd.drain(), "21")
		}
	})
}

func TestSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Events: 16})
		begin := time.Now()
		for range 5 {
			r.put("chat", `1`)
			time.Sleep(time.Minute)
		}
		for _, tt := range []struct {
			since time.Duration
			want  string
		}{
			{-time.Hour, "open:resumed 1 2 3 4 5 live"},
			{0, "open:resumed 1 2 3 4 5 live"},
			{time.Second, "open:resumed 2 3 4 5 live"},
			{3 * time.Minute, "open:resumed 4 5 live"},
			{5 * time.Minute, "open:resumed live:5"},
			{time.Hour, "open:resumed live:5"},
		} {
			rd := r.subscribe(Request{Filter: r.filter("chat"), Since: begin.Add(tt.since)})
			want(t, fmt.Sprintf("since %v", tt.since), rd.drain(), tt.want)
			rd.Close()
		}
		rd := r.subscribe(Request{Filter: r.filter("chat"), Since: begin, After: "mem-4"})
		want(t, "the position wins", rd.drain(), "open:resumed 5 live")
		rd.Close()
		for range 20 {
			r.put("chat", `1`)
		}
		rd = r.subscribe(Request{Filter: r.filter("chat"), Since: begin})
		want(t, "since what has left the tape", rd.drain(), "open:reset:expired *23 *24 *25 live:25")
		rd.Close()
	})
}

func TestReaderThatFallsOffTheTape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Events: 16})
		rd, quiet := r.join("chat,stock"), r.join("news")
		r.put("stock", `{"symbol":"A"}`)
		for range 16 {
			r.put("chat", `1`)
		}
		want(t, "lost", rd.drain(), "open:reset:expired *1 *15 *16 *17 live:17")
		r.put("chat", `1`)
		want(t, "it goes on", rd.drain(), "18")
		r.put("news", `{}`)
		want(t, "nothing lost that was wanted", quiet.drain(), "19")

		replay := r.subscribe(Request{Filter: r.filter("chat"), After: "mem-5"})
		want(t, "opening", replay.next(false), "open:resumed")
		for range 16 {
			r.put("chat", `1`)
		}
		want(t, "lost while replaying", replay.drain(), "open:reset:expired *33 *34 *35 live:35")
		if lag := rd.Lag(); lag != 16 {
			t.Errorf("lag %d, want 16", lag)
		}
		want(t, "just not lost", rd.drain(), brief(rd.lines[len(rd.lines)-16:]))
		if rd.Lag() != 0 || rd.Position() != (ID{"mem", 35}) {
			t.Errorf("level: lag %d at %v", rd.Lag(), rd.Position())
		}
		for _, rd := range []*reader{rd, quiet, replay} {
			rd.Close()
		}
	})
}

// A log may lose events that no process has read. No reader passes over them unnoticed.
func TestGapInTheLogResetsReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{})
		rd, other, paced := r.join("chat"), r.join("weather"), r.subscribe(Request{Filter: r.filter("chat"), Every: time.Minute})
		paced.drain()
		r.put("chat", `1`)
		want(t, "before", rd.drain(), "1")
		log.set(func(l *memLog) { l.held = true })
		for range 9 {
			if _, err := r.Publish(t.Context(), "", Draft{Topic: "chat", Data: []byte(`1`)}); err != nil {
				t.Fatal(err)
			}
		}
		log.retain(6)
		signal := changed(other.Subscription)
		log.set(func(l *memLog) { l.held = false })
		r.await(ID{"mem", 10})
		<-signal
		want(t, "gap", rd.drain(), "open:reset:expired *8 *9 *10 live:10")
		want(t, "gap for a filter that may have lost something", other.drain(), "open:reset:expired live:10")
		want(t, "gap with an interval", paced.drain(), "open:reset:expired *8 *9 *10 live:10")
		late := r.subscribe(Request{Filter: r.filter("chat"), After: "mem-4"})
		want(t, "resume in the gap", late.drain(), "open:reset:expired *8 *9 *10 live:10")
		edge := r.subscribe(Request{Filter: r.filter("chat"), After: "mem-5"})
		want(t, "resume at the end of the gap", edge.drain(), "open:resumed 6 7 8 9 10 live")
		r.put("chat", `1`)
		want(t, "after", rd.drain(), "11")
		for _, rd := range []*reader{rd, other, paced, late, edge} {
			rd.Close()
		}
	})
}

func TestLateMeansNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		rd, slow := r.join("*"), r.join("*")
		r.put("stock", `{"symbol":"A"}`)     // 1: replaced by 6
		r.put("news", `{"id":"n"}`)          // 2
		r.put("news", `{"id":"n"}`)          // 3: a correction is an event of its own
		r.put("stock", `{"symbol":"B"}`)     // 4
		r.put("weather", `{"location":"A"}`) // 5: the same key of another topic
		r.put("stock", `{"symbol":"A"}`)     // 6: replaced by its withdrawal
		r.put("clock", `1`)                  // 7: replaced by 10
		r.retract("stock", "A")              // 8
		r.put("chat", `1`)                   // 9
		r.put("clock", `2`)                  // 10
		r.retract("clock", "mem-7")          // 11: not of 10
		want(t, "late", rd.next(true), "2 3 4 5 -8 9 10 -11")
		want(t, "level", rd.next(true), "")
		want(t, "not late", slow.next(false), "1 2 3 4 5 6 7 -8 9 10 -11")
		r.put("stock", `{"symbol":"A"}`)
		want(t, "both", append(rd.next(true), slow.next(false)...), "12 12")
		replay := r.subscribe(Request{Filter: r.filter("*"), After: "mem-0"})
		replay.next(false)
		want(t, "late replay", replay.next(true), "2 3 4 5 9 10 -11 12")
		want(t, "its end", replay.next(true), "live")
		for _, rd := range []*reader{rd, slow, replay} {
			rd.Close()
		}
	})
}

// A batch is at most MaxBatchBytes, or one event; nothing is lost at the seams.
func TestBatchesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		for _, late := range []bool{false, true} {
			rd := r.join("news,stock")
			var expect []uint64
			for n := range 60 {
				pad := strings.Repeat("x", 10_000)
				switch {
				case n == 30:
					pad = strings.Repeat("x", 200_000)
				case n%7 == 0:
					pad = ""
				}
				id := r.put([]string{"news", "stock"}[n%2], fmt.Sprintf(`{"symbol":"%d","pad":%q}`, n%10, pad))
				if late && n%2 == 1 && n < 50 {
					continue // replaced
				}
				expect = append(expect, id.Seq)
			}
			var got []uint64
			batches := 0
			for {
				bytes := rd.Next(late)
				if bytes == nil {
					break
				}
				lines := parseLines(t, bytes)
				if len(bytes) > MaxBatchBytes && len(lines) > 1 {
					t.Errorf("late %v: %d events in %d bytes", late, len(lines), len(bytes))
				}
				for _, l := range lines {
					got = append(got, l.Seq)
				}
				batches++
			}
			if fmt.Sprint(got) != fmt.Sprint(expect) {
				t.Errorf("late %v: got  %v\nwant %v", late, got, expect)
			}
			if batches < 5 || batches > 25 {
				t.Errorf("late %v: %d batches", late, batches)
			}
			rd.Close()
		}
	})
}

func TestChangedWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: time.Hour})
		rd := r.join("stock.A")
		signal := changed(rd.Subscription)
		r.put("stock", `{"symbol":"B"}`)
		select {
		case <-signal:
			t.Error("woken for another key")
		default:
		}
		r.put("stock", `{"symbol":"A"}`)
		<-signal
		want(t, "event", rd.drain(), "2")
		rd.Close()
	})
}

// How far is looked ahead for newer values is bounded; nothing is lost at that bound.
func TestLateFarBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		rd, paced := r.join("stock,news"), r.subscribe(Request{Filter: r.filter("stock,news"), Every: time.Second})
		paced.drain()
		var news []uint64
		for n := range 12 {
			drafts := make([]Draft, MaxBatch)
			for i := range drafts {
				drafts[i] = Draft{Topic: "stock", Data: fmt.Appendf(nil, `{"symbol":"%d"}`, i%2)}
			}
			drafts[n] = Draft{Topic: "news", Data: []byte(`{}`)}
			news = append(news, r.publish(drafts...)[n].Seq)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for _, rd := range []*reader{rd, paced} {
			late := rd.cohort.every == 0
			for rd.next(late) != nil {
			}
			var gotNews, stock []uint64
			for _, l := range rd.lines {
				switch l.Topic {
				case "news":
					gotNews = append(gotNews, l.Seq)
				case "stock":
					stock = append(stock, l.Seq)
				}
			}
			if !slices.Equal(gotNews, news) {
				t.Errorf("late %v: news %v, want %v", late, gotNews, news)
			}
			if n := len(stock); n > 6 || n < 2 || stock[n-2] != 11_999 || stock[n-1] != 12_000 {
				t.Errorf("late %v: stock %v, want few, the last two among them", late, stock)
			}
			rd.Close()
		}
	})
}
