package topics

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

func TestCohortSharesBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		a, b := r.join("news,stock"), r.join("stock,news")
		if a.cohort != b.cohort {
			t.Fatal("equal filters have two cohorts")
		}
		r.put("news", `{}`)
		one, two := a.Next(false), b.Next(false)
		if unsafe.SliceData(one) != unsafe.SliceData(two) || len(one) != len(two) {
			t.Error("a batch of one is not shared")
		}
		tape := r.tape.find(func(e *Event) bool { return e.Seq == 1 })
		if unsafe.SliceData(one) != unsafe.SliceData(tape.frame) {
			t.Error("a batch of one is not the tape's own bytes")
		}
		for range 3 {
			r.put("stock", `{"symbol":"A"}`)
		}
		one, two = a.Next(false), b.Next(false)
		if unsafe.SliceData(one) != unsafe.SliceData(two) || len(parseLines(t, one)) != 3 {
			t.Error("a batch of three is not shared")
		}
		if text := tape.frame; len(parseLines(t, text)) != 1 {
			t.Errorf("the tape's bytes were changed: %q", text)
		}
		a.Close()
		b.Close()
	})
}

// Bytes handed out stay as they are, whatever happens afterwards.
func TestBatchesAreNeverChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Events: 16})
		a, b, c := r.join("*"), r.join("*"), r.join("*")
		type given struct {
			bytes []byte
			copy  string
		}
		var all []given
		take := func(rd *reader, late bool) {
			if bytes := rd.Next(late); bytes != nil {
				all = append(all, given{bytes, string(bytes)})
			}
		}
		for n := range 60 {
			r.put("stock", fmt.Sprintf(`{"symbol":"%d"}`, n%3))
			take(a, false)
			if n%3 == 0 {
				take(b, n%2 == 0)
			}
			if n%20 == 0 {
				take(c, true)
			}
			rd := r.subscribe(Request{Filter: r.filter("*")})
			take(rd, false)
			rd.Close()
		}
		for _, g := range all {
			if string(g.bytes) != g.copy {
				t.Fatalf("bytes became %q, were %q", g.bytes, g.copy)
			}
		}
		for _, rd := range []*reader{a, b, c} {
			rd.Close()
		}
	})
}

func TestCohortGoesWithItsLastReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		f := r.filter("*,stock.A,weather.B")
		a := r.subscribe(Request{Filter: f})
		b := r.subscribe(Request{Filter: f})
		paced := r.subscribe(Request{Filter: f, Every: time.Second})
		wired := r.subscribe(Request{Filter: f, Wire: lineWire{"other"}})
		keyed := r.subscribe(Request{Filter: r.filter("stock.A,weather.B")})
		if u := r.Usage(); u.Cohorts != 4 || u.Readers != 5 {
			t.Errorf("%d cohorts of %d readers, want 4 of 5", u.Cohorts, u.Readers)
		}
		if s := r.Stats(); s["stock"].Subscribers != 5 || s["news"].Subscribers != 4 || s["secret"].Subscribers != 0 {
			t.Errorf("subscribers: %+v", s)
		}
		a.Close()
		r.put("stock", `{"symbol":"A"}`)
		b.next(false) // stream
		b.next(false) // live
		want(t, "the one who stays", b.drain(), "1")
		for _, rd := range []*reader{b, paced, wired, keyed} {
			rd.Close()
		}
		if u := r.Usage(); u.Cohorts != 0 || u.Readers != 0 {
			t.Errorf("%d cohorts of %d readers are left", u.Cohorts, u.Readers)
		}
		if n := len(r.index.whole) + len(r.index.keyed); n != 0 {
			t.Errorf("%d entries are left in the index", n)
		}
	})
}

func TestOtherWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		rd := r.subscribe(Request{Filter: r.filter("chat"), Wire: upperWire{}})
		rd.Next(false) // stream
		rd.Next(false) // live
		r.put("chat", `1`)
		r.put("chat", `2`)
		if got := string(rd.Next(false)); got != "E1E2" {
			t.Errorf("got %q in another wire", got)
		}
		if got := rd.Next(false); got != nil {
			t.Errorf("got %q again", got)
		}
		rd.Close()
	})
}

type upperWire struct{ lineWire }

func (upperWire) Event(dst []byte, id ID, _ *Event) []byte {
	return append(dst, fmt.Sprintf("E%d", id.Seq)...)
}

// One event touches the cohort that wants it and none of the others.
func TestDispatchTouchesOnlyWhoWants(t *testing.T) {
	r := start(t, newMemLog(), Options{Heartbeat: time.Hour})
	const n = 10_000
	readers := make([]*reader, n)
	signals := make([]<-chan struct{}, n)
	for i := range readers {
		readers[i] = r.subscribe(Request{Filter: r.filter(fmt.Sprintf("stock.%d", i))})
		signals[i] = changed(readers[i].Subscription)
	}
	r.publish(
		Draft{Topic: "stock", Data: []byte(`{"symbol":"4711"}`)},
		Draft{Topic: "weather", Data: []byte(`{"location":"4712"}`)},
		Draft{Topic: "stock", Data: []byte(`{"symbol":"none"}`)},
	)
	for i, rd := range readers {
		woken := false
		select {
		case <-signals[i]:
			woken = true
		default:
		}
		rd.cohort.mu.Lock()
		noted := len(rd.cohort.places)
		rd.cohort.mu.Unlock()
		if touched := i == 4711; woken != touched || (noted > 0) != touched {
			t.Fatalf("cohort %d: woken %v, %d noted", i, woken, noted)
		}
	}
	want(t, "the one", readers[4711].drain(), "open:fresh live:0 1")
	for _, rd := range readers {
		rd.Close()
	}
	if u := r.Usage(); u.Cohorts != 0 || len(r.index.keyed) != 0 {
		t.Errorf("%d cohorts, %d keys are left", u.Cohorts, len(r.index.keyed))
	}
}

// A cohort forgets the older half of its places; those who need them are served by a scan.
func TestCohortForgetsPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		rd, slow := r.join("chat"), r.join("chat")
		const n = maxPlaces + 100
		for range n / 50 {
			drafts := slices.Repeat([]Draft{{Topic: "chat", Data: []byte(`1`)}}, 50)
			r.publish(drafts...)
			rd.drain()
		}
		if c := rd.cohort; len(c.places) > maxPlaces || c.base == 0 {
			t.Errorf("%d places after %d", len(c.places), c.base)
		}
		if lag := slow.Lag(); lag != n/50*50 {
			t.Errorf("lag %d, want %d", lag, n/50*50)
		}
		for _, rd := range []*reader{rd, slow} {
			rd.drain()
			var got []uint64
			for _, l := range rd.lines {
				if l.Kind == "event" {
					got = append(got, l.place(t))
				}
			}
			if !slices.Equal(got, count(1, n/50*50)) {
				t.Errorf("%d events, want %d in order", len(got), n/50*50)
			}
			rd.Close()
		}
	})
}

func TestSnapshotIsBuiltOnceForManyAndNeverStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: time.Hour})
		keep := r.join("stock,news")
		r.put("stock", fmt.Sprintf(`{"symbol":"A","expires":%q}`, time.Now().Add(time.Minute).Format(time.RFC3339)))
		r.put("stock", `{"symbol":"B"}`)
		look := func(what, text string) {
			t.Helper()
			rd := r.subscribe(Request{Filter: r.filter("stock,news")})
			want(t, what, rd.drain(), text)
			rd.Close()
		}
		look("both", "open:fresh *1 *2 live:2")
		cached := keep.cohort.snapshot.bytes
		look("both again", "open:fresh *1 *2 live:2")
		if unsafe.SliceData(cached) != unsafe.SliceData(keep.cohort.snapshot.bytes) {
			t.Error("the snapshot was built again")
		}
		time.Sleep(time.Minute)
		look("A has expired", "open:fresh *2 live:2")
		r.put("weather", `{"location":"X"}`)
		look("another topic", "open:fresh *2 live:3")
		r.retract("stock", "B")
		look("B is withdrawn", "open:fresh live:4")
		r.put("news", `{"id":"x"}`)
		look("news", "open:fresh *5 live:5")
		keep.Close()
	})
}

// Newer events of other keys push a value out; those who want its key alone do not see
// them, and yet their snapshot must not keep it.
func TestSharedSnapshotLosesWhatNewerKeysPushOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{Heartbeat: time.Hour})
		keep := r.join("news.a")
		r.put("news", `{"id":"a"}`)
		if got := r.snapshot("news.a"); got != "1 " {
			t.Errorf("snapshot %s, want 1", got)
		}
		for n := range 5 {
			r.put("news", fmt.Sprintf(`{"id":"%d"}`, n))
		}
		if got := r.snapshot("news.a"); got != "" {
			t.Errorf("snapshot %s, want nothing", got)
		}
		keep.Close()
	})
}
