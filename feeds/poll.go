package feeds

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// A Pacer is what a [Publisher] can be besides: one that knows how often its
// feed is to run. The supervisor's publishers are, and feedtest.Recorder is.
type Pacer interface {
	// Pause blocks until it is time to fetch again, or returns ctx's error. The wait
	// is drawn from every; a zero every stands for the feed's configured interval.
	Pause(ctx context.Context, every Interval) error
}

// defaultEvery is how often a polled feed fetches that nobody gave an interval.
const defaultEvery = time.Minute

// Pause blocks until a feed that fetches by itself is to fetch again, or returns
// ctx's error. The wait is drawn from every; a zero every stands for the feed's
// configured interval (a minute where there is none).
// Feeds that pause here show their next run to people and obey "poll now".
func Pause(ctx context.Context, pub Publisher, every Interval) error {
	if pacer, ok := pub.(Pacer); ok {
		return pacer.Pause(ctx, every)
	}
	if every.Max <= 0 {
		every = Interval{Min: defaultEvery, Max: defaultEvery}
	}
	timer := time.NewTimer(every.Min + rand.N(max(every.Max-every.Min, 0)+1))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Poll returns a feed that calls fetch at once and then again and again at the
// feed's configured interval, and publishes what it returns, in order. A fetch
// without items counts as "nothing new", and so does one that fails with
// [ErrNotModified].
//
// An error of fetch ends the run: the supervisor shows it, waits as long as the
// error asks for or its backoff says, and starts the feed again. Items that are
// refused ([ErrItem]) do not end the run. Fetch must return soon after ctx is done.
func Poll(fetch func(ctx context.Context, c *http.Client) ([]Item, error)) Feed {
	return PollEvery(Interval{}, fetch)
}

// PollEvery is [Poll] at an interval that the feed chooses itself; zero stands for
// the configured one. The feed's floor is the caller's business here.
func PollEvery(every Interval, fetch func(ctx context.Context, c *http.Client) ([]Item, error)) Feed {
	return &poller{every: every, fetch: fetch}
}

type poller struct {
	every Interval
	fetch func(ctx context.Context, c *http.Client) ([]Item, error)
}

// Run has no way round: each turn of the loop ends in a return, which the
// supervisor answers with another Run, or in a pause, which ends.
func (p *poller) Run(ctx context.Context, pub Publisher) error {
	for {
		if err := p.once(ctx, pub); err != nil {
			return err
		}
		if err := Pause(ctx, pub, p.every); err != nil {
			return err
		}
	}
}

func (p *poller) once(ctx context.Context, pub Publisher) error {
	items, err := p.fetch(ctx, pub.HTTP())
	if errors.Is(err, ErrNotModified) {
		pub.OK("not modified")
		return nil
	}
	if err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	if len(items) == 0 {
		pub.OK("nothing new")
		return nil
	}
	if err := pub.Publish(ctx, items...); err != nil && !errors.Is(err, ErrItem) {
		return err
	}
	return nil
}
