package feeds

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestPollFetchesAtOnceAndWithinItsInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		every := Interval{10 * time.Second, 20 * time.Second}
		var times []time.Time
		_, stop := start(t, &fakeBus{}, Options{}, testSpec, Env{Every: every}, Poll(
			func(context.Context, *http.Client) ([]Item, error) {
				times = append(times, time.Now())
				return nil, nil
			}))
		began := time.Now()
		time.Sleep(10 * time.Minute)
		stop()
		if !times[0].Equal(began) {
			t.Errorf("first fetch after %s, want at once", times[0].Sub(began))
		}
		least, most := time.Hour, time.Duration(0)
		for i := 1; i < len(times); i++ {
			gap := times[i].Sub(times[i-1])
			least, most = min(least, gap), max(most, gap)
		}
		if least < every.Min || most > every.Max || most-least < 5*time.Second {
			t.Errorf("pauses from %s to %s, want them all over %s", least, most, every)
		}
	})
}

// No outcome of a fetch is the last one.
func TestPollGoesOnWhateverHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetches := 0
		outcome := []func() ([]Item, error){
			func() ([]Item, error) { return nil, nil },
			func() ([]Item, error) { return nil, errors.New("x") },
			func() ([]Item, error) { panic("x") },
			func() ([]Item, error) { return []Item{{ID: "a", Severity: "bad"}}, nil },
			func() ([]Item, error) { return nil, context.DeadlineExceeded },
			func() ([]Item, error) { return nil, context.Canceled },
			func() ([]Item, error) { return nil, RetryAfter(time.Minute, errors.New("x")) },
			func() ([]Item, error) { return nil, NeedsAttention(errors.New("x"), "y") },
			func() ([]Item, error) { return []Item{{ID: "b"}}, nil },
		}
		s, stop := start(t, &fakeBus{}, Options{}, testSpec, Env{Every: Interval{time.Minute, time.Minute}}, Poll(
			func(context.Context, *http.Client) ([]Item, error) {
				fetches++
				return outcome[(fetches-1)%len(outcome)]()
			}))
		time.Sleep(12 * time.Hour)
		if got := state(s); fetches < 10*len(outcome) {
			t.Errorf("%d fetches in half a day; state %s, %s", fetches, got.State, got.LastError)
		}
		stop()
	})
}

func TestPauseWithoutPacer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := Pause(context.Background(), bare{}, Interval{}); err != nil || time.Since(began) != defaultEvery {
			t.Errorf("paused %s, %v", time.Since(began), err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := Pause(ctx, bare{}, Interval{time.Hour, time.Minute}); !errors.Is(err, context.Canceled) {
			t.Errorf("a pause that is cancelled returns %v", err)
		}
	})
}

// bare is a publisher that is nothing besides.
type bare struct{}

func (bare) Publish(context.Context, ...Item) error        { return nil }
func (bare) Retract(context.Context, string, string) error { return nil }
func (bare) OK(string)                                     {}
func (bare) Go(func() error)                               {}
func (bare) Log() *slog.Logger                             { return slog.New(slog.DiscardHandler) }
func (bare) HTTP() *http.Client                            { return http.DefaultClient }
