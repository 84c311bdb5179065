package feeds

import "time"

const (
	jitter      = 10               // a fixed interval is longer or shorter by up to this part of it
	coldFactor  = 4                // so much longer where nobody listens
	coldMost    = 2 * time.Hour    // but not longer than this, unless it was
	crowdedFrom = 10 * time.Minute // an interval from which on the full hour is avoided
	crowded     = 2 * time.Minute  // around the full hour, when everybody else comes
)

// wait returns how long the feed is to wait from now on: a time of the interval, or
// longer where its source said so, or where nobody listens.
func (r *runner) wait(now time.Time, every Interval) time.Duration {
	var due time.Time
	asked := false
	if r.visitor != nil {
		due, asked = r.visitor.endRound()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slow = time.Time{}
	if !asked { // what is not of the web keeps to its own rhythm
		return every.Draw(r.random)
	}
	if every.Max <= every.Min {
		every = Interval{Min: every.Min - every.Min/jitter, Max: every.Min + every.Min/jitter}
	}
	wait := every.AtLeast(r.spec.Floor).Draw(r.random)
	wait = min(max(wait, due.Sub(now)), max(wait, retryMost))
	if wait >= crowdedFrom {
		wait += r.beside(now.Add(wait))
	}
	if audience, ok := r.bus.(Audience); ok && !audience.Listening(r.names...) {
		r.slow = now.Add(wait)
		r.board.note("nobody reads it: asked less often")
		return max(wait, min(coldFactor*wait, coldMost))
	}
	return wait
}

// beside returns how much later than at is beside the full hour. Call it with r.mu.
func (r *runner) beside(at time.Time) time.Duration {
	into := at.Sub(at.Truncate(time.Hour))
	if into > crowded && into < time.Hour-crowded {
		return 0
	}
	return 2*crowded + time.Duration(r.random.Int64N(int64(2*crowded)))
}

// listen ends the pause of a feed that was slowed down, if somebody listens again
// and it would have asked by now.
func (r *runner) listen(now time.Time, audience Audience) {
	r.mu.Lock()
	slow := r.slow
	r.mu.Unlock()
	if slow.IsZero() || now.Before(slow) || !audience.Listening(r.names...) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slow.Equal(slow) { // it is the same pause
		r.heard <- struct{}{} // empty: see awake
		r.slow = time.Time{}
	}
}

// awake ends a pause: nobody need end it any more.
func (r *runner) awake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slow = time.Time{}
	select {
	case <-r.heard:
	default:
	}
}

// fetched returns the documents whose items are not yet published.
func (r *runner) fetched() []*record {
	if r.visitor == nil {
		return nil
	}
	return r.visitor.pending()
}

// settle notes that nothing is left to publish of the documents: the source need not
// send them again.
func (r *runner) settle(documents []*record) {
	if r.visitor != nil {
		r.visitor.published(documents)
	}
}
