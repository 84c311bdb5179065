package feeds

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	standInAfter = 30 * time.Second // a source that printed before is given so long to come back
	standInLife  = time.Hour        // of a simulated item, should nobody withdraw it
	standInPause = time.Minute      // before a stand-in that failed is run again
	withdrawTime = 2 * time.Second  // for what a stand-in printed to be withdrawn when the feed stops
)

// Fallback returns a feed with a stand-in, a simulation of the same topic: while the
// source of feed fails, at once or after half a minute if it has printed before, the
// supervisor runs standIn, and flags each of its items as simulated. With the first word of feed, be it an item or that there is nothing new,
// the stand-in is stopped and what it printed is withdrawn, before anything else is
// printed. The feed's state stays that of its source, and says so.
//
// Every is the interval of the stand-in. Neither runs once the feed has given up.
func Fallback(feed, standIn Feed, every Interval) Feed {
	return &fallback{Feed: feed, standIn: standIn, every: every}
}

type fallback struct {
	Feed
	standIn Feed
	every   Interval
}

// A standIn runs the stand-in of one feed. Its goroutine is started by start and
// awaited by stop; the runner's loop calls stop when it ends.
type standIn struct {
	feed  Feed
	every Interval
	r     *runner

	turn sync.Mutex // guards a change from running to not running, also while it waits for that

	mu     sync.Mutex         // guards the fields below
	cancel func()             // ends the run; nil: there is none
	done   chan struct{}      // closed when the run has ended
	keys   map[[2]string]bool // topic and key of what it printed; at most maxRecent
}

// start begins a run that lasts until stop, if there is none. What the source sends
// next is to be sent whole: what it sent before is replaced now.
func (s *standIn) start(ctx context.Context) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		return
	}
	if s.r.visitor != nil {
		s.r.visitor.forget()
	}
	ctx, cancel := context.WithCancel(ctx)
	s.cancel, s.done, s.keys = cancel, make(chan struct{}), make(map[[2]string]bool)
	s.r.board.simulate(true)
	go s.run(ctx, s.done) // ends with ctx; stop cancels and awaits it
}

// stop ends the run, if there is one, and withdraws what it printed. It blocks until
// that is done, or ctx ends.
func (s *standIn) stop(ctx context.Context) {
	if s == nil {
		return
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	s.mu.Lock()
	cancel, done, keys := s.cancel, s.done, s.keys
	s.mu.Unlock()
	if cancel == nil {
		return
	}
	cancel()
	<-done
	for key := range keys {
		attempt, cancel := context.WithTimeout(ctx, storeTime)
		_, err := s.r.bus.Retract(attempt, key[0], key[1]) // one that is gone is fine
		cancel()
		s.r.recent.forget(mark{topic: key[0], id: key[1]})
		if err != nil && ctx.Err() != nil {
			break // it expires
		}
	}
	s.mu.Lock()
	s.cancel, s.keys = nil, nil
	s.mu.Unlock()
	s.r.board.simulate(false)
}

// end is stop for the end of the feed's life.
func (s *standIn) end() {
	ctx, cancel := context.WithTimeout(context.Background(), withdrawTime)
	defer cancel()
	s.stop(ctx)
}

// run runs the stand-in again and again until ctx is done.
func (s *standIn) run(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	for ctx.Err() == nil {
		p := &standInPublisher{s: s}
		p.ctx, p.cancel = context.WithCancel(ctx)
		guard(func() error { return s.feed.Run(p.ctx, p) }, p.note)
		p.cancel()
		p.helpers.Wait()
		timer := time.NewTimer(standInPause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// A standInPublisher is what a stand-in holds during one run. It says nothing of the
// state of the source.
type standInPublisher struct {
	s       *standIn
	ctx     context.Context // of the run
	cancel  context.CancelFunc
	helpers sync.WaitGroup
}

var (
	_ Publisher = (*standInPublisher)(nil)
	_ Pacer     = (*standInPublisher)(nil)
)

// note logs why a run ended that nobody ended.
func (p *standInPublisher) note(err error) {
	if err != nil && p.ctx.Err() == nil {
		p.Log().Debug("the simulation failed", "error", errorText(err))
		p.cancel()
	}
}

// Publish stores the items, flagged, and remembers their keys.
func (p *standInPublisher) Publish(ctx context.Context, items ...Item) error {
	r := p.s.r
	expires := time.Now().Add(standInLife).Truncate(time.Second)
	flagged := make([]Item, len(items))
	for i, it := range items {
		if it.Expires.IsZero() {
			it.Expires = expires
		}
		it.Simulated = true
		flagged[i] = it
	}
	list, refused := r.prepare(flagged)
	for _, item := range list {
		p.s.keep(item)
	}
	store := &publisher{runner: r, ctx: p.ctx, cancel: p.cancel}
	_, bad, err := store.storeAll(ctx, list)
	if refused = append(refused, bad...); err == nil && len(refused) > 0 {
		err = refused[0]
	}
	return err
}

// keep remembers what is to be withdrawn. Beyond the bound it is left to expire.
func (s *standIn) keep(item ready) {
	key := item.mark.id
	if c := s.r.env.Catalogue; c != nil {
		t, err := c.Lookup(item.draft.Topic)
		if err != nil || t.Key == "" {
			return // one value, which the next one replaces
		}
		var fields map[string]json.RawMessage
		if json.Unmarshal(item.draft.Data, &fields) == nil && t.Key != "id" {
			key = strings.Trim(string(fields[t.Key]), `"`)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if key != "" && len(s.keys) < maxRecent {
		s.keys[[2]string{item.draft.Topic, key}] = true
	}
}

// Retract withdraws a value.
func (p *standInPublisher) Retract(ctx context.Context, topic, key string) error {
	if topic == "" {
		topic = p.s.r.topic
	}
	attempt, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	_, err := p.s.r.bus.Retract(attempt, topic, key)
	return err
}

// Go starts fn on a goroutine that the run awaits; its failure ends the run.
func (p *standInPublisher) Go(fn func() error) {
	p.helpers.Go(func() { guard(fn, p.note) })
}

// Pause waits for a time drawn from every, by default the stand-in's own interval.
func (p *standInPublisher) Pause(ctx context.Context, every Interval) error {
	if every.Max <= 0 {
		every = p.s.every
	}
	p.s.r.mu.Lock()
	wait := every.Draw(p.s.r.random)
	p.s.r.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// OK does nothing: that a simulation has nothing new says nothing of the source.
func (p *standInPublisher) OK(string) {}

// Log returns the feed's logger.
func (p *standInPublisher) Log() *slog.Logger { return p.s.r.board.log.With("simulation", true) }

// HTTP returns a client that refuses: a simulation asks nobody.
func (p *standInPublisher) HTTP() *http.Client { return &http.Client{Transport: noNetwork{}} }

type noNetwork struct{}

func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("a simulation that stands in asks nobody")
}
