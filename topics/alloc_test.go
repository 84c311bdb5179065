package topics

import (
	"fmt"
	"testing"
	"time"
)

// fixedWire allocates nothing but to grow dst.
type fixedWire struct{ lineWire }

func (fixedWire) Event(dst []byte, id ID, e *Event) []byte {
	dst = append(id.Append(append(dst, "event "...)), ' ')
	return append(append(dst, e.Data...), '\n')
}

// idle returns a bus that took its log, but does not run: dispatch is called by hand.
func idle(t testing.TB) *Bus {
	t.Helper()
	b := NewBus(Options{Catalogue: testTopics(t), Log: newMemLog(), Wire: fixedWire{}, Events: 1024})
	if _, err := b.restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

// feeder returns a function that dispatches one event of stock.A.
func feeder(t testing.TB, b *Bus) func() {
	event := Event{Topic: "stock", Key: "A", Data: []byte(`{"symbol":"A"}`), Time: time.Now()}
	events := make([]Event, 1)
	return func() {
		event.Seq++
		events[0] = event
		if err := b.dispatch(events); err != nil {
			t.Fatal(err)
		}
	}
}

func subscribeMany(t testing.TB, b *Bus, n int, types func(int) string) []*Subscription {
	t.Helper()
	subs := make([]*Subscription, n)
	for i := range subs {
		f, err := ParseFilter(b.Catalogue(), types(i))
		if err != nil {
			t.Fatal(err)
		}
		subs[i] = b.Subscribe(Request{Filter: f, Wire: fixedWire{}, NoSnapshot: true})
		for subs[i].Next(false) != nil {
		}
	}
	return subs
}

// The work for an event does not grow with the readers of a cohort.
func TestDispatchAllocatesPerCohortNotPerReader(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	allocs := map[int]float64{}
	for _, n := range []int{1, 1000} {
		b := idle(t)
		subs := subscribeMany(t, b, n, func(int) string { return "stock" })
		feed := feeder(t, b)
		for range 5000 { // until the ring and the places do not grow any more
			feed()
		}
		allocs[n] = testing.AllocsPerRun(2000, feed)
		for _, s := range subs {
			s.Close()
		}
	}
	if allocs[1000] > allocs[1] {
		t.Errorf("%v allocations for an event with 1,000 readers, %v with one", allocs[1000], allocs[1])
	}
	t.Logf("%v allocations an event", allocs[1])
}

func TestNextOfASharedBatchAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	b := idle(t)
	const n = 1000
	subs := subscribeMany(t, b, n+2, func(int) string { return "stock" })
	feed := feeder(t, b)
	for range 3 {
		feed()
	}
	subs[0].Next(false) // builds it
	i := 0
	allocs := testing.AllocsPerRun(n, func() {
		i++
		if subs[i].Next(false) == nil {
			t.Fatal("nothing to read")
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	allocs = testing.AllocsPerRun(n, func() {
		if subs[0].Next(false) != nil {
			t.Fatal("something to read")
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations for a level reader", allocs)
	}
	for _, s := range subs {
		s.Close()
	}
}

// One op dispatches one event that one of the filters wants; the others are in the way.
// go test -bench DispatchSelective -benchmem ./topics
func BenchmarkDispatchSelective(b *testing.B) {
	for _, others := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("others=%d", others), func(b *testing.B) {
			bus := idle(b)
			subs := subscribeMany(b, bus, 1+others, func(i int) string { return fmt.Sprintf("stock.%c%d", 'A'+min(i, 1), i) })
			subs = append(subs, subscribeMany(b, bus, 1, func(int) string { return "stock.A" })...)
			feed := feeder(b, bus)
			for b.Loop() {
				feed()
			}
			b.StopTimer()
			for _, s := range subs {
				s.Close()
			}
		})
	}
}

// One op dispatches one event to 10,000 readers of one cohort, and all of them take it.
// go test -bench DispatchShared -benchmem ./topics
func BenchmarkDispatchShared(b *testing.B) {
	bus := idle(b)
	subs := subscribeMany(b, bus, 10_000, func(int) string { return "stock" })
	feed := feeder(b, bus)
	for b.Loop() {
		feed()
		for _, s := range subs {
			if s.Next(false) == nil {
				b.Fatal("nothing to read")
			}
		}
	}
	b.StopTimer()
	for _, s := range subs {
		s.Close()
	}
}
