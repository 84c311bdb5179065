package main

import (
	"slices"
	"strings"
	"time"
)

// The servers that are measured. Each measurement starts a fresh one.
const (
	floor      = "floor"       // one write(2) for each delivery
	floorBatch = "floor-batch" // one write(2) for all events that wait
	floorRing  = "floor-uring" // as floor, its writes by io_uring
	plainGin   = "gin"         // a Gin handler that writes one event
	byEpoll    = "epoll"       // tickertape --io epoll
	byRing     = "io_uring"    // tickertape --io io_uring
	byRoutine  = "goroutine"   // tickertape, one goroutine a stream
	byTLS      = "tls"         // tickertape with a certificate
)

// Names of the topics and of the key that the server is configured with.
const (
	benchTopic = "bench"
	keyedTopic = "keyed"
	publishKey = "bench-publish-key-0123456789abcdef"
)

// kind says how a scenario is measured.
type kind int

const (
	underLoad  kind = iota // publish to readers for a while
	idleMemory             // connect readers, wait, weigh the server
	atStart                // weigh a server that nobody has used
	connecting100
)

// A scenario is one load and the servers that are put under it in turn.
type scenario struct {
	name      string
	title     string
	kind      kind
	servers   []string
	load      loadSpec
	sync      string        // the server's --sync; "" leaves the default, which waits for the disk
	processes int           // servers and generators at once; 0 means one of each
	rest      time.Duration // idleMemory, atStart: how long to wait before weighing
}

// plannedSize is how many bytes of data an event has.
const plannedSize = 200

// scenarios returns the plan. A quick one has short windows and leaves out what takes long.
func scenarios(quick bool) []scenario {
	all := append(fanOuts(), others()...)
	kept := all[:0]
	for _, s := range all {
		s.load.Size = plannedSize
		if s.load.Publishers == 0 {
			s.load.Publishers = 16
		}
		if s.load.Warm == 0 {
			s.load.Warm = 2 * time.Second
		}
		if s.load.Window == 0 {
			s.load.Window = 5 * time.Second
		}
		if quick {
			if s.processes > 1 {
				continue
			}
			s.load.Warm, s.load.Window, s.rest = s.load.Warm/4, s.load.Window*3/10, s.rest/5
		}
		kept = append(kept, s)
	}
	return kept
}

// only returns the scenarios whose names begin with one of the comma-separated words, with
// the servers that are named. An empty list names all.
func only(all []scenario, words, servers string) (kept []scenario) {
	named := strings.Split(servers, ",")
	for _, s := range all {
		s.servers = slices.DeleteFunc(s.servers, func(name string) bool { return servers != "" && !slices.Contains(named, name) })
		for word := range strings.SplitSeq(words, ",") {
			if len(s.servers) > 0 && strings.HasPrefix(s.name, strings.TrimSpace(word)) {
				kept = append(kept, s)
				break
			}
		}
	}
	return kept
}

func fanOuts() []scenario {
	return []scenario{
		{
			name: "rate-100x100", title: "100 readers, 100 events/s",
			servers: []string{floor, byEpoll, byRing, byRoutine}, load: loadSpec{Readers: 100, Rate: 100},
		},
		{
			name: "rate-1000x100", title: "1,000 readers, 100 events/s",
			servers: []string{floor, floorRing, byEpoll, byRing, byRoutine, byTLS}, load: loadSpec{Readers: 1000, Rate: 100},
		},
		{
			name: "loose-1000x100", title: "1,000 readers, 100 events/s, the disk flushed each second", sync: "1s",
			servers: []string{floor, byEpoll, byRing}, load: loadSpec{Readers: 1000, Rate: 100},
		},
		{
			name: "rate-10000x5", title: "10,000 readers, 5 events/s",
			servers: []string{floor, floorRing, byEpoll, byRing, byRoutine}, load: loadSpec{Readers: 10_000, Rate: 5, Window: 8 * time.Second},
		},
		{
			name: "flood", title: "1,000 readers, events as fast as accepted", sync: "1s",
			servers: []string{floor, floorBatch, byEpoll, byRing, byRoutine}, load: loadSpec{Readers: 1000, Flight: 64},
		},
		{
			name: "flood-512", title: "1,000 readers, 64 publishers with 512 events under way", sync: "1s",
			servers: []string{floor, floorBatch, byEpoll, byRing}, load: loadSpec{Readers: 1000, Publishers: 64, Flight: 512},
		},
		{
			name: "wide-10000x100", title: "10,000 readers, 100 events/s",
			servers: []string{byEpoll, byRing}, load: loadSpec{Readers: 10_000, Rate: 100},
		},
		{
			name: "latency-1000x10", title: "1,000 readers, 10 events/s",
			servers: []string{floor, byEpoll, byRing}, load: loadSpec{Readers: 1000, Rate: 10},
		},
		{
			name: "latency-10000x10", title: "10,000 readers, 10 events/s",
			servers: []string{floor, byEpoll, byRing}, load: loadSpec{Readers: 10_000, Rate: 10},
		},
	}
}

func others() []scenario {
	frozen := func(name, title string, n int) scenario {
		return scenario{name: name, title: title, servers: []string{byEpoll}, load: loadSpec{Readers: 1000, Frozen: n, Rate: 100}}
	}
	return []scenario{
		{name: "start", title: "nobody connected", kind: atStart, servers: []string{byEpoll, byRoutine}, rest: 5 * time.Second},
		{
			name: "idle-10000", title: "10,000 idle readers", kind: idleMemory, rest: 10 * time.Second,
			servers: []string{byEpoll, byRing, byRoutine}, load: loadSpec{Readers: 10_000},
		},
		{
			name: "idle-19000", title: "19,000 idle readers", kind: idleMemory, rest: 10 * time.Second,
			servers: []string{byEpoll, byRing, byRoutine}, load: loadSpec{Readers: 19_000},
		},
		{
			name: "idle-95000", title: "95,000 idle readers of five processes", kind: idleMemory, rest: 10 * time.Second,
			servers: []string{byEpoll}, load: loadSpec{Readers: 19_000}, processes: 5,
		},
		{
			name: "connect", title: "connect, first event, reset; 100 under way", kind: connecting100,
			servers: []string{plainGin, byEpoll, byRing, byRoutine}, load: loadSpec{Churn: 100},
		},
		{
			name: "filter-five", title: "five readers, all with the same five keys, 200 events/s",
			servers: []string{byEpoll}, load: loadSpec{Readers: 5, Keys: 5, KeysEach: 5, Alike: true, Fan: 5, Rate: 200},
		},
		{
			name: "filter-own", title: "10,000 readers, each with its own five keys of 10,000, 200 events/s",
			servers: []string{byEpoll}, load: loadSpec{Readers: 10_000, Keys: 10_000, KeysEach: 5, Fan: 5, Rate: 200},
		},
		frozen("frozen-0", "1,000 readers, 100 events/s, all read", 0),
		frozen("frozen-1", "the same, 1 % frozen", 10),
		frozen("frozen-10", "the same, 10 % frozen", 100),
		{
			name: "first", title: "one reader, 20 events/s",
			servers: []string{byEpoll}, load: loadSpec{Readers: 1, Rate: 20, Publishers: 1},
		},
	}
}
