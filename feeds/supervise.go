package feeds

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tickertape/topics"
)

const (
	stopTime      = 10 * time.Second // for a feed to stop
	announceGap   = time.Second      // at most one announcement of a feed in this time
	announceLeast = time.Minute      // at least one
	announceTime  = 5 * time.Second  // for the bus to take an announcement
)

// Options of a [Supervisor]. Only Bus is required.
type Options struct {
	Bus     Bus
	Logger  *slog.Logger // default: nothing is logged
	Fetcher *Fetcher     // makes the clients of the feeds; default: one without options
	Rate    int          // items a second that one feed may publish, and in one burst; default 1,000

	// HTTP returns the client that a feed fetches with, in place of the fetcher's.
	HTTP func(spec Spec, env Env) *http.Client
	// Save keeps what the feeds know, for [Supervisor.Recall] after a restart. It is
	// called at most once a second, and once after the feeds have stopped; never twice at
	// a time. Without it nothing is kept.
	Save func(memory []byte) error
}

// A Supervisor runs feeds: it isolates their panics, restarts them, and prints
// their states on [StatusTopic]. Add feeds, then call Run once.
type Supervisor struct {
	opts Options
	news chan struct{} // capacity 1: a state changed; never closed

	unsaved bool // owned by announce: the last call of Save failed

	mu      sync.Mutex // guards the fields below
	runners []*runner  // by id
	started bool
}

// NewSupervisor returns a supervisor without feeds. It panics without a bus.
func NewSupervisor(opts Options) *Supervisor {
	if opts.Bus == nil {
		panic("feeds: a supervisor needs a bus")
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Rate <= 0 {
		opts.Rate = topics.MaxBatch
	}
	if opts.Fetcher == nil {
		opts.Fetcher = NewFetcher(FetchOptions{Logger: opts.Logger})
	}
	if opts.HTTP == nil {
		opts.HTTP = opts.Fetcher.Client
	}
	return &Supervisor{opts: opts, news: make(chan struct{}, 1)}
}

// Add adds a feed of the kind spec that was made with env; it does not start it. It
// returns an error when the id is empty or taken, when there is no topic to print on,
// or when Run was called.
func (s *Supervisor) Add(spec Spec, feed Feed, env Env) error {
	env = spec.Complete(env)
	allowed := slices.Clone(spec.Topics)
	if env.Topic != "" && !slices.Contains(allowed, env.Topic) {
		allowed = append(allowed, env.Topic)
	}
	switch {
	case env.ID == "" || len(env.ID) > topics.MaxKey:
		return fmt.Errorf("add feed %.80q: an id has 1 to %d bytes", env.ID, topics.MaxKey)
	case len(allowed) == 0:
		return fmt.Errorf("add feed %q: kind %s needs a topic", env.ID, spec.Kind)
	case slices.Contains(allowed, StatusTopic):
		return fmt.Errorf("add feed %q: topic %q is where the states of feeds are printed", env.ID, StatusTopic)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at, taken := slices.BinarySearchFunc(s.runners, env.ID, func(r *runner, id string) int { return cmp.Compare(r.env.ID, id) })
	switch {
	case s.started:
		return fmt.Errorf("add feed %q: the supervisor is running", env.ID)
	case taken:
		return fmt.Errorf("add feed %q: there is another one with this id", env.ID)
	}
	s.runners = slices.Insert(s.runners, at, s.newRunner(spec, feed, env, allowed))
	return nil
}

func (s *Supervisor) newRunner(spec Spec, feed Feed, env Env, allowed []string) *runner {
	seed := env.Seed
	if seed == 0 {
		seed = SeedFor(0, env.ID)
	}
	r := &runner{
		spec: spec, env: env, feed: feed,
		bus:    s.opts.Bus,
		client: s.opts.HTTP(spec, env),
		limit:  rate.NewLimiter(rate.Limit(s.opts.Rate), s.opts.Rate),
		board:  newBoard(spec, env, allowed, s.opts.Logger.With("feed", env.ID, "kind", spec.Kind), s.tell),
		recent: newRecent(),
		topics: make(map[string]bool, len(allowed)),
		names:  allowed,
		topic:  cmp.Or(env.Topic, allowed[0]),
		retry:  make(chan struct{}, 1),
		heard:  make(chan struct{}, 1),
		done:   make(chan struct{}),
		random: rand.New(rand.NewPCG(seed, 1)),
	}
	if f, ok := feed.(*fallback); ok {
		r.standIn = &standIn{feed: f.standIn, every: f.every, r: r}
	}
	r.breaker = breaker{floor: spec.Floor, random: rand.New(rand.NewPCG(seed, 2))}
	for _, name := range allowed {
		r.topics[name] = true
	}
	if r.visitor = visitorOf(r.client); r.visitor != nil {
		r.visitor.tell = r.board.advise
	}
	return r
}

// Run runs the feeds until ctx is done and then waits for them to stop, ten seconds
// at most. It returns nil, or an error that names the feeds which had not stopped by
// then. Without feeds it waits for ctx. Run may be called once.
func (s *Supervisor) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.started {
		s.mu.Unlock()
		return errors.New("run feeds: the supervisor was run before")
	}
	s.started = true
	s.mu.Unlock()

	// Announcements go on until the last feed has stopped.
	talk, quiet := context.WithCancel(context.WithoutCancel(ctx))
	var announcer sync.WaitGroup
	announcer.Go(func() { s.announce(talk) })
	for _, r := range s.runners {
		go r.loop(ctx) // awaited below by r.done
	}
	<-ctx.Done()
	err := s.await()
	quiet()
	announcer.Wait()
	for _, r := range s.runners {
		r.client.CloseIdleConnections()
	}
	return err
}

// await waits until each feed has stopped or its time is over.
func (s *Supervisor) await() error {
	timer := time.NewTimer(stopTime)
	defer timer.Stop()
	var leaked []error
	late := false
	for _, r := range s.runners {
		if !late {
			select {
			case <-r.done:
				continue
			case <-timer.C:
				late = true
			}
		}
		select {
		case <-r.done:
		default:
			err := fmt.Errorf("feed %q did not stop within %s; its goroutines are leaked", r.env.ID, stopTime)
			r.board.failed(Stopped, err, time.Time{})
			leaked = append(leaked, err)
		}
	}
	return errors.Join(leaked...)
}

// Status returns the status of every feed, sorted by id. It does not block.
func (s *Supervisor) Status() []Status {
	s.mu.Lock()
	runners := slices.Clone(s.runners)
	s.mu.Unlock()
	list := make([]Status, len(runners))
	for i, r := range runners {
		list[i] = r.board.get()
	}
	return list
}

// Retry makes the feed with that id run now if it waits: after a failure, for its
// circuit, or for its next fetch. It reports whether there is such a feed that has not
// stopped for good.
func (s *Supervisor) Retry(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.runners {
		if r.env.ID == id {
			select {
			case r.retry <- struct{}{}:
			default: // it was told already
			}
			if r.visitor != nil {
				r.visitor.insist()
			}
			select {
			case <-r.done:
				return false
			default:
				return true
			}
		}
	}
	return false
}

func (s *Supervisor) tell() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// announce watches the feeds and prints their states until ctx is done, and once
// more then.
func (s *Supervisor) announce(ctx context.Context) {
	tick := time.NewTicker(announceGap)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			s.print(context.WithoutCancel(ctx), true)
			s.save()
			return
		case <-s.news:
		case <-tick.C:
			s.look(time.Now())
		}
		err := s.print(ctx, false)
		if err != nil && !failing && ctx.Err() == nil {
			s.opts.Logger.Warn("states of feeds are not printed", "error", err)
		}
		failing = err != nil
	}
}

// look finds what only time tells of the feeds, and keeps what they know.
func (s *Supervisor) look(now time.Time) {
	audience, _ := s.opts.Bus.(Audience)
	for _, r := range s.runners {
		r.board.watch(now)
		if audience != nil {
			r.listen(now, audience)
		}
	}
	s.save()
}

// print hands the states that are due to the bus, or all of them.
func (s *Supervisor) print(ctx context.Context, all bool) error {
	now := time.Now()
	var drafts []topics.Draft
	var told []*board
	for _, r := range s.runners {
		status, due := r.board.due(now, all)
		if !due {
			continue
		}
		data, err := json.Marshal(status)
		if err != nil {
			return fmt.Errorf("encode status of feed %q: %w", status.ID, err)
		}
		drafts = append(drafts, topics.Draft{Topic: StatusTopic, Key: status.ID, Data: data})
		told = append(told, r.board)
	}
	ctx, cancel := context.WithTimeout(ctx, announceTime)
	defer cancel()
	for batch := range slices.Chunk(drafts, topics.MaxBatch) {
		if _, err := s.opts.Bus.Publish(ctx, "", batch...); err != nil {
			for _, b := range told {
				b.resend()
			}
			return fmt.Errorf("publish states of feeds: %w", err)
		}
	}
	return nil
}
