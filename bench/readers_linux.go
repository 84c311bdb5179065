package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A reader is one stream of events.
type reader struct {
	fd      int
	tls     *tls.Conn // nil without TLS
	chunked bool
	headed  bool // the response head is behind us
	live    bool
	frozen  bool // to stop reading once live
	closed  bool
	chunks  chunks
	rest    []byte // a frame, or a head, that has not come whole
	length  int    // of the last event's frame
	last    []uint32
	order   uint64 // fingerprint of the events in the order in which they came
}

// connecting is how many streams may wait for their first bytes while more are opened.
const connecting = 256

// frozenBuffer bounds what the kernel takes for a reader that does not read.
const frozenBuffer = 4096

// connectReaders opens all streams and returns once the last is live.
func (l *load) connectReaders() error {
	l.readers = make([]reader, l.spec.Readers)
	for i := range l.readers {
		if err := l.openReader(i); err != nil {
			return err
		}
		for i+1-l.liveReaders >= connecting {
			if err := l.settle(); err != nil {
				return err
			}
		}
	}
	for l.liveReaders < len(l.readers) {
		if err := l.settle(); err != nil {
			return err
		}
	}
	return nil
}

// settle lets streams come to life; it is an error when none does for ten seconds.
func (l *load) settle() error {
	if l.failed != nil {
		return l.failed
	}
	if l.result.Closed > 0 {
		return fmt.Errorf("connect %d readers: the server closed one of the first %d", len(l.readers), l.liveReaders+1)
	}
	before, until := l.liveReaders, l.now()+10*time.Second.Nanoseconds()
	for l.liveReaders == before && l.failed == nil && l.result.Closed == 0 {
		if l.now() > until {
			return fmt.Errorf("connect %d readers: only %d are live", len(l.readers), l.liveReaders)
		}
		if err := l.poll(100); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) openReader(i int) error {
	r := &l.readers[i]
	r.frozen = i < l.spec.Frozen
	r.last = make([]uint32, l.spec.Publishers)
	receive := 0
	if r.frozen {
		receive = frozenBuffer
	}
	fd, err := dial(l.spec.Address, i, receive)
	if err != nil {
		return err
	}
	r.fd = fd
	request := []byte("GET /latest?type=" + l.topics(i) + " HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n")
	if l.spec.TLS {
		if r.tls, err = secure(fd); err == nil {
			_, err = r.tls.Write(request)
		}
	} else {
		err = sendNow(fd, request)
	}
	if err != nil {
		return fmt.Errorf("open stream %d: %w", i, err)
	}
	l.own(fd, owner{readerSocket, i})
	return watch(l.ep, fd)
}

// topics returns what the i-th reader subscribes to: all of the topic, or its own keys.
func (l *load) topics(i int) string {
	if l.spec.KeysEach == 0 {
		return benchTopic
	}
	first := i * l.spec.KeysEach
	if l.spec.Alike {
		first = 0
	}
	names := make([]string, l.spec.KeysEach)
	for j := range names {
		names[j] = keyedTopic + "." + keyName((first+j)%l.spec.Keys)
	}
	return strings.Join(names, ",")
}

// read takes what has arrived at the i-th reader.
func (l *load) read(i int) {
	r := &l.readers[i]
	for !r.closed {
		kept := copy(l.buffer, r.rest)
		var n int
		var err error
		if r.tls != nil {
			n, err = r.tls.Read(l.buffer[kept:])
		} else {
			n, err = recvNow(r.fd, l.buffer[kept:])
		}
		if errors.Is(err, errAgain) {
			return
		}
		if n == 0 || err != nil {
			l.end(r)
			return
		}
		if l.measuring {
			l.result.Bytes += n
			l.result.Reads++
		}
		b := l.buffer[:kept+n]
		if r.headed && r.chunked {
			b = b[:kept+len(r.chunks.strip(b[kept:]))]
		}
		if !r.headed {
			if b = l.head(r, b); b == nil {
				return
			}
		}
		r.rest = append(r.rest[:0], l.frames(r, b)...)
		if kept+n < len(l.buffer) && r.tls == nil {
			return // all that there was; level-triggered, the next comes back
		}
	}
}

// head takes the response head; nil until it is whole, or when the stream is refused.
func (l *load) head(r *reader, b []byte) []byte {
	body, chunked, ok, err := cutHead(b)
	if err != nil {
		l.failed = err
		return nil
	}
	if !ok {
		r.rest = append(r.rest[:0], b...)
		return nil
	}
	r.headed, r.chunked = true, chunked
	if l.spec.Live == "" {
		l.enliven(r)
	}
	if chunked {
		body = r.chunks.strip(body)
	}
	r.rest = r.rest[:0]
	return body
}

// frames takes the whole frames in b and returns what is left.
func (l *load) frames(r *reader, b []byte) []byte {
	now := l.now()
	for {
		frame, after := nextFrame(b, r.length)
		if frame == nil {
			return b
		}
		b = after
		e, ok := eventOf(frame, l.spec.Size, l.run)
		if ok && r.live {
			r.length = len(frame)
			l.deliver(r, e, now)
		} else if !r.live && bytes.Contains(frame, []byte(l.spec.Live)) {
			l.enliven(r)
		}
	}
}

// deliver counts e, which has just come to r, and checks that it is the one that is due.
func (l *load) deliver(r *reader, e event, now int64) {
	if int(e.source) >= len(r.last) {
		l.result.Disorder++
		return
	}
	last := &r.last[e.source]
	if e.seq <= *last {
		l.result.Disorder++
		return
	}
	*last = e.seq
	r.order = (r.order ^ (uint64(e.source)<<32 | uint64(e.seq))) * 0x100000001b3
	if r.frozen {
		return
	}
	l.result.Delivered++
	if e.sent >= l.windowStart && e.sent < l.windowEnd {
		l.latency.add(now - e.sent)
	}
}

func (l *load) enliven(r *reader) {
	r.live = true
	l.liveReaders++
	if r.frozen {
		l.check(unix.EpollCtl(l.ep, unix.EPOLL_CTL_DEL, r.fd, nil))
	}
}

// end closes a stream that the server has ended.
func (l *load) end(r *reader) {
	r.closed = true
	l.result.Closed++
	unix.Close(r.fd)
}

// disorderAmong counts the readers that saw the events in another order than the first did.
// Gaps are no disorder here: they are counted as losses.
func (l *load) disorderAmong() (n int) {
	if l.spec.KeysEach > 0 || l.result.Delivered != l.result.Expected {
		return 0
	}
	var first *reader
	for i := range l.readers {
		r := &l.readers[i]
		switch {
		case r.frozen || r.closed:
		case first == nil:
			first = r
		case r.order != first.order:
			n++
		}
	}
	return n
}
