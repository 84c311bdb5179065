package feeds

import (
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	settled  = 10 * time.Second // a feed that runs this long without a word counts as running
	leastLag = 10 * time.Second // no feed is called stale before
)

// A board holds the status of one feed. Methods may be called from any goroutine
// and never block on anything but the board's own lock.
type board struct {
	log      *slog.Logger
	mask     Mask   // of what stands in the status
	invented bool   // all items of the kind are
	wake     func() // tells the announcer that a state changed; does not block

	mu     sync.Mutex // guards the fields below; never held across a call of log or wake
	status Status
	active time.Time     // since when silence counts: the last word, or the begin of the run
	word   time.Time     // when the feed last said something in this run; zero: not yet
	down   time.Time     // since when the feed is down, as the log knows; zero: it is up
	advice string        // what a person could do though the feed works; the hint while there is no other
	spare  time.Duration // silence that was planned beyond the interval: the source, or nobody's interest, lengthened it
	dirty  bool          // the state changed since the last announcement
	sent   time.Time     // last announcement
}

func newBoard(spec Spec, env Env, allowed []string, log *slog.Logger, wake func()) *board {
	mask := NewMask(env.Secrets)
	b := &board{log: mask.logger(log), mask: mask, wake: wake, invented: spec.Simulated}
	b.status = Status{
		ID: env.ID, Kind: spec.Kind, Topics: slices.Clone(allowed), State: Starting, Since: time.Now().UTC(),
		Simulated: spec.Simulated, Every: env.Every, Attribution: spec.Attribution,
	}
	if env.Every.Max > 0 {
		b.status.StaleAfter = Seconds(max(3*env.Every.Max, leastLag))
	}
	b.dirty = true
	return b
}

// get returns the status as of now.
func (b *board) get() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.status
	s.Topics = slices.Clone(s.Topics)
	s.Time = time.Now().UTC()
	for _, t := range []*time.Time{&s.Since, &s.Time, &s.LastEvent, &s.LastOK, &s.NextRun, &s.LastErrorTime} {
		*t = t.Truncate(time.Millisecond)
	}
	return s
}

// due returns the status if it is to be announced now and notes that it was.
func (b *board) due(now time.Time, last bool) (Status, bool) {
	b.mu.Lock()
	old := now.Sub(b.sent)
	due := last || (b.dirty && old >= announceGap) || old >= announceLeast
	if due {
		b.dirty, b.sent = false, now
	}
	b.mu.Unlock()
	return b.get(), due
}

// resend makes the status due again: it was not announced after all.
func (b *board) resend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dirty = true
}

// setLocked changes the state.
func (b *board) setLocked(state State, now time.Time) {
	if b.status.State != state {
		b.status.State, b.status.Since = state, now.UTC()
		b.dirty = true
	}
}

// starting begins a run.
func (b *board) starting(again bool) {
	b.mu.Lock()
	now := time.Now()
	b.setLocked(Starting, now)
	b.active, b.word = now, time.Time{}
	b.status.NextRun = time.Time{}
	if again {
		b.status.Restarts++
	}
	b.mu.Unlock()
	b.wake()
}

// alive notes that the feed said something: that it printed, or that nothing is new.
func (b *board) alive(events, repeated int, detail string) {
	b.mu.Lock()
	now := time.Now()
	b.active, b.word = now, now
	b.status.LastOK = now.UTC()
	if events > 0 {
		b.status.LastEvent = now.UTC()
		b.status.Events += uint64(events)
	}
	b.status.Repeated += uint64(repeated)
	if detail != "" {
		b.status.Detail = b.text(detail)
	}
	back, state := b.upLocked(now)
	b.mu.Unlock()
	b.reportUp(back, state)
}

// upLocked makes a feed that runs Running. It returns for how long the feed was
// down if that is over now, and whether the state changed.
func (b *board) upLocked(now time.Time) (back time.Duration, changed bool) {
	if b.status.State == Starting || b.status.State == Stale {
		b.setLocked(Running, now)
		changed = true
	}
	if b.status.State == Running && !b.down.IsZero() {
		back = max(now.Sub(b.down), 1)
		b.down = time.Time{}
		b.status.Hint = b.advice
	}
	return back, changed
}

func (b *board) reportUp(back time.Duration, changed bool) {
	if back > 0 {
		b.log.Info("feed is back", "down_for", back.Round(time.Millisecond))
	}
	if changed {
		b.wake()
	}
}

// watch is called every second: it finds that a silent feed has settled, or is stale.
func (b *board) watch(now time.Time) {
	b.mu.Lock()
	silent := now.Sub(b.active)
	if b.status.State == Starting && silent >= settled {
		b.setLocked(Running, now)
	}
	limit := time.Duration(b.status.StaleAfter)
	stale := limit > 0 && silent > limit+b.spare && b.status.State == Running
	if stale {
		b.setLocked(Stale, now)
		stale = b.noteDownLocked(now)
	}
	b.mu.Unlock()
	if stale {
		b.log.Warn("feed is stale", "silent_for", silent.Round(time.Second))
		b.wake()
	}
}

// noteDownLocked notes that the feed is down and reports whether that is news.
func (b *board) noteDownLocked(now time.Time) bool {
	if !b.down.IsZero() {
		return false
	}
	b.down = now
	return true
}

// failed ends a run that failed; the feed is tried again at next, if that is not zero.
func (b *board) failed(state State, err error, next time.Time) {
	text := b.text(addressless(err))
	hint, _ := Hint(err)
	var traced interface{ Trace() string }
	trace := ""
	if errors.As(err, &traced) {
		trace = b.mask.Text(traced.Trace())
	}
	b.mu.Lock()
	now := time.Now()
	b.setLocked(state, now)
	b.dirty = true // a new error is news in the same state as well
	b.status.LastError, b.status.LastErrorTime = text, now.UTC()
	b.status.Hint = b.text(hint)
	b.status.Trace = trace
	b.status.NextRun = next.UTC()
	if next.IsZero() {
		b.status.NextRun = time.Time{}
	}
	first := b.noteDownLocked(now)
	b.mu.Unlock()

	attrs := []any{"state", state, "error", text}
	if hint != "" {
		attrs = append(attrs, "hint", hint)
	}
	if trace != "" {
		attrs = append(attrs, "trace", trace)
	}
	if first {
		b.log.Warn("feed is down", attrs...)
	} else {
		b.log.Debug("feed is still down", attrs...)
	}
	b.wake()
}

// stopped ends the last run without a failure.
func (b *board) stopped() {
	b.mu.Lock()
	b.setLocked(Stopped, time.Now())
	b.status.NextRun = time.Time{}
	b.mu.Unlock()
	b.wake()
}

// paused notes when the feed fetches next, which it usually does at an interval;
// zero means that it does not wait.
func (b *board) paused(next time.Time, every Interval) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.NextRun = time.Time{}
	if !next.IsZero() {
		b.status.NextRun = next.UTC()
		b.spare = max(time.Until(next)-every.Max, 0)
	}
}

// advise shows what a person could do though the feed works, and logs it if it is news.
func (b *board) advise(advice string) {
	advice = b.text(advice)
	b.mu.Lock()
	news := b.advice != advice
	b.advice = advice
	if news && b.down.IsZero() {
		b.status.Hint, b.dirty = advice, true
	}
	b.mu.Unlock()
	if news {
		b.log.Warn("feed has a hint", "hint", advice)
		b.wake()
	}
}

// text is what may be shown of a text: see [cleanText] and [Mask].
func (b *board) text(text string) string { return cleanText(b.mask.Text(text)) }

// note sets the detail without calling the feed alive.
func (b *board) note(detail string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Detail = b.text(detail)
}

// downSoon reports whether the source is down for long, should it stay so for another
// wait, or never was up: a short interruption is not worth a simulation.
func (b *board) downSoon(wait time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status.LastOK.IsZero() || time.Since(b.down)+wait >= standInAfter
}

// simulate notes whether a simulation prints in the source's place.
func (b *board) simulate(on bool) {
	const detail = "the source fails; what is printed is simulated"
	b.mu.Lock()
	b.status.Simulated = on || b.invented
	if on {
		b.status.Detail = detail
	} else if b.status.Detail == detail {
		b.status.Detail = ""
	}
	b.dirty = true
	b.mu.Unlock()
	b.wake()
}

// trouble keeps an error that does not end the run; refused items may have caused it.
func (b *board) trouble(err error, refused int) {
	text := b.text(addressless(err))
	b.mu.Lock()
	first := refused > 0 && b.status.Refused == 0
	b.status.Refused += uint64(refused)
	b.status.LastError, b.status.LastErrorTime = text, time.Now().UTC()
	b.mu.Unlock()
	if first {
		b.log.Warn("feed has items that are refused", "error", text)
		return
	}
	b.log.Debug("trouble with a feed", "error", text)
}

// spoke reports whether the feed said something in this run.
func (b *board) spoke() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.word.IsZero()
}
