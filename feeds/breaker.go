package feeds

import (
	"math/rand/v2"
	"time"
)

const (
	backoffFirst = time.Second
	backoffMost  = 5 * time.Minute
	politeMost   = 15 * time.Second // a source with a floor is left alone for as long, or for its floor

	circuitFailures = 5
	circuitWindow   = 30 * time.Second
	circuitPause    = 15 * time.Minute

	healthyAfter   = 60 * time.Second
	attentionPause = 30 * time.Minute
	retryMost      = 24 * time.Hour // whatever a source asks for
)

// A breaker decides how long a feed that failed is left alone. It belongs to the
// feed's runner.
type breaker struct {
	floor  time.Duration // of the kind
	random *rand.Rand

	row    int         // failures since the last healthy run
	recent []time.Time // of the last failures, at most circuitFailures
	open   bool
}

// fail notes a failure and returns how long to wait, and whether the circuit is
// open. healthy says that the run made good for the failures before it.
func (b *breaker) fail(now time.Time, healthy bool) (wait time.Duration, open bool) {
	if healthy {
		b.reset()
	}
	b.recent = append(b.recent, now)
	if over := len(b.recent) - circuitFailures; over > 0 {
		b.recent = b.recent[over:]
	}
	// A circuit that is open was probed just now, and the probe failed.
	if b.open || (len(b.recent) == circuitFailures && now.Sub(b.recent[0]) <= circuitWindow) {
		b.open = true
		return b.spread(circuitPause), true
	}
	most := max(backoffMost, b.floor)
	wait = most
	if b.row < 16 {
		wait = min(backoffFirst<<b.row, most)
	}
	b.row++
	return max(time.Duration(b.random.Int64N(int64(wait)+1)), b.polite()), false
}

// reset forgets the failures and closes the circuit.
func (b *breaker) reset() {
	b.row, b.recent, b.open = 0, b.recent[:0], false
}

// polite is the least pause between two fetches of the same source.
func (b *breaker) polite() time.Duration { return min(b.floor, politeMost) }

// spread returns d and up to a tenth more, so that feeds which failed together do
// not come back together.
func (b *breaker) spread(d time.Duration) time.Duration {
	return d + time.Duration(b.random.Int64N(int64(d)/10+1))
}
