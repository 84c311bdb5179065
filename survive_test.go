package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A ledger is what a reader got, in its order.
type ledger struct {
	t    *testing.T
	seen map[int]int // number in the data -> how often
	last uint64      // newest sequence; must rise
}

func newLedger(t *testing.T) *ledger { return &ledger{t: t, seen: map[int]int{}} }

func (l *ledger) take(id string, data []byte) int {
	l.t.Helper()
	seq := seqOf(l.t, id)
	if seq <= l.last {
		l.t.Fatalf("id %s came after sequence %d: ids must rise over reconnects too", id, l.last)
	}
	l.last = seq
	var v struct{ N int }
	if err := json.Unmarshal(data, &v); err != nil {
		l.t.Fatal(err)
	}
	l.seen[v.N]++
	return v.N
}

func (l *ledger) complete(n int) {
	l.t.Helper()
	for i := range n {
		if l.seen[i] != 1 {
			l.t.Errorf("event %d came %d times; want once", i, l.seen[i])
		}
	}
	if len(l.seen) != n {
		l.t.Errorf("%d different events came; %d were published", len(l.seen), n)
	}
}

// publishUntilStored repeats a publish with its idempotency key, as a careful
// publisher does, until it is acknowledged.
func publishUntilStored(ctx context.Context, address func() string, n int) error {
	for {
		_, err := publish(ctx, address(), "lines", "event-"+strconv.Itoa(n), fmt.Sprintf(`{"n":%d}`, n))
		if err == nil || ctx.Err() != nil {
			return err
		}
		runtime.Gosched()
	}
}

// follow reads events with numbers until it has n different ones; it reconnects with
// the last id whenever the stream ends, as an EventSource does.
func follow(ctx context.Context, t *testing.T, address func() string, n int, l *ledger, during func(*client)) {
	t.Helper()
	c := &client{t: t}
	defer c.close()
	for opened := 0; len(l.seen) < n; {
		c.url = address() + "/latest/lines"
		if err := c.open(ctx); err != nil {
			if ctx.Err() != nil {
				t.Fatalf("after %d events: %v", len(l.seen), ctx.Err())
			}
			runtime.Gosched()
			continue
		}
		opened++
		if during != nil {
			during(c)
		}
		for len(l.seen) < n {
			e, err := c.next()
			if err != nil {
				break
			}
			switch {
			case e.Type == "stream" && opened > 1 && !strings.Contains(string(e.Data), `"resumed"`):
				t.Fatalf("the stream did not resume after %s: %s", c.lastID, e.Data)
			case e.Type == "lines" && e.ID != "":
				l.take(e.ID, e.Data)
			}
		}
		c.close()
	}
}

// publishAll publishes the numbers from 0 to n-1 from several goroutines.
func publishAll(ctx context.Context, t *testing.T, address func() string, n int, stored func(count int64)) *sync.WaitGroup {
	var next, count atomic.Int64
	var publishers sync.WaitGroup
	for range 8 {
		publishers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := publishUntilStored(ctx, address, i); err != nil {
					t.Errorf("publish %d: %v", i, err)
					return
				}
				stored(count.Add(1))
			}
		})
	}
	return &publishers
}

// Every acknowledged event reaches a reader that resumes once and in order, although
// the process is killed in the middle of hundreds of publishes.
func TestKilledInTheMiddleOfPublishes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes; part of make test")
	}
	eachIO(t, testKilled)
}

func testKilled(t *testing.T, io string) {
	ctx := testContext(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "tickertape.yaml")
	write(t, config, "feeds: []\nlisten: 127.0.0.1:0\nadmin: ''\nio: "+io+"\npublish_key: "+testKey+"\ndata: "+filepath.Join(dir, "data")+"\n"+openTopics)
	var address atomic.Value
	first := startProcess(t, "--config", config)
	address.Store(first.address)
	current := func() string { return address.Load().(string) }

	const n = 600
	half := make(chan struct{})
	publishers := publishAll(ctx, t, current, n, func(count int64) {
		if count == n/2 {
			close(half)
		}
	})
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		<-half
		first.kill()
		second := startProcess(t, "--config", config)
		address.Store(second.address)
	}()
	l := newLedger(t)
	follow(ctx, t, current, n, l, nil)
	publishers.Wait()
	<-killed
	l.complete(n)
}

// A reader whose connection is cut a hundred times, at any byte, under load, misses
// nothing and gets nothing twice.
func TestHundredForcedReconnects(t *testing.T) { eachIO(t, testReconnects) }

func testReconnects(t *testing.T, io string) {
	ctx := testContext(t)
	address, _ := startServer(t, testConfig(t, func(c *Config) { c.IO = io }))
	const cuts = 100
	var cut atomic.Int64
	n := 1500
	c := &client{t: t, url: address + "/latest/lines"}
	if err := c.open(ctx); err != nil {
		t.Fatal(err)
	}
	c.until("live")
	start := c.lastID
	c.close()

	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	publishers := publishAll(ctx, t, func() string { return address }, n, func(int64) {})
	l := newLedger(t)
	reader := &client{t: t, url: address + "/latest/lines", lastID: start}
	for len(l.seen) < n {
		if err := reader.open(ctx); err != nil {
			t.Fatal(err)
		}
		budget := -1 // read to the end
		if cut.Load() < cuts {
			cut.Add(1)
			budget = random.IntN(2 * n / cuts * 2 / 3)
		}
		for len(l.seen) < n && budget != 0 {
			e, err := reader.next()
			if err != nil {
				t.Fatal(err)
			}
			if e.Type == "stream" && !strings.Contains(string(e.Data), `"resumed"`) {
				t.Fatalf("the stream did not resume after %s: %s", reader.lastID, e.Data)
			}
			if e.Type == "lines" && e.ID != "" {
				l.take(e.ID, e.Data)
				budget--
			}
			if budget > 0 && random.IntN(200) == 0 {
				break // also between the events
			}
		}
		reader.conn.Close()
		reader.close()
	}
	publishers.Wait()
	l.complete(n)
	if cut.Load() < cuts {
		t.Errorf("%d cuts; want %d: publish more events", cut.Load(), cuts)
	}
}

// An id of a data folder that was wiped is recognised: nobody gets events that belong
// to another timeline.
func TestWipedDataFolder(t *testing.T) {
	ctx := testContext(t)
	cfg := testConfig(t, nil)
	address, stop := startServer(t, cfg)
	for i := range 20 {
		if _, err := publish(ctx, address, "lines", "", fmt.Sprintf(`{"n":%d}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	c := &client{t: t, url: address + "/latest/lines?since=1h"}
	if err := c.open(ctx); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		c.until("lines")
	}
	c.close()
	stop()
	if err := os.RemoveAll(cfg.Data); err != nil {
		t.Fatal(err)
	}
	address, _ = startServer(t, cfg)
	for i := range 30 {
		if _, err := publish(ctx, address, "lines", "", fmt.Sprintf(`{"n":%d}`, 100+i)); err != nil {
			t.Fatal(err)
		}
	}
	c.url = address + "/latest/lines"
	if err := c.open(ctx); err != nil {
		t.Fatal(err)
	}
	defer c.close()
	e, err := c.next()
	if err != nil || e.Type != "stream" || !strings.Contains(string(e.Data), `"state":"reset","reason":"epoch"`) {
		t.Fatalf("first event after %s: %s %s (%v); want a reset with the reason epoch", c.lastID, e.Type, e.Data, err)
	}
	if e := c.until("lines"); !strings.Contains(string(e.Data), `129`) {
		t.Errorf("the snapshot after the reset is %s; want the newest event", e.Data)
	}
}

// Restarted without a crash, the server goes on with the same timeline and the same
// last values.
func TestRestartKeepsTimelineAndValues(t *testing.T) {
	ctx := testContext(t)
	cfg := testConfig(t, nil)
	address, stop := startServer(t, cfg)
	for i := range 50 {
		if _, err := publish(ctx, address, "gauges", "", fmt.Sprintf(`{"name":"g%d","value":%d}`, i%10, i)); err != nil {
			t.Fatal(err)
		}
	}
	c := &client{t: t, url: address + "/latest/gauges"}
	if err := c.open(ctx); err != nil {
		t.Fatal(err)
	}
	c.until("live")
	c.close()
	stop()
	address, _ = startServer(t, cfg)
	c.url = address + "/latest/gauges"
	if err := c.open(ctx); err != nil {
		t.Fatal(err)
	}
	if e, err := c.next(); err != nil || !strings.Contains(string(e.Data), `"resumed"`) {
		t.Fatalf("after the restart: %s (%v); want to resume at %s", e.Data, err, c.lastID)
	}
	c.close()
	c.lastID = ""
	if err := c.open(ctx); err != nil {
		t.Fatal(err)
	}
	defer c.close()
	values := 0
	for {
		e, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == "live" {
			break
		}
		if e.Type == "gauges" {
			values++
		}
	}
	if values != 10 {
		t.Errorf("%d values in the snapshot after the restart; want 10", values)
	}
}
