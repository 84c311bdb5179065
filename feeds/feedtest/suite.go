package feedtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tickertape/feeds"
	"tickertape/topics"
)

// Config says how [Run] is to make feeds of a kind. The zero value is ready for a
// kind that works with its defaults.
type Config struct {
	Options any          // a pointer to its options; default: a new struct with the defaults set
	Env     feeds.Env    // default: id "test", seed 1, the rest as the kind says
	Items   int          // to look at; default 5
	HTTP    *http.Client // of the feed, for instance a test server's

	// Source is asked in place of the web, each run from the beginning of its script. The
	// suite then also checks how the kind takes bad answers.
	Source *Source
	Now    time.Time // when runs with a Source begin; default [Recorded]

	// Real runs the feed in real time, for a kind with processes or sockets: what it
	// does must take at most some seconds. Otherwise time is that of testing/synctest.
	Real bool

	// Unsteady says that two runs print different ids, since the source gives them.
	Unsteady bool
}

const (
	stopLimit = time.Second
	realLimit = 20 * time.Second // for a feed in real time
	fakeLimit = 24 * time.Hour
)

// Run checks that a kind keeps the contract of package feeds. Each of its subtests
// is a rule, and its messages say how the rule is broken. It takes less than a second
// unless [Config].Real is set.
func Run(t *testing.T, spec feeds.Spec, c Config) {
	t.Helper()
	suite, err := newSuite(spec, c)
	if err != nil {
		t.Fatal(err)
	}
	plain := func(t *testing.T, check func(t *testing.T)) { check(t) }
	clocked := func(t *testing.T, check func(t *testing.T)) {
		synctest.Test(t, func(t *testing.T) {
			suite.sleep()
			check(t)
		})
	}
	if c.Real {
		clocked = func(t *testing.T, check func(t *testing.T)) {
			check(t)
			// A bubble of synctest would not end; here nobody else looks.
			if err := goleak.Find(goleak.IgnoreCurrent()); err != nil {
				t.Errorf("goroutines are left behind: %v", err)
			}
		}
	}
	for _, rule := range []struct {
		name  string
		in    func(*testing.T, func(*testing.T))
		check func(t *testing.T) error
	}{
		{"the spec is complete", plain, func(*testing.T) error { return checkSpec(spec, suite.env) }},
		{"the options are documented", plain, func(*testing.T) error { return checkOptions(spec) }},
		{"the example is valid", plain, func(*testing.T) error { return checkExample(spec) }},
		{"the constructor refuses what is not its options", plain, func(*testing.T) error { return suite.checkConstructor() }},
		{"items are within the rules", clocked, suite.checkItems},
		{"it stops within a second", clocked, suite.checkStop},
		{"it does not start when told to stop", clocked, suite.checkStopped},
		{"a panic is isolated", clocked, suite.checkPanic},
	} {
		t.Run(rule.name, func(t *testing.T) {
			rule.in(t, func(t *testing.T) { report(t, rule.check(t)) })
		})
	}
	if c.Source != nil && !c.Real {
		for _, rule := range suite.webRules() {
			t.Run(rule.name, func(t *testing.T) {
				clocked(t, func(t *testing.T) { report(t, rule.check(t)) })
			})
		}
	}
	if c.Unsteady {
		return
	}
	// Two bubbles begin at the same time, so the whole of two runs can be compared.
	t.Run("ids are stable over two runs", func(t *testing.T) {
		var runs [2][]string
		for i := range runs {
			clocked(t, func(t *testing.T) {
				items, err := suite.collect(t)
				report(t, err)
				runs[i] = idsOf(items)
			})
		}
		report(t, compareRuns(runs[0], runs[1]))
	})
}

// A rule is one that is checked where time is that of the kind.
type rule struct {
	name  string
	check func(t *testing.T) error
}

func report(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// A suite makes feeds of one kind.
type suite struct {
	spec  feeds.Spec
	env   feeds.Env
	opts  any
	conf  Config
	limit time.Duration // for one run

	source *Source // of the latest run; nil without one
}

func newSuite(spec feeds.Spec, c Config) (*suite, error) {
	if spec.New == nil {
		return nil, fmt.Errorf("kind %s: the spec has no constructor", spec.Kind)
	}
	s := &suite{spec: spec, conf: c, opts: c.Options, limit: fakeLimit}
	if c.Real {
		s.limit = realLimit
	}
	s.conf.Items = cmp.Or(c.Items, 5)
	if s.conf.Now.IsZero() {
		s.conf.Now = Recorded
		if c.Source != nil && !c.Source.recorded.IsZero() {
			s.conf.Now = c.Source.recorded
		}
	}
	env := c.Env
	env.ID = cmp.Or(env.ID, "test")
	env.Seed = cmp.Or(env.Seed, 1)
	s.env = spec.Complete(env)
	if s.opts == nil {
		var err error
		if s.opts, err = newOptions(spec); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// make constructs a feed from a copy of the options.
func (s *suite) make() (feeds.Feed, error) {
	opts := s.opts
	if v := reflect.ValueOf(opts); v.IsValid() && v.Kind() == reflect.Pointer {
		fresh := reflect.New(v.Elem().Type())
		fresh.Elem().Set(v.Elem())
		opts = fresh.Interface()
	}
	feed, err := s.spec.New(opts, s.env)
	if err != nil {
		return nil, fmt.Errorf("the constructor fails: %w", err)
	}
	if feed == nil {
		return nil, errors.New("the constructor returns neither a feed nor an error")
	}
	return feed, nil
}

func (s *suite) recorder(t *testing.T) *Recorder {
	r := NewRecorder(t, s.spec, s.env)
	if c := s.client(); c != nil {
		r.SetHTTP(c)
	}
	return r
}

// client returns the client of a new run; nil stands for the default.
func (s *suite) client() *http.Client {
	if s.conf.Source == nil {
		return s.conf.HTTP
	}
	s.source = s.conf.Source.fresh()
	return s.source.Client(s.spec, s.env)
}

// sleep waits until recorded answers are of today. In real time it does nothing.
func (s *suite) sleep() {
	if s.conf.Source != nil && !s.conf.Real {
		time.Sleep(time.Until(s.conf.Now))
	}
}

// collect runs a new feed for some items.
func (s *suite) collect(t *testing.T) ([]feeds.Item, error) {
	feed, err := s.make()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.limit)
	defer cancel()
	items, err := s.recorder(t).Collect(ctx, feed, s.conf.Items)
	if err != nil && !errors.Is(err, feeds.ErrFinished) {
		return items, fmt.Errorf("the feed fails: %w", err)
	}
	if len(items) == 0 {
		return nil, errors.New("the feed prints nothing")
	}
	return items, nil
}

func (s *suite) checkConstructor() error {
	type foreign struct{ X int }
	feed, err := s.make()
	if err != nil {
		return err
	}
	if other, err := s.make(); err == nil && reflect.TypeOf(feed).Kind() == reflect.Pointer && feed == other && reflect.TypeOf(feed).Elem().Size() > 0 {
		return errors.New("the constructor returns the same feed twice")
	}
	if s.spec.Options == nil {
		return nil
	}
	_, err = s.spec.New(&foreign{}, s.env)
	if err == nil {
		return errors.New("the constructor takes a struct that is not its options: it should be an error")
	}
	return nil
}

func (s *suite) checkItems(t *testing.T) error {
	began := time.Now()
	items, err := s.collect(t)
	if err != nil {
		return err
	}
	return errors.Join(checkItems(items, s.spec, s.env, began)...)
}

// checkStop cancels a feed that runs.
func (s *suite) checkStop(t *testing.T) error {
	feed, err := s.make()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.limit)
	defer cancel()
	rec := s.recorder(t)
	done := make(chan error, 1)
	go func() { done <- guard(func() error { return feed.Run(ctx, rec) }) }()
	select {
	case <-rec.news: // it works
	case err := <-done:
		if errors.Is(err, feeds.ErrFinished) || err == nil {
			return nil
		}
		return fmt.Errorf("the feed fails: %w", err)
	}
	cancel()
	return awaitStop(done)
}

// checkStopped runs a feed under a context that is done.
func (s *suite) checkStopped(t *testing.T) error {
	feed, err := s.make()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	done := make(chan error, 1)
	go func() { done <- guard(func() error { return feed.Run(ctx, s.recorder(t)) }) }()
	return awaitStop(done)
}

// awaitStop waits for a run that was cancelled. When it takes too long it waits on,
// so that the test ends in the report rather than in a leak.
func awaitStop(done <-chan error) error {
	told := time.Now()
	err := <-done
	if took := time.Since(told); took > stopLimit {
		return fmt.Errorf("the feed took %s to stop after its context was done: want %s at most", took, stopLimit)
	}
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, feeds.ErrFinished) {
		return fmt.Errorf("a feed that is told to stop returns nil or its context's error, not: %w", err)
	}
	return nil
}

// checkPanic lets the feed's publisher panic, on whatever goroutine the feed calls
// it. One that the feed started with a bare go statement ends the test program.
func (s *suite) checkPanic(*testing.T) error {
	feed, err := s.make()
	if err != nil {
		return err
	}
	bus := &panickingBus{called: make(chan struct{})}
	opts := feeds.Options{Bus: bus}
	if c := s.client(); c != nil {
		opts.HTTP = func(feeds.Spec, feeds.Env) *http.Client { return c }
	}
	sup := feeds.NewSupervisor(opts)
	if err := sup.Add(s.spec, feed, s.env); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.limit)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- sup.Run(ctx) }()
	select {
	case <-bus.called:
	case <-ctx.Done():
		return errors.Join(<-done, errors.New("the feed prints nothing"))
	}
	// The state is not ours to wait for; ask until the panic is in it.
	told := time.Now()
	for !strings.Contains(sup.Status()[0].LastError, "panic") && time.Since(told) < stopLimit {
		time.Sleep(10 * time.Millisecond)
	}
	status := sup.Status()[0]
	cancel()
	if err := <-done; err != nil {
		return err
	}
	if !strings.Contains(status.LastError, "panic") {
		return fmt.Errorf("the feed hides a panic: its state is %s, its error %q", status.State, status.LastError)
	}
	return nil
}

// A panickingBus panics when a feed prints; it takes the states of feeds.
type panickingBus struct {
	once   sync.Once
	called chan struct{} // closed before the first panic
}

func (b *panickingBus) Publish(_ context.Context, _ string, drafts ...topics.Draft) ([]topics.ID, error) {
	if drafts[0].Topic == feeds.StatusTopic {
		return make([]topics.ID, len(drafts)), nil
	}
	b.once.Do(func() { close(b.called) })
	panic("feedtest: a panic on purpose")
}

func (b *panickingBus) Retract(context.Context, string, string) (topics.ID, error) {
	return topics.ID{}, nil
}
