package topics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Options of a [Bus]. The zero value of a field is its default.
type Options struct {
	Catalogue  *Catalogue    // required
	Log        Log           // required
	Wire       Wire          // required: each event is encoded once for it
	Events     int           // events on the tape; default 65,536, at least 16
	Bytes      int           // bytes of the tape; default 64 MiB, at least 1 MiB
	Heartbeat  time.Duration // silence before a sign of life; default 15 s
	Checkpoint time.Duration // between two saves of the last values; default 10 s
	Logger     *slog.Logger  // default: discards
}

func (o Options) withDefaults() Options {
	if o.Events == 0 {
		o.Events = 65536
	}
	if o.Bytes == 0 {
		o.Bytes = 64 << 20
	}
	o.Events = max(o.Events, 16)
	o.Bytes = max(o.Bytes, 1<<20)
	if o.Heartbeat == 0 {
		o.Heartbeat = 15 * time.Second
	}
	if o.Checkpoint == 0 {
		o.Checkpoint = 10 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// A Bus is the tape and its readers. Make one with [NewBus]; it works while
// [Bus.Run] runs.
type Bus struct {
	catalogue  *Catalogue
	log        Log
	wire       Wire
	logger     *slog.Logger
	interval   time.Duration // heartbeat
	checkpoint time.Duration
	tape       *tape

	ready   chan struct{} // closed when the tape is filled; epoch is set before
	epoch   string        // immutable once ready
	goal    uint64        // owned by Run: the tape is filled when head reaches it
	saved   uint64        // set by Run before it follows the log: the values of the start are of this place
	asked   atomic.Int64  // when somebody last called Read, in Unix seconds
	head    atomic.Uint64 // place of the newest event that all cohorts have noted
	refresh chan struct{} // capacity 1: asks for a checkpoint ahead of time; never closed

	mu      sync.Mutex // guards the fields below, and what says so elsewhere
	values  *values
	index   *index
	cohorts map[cohortKey]*Cohort
	stats   map[string]*topicStats
	dirty   []*Cohort // scratch of dispatch
	unsaved int       // bytes dispatched since the last checkpoint
	waiters []waiter  // of Await

	idempotency *idempotency // has its own lock
}

// checkpointBytes is how many bytes of events ask for a checkpoint before its time,
// so that the log's bound in bytes never removes a value that is not saved.
const checkpointBytes = 8 << 20

// NewBus returns a bus that is not running.
func NewBus(o Options) *Bus {
	o = o.withDefaults()
	return &Bus{
		catalogue:   o.Catalogue,
		log:         o.Log,
		wire:        o.Wire,
		logger:      o.Logger,
		interval:    o.Heartbeat,
		checkpoint:  o.Checkpoint,
		tape:        newTape(o.Events, o.Bytes),
		ready:       make(chan struct{}),
		refresh:     make(chan struct{}, 1),
		values:      newValues(o.Catalogue),
		index:       newIndex(),
		cohorts:     map[cohortKey]*Cohort{},
		stats:       newStats(o.Catalogue),
		idempotency: newIdempotency(),
	}
}

// Catalogue returns the topics of the bus.
func (b *Bus) Catalogue() *Catalogue { return b.catalogue }

// Ready returns a channel that is closed once the tape is filled from the log. The
// methods for readers must not be called before.
func (b *Bus) Ready() <-chan struct{} { return b.ready }

// Head returns the newest position.
func (b *Bus) Head() ID { return ID{Epoch: b.epoch, Seq: b.head.Load()} }

// Run fills the tape from the log, then keeps it current until ctx is done; then it
// saves the last values and returns nil. It returns an error when the log fails for
// good. Call it once.
func (b *Bus) Run(ctx context.Context) error {
	from, err := b.restore(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("fill the tape: %w", err)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return b.log.Follow(gctx, from, b.dispatch) })
	g.Go(func() error { b.beatUntil(gctx); return nil })
	g.Go(func() error { b.saveUntil(gctx); return nil })
	err = g.Wait()
	if ctx.Err() != nil {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		b.save(last)
		return nil
	}
	return err
}

// restore loads the last values and returns the place to follow the log from.
func (b *Bus) restore(ctx context.Context) (from uint64, err error) {
	state, err := b.log.State(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the state of the log: %w", err)
	}
	b.epoch = state.Epoch
	var saved []*entry
	upto, err := b.log.Values(ctx, func(e Event) error {
		saved = append(saved, &entry{event: e})
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read the last values: %w", err)
	}
	from = max(1, state.First)
	if n := uint64(b.tape.maxEvents); state.Last >= from && state.Last-from >= n {
		from = min(state.Last-n+1, max(from, min(upto, state.Last)+1))
	}
	b.mu.Lock()
	b.values.load(b.catalogue, saved, state.Last)
	b.mu.Unlock()
	b.tape.begin(from - 1)
	b.head.Store(from - 1)
	b.goal, b.saved = state.Last, min(upto, state.Last)
	if b.head.Load() >= b.goal {
		close(b.ready)
	}
	return from, nil
}

// dispatch takes events from the log, in its order, and lets readers see them.
func (b *Bus) dispatch(events []Event) error {
	for len(events) > 0 {
		if before := events[0].Seq - 1; before > b.head.Load() {
			b.skip(before)
		}
		n := 1
		for n < len(events) && events[n].Seq == events[n-1].Seq+1 {
			n++
		}
		b.take(events[:n])
		events = events[n:]
	}
	return nil
}

// skip moves on to a place without the events up to it: the log has lost them, say to
// a bound in bytes while it was out of reach. Readers that are not past it get a reset.
func (b *Bus) skip(place uint64) {
	b.logger.Warn("the log has lost events", "from", b.head.Load()+1, "to", place)
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tape.begin(place)
	b.head.Store(place)
	for _, c := range b.cohorts {
		c.skip(place, now)
	}
}

// take lets readers see events at consecutive places.
func (b *Bus) take(events []Event) {
	entries := make([]*entry, 0, len(events))
	for i := range events {
		e := &entry{event: events[i]}
		if _, err := b.catalogue.Lookup(e.event.Topic); err != nil {
			continue // a topic that is no longer configured
		}
		e.encode(b.wire, ID{Epoch: b.epoch, Seq: e.event.Seq})
		entries = append(entries, e)
	}
	for _, e := range entries { // before Await can return, see resolve
		b.idempotency.stored(&e.event)
	}
	last := events[len(events)-1].Seq
	now := time.Now()
	b.mu.Lock()
	for _, e := range entries {
		b.takeLocked(e, now)
	}
	b.head.Store(last)
	for _, c := range b.dirty {
		c.noted = false
		c.wake(now)
	}
	clear(b.dirty)
	b.dirty = b.dirty[:0]
	b.wakeWaitersLocked(last)
	full := b.unsaved > checkpointBytes
	b.mu.Unlock()

	if full {
		select {
		case b.refresh <- struct{}{}:
		default:
		}
	}
	b.sayReady(last)
}

type waiter struct {
	place   uint64
	reached chan struct{}
}

// Await blocks until the tape has reached a place, or returns ctx's error.
func (b *Bus) Await(ctx context.Context, place uint64) error {
	b.mu.Lock()
	if b.head.Load() >= place {
		b.mu.Unlock()
		return nil
	}
	w := waiter{place: place, reached: make(chan struct{})}
	b.waiters = append(b.waiters, w)
	b.mu.Unlock()
	select {
	case <-w.reached:
		return nil
	case <-ctx.Done():
		b.mu.Lock()
		b.waiters = slices.DeleteFunc(b.waiters, func(o waiter) bool { return o == w })
		b.mu.Unlock()
		return ctx.Err()
	}
}

func (b *Bus) wakeWaitersLocked(head uint64) {
	b.waiters = slices.DeleteFunc(b.waiters, func(w waiter) bool {
		if w.place > head {
			return false
		}
		close(w.reached)
		return true
	})
}

func (b *Bus) takeLocked(e *entry, now time.Time) {
	t, _ := b.catalogue.Lookup(e.event.Topic)
	b.tape.append(e)
	if e.event.Seq > b.saved {
		b.values.apply(t, e)
	}
	b.stats[t.Name].count(e.event.Time, now)
	b.unsaved += e.size()
	b.index.each(&e.event, func(c *Cohort) {
		c.note(e.event.Seq)
		if !c.noted {
			c.noted = true
			b.dirty = append(b.dirty, c)
		}
	})
}

func (b *Bus) sayReady(head uint64) {
	select {
	case <-b.ready:
	default:
		if head >= b.goal {
			close(b.ready)
		}
	}
}

// joinLocked returns the cohort of a request with one reference more.
func (b *Bus) joinLocked(r Request) *Cohort {
	key := cohortKey{filter: r.Filter.ident, every: r.Every, wire: r.Wire}
	c := b.cohorts[key]
	if c == nil {
		c = &Cohort{
			bus:    b,
			filter: r.Filter,
			every:  r.Every,
			wire:   r.Wire,
			latest: r.Filter.touchesLatest(b.catalogue),
			batch:  &batch{},
			base:   b.head.Load(),
			spoke:  time.Now(),
		}
		b.cohorts[key] = c
		b.index.add(c)
	}
	c.refs++
	return c
}

// leave gives up a reference; the last one ends the cohort.
func (b *Bus) leave(c *Cohort) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c.refs--
	if c.refs > 0 {
		return
	}
	delete(b.cohorts, cohortKey{filter: c.filter.ident, every: c.every, wire: c.wire})
	b.index.remove(c)
	c.stop()
}

// beatUntil gives silent cohorts their heartbeat until ctx is done.
func (b *Bus) beatUntil(ctx context.Context) {
	tick := time.NewTicker(max(b.interval/15, time.Millisecond))
	defer tick.Stop()
	var cohorts []*Cohort
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			b.mu.Lock()
			cohorts = cohorts[:0]
			for _, c := range b.cohorts {
				cohorts = append(cohorts, c)
			}
			b.mu.Unlock()
			for _, c := range cohorts {
				c.heartbeat(now, b.interval)
			}
			clear(cohorts)
		}
	}
}

// saveUntil saves the last values at intervals until ctx is done.
func (b *Bus) saveUntil(ctx context.Context) {
	tick := time.NewTicker(b.checkpoint)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-b.refresh:
		}
		b.save(ctx)
	}
}

// save writes what has changed in the last values to the log's checkpoint.
func (b *Bus) save(ctx context.Context) {
	b.mu.Lock()
	b.values.expire(time.Now())
	changed, gone := b.values.take()
	upto := max(b.head.Load(), b.saved) // while the tape is being filled the values are ahead of it
	b.unsaved = 0
	b.mu.Unlock()
	err := b.log.SaveValues(ctx, upto, changed, gone)
	if err == nil {
		return
	}
	b.mu.Lock()
	b.values.putBack(b.catalogue, changed, gone)
	b.mu.Unlock()
	if !errors.Is(err, context.Canceled) {
		b.logger.Warn("last values not saved; the next try is soon", "error", err, "values", len(changed))
	}
}
