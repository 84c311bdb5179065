package feeds

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// errEnded is the failure of a feed that returns nil without being told to and
// has no interval at which to run again.
var errEnded = errors.New("the feed ended without being told to")

// A runner runs one feed again and again. Its goroutine is started and awaited by
// the supervisor.
type runner struct {
	// Static after construction.
	spec   Spec
	env    Env
	feed   Feed
	bus    Bus
	client *http.Client
	limit  *rate.Limiter
	board  *board
	recent *recent
	topics map[string]bool // it may print on
	names  []string        // the same
	topic  string          // default of Item.Topic
	retry  chan struct{}   // capacity 1: run now; never closed
	heard  chan struct{}   // capacity 1: somebody reads what a slow feed prints; never closed
	done   chan struct{}   // closed when loop has returned

	standIn *standIn // prints while the source fails; nil: nobody does
	visitor *visitor // behind client; nil: the client is not of a Fetcher

	place   place   // in its source; has its own lock
	breaker breaker // owned by loop

	mu     sync.Mutex // guards the fields below, which Pause uses on any goroutine
	random *rand.Rand
	slow   time.Time // when the feed would ask its source if somebody read it; zero: it is not slowed down
}

// loop runs the feed until ctx is done or the feed is to be run no more.
func (r *runner) loop(ctx context.Context) {
	defer close(r.done)
	defer r.standIn.end()
	var err error
	for runs := 0; ; runs++ {
		if runs == 0 || err != nil {
			r.board.starting(runs > 0)
		}
		began := time.Now()
		err = r.run(ctx)
		if ctx.Err() != nil {
			r.board.stopped()
			return
		}
		var wait time.Duration
		if wait, err = r.judge(err, time.Since(began)); wait < 0 {
			return
		}
		if err != nil && r.board.downSoon(wait) {
			r.standIn.start(ctx)
		}
		if r.sleep(ctx, wait) != nil {
			r.board.stopped()
			return
		}
	}
}

// judge decides what follows a run that ended with err. It returns how long to
// wait, below zero if the feed is run no more, and the failure if it was one.
func (r *runner) judge(err error, lasted time.Duration) (wait time.Duration, failure error) {
	now := time.Now()
	delay, asked := RetryDelay(err)
	_, attention := Hint(err)
	state := Backoff
	if errors.Is(err, ErrNotModified) {
		err = nil
	}
	switch {
	case err == nil && r.env.Every.Max > 0:
		r.breaker.reset()
		r.board.alive(0, 0, "")
		wait = r.wait(now, r.env.Every)
		r.board.paused(now.Add(wait), r.env.Every)
		return wait, nil
	case errors.Is(err, ErrFinished):
		r.board.stopped()
		return -1, nil
	case IsFatal(err):
		r.board.failed(Stopped, err, time.Time{})
		return -1, err
	case attention:
		state, wait = Attention, r.breaker.spread(max(attentionPause, min(delay, retryMost)))
	case asked:
		wait = r.breaker.spread(min(max(delay, r.breaker.polite(), backoffFirst), retryMost))
	default:
		if err == nil {
			err = errEnded
		}
		open := false
		if wait, open = r.breaker.fail(now, lasted >= healthyAfter && r.board.spoke()); open {
			state = Open
		}
		wait = max(wait, spacing(err))
	}
	r.board.failed(state, err, now.Add(wait))
	return wait, err
}

// sleep waits for d, for somebody's wish to run the feed now, or for ctx's end.
func (r *runner) sleep(ctx context.Context, d time.Duration) error {
	defer r.awake()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	case <-r.retry:
	case <-r.heard:
	}
	return nil
}

// run runs the feed once, awaits all of its goroutines, and returns the first
// error that ended it.
func (r *runner) run(life context.Context) error {
	ctx, cancel := context.WithCancel(life)
	defer cancel()
	p := &publisher{runner: r, ctx: ctx, cancel: cancel, idle: make(chan struct{})}
	if r.visitor != nil {
		r.visitor.begin()
	}
	p.start(func() error { return r.feed.Run(ctx, p) }, true)
	<-ctx.Done()

	timer := time.NewTimer(stopTime)
	defer timer.Stop()
	select {
	case <-p.idle:
	case <-timer.C:
		if life.Err() != nil {
			break // the supervisor reports the leak
		}
		// Running it once more would only add to what is left over.
		err := NeedsAttention(fmt.Errorf("goroutines of the feed did not end within %s", stopTime),
			"the feed is started again when they end, or with the program")
		r.board.failed(Attention, err, time.Time{})
	}
	<-p.idle
	return p.outcome
}

// panicError is a panic of a feed.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// Trace returns the stack of the goroutine that panicked.
func (e *panicError) Trace() string { return string(e.stack) }

// Unwrap returns the panic's value if that is an error.
func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

// guard calls fn and turns its panic, or a runtime.Goexit, into an error that is
// given to then, which is always called.
func guard(fn func() error, then func(error)) {
	err := errors.New("the feed ended its goroutine (runtime.Goexit)")
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{value: v, stack: debug.Stack()}
		}
		then(err)
	}()
	err = fn()
}
