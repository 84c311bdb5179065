package topics

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

// follow reads a stream as its events come, and notes when.
func follow(rd *reader, done <-chan struct{}) func() []line {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			signal := changed(rd.Subscription)
			for lines := rd.next(false); lines != nil; lines = rd.next(false) {
				for i := range lines {
					rd.lines[len(rd.lines)-len(lines)+i].Time = time.Now()
				}
			}
			select {
			case <-signal:
			case <-done:
				return
			}
		}
	}()
	return func() []line {
		<-ended
		return rd.lines
	}
}

func TestEveryGivesOneUpdateAKeyInTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: time.Hour})
		done := make(chan struct{})
		rd := r.subscribe(Request{Filter: r.filter("stock,chat"), Every: time.Second})
		lines := follow(rd, done)
		newest, chats := map[string]uint64{}, 0
		for n := range 300 {
			time.Sleep(37 * time.Millisecond)
			key := fmt.Sprint(n % 3)
			newest[key] = r.put("stock", fmt.Sprintf(`{"symbol":%q}`, key)).Seq
			if n%10 == 0 {
				chats++
				r.put("chat", `1`)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		close(done)
		last, seen := map[string]time.Time{}, map[string]uint64{}
		updates, place := 0, uint64(0)
		for _, l := range lines() {
			if l.Kind != "event" {
				continue
			}
			if l.place(t) <= place {
				t.Errorf("id %d after %d", l.place(t), place)
			}
			place = l.place(t)
			if l.Topic == "chat" {
				chats--
				continue
			}
			updates++
			if gap := l.Time.Sub(last[l.Key]); gap < time.Second {
				t.Errorf("key %s after %v", l.Key, gap)
			}
			last[l.Key], seen[l.Key] = l.Time, l.Seq
		}
		if chats != 0 {
			t.Errorf("%d events of an every-topic are missing", chats)
		}
		if fmt.Sprint(seen) != fmt.Sprint(newest) {
			t.Errorf("ended with %v, newest are %v", seen, newest)
		}
		if updates < 30 || updates > 36 {
			t.Errorf("%d updates of 3 keys in 11 s", updates)
		}
		rd.Close()
	})
}

func TestEveryGivesTheFirstAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: time.Hour})
		rd := r.subscribe(Request{Filter: r.filter("stock"), Every: time.Minute})
		rd.drain()
		signal := changed(rd.Subscription)
		r.put("stock", `{"symbol":"A"}`)
		<-signal
		want(t, "first", rd.drain(), "1")
		r.put("stock", `{"symbol":"A"}`)
		r.put("stock", `{"symbol":"A"}`)
		want(t, "held back", rd.drain(), "")
		begin := time.Now()
		<-changed(rd.Subscription)
		if waited := time.Since(begin); waited != time.Minute {
			t.Errorf("the next came after %v", waited)
		}
		want(t, "newest", rd.drain(), "3")
		time.Sleep(5 * time.Minute)
		signal = changed(rd.Subscription)
		r.put("stock", `{"symbol":"A"}`)
		<-signal
		want(t, "at once again after silence", rd.drain(), "4")
		rd.Close()
	})
}

// Readers who join while events are held back have them in their snapshot or replay,
// and are not given them again.
func TestEveryJoinWhileEventsAreHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: 10 * time.Second})
		q := Request{Filter: r.filter("stock"), Every: time.Minute}
		first := r.subscribe(q)
		first.drain()
		r.put("stock", `{"symbol":"A"}`)
		first.drain()
		r.put("stock", `{"symbol":"B"}`)
		fresh := r.subscribe(q)
		want(t, "fresh", fresh.drain(), "open:fresh *1 *2 live:2")
		q.After = "mem-0"
		resumed := r.subscribe(q)
		want(t, "resumed", resumed.drain(), "open:resumed 1 2 live")
		time.Sleep(59 * time.Second)
		// All of them are silent; all of them need signs of life.
		want(t, "sign of life for the first", first.drain(), "beat")
		want(t, "sign of life for fresh", fresh.drain(), "beat")
		want(t, "sign of life for resumed", resumed.drain(), "beat")
		time.Sleep(time.Second + time.Millisecond)
		want(t, "first", first.drain(), "2")
		want(t, "fresh", fresh.drain(), "")
		want(t, "resumed", resumed.drain(), "")
		r.put("stock", `{"symbol":"A"}`)
		time.Sleep(time.Minute)
		for _, rd := range []*reader{first, fresh, resumed} {
			lines := rd.drain()
			want(t, "all go on", lines[len(lines)-1:], "3")
			rd.Close()
		}
	})
}

func TestEveryTimerStopsWithItsReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		rd := r.subscribe(Request{Filter: r.filter("stock"), Every: time.Hour})
		r.put("stock", `{"symbol":"A"}`)
		r.put("stock", `{"symbol":"A"}`)
		timer := rd.cohort.timer
		if timer == nil {
			t.Fatal("nothing is held back")
		}
		rd.Close()
		if timer.Stop() {
			t.Error("the timer still ran")
		}
		r.put("stock", `{"symbol":"A"}`)
		time.Sleep(2 * time.Hour)
		if rd.cohort.timer != nil {
			t.Error("a cohort without readers has a timer")
		}
	})
}

// A paced reader that reads late gets one update a key, and all of every-topics.
func TestEveryForASlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: time.Hour})
		rd := r.subscribe(Request{Filter: r.filter("stock,news"), Every: time.Second})
		rd.drain()
		for range 5 {
			r.put("stock", `{"symbol":"A"}`)
			r.put("news", `{}`)
			time.Sleep(2 * time.Second)
		}
		want(t, "slow", rd.drain(), "2 4 6 8 9 10")
		rd.Close()
	})
}

// What others have shared is not given to a reader for whom it is out of date.
func TestEveryGivesASlowReaderNothingReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: time.Hour})
		q := Request{Filter: r.filter("stock"), Every: time.Second}
		fast, slow, level := r.subscribe(q), r.subscribe(q), r.subscribe(q)
		all := []*reader{fast, slow, level}
		r.put("stock", `{"symbol":"A"}`)
		for _, rd := range all {
			rd.drain()
		}
		r.put("stock", `{"symbol":"A"}`)
		time.Sleep(time.Second)
		synctest.Wait()
		one, two := fast.Next(false), level.Next(false)
		want(t, "fast", parseLines(t, one), "2")
		if unsafe.SliceData(one) != unsafe.SliceData(two) {
			t.Error("readers who are level share no bytes")
		}
		r.put("stock", `{"symbol":"A"}`)
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, "slow", slow.drain(), "3")
		want(t, "fast", fast.drain(), "3")
		for _, rd := range all {
			rd.Close()
		}
	})
}

// However many updates an interval has, a reader gets one: nothing bounds the search.
func TestEveryOfAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: time.Hour})
		rd := r.subscribe(Request{Filter: r.filter("stock"), Every: time.Second})
		rd.drain()
		const flood = 3*maxLookAhead + 1
		for range flood {
			r.put("stock", `{"symbol":"A"}`)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		given := 0
		for _, l := range rd.next(false) {
			if l.Kind == "event" {
				given++
			}
		}
		for lines := rd.next(false); lines != nil; lines = rd.next(false) {
			given += len(lines)
		}
		if given != 1 {
			t.Errorf("%d updates after %d in one interval; want the newest alone", given, flood)
		}
		rd.Close()
	})
}

// A reader that comes back from a long silence gets each key once, wherever its newest
// value stands.
func TestLateAfterAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: time.Hour})
		rd := r.subscribe(Request{Filter: r.filter("stock")})
		rd.drain()
		for n := range 2*maxLookAhead + 100 {
			r.put("stock", fmt.Sprintf(`{"symbol":"%d"}`, n%7))
		}
		given := 0
		for lines := rd.next(true); lines != nil; lines = rd.next(true) {
			given += len(lines)
		}
		if given != 7 {
			t.Errorf("%d events for a late reader of seven keys; want 7", given)
		}
		rd.Close()
	})
}
