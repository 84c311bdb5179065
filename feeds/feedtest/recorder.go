package feedtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"tickertape/feeds"
)

// A Retraction is a call of [feeds.Publisher.Retract].
type Retraction struct{ Topic, Key string }

// A Recorder is a [feeds.Publisher] and [feeds.Pacer] that keeps what a feed
// prints. It checks items as the supervisor does and refuses what that refuses,
// but drops no repeated item. Its methods may be called from any goroutine.
type Recorder struct {
	env      feeds.Env
	topic    string // default of Item.Topic
	invented bool   // all items of the kind are simulated
	client   *http.Client
	log      *slog.Logger
	wg       sync.WaitGroup
	news     chan struct{} // capacity 1: something was recorded; never closed

	mu       sync.Mutex // guards the fields below
	cancel   context.CancelFunc
	random   *rand.Rand
	items    []feeds.Item
	lines    [][]byte
	retracts []Retraction
	notes    []string
	oks      []string
	errs     []error
}

var (
	_ feeds.Publisher = (*Recorder)(nil)
	_ feeds.Pacer     = (*Recorder)(nil)
	_ feeds.Noter     = (*Recorder)(nil)
)

// NewRecorder returns a recorder for a feed of spec that was made with env. When
// the test ends it awaits the goroutines that the feed started with Go.
func NewRecorder(t testing.TB, spec feeds.Spec, env feeds.Env) *Recorder {
	r := &Recorder{
		env:      env,
		topic:    env.Topic,
		invented: spec.Simulated,
		client:   http.DefaultClient,
		log:      slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		news:     make(chan struct{}, 1),
		random:   rand.New(rand.NewPCG(env.Seed, 1)),
	}
	if r.topic == "" && len(spec.Topics) > 0 {
		r.topic = spec.Topics[0]
	}
	t.Cleanup(r.wg.Wait)
	return r
}

// SetHTTP makes HTTP return c, for instance a test server's client. Call it
// before the feed runs.
func (r *Recorder) SetHTTP(c *http.Client) { r.client = c }

// Collect runs feed until it has printed at least n items, or ctx is done, or
// the feed ends by itself, and awaits it. It returns the items printed and the
// feed's error; that a feed was cancelled is no error.
func (r *Recorder) Collect(ctx context.Context, feed feeds.Feed, n int) ([]feeds.Item, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.mu.Lock()
	r.cancel = cancel
	r.mu.Unlock()
	done := make(chan error, 1)
	go func() { done <- guard(func() error { return feed.Run(ctx, r) }) }()
	for len(r.Items()) < n {
		select {
		case <-r.news:
			continue
		case err := <-done:
			return r.finish(ctx, cancel, err)
		}
	}
	cancel()
	return r.finish(ctx, cancel, <-done)
}

func (r *Recorder) finish(ctx context.Context, cancel func(), err error) ([]feeds.Item, error) {
	ended := ctx.Err() != nil
	cancel()
	r.wg.Wait()
	if ended && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		err = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.items), errors.Join(append(r.errs, err)...)
}

// Publish checks and keeps the items.
func (r *Recorder) Publish(ctx context.Context, items ...feeds.Item) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var refused []error
	r.mu.Lock()
	for _, it := range items {
		if it.Topic == "" {
			it.Topic = r.topic
		}
		it.Simulated = it.Simulated || r.invented
		line, err := it.Encode(time.Now())
		if err != nil {
			refused = append(refused, err)
			continue
		}
		r.items = append(r.items, it)
		r.lines = append(r.lines, line)
	}
	r.mu.Unlock()
	r.tell()
	return errors.Join(refused...)
}

// Retract keeps the retraction.
func (r *Recorder) Retract(ctx context.Context, topic, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.mu.Lock()
	r.retracts = append(r.retracts, Retraction{topic, key})
	r.mu.Unlock()
	r.tell()
	return nil
}

// OK keeps the detail.
func (r *Recorder) OK(detail string) {
	r.mu.Lock()
	r.oks = append(r.oks, detail)
	r.mu.Unlock()
	r.tell()
}

// Note keeps the detail.
func (r *Recorder) Note(detail string) {
	r.mu.Lock()
	r.notes = append(r.notes, detail)
	r.mu.Unlock()
	r.tell()
}

// Go runs fn on a goroutine; its error or panic ends Collect.
func (r *Recorder) Go(fn func() error) {
	r.wg.Go(func() {
		err := guard(fn)
		if err == nil || errors.Is(err, context.Canceled) {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.errs = append(r.errs, err)
		if r.cancel != nil {
			r.cancel()
		}
	})
}

// Log returns a logger that writes to the test's log.
func (r *Recorder) Log() *slog.Logger { return r.log }

// HTTP returns the client set with SetHTTP, or the default one.
func (r *Recorder) HTTP() *http.Client { return r.client }

// Pause waits as the supervisor does, for a time drawn with the seed of env.
func (r *Recorder) Pause(ctx context.Context, every feeds.Interval) error {
	if every.Max <= 0 {
		every = r.env.Every
	}
	r.mu.Lock()
	wait := every.Draw(r.random)
	r.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Items returns the items published so far, Topic filled in.
func (r *Recorder) Items() []feeds.Item {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.items)
}

// Lines returns the JSON objects of the items published so far.
func (r *Recorder) Lines() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

// Retractions returns the retractions so far.
func (r *Recorder) Retractions() []Retraction {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.retracts)
}

// OKs returns the details of the calls of OK so far.
func (r *Recorder) OKs() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.oks)
}

// Notes returns the details of the calls of Note so far.
func (r *Recorder) Notes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.notes)
}

func (r *Recorder) tell() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// guard turns a panic of fn into an error.
func guard(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return fn()
}

// testWriter sends log lines to a test's log.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Helper()
	w.t.Log(string(p[:max(len(p)-1, 0)]))
	return len(p), nil
}
