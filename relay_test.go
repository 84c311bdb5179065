package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A chain is two servers, of which the second relays the first; each can be killed
// and started again on the port that it had.
type chain struct {
	t      *testing.T
	source string // configuration files
	edge   string

	mu    sync.Mutex // guards the fields below
	first *process
	last  *process
}

const edgeTopics = `topics:
  - name: wires
    snapshot: 1
  - name: gauges
    mode: latest
    key: name
`

// newChain starts both. more is added to the entry of the relay.
func newChain(t *testing.T, more string) *chain {
	t.Helper()
	dir := t.TempDir()
	c := &chain{t: t, source: filepath.Join(dir, "source.yaml"), edge: filepath.Join(dir, "edge.yaml")}
	common := "admin: ''\npublish_key: " + testKey + "\ndrain_spread: 1s\n"
	write(t, c.source, common+"listen: 127.0.0.1:0\nfeeds: []\ndata: "+filepath.Join(dir, "source")+"\n"+openTopics)
	c.first = startProcess(t, "--config", c.source)
	write(t, c.edge, common+"listen: 127.0.0.1:0\ndata: "+filepath.Join(dir, "edge")+"\n"+edgeTopics+
		"feeds:\n  - kind: sse\n    id: edge\n    preset: tickertape\n    url: "+c.first.address+"\n"+more)
	c.last = startProcess(t, "--config", c.edge)
	// A fresh relay begins with the values: what is printed before it is there may not be
	// among them.
	ctx := testContext(t)
	for !strings.Contains(feedStatus(ctx, t, c.last.address), `"last_ok"`) {
		time.Sleep(2 * time.Millisecond)
	}
	return c
}

const relayed = "    topics: {lines: wires, gauges: gauges}\n"

func (c *chain) address(last bool) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last {
		return c.last.address
	}
	return c.first.address
}

// restart kills one of the two and starts it where it was.
func (c *chain) restart(last bool) {
	p, config := c.first, c.source
	if last {
		p, config = c.last, c.edge
	}
	p.kill()
	p = startProcess(c.t, "--config", config, "--listen", strings.TrimPrefix(p.address, "http://"))
	c.mu.Lock()
	defer c.mu.Unlock()
	if last {
		c.last = p
	} else {
		c.first = p
	}
}

// followEdge reads the second server until it has n different events, over any number
// of connections, and counts them all.
func (c *chain) followEdge(ctx context.Context, n int, l *ledger) {
	c.t.Helper()
	reader := &client{t: c.t}
	defer reader.close()
	for len(l.seen) < n {
		reader.url = c.address(true) + "/latest/wires?since=1h"
		if err := reader.open(ctx); err != nil {
			if ctx.Err() != nil {
				c.t.Fatalf("after %d events: %v\n%s\n%s", len(l.seen), ctx.Err(), c.missing(n, l), c.last.log)
			}
			time.Sleep(10 * time.Millisecond) // the process is starting
			continue
		}
		for len(l.seen) < n {
			e, err := reader.next()
			if err != nil {
				break
			}
			if e.Type == "wires" && e.ID != "" {
				l.take(e.ID, e.Data)
			}
		}
		reader.close()
	}
}

// missing says what the second server lacks, and what it says of itself.
func (c *chain) missing(n int, l *ledger) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var out strings.Builder
	fmt.Fprintf(&out, "the relay: %s\n", feedStatus(ctx, c.t, c.address(true)))
	for _, server := range []struct{ name, address, topic string }{{"source", c.address(false), "lines"}, {"edge", c.address(true), "wires"}} {
		reader := &client{t: c.t, url: server.address + "/latest/" + server.topic + "?since=1h"}
		if err := reader.open(ctx); err != nil {
			fmt.Fprintf(&out, "%s: %v\n", server.name, err)
			continue
		}
		for e, err := reader.next(); err == nil && e.Type != "live"; e, err = reader.next() {
			var v struct{ N int }
			if json.Unmarshal(e.Data, &v) == nil && e.Type == server.topic && l.seen[v.N] != 1 {
				fmt.Fprintf(&out, "%s has %s at %s, read %d times\n", server.name, e.Data, e.ID, l.seen[v.N])
			}
		}
		reader.close()
	}
	return out.String()
}

// values returns the values of a topic by key.
func values(ctx context.Context, t *testing.T, address, topic string) map[string]string {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/latest/"+topic+"?limit=1000", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Events []struct {
			Key  string
			Data json.RawMessage
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	held := make(map[string]string)
	for _, e := range answer.Events {
		held[e.Key] = string(e.Data)
	}
	return held
}

// Either server is killed again and again while events flow: each event is on the
// second tape once, in the order of the first.
func TestRelayLosesNothingWhenKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes; part of make test")
	}
	ctx, cancel := context.WithTimeout(testContext(t), time.Minute)
	defer cancel()
	c := newChain(t, relayed)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const n, kills = 3000, 8
	var stored atomic.Int64
	publishers := publishAll(ctx, t, func() string { return c.address(false) }, n, func(count int64) { stored.Store(count) })
	killed := make(chan struct{})
	go func() { // ends after the last kill; awaited below
		defer close(killed)
		for i := range kills {
			for stored.Load() < int64((i+1)*n/(kills+1)+random.IntN(50)) && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			c.restart(i%2 == 0)
		}
	}()
	l := newLedger(t)
	c.followEdge(ctx, n, l)
	publishers.Wait()
	<-killed
	l.complete(n)
	again := newLedger(t) // all of it once more, from the beginning
	c.followEdge(ctx, n, again)
	again.complete(n)
	http.DefaultClient.CloseIdleConnections()
}

// A fresh relay begins with the values, goes on live, passes retractions on, and says
// what it cannot relay.
func TestRelaySnapshotAndRetractions(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes; part of make test")
	}
	ctx := testContext(t)
	dir := t.TempDir()
	first := startProcess(t, "--config", processConfig(t, "publish_key: "+testKey+"\n"))
	for i := range 30 {
		if _, err := publish(ctx, first.address, "gauges", "", fmt.Sprintf(`{"name":"g%d","value":1.%d0}`, i%10, i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := publish(ctx, first.address, "news", "", `{"id":"n1","title":"Ferry <late>"}`); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "edge.yaml")
	write(t, config, "admin: ''\nlisten: 127.0.0.1:0\npublish_key: "+testKey+"\ndata: "+filepath.Join(dir, "data")+"\n"+edgeTopics+
		"feeds: [{kind: sse, preset: tickertape, url: "+first.address+"}]\n")
	last := startProcess(t, "--config", config)
	settle := func(topic string, want map[string]string) {
		t.Helper()
		for {
			got := values(ctx, t, last.address, topic)
			if fmt.Sprint(got) == fmt.Sprint(want) {
				return
			}
			if ctx.Err() != nil {
				t.Fatalf("%s: %v\nwant %v\n%s", topic, got, want, last.log)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	settle("gauges", values(ctx, t, first.address, "gauges"))
	settle("news", map[string]string{"n1": `{"id":"n1","title":"Ferry <late>"}`})

	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, first.address+"/latest/gauges/g3", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+testKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("retract: %v, %v", res, err)
	}
	res.Body.Close()
	if _, err := publish(ctx, first.address, "gauges", "", `{"name":"g4","value":"new"}`); err != nil {
		t.Fatal(err)
	}
	want := values(ctx, t, first.address, "gauges")
	if want["g3"] != "" || want["g4"] != `{"name":"g4","value":"new"}` {
		t.Fatalf("the source has %v", want)
	}
	settle("gauges", want)
	if status := feedStatus(ctx, t, last.address); !strings.Contains(status, "topic lines of the source is not here") || !strings.Contains(status, `"running"`) {
		t.Errorf("the state of the relay is %s; want it to name the topic that is missing", status)
	}
	http.DefaultClient.CloseIdleConnections()
}

func feedStatus(ctx context.Context, t *testing.T, address string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/feeds", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var list struct{ Feeds []json.RawMessage }
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil || len(list.Feeds) != 1 {
		t.Fatalf("feeds: %v, %v", list, err)
	}
	return string(list.Feeds[0])
}
