package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"tickertape/handlers/sse"
)

// frozen is a reader that connects and does not read.
func frozen(t *testing.T, ctx context.Context, address, path string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET %s HTTP/1.0\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n", path)
	return conn
}

// Hundreds of readers that never read: a healthy one beside them gets every event,
// the publisher is not slowed to their pace, and memory stays below a bound. Then
// they read, and end up current: either every event, or a reset that says so.
func TestFrozenReadersDelayNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("moves much data; part of make test")
	}
	eachIO(t, testFrozenReaders)
}

func testFrozenReaders(t *testing.T, io string) {
	ctx := testContext(t)
	const size = 4 << 10
	readers, events, tape := 60, 1000, 2<<20
	if io == "auto" { // what users have by default
		readers, events, tape = 200, 2000, 4<<20
	}
	address, _ := startServer(t, testConfig(t, func(c *Config) {
		c.IO, c.TapeBytes = io, Size(tape)
	}))
	var conns []net.Conn
	for range readers {
		conns = append(conns, frozen(t, ctx, address, "/latest/lines"))
	}
	healthy := &client{t: t, url: address + "/latest/lines"}
	if err := healthy.open(ctx); err != nil {
		t.Fatal(err)
	}
	defer healthy.close()
	healthy.until("live")
	before := heap()

	l := newLedger(t)
	var reading sync.WaitGroup
	reading.Go(func() {
		for len(l.seen) < events {
			e, err := healthy.next()
			if err != nil {
				t.Errorf("the healthy reader after %d events: %v", len(l.seen), err)
				return
			}
			if e.Type == "lines" {
				l.take(e.ID, e.Data)
			}
		}
	})
	pad := strings.Repeat("x", size)
	var batch []string
	for i := range events {
		batch = append(batch, fmt.Sprintf(`{"n":%d,"pad":"%s"}`, i, pad))
		if len(batch) == 100 {
			if _, err := publish(ctx, address, "lines", "", "["+strings.Join(batch, ",")+"]"); err != nil {
				t.Fatal(err)
			}
			batch = nil
		}
	}
	reading.Wait()
	l.complete(events)
	// The tape in both forms, data and frame, and for each frozen reader at most one
	// batch in a blocked write, and the server's own buffers.
	bound := uint64(tape + readers*(64<<10+64<<10) + 48<<20)
	if grown := heap() - min(before, heap()); grown > bound {
		t.Errorf("memory grew by %d MiB; want at most %d", grown>>20, bound>>20)
	}
	var thawing sync.WaitGroup
	for i, conn := range conns {
		thawing.Go(func() {
			ends := comesTo // all of them become current; the events are looked at for some
			if i%20 == 0 {
				ends = endsCurrent
			}
			if err := ends(conn, events-1); err != nil {
				t.Error(err)
			}
		})
	}
	thawing.Wait()
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// endsCurrent reads until event last has come, and checks that a gap before it was
// announced by a reset.
func endsCurrent(conn net.Conn, last int) error {
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	if err := skipHead(conn); err != nil {
		return err
	}
	events := sse.NewReader(conn, 1<<20)
	next, reset, live := 0, false, false
	for {
		e, err := events.Next()
		if err != nil {
			return fmt.Errorf("a frozen reader that reads again: %w", err)
		}
		switch e.Type {
		case "stream":
			reset = reset || strings.Contains(string(e.Data), `"reset"`)
			live = false
			if reset {
				next = -1
			}
		case "live":
			live = true
		case "lines":
			var v struct{ N int }
			if err := json.Unmarshal(e.Data, &v); err != nil {
				return err
			}
			if live && next >= 0 && v.N != next {
				return fmt.Errorf("event %d came where %d was due, without a reset", v.N, next)
			}
			next = v.N + 1
			if v.N == last {
				return nil
			}
		}
	}
}

// skipHead reads the head of the answer byte by byte, to leave the body alone.
func skipHead(r io.Reader) error {
	var head []byte
	for !strings.HasSuffix(string(head), "\r\n\r\n") {
		var b [1]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return err
		}
		head = append(head, b[0])
	}
	return nil
}

// comesTo reads until event last has come.
func comesTo(conn net.Conn, last int) error {
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	mark := []byte(fmt.Sprintf(`{"n":%d,`, last))
	buf := make([]byte, 256<<10)
	for kept := 0; ; {
		n, err := conn.Read(buf[kept:])
		if err != nil {
			return fmt.Errorf("a frozen reader that reads again: %w", err)
		}
		text := buf[:kept+n]
		if bytes.Contains(text, mark) {
			return nil
		}
		kept = copy(buf, text[max(0, len(text)-len(mark)):])
	}
}
