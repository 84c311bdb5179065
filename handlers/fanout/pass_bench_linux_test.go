package fanout

import (
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkPass writes 200 bytes to each of 1,000 connections on loopback, which one
// goroutine reads, between the passes. writes/s is of the passes alone; compare the two
// with each other, as a machine's share of the kernel differs from the next one's:
//
//	go test -run '^$' -bench Pass -benchmem ./handlers/fanout
func BenchmarkPass(b *testing.B) {
	for _, how := range []IO{Epoll, Uring} {
		b.Run(string(how), func(b *testing.B) {
			needs(b, how)
			benchmarkPass(b, how)
		})
	}
}

func benchmarkPass(b *testing.B, how IO) {
	const readers = 1000
	s := still(b, Options{IO: how})
	sink := newSink(b)
	leader := &drum{beat: make([]byte, 200)}
	r := &rig{t: b, listener: sink.listener}
	for i := range readers {
		c, far := r.dial(pipe{})
		d, err := Dup(far)
		if err != nil {
			b.Fatal(err)
		}
		_ = far.Close()
		p := &drum{}
		if i == 0 {
			p = leader
		}
		own := &conn{fd: int32(d.fd)}
		own.alone = &alone{stream: p, since: time.Now()}
		if err := s.adopt(own); err != nil {
			b.Fatal(err)
		}
		s.rest(b)
		sink.add(b, c)
	}
	sink.start(b)
	var in inbox
	var took time.Duration
	passes := int64(0)
	for b.Loop() {
		leader.due++
		leader.fn()
		began := time.Now()
		for turns := 1; turns > 0; {
			in = s.take(in)
			s.handle(&in)
			wait := time.Hour
			turns = s.turn(began.Add(time.Hour), &wait)
		}
		took += time.Since(began)
		passes++
		sink.await(passes * readers * int64(len(leader.beat)))
	}
	b.ReportMetric(float64(passes*readers)/took.Seconds(), "writes/s")
	b.ReportMetric(float64(took.Microseconds())/float64(passes*readers), "us/write")
}

// A sink reads what many connections are given, in one goroutine.
type sink struct {
	listener *net.TCPListener
	epoll    *epoll
	got      chan int64 // bytes so far; capacity 1
}

func newSink(b *testing.B) *sink {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	e, err := newEpoll()
	if err != nil {
		b.Fatal(err)
	}
	return &sink{listener: l.(*net.TCPListener), epoll: e, got: make(chan int64, 1)}
}

// add reads from a client from now on.
func (s *sink) add(b *testing.B, c *client) {
	d, err := Dup(c.TCPConn)
	if err != nil {
		b.Fatal(err)
	}
	_ = c.Close()
	b.Cleanup(d.Close)
	if err := unix.EpollCtl(s.epoll.fd, unix.EPOLL_CTL_ADD, d.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(d.fd)}); err != nil {
		b.Fatal(err)
	}
}

func (s *sink) start(b *testing.B) {
	ended := make(chan struct{})
	go func() { // ended by the clean-up, which waits
		defer close(ended)
		events := make([]unix.EpollEvent, 1000)
		buffer := make([]byte, 64<<10)
		sum := int64(0)
		for {
			n, err := s.epoll.wait(events)
			if err != nil {
				return
			}
			for _, e := range events[:n] {
				if n, err := unix.Read(int(e.Fd), buffer); err == nil {
					sum += int64(n)
				} else if !errors.Is(err, unix.EAGAIN) {
					b.Error(err)
				}
			}
			select {
			case <-s.got: // not looked at; a newer one is there
			default:
			}
			s.got <- sum
		}
	}()
	b.Cleanup(func() {
		s.epoll.close()
		<-ended
	})
}

// await returns once so many bytes were read.
func (s *sink) await(bytes int64) {
	for sum := range s.got {
		if sum >= bytes {
			return
		}
	}
}
