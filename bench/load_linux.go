package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// ownerKind says what a descriptor is to the generator.
type ownerKind uint8

const (
	nobody ownerKind = iota
	readerSocket
	publisherSocket
	timerSocket
	churnSocket
)

type owner struct {
	kind  ownerKind
	index int
}

// A load is the generator: one thread, one epoll, all readers and publishers. All of it is
// owned by the goroutine of runLoad.
type load struct {
	spec   loadSpec
	run    uint16
	base   time.Time // the clock's zero
	ep     int
	timer  int
	owners []owner // by descriptor
	buffer []byte  // what is being read; shared by all sockets
	polled []unix.EpollEvent

	readers     []reader
	publishers  []publisher
	fan         int
	liveReaders int
	acked       int

	// Nanoseconds since base.
	begin, windowStart, windowEnd int64

	measuring bool
	ended     bool
	before    counters // at the beginning of the window

	latency, ack histogram
	result       loadResult
	refusal      string // the last answer to a publish that was not 2xx
	failed       error  // what makes the figures worthless
}

// stall is how long nothing may arrive at the end of a run before the rest counts as lost.
const stall = 3 * time.Second

// runLoad is the generator's role: a loadSpec comes in, loadResults go out.
func runLoad(in io.Reader, out io.Writer) error {
	runtime.LockOSThread()
	input := bufio.NewReader(in)
	line, err := input.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read what to do: %w", err)
	}
	l := &load{run: uint16(os.Getpid()), base: time.Now(), buffer: make([]byte, 256<<10), polled: make([]unix.EpollEvent, 512)}
	if err := json.Unmarshal(line, &l.spec); err != nil {
		return fmt.Errorf("read what to do: %w", err)
	}
	if err := l.open(); err != nil {
		return err
	}
	answer := json.NewEncoder(out)
	if l.spec.Churn > 0 {
		if err := l.churn(); err != nil {
			return err
		}
		return answer.Encode(l.result)
	}
	if err := l.connect(); err != nil {
		return err
	}
	if err := answer.Encode(l.result); err != nil {
		return err
	}
	if l.spec.Hold {
		_, err := io.Copy(io.Discard, input)
		return err
	}
	if err := l.play(); err != nil {
		return err
	}
	return answer.Encode(l.result)
}

func (l *load) open() (err error) {
	if l.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("make epoll: %w", err)
	}
	if l.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return fmt.Errorf("make timer: %w", err)
	}
	l.own(l.timer, owner{kind: timerSocket})
	return watch(l.ep, l.timer)
}

func (l *load) connect() error {
	start := l.now()
	if err := errors.Join(l.connectReaders(), l.connectPublishers()); err != nil {
		return err
	}
	l.result.Connected = len(l.readers)
	l.result.ConnectSeconds = float64(l.now()-start) / 1e9
	l.fan = l.spec.Fan
	if l.fan == 0 {
		l.fan = l.spec.Readers - l.spec.Frozen
	}
	return nil
}

// play publishes through warm-up and window, then waits for what is under way.
func (l *load) play() error {
	l.begin = l.now() + (50 * time.Millisecond).Nanoseconds()
	l.windowStart = l.begin + l.spec.Warm.Nanoseconds()
	l.windowEnd = l.windowStart + l.spec.Window.Nanoseconds()
	progress, seen := l.now(), 0
	for {
		now := l.now()
		l.mark(now)
		l.pump(now)
		if l.failed != nil {
			return l.failed
		}
		if done := l.result.Delivered + l.acked; done != seen {
			progress, seen = now, done
		}
		if l.ended && l.settled(now) {
			break
		}
		if l.ended && now-progress > stall.Nanoseconds() {
			break
		}
		l.arm(now)
		if err := l.poll(100); err != nil {
			return err
		}
	}
	l.result.Disorder += l.disorderAmong()
	l.result.Latency, l.result.Ack = l.latency.quantiles(), l.ack.quantiles()
	if l.result.Refused > 0 {
		l.result.Error = fmt.Sprintf("%d publishes refused, the last with %.300s", l.result.Refused, l.refusal)
	}
	return nil
}

// settled says that every event has been sent, acknowledged and delivered.
func (l *load) settled(now int64) bool {
	_, due := l.nextDue(now)
	return !due && l.acked == l.result.Published && l.result.Delivered >= l.result.Expected
}

// mark takes the counters at both ends of the window.
func (l *load) mark(now int64) {
	switch {
	case !l.measuring && !l.ended && now >= l.windowStart:
		l.measuring = true
		l.before = l.count(now)
	case l.measuring && now >= l.windowEnd:
		l.measuring, l.ended = false, true
		a, b := l.before, l.count(now)
		l.result.Seconds = float64(b.now-a.now) / 1e9
		l.result.Deliveries = b.delivered - a.delivered
		l.result.CPU = b.server.total - a.server.total
		l.result.CPUUser, l.result.CPUSystem = b.server.user-a.server.user, b.server.system-a.server.system
		l.result.OwnCPU = b.own.total - a.own.total
		l.result.Foreign = max(0, b.serverBusy-a.serverBusy-l.result.CPU)
		l.result.ForeignOwn = max(0, b.ownBusy-a.ownBusy-l.result.OwnCPU)
	}
}

// counters are what is compared between both ends of the window.
type counters struct {
	now                 int64
	delivered           int
	server, own         cpuTime
	serverBusy, ownBusy time.Duration
}

func (l *load) count(now int64) counters {
	c := counters{now: now, delivered: l.result.Delivered}
	var errs [4]error
	c.server, errs[0] = cpuTimeOf(l.spec.PID)
	c.own, errs[1] = cpuTimeOf(os.Getpid())
	c.serverBusy, errs[2] = busyTime(l.spec.ServerCores)
	c.ownBusy, errs[3] = busyTime(l.spec.LoadCores)
	l.check(errors.Join(errs[:]...))
	return c
}

// arm sets the timer to the next moment at which something is to be done.
func (l *load) arm(now int64) {
	next := now + (100 * time.Millisecond).Nanoseconds()
	for _, at := range []int64{l.begin, l.windowStart, l.windowEnd} {
		if at > now {
			next = min(next, at)
		}
	}
	if l.spec.Rate > 0 {
		if due := l.dueAt(l.result.Published); due > now {
			next = min(next, due)
		}
	}
	l.check(unix.TimerfdSettime(l.timer, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(max(next-now, 1))}, nil))
}

// poll waits up to the given milliseconds and takes what has arrived.
func (l *load) poll(milliseconds int) error {
	n, err := waitNow(l.ep, l.polled, milliseconds)
	if err != nil {
		return err
	}
	for _, ev := range l.polled[:n] {
		switch o := l.owners[ev.Fd]; o.kind {
		case readerSocket:
			l.read(o.index)
		case publisherSocket:
			l.answered(o.index)
		case churnSocket:
			l.churned(o.index)
		case timerSocket:
			_, _ = unix.Read(l.timer, l.buffer[:8])
		}
	}
	return l.failed
}

func (l *load) own(fd int, o owner) {
	for fd >= len(l.owners) {
		l.owners = append(l.owners, make([]owner, 1024)...)
	}
	l.owners[fd] = o
}

func (l *load) now() int64 { return time.Since(l.base).Nanoseconds() }

// check keeps the first error that makes the figures worthless.
func (l *load) check(err error) {
	if err != nil && l.failed == nil {
		l.failed = err
	}
}
