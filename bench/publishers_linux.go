package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// A publisher is one keep-alive connection with at most one request under way.
type publisher struct {
	fd       int
	tls      *tls.Conn // nil without TLS
	busy     bool
	sent     int64 // when the event under way was meant to be sent
	seq      uint32
	request  []byte
	data     []byte // the end of request
	response []byte // as far as it has come
}

func (l *load) connectPublishers() error {
	topic := benchTopic
	if l.spec.KeysEach > 0 {
		topic = keyedTopic
	}
	l.publishers = make([]publisher, l.spec.Publishers)
	for i := range l.publishers {
		if err := l.dialPublisher(i); err != nil {
			return err
		}
		p := &l.publishers[i]
		p.request = append(fmt.Appendf(nil, "POST /latest/%s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
			topic, publishKey, l.spec.Size), newEventData(l.spec.Size)...)
		p.data = p.request[len(p.request)-l.spec.Size:]
	}
	return nil
}

// dialPublisher connects the i-th publisher.
func (l *load) dialPublisher(i int) (err error) {
	p := &l.publishers[i]
	if p.fd, err = dial(l.spec.Address, l.spec.Readers+i, 0); err != nil {
		return err
	}
	if l.spec.TLS {
		if p.tls, err = secure(p.fd); err != nil {
			return fmt.Errorf("publisher %d: %w", i, err)
		}
	}
	l.own(p.fd, owner{publisherSocket, i})
	return watch(l.ep, p.fd)
}

// pump sends what is due at now to publishers that are free.
func (l *load) pump(now int64) {
	for i := range l.publishers {
		if l.publishers[i].busy {
			continue
		}
		due, ok := l.nextDue(now)
		if !ok {
			return
		}
		l.publish(i, due)
	}
}

// nextDue returns the moment for which the next event was meant, if that has come.
func (l *load) nextDue(now int64) (int64, bool) {
	if l.spec.Rate == 0 {
		open := now >= l.begin && now < l.windowEnd && l.result.Published-l.result.Delivered/max(l.fan, 1) < l.spec.Flight
		return now, open
	}
	due := l.dueAt(l.result.Published)
	return due, due <= now && due < l.windowEnd
}

// dueAt is when the n-th event is to be sent at a fixed rate: in the middle of its interval,
// so that the window begins and ends between two events.
func (l *load) dueAt(n int) int64 {
	return l.begin + int64((float64(n)+0.5)*1e9/l.spec.Rate)
}

func (l *load) publish(i int, due int64) {
	p := &l.publishers[i]
	p.seq++
	key := 0
	if l.spec.Keys > 0 {
		key = l.result.Published * 7919 % l.spec.Keys // a prime: goes through all keys, not in their order
	}
	event{key: key, run: l.run, source: uint8(i), seq: p.seq, sent: due}.put(p.data)
	p.busy, p.sent = true, due
	l.result.Published++
	l.result.Expected += l.fan
	if p.tls != nil {
		_, err := p.tls.Write(p.request)
		l.check(err)
		return
	}
	l.check(sendNow(p.fd, p.request))
}

// answered takes what has arrived at the i-th publisher.
func (l *load) answered(i int) {
	p := &l.publishers[i]
	for {
		var n int
		var err error
		if p.tls != nil {
			n, err = p.tls.Read(l.buffer)
		} else {
			n, err = recvNow(p.fd, l.buffer)
		}
		if errors.Is(err, errAgain) {
			return
		}
		if n == 0 || err != nil {
			if p.busy {
				err = fmt.Errorf("publisher %d: the server closed the connection", i)
			} else { // a server may close what has nothing to say, as after ten seconds at first
				_ = unix.Close(p.fd)
				err = l.dialPublisher(i)
			}
			l.check(err)
			return
		}
		p.response = append(p.response, l.buffer[:n]...)
		status, whole := responseStatus(p.response)
		if !whole {
			continue
		}
		if status/100 != 2 {
			l.result.Refused++
			l.refusal = string(p.response)
		}
		if l.measuring {
			l.result.Events++
		}
		if p.sent >= l.windowStart && p.sent < l.windowEnd {
			l.ack.add(l.now() - p.sent)
		}
		p.busy, p.response = false, p.response[:0]
		l.acked++
	}
}

// responseStatus returns the status of the response in b, and whether it is whole. It knows
// responses with a Content-Length alone, which is what short answers have.
func responseStatus(b []byte) (status int, whole bool) {
	end := bytes.Index(b, headEnd)
	if end < 0 || len(b) < len("HTTP/1.1 201") {
		return 0, false
	}
	status, _ = strconv.Atoi(string(b[9:12]))
	length := 0
	for line := range bytes.SplitSeq(b[:end], []byte("\r\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("content-length")) {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
	return status, len(b) >= end+len(headEnd)+length
}
