package main

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// churn connects, asks for a stream, waits for its first event and resets, over and over,
// with the given number under way at any time.
func (l *load) churn() error {
	l.readers = make([]reader, l.spec.Churn)
	l.begin = l.now()
	l.windowStart = l.begin + l.spec.Warm.Nanoseconds()
	l.windowEnd = l.windowStart + l.spec.Window.Nanoseconds()
	for i := range l.readers {
		if err := l.openChurned(i); err != nil {
			return err
		}
	}
	progress, seen := l.now(), 0
	for !l.ended {
		now := l.now()
		l.mark(now)
		if l.result.Delivered != seen {
			progress, seen = now, l.result.Delivered
		}
		if now-progress > stall.Nanoseconds() {
			return fmt.Errorf("churn: no stream began for %s", stall)
		}
		if err := l.poll(100); err != nil {
			return err
		}
	}
	l.result.Latency = l.latency.quantiles()
	for i := range l.readers {
		unix.Close(l.readers[i].fd)
	}
	// What is left open half a second later is leaked.
	time.Sleep(500 * time.Millisecond)
	return nil
}

// openChurned takes the time of a connection before it is made; order holds it.
func (l *load) openChurned(i int) error {
	r := &l.readers[i]
	began := l.now()
	fd, err := dial(l.spec.Address, i*perSource, 0)
	if err != nil {
		return err
	}
	r.fd, r.order, r.rest = fd, uint64(began), r.rest[:0]
	l.own(fd, owner{churnSocket, i})
	if err := sendNow(fd, []byte("GET /latest?type="+benchTopic+" HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n")); err != nil {
		return fmt.Errorf("churn: %w", err)
	}
	return watch(l.ep, fd)
}

// churned takes what has come to the i-th connection; with its first event it is over.
func (l *load) churned(i int) {
	r := &l.readers[i]
	n, err := recvNow(r.fd, l.buffer)
	if errors.Is(err, errAgain) {
		return
	}
	if n == 0 || err != nil {
		l.check(fmt.Errorf("churn: the server ended a stream before its first event (%d had begun)", l.result.Delivered))
		return
	}
	r.rest = append(r.rest, l.buffer[:n]...)
	body, _, ok, err := cutHead(r.rest)
	l.check(err)
	if !ok || !bytes.Contains(body, blankLine) {
		return
	}
	now := l.now()
	l.result.Delivered++
	if l.measuring {
		l.latency.add(now - int64(r.order))
	}
	unix.Close(r.fd)
	l.check(l.openChurned(i))
}
