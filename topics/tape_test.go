package topics

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func testEntry(seq uint64, topic, key string, size int) *entry {
	return &entry{event: Event{Seq: seq, Topic: topic, Key: key, Data: make([]byte, size), Time: tick(seq)}}
}

// tick is a time for the event at a place.
func tick(seq uint64) time.Time {
	return time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC).Add(time.Duration(seq) * time.Second)
}

func places(entries []*entry) []uint64 {
	var seqs []uint64
	for _, e := range entries {
		seqs = append(seqs, e.event.Seq)
	}
	return seqs
}

func count(from, to uint64) []uint64 {
	var seqs []uint64
	for ; from <= to; from++ {
		seqs = append(seqs, from)
	}
	return seqs
}

func everything(t testing.TB) Filter {
	f, err := ParseFilter(testTopics(t), "*,secret")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTapeIsBoundedByEvents(t *testing.T) {
	all := everything(t)
	for _, most := range []int{16, 63, 64, 65, 100, 1000} { // around the first size of the ring
		tape := newTape(most, 1<<30)
		for seq := range uint64(2500) {
			seq++
			tape.append(testEntry(seq, "news", "", 1))
			oldest := max(1, int(seq)-most+1)
			if n, bytes := tape.usage(); n != min(most, int(seq)) || bytes != n*201 {
				t.Fatalf("at most %d: %d events and %d bytes after %d", most, n, bytes, seq)
			}
			got, ok := tape.scan(nil, all, uint64(oldest)-1, seq, 0)
			if !ok || !slices.Equal(places(got), count(uint64(oldest), seq)) {
				t.Fatalf("at most %d, after %d: scan = %v, %v", most, seq, places(got), ok)
			}
			if oldest > 1 && (tape.reaches(uint64(oldest)-2) || !tape.reaches(uint64(oldest)-1)) {
				t.Fatalf("at most %d: wrong reach after %d", most, seq)
			}
		}
		if len(tape.ring) > most {
			t.Errorf("the ring has %d places for %d events", len(tape.ring), most)
		}
	}
}

func TestTapeIsBoundedByBytes(t *testing.T) {
	tape := newTape(1000, 10_000)
	for seq := uint64(1); seq <= 100; seq++ {
		tape.append(testEntry(seq, "news", "", 800)) // weighs 1,000
	}
	if n, bytes := tape.usage(); n != 10 || bytes != 10_000 {
		t.Errorf("%d events, %d bytes; want 10 and 10,000", n, bytes)
	}
	tape.append(testEntry(101, "news", "", 50_000)) // alone over the bound: it is kept, alone
	if n, _ := tape.usage(); n != 1 || tape.reaches(99) || !tape.reaches(100) {
		t.Errorf("a large event is kept with %d others", n-1)
	}
	tape.append(testEntry(102, "news", "", 1))
	if n, bytes := tape.usage(); n != 1 || bytes != 201 || tape.reaches(100) {
		t.Errorf("after a large event: %d events, %d bytes", n, bytes)
	}
}

func TestTapeScanPickAtTheEdges(t *testing.T) {
	f, _ := ParseFilter(testTopics(t), "news,stock.A")
	tape := newTape(16, 1<<20)
	tape.begin(100)
	for seq := uint64(102); seq <= 110; seq += 2 { // places without an event of the catalogue between
		tape.append(testEntry(seq, "news", "", 0))
	}
	tape.append(testEntry(111, "stock", "B", 0))
	tape.append(testEntry(112, "stock", "A", 0))
	for _, tt := range []struct {
		after, upto uint64
		limit       int
		want        []uint64
		ok          bool
	}{
		{99, 112, 0, nil, false},
		{100, 112, 0, []uint64{102, 104, 106, 108, 110, 112}, true},
		{100, 112, 2, []uint64{102, 104}, true},
		{101, 104, 0, []uint64{102, 104}, true},
		{102, 103, 0, nil, true},
		{102, 104, 0, []uint64{104}, true},
		{110, 111, 0, nil, true},
		{111, 200, 9, []uint64{112}, true},
		{112, 200, 0, nil, true},
		{500, 600, 0, nil, true},
	} {
		got, ok := tape.scan(nil, f, tt.after, tt.upto, tt.limit)
		if ok != tt.ok || !slices.Equal(places(got), tt.want) {
			t.Errorf("scan(%d, %d, %d) = %v, %v; want %v, %v", tt.after, tt.upto, tt.limit, places(got), ok, tt.want, tt.ok)
		}
	}
	for _, tt := range []struct {
		places []uint64
		ok     bool
	}{
		{[]uint64{102, 106, 112}, true}, {nil, true}, {[]uint64{111}, true},
		{[]uint64{101}, false}, {[]uint64{102, 103}, false}, {[]uint64{110, 113}, false}, {[]uint64{1}, false},
	} {
		got, ok := tape.pick(nil, tt.places)
		if ok != tt.ok || (ok && !slices.Equal(places(got), tt.places)) {
			t.Errorf("pick(%v) = %v, %v", tt.places, places(got), ok)
		}
	}
}

func TestTapeSince(t *testing.T) {
	tape := newTape(16, 1<<20)
	if place, ok := tape.since(tick(5), 0); !ok || place != 0 {
		t.Errorf("since on an empty tape = %d, %v", place, ok)
	}
	for seq := uint64(1); seq <= 10; seq++ {
		tape.append(testEntry(seq, "news", "", 0))
	}
	for _, tt := range []struct {
		at   time.Time
		want uint64
		ok   bool
	}{
		{tick(0), 0, true}, {tick(1), 0, true}, {tick(2), 1, true}, {tick(10), 9, true}, {tick(11), 10, true},
		{tick(4).Add(-time.Nanosecond), 3, true}, {tick(4).Add(time.Nanosecond), 4, true},
		{tick(1000), 10, true}, {time.Time{}, 0, true},
	} {
		if place, ok := tape.since(tt.at, 10); ok != tt.ok || place != tt.want {
			t.Errorf("since(%v) = %d, %v; want %d, %v", tt.at, place, ok, tt.want, tt.ok)
		}
	}
	for seq := uint64(11); seq <= 20; seq++ {
		tape.append(testEntry(seq, "news", "", 0))
	}
	if _, ok := tape.since(tick(4), 20); ok { // place 4 has just left
		t.Error("since before the oldest event knows what has left the tape")
	}
	if place, ok := tape.since(tick(6), 20); !ok || place != 5 {
		t.Errorf("since the second oldest = %d, %v", place, ok)
	}
}

// A tape that begins later has lost all that was on it.
func TestTapeBegin(t *testing.T) {
	tape := newTape(16, 1<<20)
	for seq := uint64(1); seq <= 10; seq++ {
		tape.append(testEntry(seq, "news", "", 0))
	}
	tape.begin(20)
	tape.append(testEntry(21, "news", "", 0))
	if n, bytes := tape.usage(); n != 1 || bytes != 200 {
		t.Errorf("%d events, %d bytes on the tape; want 1 of 200", n, bytes)
	}
	if tape.reaches(19) || !tape.reaches(20) {
		t.Error("wrong reach")
	}
	if _, ok := tape.since(tick(5), 21); ok {
		t.Error("since reaches beyond the beginning")
	}
	if got, ok := tape.scan(nil, everything(t), 20, 21, 0); !ok || !slices.Equal(places(got), []uint64{21}) {
		t.Errorf("scan = %v, %v", places(got), ok)
	}
	if _, ok := tape.pick(nil, []uint64{10}); ok {
		t.Error("an event of before is still there")
	}
}

// The ring against a plain slice, with events of random sizes and gaps.
func TestTapeModel(t *testing.T) {
	random, seed := newRandom(t)
	f, _ := ParseFilter(testTopics(t), "news,stock.A")
	tape := newTape(90, 20_000)
	var model []*entry
	evicted, seq := uint64(0), uint64(0)
	for range 4000 {
		seq += 1 + random.Uint64N(3)
		e := testEntry(seq, []string{"news", "stock", "chat"}[random.IntN(3)], []string{"A", "B"}[random.IntN(2)], random.IntN(1000)*random.IntN(2))
		tape.append(e)
		model = append(model, e)
		for bytes := sizeOf(model); len(model) > 90 || bytes > 20_000; {
			evicted = model[0].event.Seq
			bytes -= model[0].size()
			model = model[1:]
		}
		if n, bytes := tape.usage(); n != len(model) || bytes != sizeOf(model) {
			t.Fatalf("seed %d: %d events, %d bytes; want %d, %d", seed, n, bytes, len(model), sizeOf(model))
		}
		after := seq - min(seq, random.Uint64N(250))
		upto := after + random.Uint64N(100)
		var want []uint64
		for _, e := range model {
			if e.event.Seq > after && e.event.Seq <= upto && f.matches(&e.event) {
				want = append(want, e.event.Seq)
			}
		}
		got, ok := tape.scan(nil, f, after, upto, 0)
		if ok != (after >= evicted) || (ok && !slices.Equal(places(got), want)) {
			t.Fatalf("seed %d: scan(%d, %d) = %v, %v; want %v", seed, after, upto, places(got), ok, want)
		}
	}
}

func sizeOf(entries []*entry) int {
	n := 0
	for _, e := range entries {
		n += e.size()
	}
	return n
}

// newRandom returns a source of numbers and its seed, to be printed with a failure.
func newRandom(t testing.TB) (*rand.Rand, uint64) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0)), seed
}
