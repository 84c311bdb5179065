package feeds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/topics"
)

func state(s *Supervisor) Status { return s.Status()[0] }

func wantState(t *testing.T, s *Supervisor, want State) Status {
	t.Helper()
	synctest.Wait()
	got := state(s)
	if got.State != want {
		t.Fatalf("state %s (%s), want %s", got.State, got.LastError, want)
	}
	return got
}

func TestFeedRunsAndStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{}
		s, stop := start(t, bus, Options{}, testSpec, Env{Every: Interval{time.Minute, time.Minute}}, Poll(
			func(context.Context, *http.Client) ([]Item, error) {
				return []Item{{ID: time.Now().Format(time.TimeOnly), Title: "x"}}, nil
			}))
		time.Sleep(10*time.Minute + time.Second)
		got := wantState(t, s, Running)
		if got.Events != 11 || len(bus.published()) != 11 {
			t.Errorf("%d events counted, %d published, want 11", got.Events, len(bus.published()))
		}
		if wait := time.Until(got.NextRun); wait != 59*time.Second {
			t.Errorf("next run in %s, want 59s", wait)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		wantState(t, s, Stopped)
		if last := bus.announced()[len(bus.announced())-1]; last.State != Stopped {
			t.Errorf("the last state announced is %s, want stopped", last.State)
		}
	})
}

func TestPanicIsIsolatedAndFeedComesBack(t *testing.T) {
	for name, inGo := range map[string]bool{"in Run": false, "in Go": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bus, logs := &fakeBus{}, &bytes.Buffer{}
				var runs atomic.Int32
				feed := feedFunc(func(ctx context.Context, pub Publisher) error {
					if runs.Add(1) == 1 {
						if inGo {
							pub.Go(func() error { panic("boom") })
							<-ctx.Done()
							return ctx.Err()
						}
						panic("boom")
					}
					pub.OK("fine")
					<-ctx.Done()
					return nil
				})
				s, stop := start(t, bus, Options{Logger: slog.New(slog.NewTextHandler(logs, nil))}, testSpec, Env{}, feed)
				got := wantState(t, s, Backoff)
				if got.LastError != "panic: boom" || !strings.Contains(got.Trace, "supervise_test.go") {
					t.Errorf("error %q, trace %.100q", got.LastError, got.Trace)
				}
				time.Sleep(2 * time.Second)
				if got := wantState(t, s, Running); got.Restarts != 1 || got.Detail != "fine" {
					t.Errorf("restarts %d, detail %q", got.Restarts, got.Detail)
				}
				stop()
				if down, back := strings.Count(logs.String(), "feed is down"), strings.Count(logs.String(), "feed is back"); down != 1 || back != 1 {
					t.Errorf("logged down %d times and back %d times, want once each:\n%s", down, back, logs)
				}
			})
		})
	}
}

// A feed that calls runtime.Goexit must not die silently.
func TestGoexitIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := start(t, &fakeBus{}, Options{}, testSpec, Env{}, feedFunc(func(context.Context, Publisher) error {
			(&testing.T{}).SkipNow()
			return nil
		}))
		defer stop()
		if got := wantState(t, s, Backoff); !strings.Contains(got.LastError, "Goexit") {
			t.Errorf("error %q", got.LastError)
		}
	})
}

func TestCircuitOpensAndProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := &bytes.Buffer{}
		var runs atomic.Int32
		var mended atomic.Bool
		s, stop := start(t, &fakeBus{}, Options{Logger: slog.New(slog.NewTextHandler(logs, nil))}, testSpec, Env{},
			feedFunc(func(ctx context.Context, pub Publisher) error {
				runs.Add(1)
				if !mended.Load() {
					return errors.New("no luck")
				}
				pub.OK("")
				<-ctx.Done()
				return nil
			}))
		defer stop()
		time.Sleep(30 * time.Second)
		wantState(t, s, Open)
		if n := runs.Load(); n != 5 {
			t.Errorf("%d runs before the circuit opened, want 5", n)
		}
		time.Sleep(17 * time.Minute)
		wantState(t, s, Open)
		if n := runs.Load(); n != 6 {
			t.Errorf("%d runs after one probe, want 6", n)
		}
		mended.Store(true)
		if !s.Retry("f") || s.Retry("g") {
			t.Error("Retry knows the wrong feeds")
		}
		wantState(t, s, Running)
		if n := strings.Count(logs.String(), "feed is down"); n != 1 {
			t.Errorf("logged %d times that it is down, want once:\n%s", n, logs)
		}
	})
}

func TestSilentFeedGetsStaleAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus, speak := &fakeBus{}, make(chan struct{})
		s, stop := start(t, bus, Options{}, testSpec, Env{Every: Interval{time.Minute, 2 * time.Minute}},
			feedFunc(func(ctx context.Context, pub Publisher) error {
				for {
					select {
					case <-ctx.Done():
						return nil
					case <-speak:
						pub.OK("")
					}
				}
			}))
		defer stop()
		wantState(t, s, Starting)
		time.Sleep(11 * time.Second)
		wantState(t, s, Running)
		time.Sleep(6 * time.Minute)
		wantState(t, s, Stale)
		speak <- struct{}{}
		wantState(t, s, Running)
		time.Sleep(time.Second)
		synctest.Wait()
		var seen []State
		for _, status := range bus.announced() {
			if len(seen) == 0 || seen[len(seen)-1] != status.State {
				seen = append(seen, status.State)
			}
		}
		if got := fmt.Sprint(seen); got != "[starting running stale running]" {
			t.Errorf("states announced: %s", got)
		}
	})
}

func TestStatesAreAnnouncedAtMostOnceASecondAndAtLeastOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{}
		var broken atomic.Bool
		broken.Store(true)
		s, stop := start(t, bus, Options{}, testSpec, Env{}, feedFunc(func(ctx context.Context, pub Publisher) error {
			if broken.Load() {
				time.Sleep(time.Millisecond)
				return RetryAfter(0, errors.New("again"))
			}
			pub.OK("")
			<-ctx.Done()
			return nil
		}))
		for range 5000 { // many changes of state
			s.Retry("f")
			time.Sleep(2 * time.Millisecond)
		}
		states := bus.announced()
		for i := 1; i < len(states); i++ {
			if gap := states[i].Time.Sub(states[i-1].Time); gap < time.Second {
				t.Fatalf("two announcements %s apart", gap)
			}
		}
		if len(states) < 9 {
			t.Errorf("%d announcements in 10 s of changes, want 9 at least", len(states))
		}
		broken.Store(false)
		time.Sleep(10 * time.Second)
		quiet := len(bus.announced())
		time.Sleep(10 * time.Minute)
		if n := len(bus.announced()) - quiet; n < 9 || n > 10 {
			t.Errorf("%d announcements in ten quiet minutes, want one a minute", n)
		}
		stop()
	})
}

// A bus that takes no states must not hold up the feed.
func TestBlockedAnnouncementDelaysNoFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{}
		bus.setFail(func(ctx context.Context, drafts []topics.Draft) error {
			if drafts[0].Topic == StatusTopic {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		s, stop := start(t, bus, Options{}, testSpec, Env{Every: Interval{time.Second, time.Second}}, Poll(
			func(context.Context, *http.Client) ([]Item, error) { return []Item{{Title: "x"}}, nil }))
		time.Sleep(60*time.Second + time.Millisecond)
		if got := wantState(t, s, Running); got.Events != 61 {
			t.Errorf("%d events in a minute, want 61", got.Events)
		}
		bus.setFail(nil)
		time.Sleep(10 * time.Second)
		if len(bus.announced()) == 0 {
			t.Error("the state was not announced once the bus took it")
		}
		stop()
	})
}

func TestFeedThatDoesNotStopIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		s, stop := start(t, &fakeBus{}, Options{}, testSpec, Env{ID: "mule"}, feedFunc(func(context.Context, Publisher) error {
			<-hold
			return nil
		}))
		began := time.Now()
		err := stop()
		if err == nil || !strings.Contains(err.Error(), `"mule"`) {
			t.Errorf("error %v, want one that names the feed", err)
		}
		if took := time.Since(began); took != stopTime {
			t.Errorf("stopped after %s, want %s", took, stopTime)
		}
		wantState(t, s, Stopped)
		close(hold)
	})
}

// A run that leaves goroutines behind is not followed by another one on top.
func TestRunsNeverOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		var runs atomic.Int32
		s, stop := start(t, &fakeBus{}, Options{}, testSpec, Env{}, feedFunc(func(_ context.Context, pub Publisher) error {
			runs.Add(1)
			pub.Go(func() error { <-hold; return nil })
			return errors.New("x")
		}))
		time.Sleep(time.Hour)
		wantState(t, s, Attention)
		if n := runs.Load(); n != 1 {
			t.Errorf("%d runs, want 1", n)
		}
		close(hold)
		synctest.Wait()
		time.Sleep(10 * time.Second)
		if n := runs.Load(); n < 2 {
			t.Error("the feed did not run again when its goroutines had ended")
		}
		stop()
	})
}

func TestFinishedRunIsRepeatedAtItsInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		s, stop := start(t, &fakeBus{}, Options{}, testSpec, Env{Every: Interval{time.Minute, time.Minute}},
			feedFunc(func(context.Context, Publisher) error { runs.Add(1); return nil }))
		defer stop()
		time.Sleep(5*time.Minute + time.Second)
		if got := wantState(t, s, Running); runs.Load() != 6 || got.Restarts != 0 {
			t.Errorf("%d runs, %d restarts; want 6 and 0", runs.Load(), got.Restarts)
		}
	})
}

func TestAddRefuses(t *testing.T) {
	s := NewSupervisor(Options{Bus: &fakeBus{}})
	for _, tt := range []struct {
		env  Env
		spec Spec
		want string
	}{
		{Env{}, testSpec, "an id has"},
		{Env{ID: "a"}, Spec{Kind: "k"}, "needs a topic"},
		{Env{ID: "a", Topic: "feeds"}, testSpec, "states of feeds"},
		{Env{ID: "a"}, testSpec, ""},
		{Env{ID: "a"}, testSpec, "another one"},
	} {
		err := s.Add(tt.spec, feedFunc(nil), tt.env)
		if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("Add(%+v): %v, want %q", tt.env, err, tt.want)
		}
	}
}

func TestSeedFor(t *testing.T) {
	if first, second := SeedFor(1, "a"), SeedFor(1, "a"); first != second {
		t.Error("the same seed and id give two seeds")
	}
	if SeedFor(1, "a") == SeedFor(1, "b") || SeedFor(1, "a") == SeedFor(2, "a") {
		t.Error("another seed or id gives the same seed")
	}
	if first, second := SeedFor(0, "a"), SeedFor(0, "a"); first == second {
		t.Error("seed 0 is not random")
	}
}

func TestCompleteKeepsTheFloor(t *testing.T) {
	spec := Spec{Default: Interval{time.Minute, time.Minute}, Floor: 30 * time.Second}
	for _, tt := range []struct{ in, want Interval }{
		{Interval{}, spec.Default},
		{Interval{time.Second, 40 * time.Second}, Interval{30 * time.Second, 40 * time.Second}},
		{Interval{time.Second, time.Second}, Interval{30 * time.Second, 30 * time.Second}},
	} {
		if got := spec.Complete(Env{Every: tt.in}).Every; got != tt.want {
			t.Errorf("interval %s becomes %s, want %s", tt.in, got, tt.want)
		}
	}
	if got := (Spec{Floor: time.Second}).Complete(Env{}).Every; got != (Interval{}) {
		t.Errorf("a kind that is not timed gets the interval %s", got)
	}
}
