package feeds

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestErrorsDecideThePause(t *testing.T) {
	for _, tt := range []struct {
		name     string
		err      error
		spec     Spec
		state    State
		min, max time.Duration // until the next run; 0: never
		hint     string
	}{
		{name: "plain", err: errors.New("x"), state: Backoff, min: 0, max: time.Second},
		{name: "floor", err: errors.New("x"), spec: Spec{Floor: 10 * time.Second}, state: Backoff, min: 10 * time.Second, max: 10 * time.Second},
		{name: "fatal", err: Fatal(errors.New("x")), state: Stopped},
		{name: "finished", err: fmt.Errorf("done: %w", ErrFinished), state: Stopped},
		{name: "retry", err: fmt.Errorf("a: %w", RetryAfter(time.Minute, errors.New("x"))), state: Backoff, min: time.Minute, max: 66 * time.Second},
		{name: "retry negative", err: RetryAfter(-time.Minute, errors.New("x")), state: Backoff, min: time.Second, max: 1100 * time.Millisecond},
		{name: "retry absurd", err: RetryAfter(1e6*time.Hour, errors.New("x")), state: Backoff, min: 24 * time.Hour, max: 27 * time.Hour},
		{name: "attention", err: NeedsAttention(errors.New("x"), "set a key"), state: Attention, min: 30 * time.Minute, max: 33 * time.Minute, hint: "set a key"},
		{name: "nil", err: nil, state: Backoff, min: 0, max: time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.spec.Kind, tt.spec.Topics = "test", []string{"news"}
				s, stop := start(t, &fakeBus{}, Options{}, tt.spec, Env{}, feedFunc(func(context.Context, Publisher) error { return tt.err }))
				defer stop()
				got := wantState(t, s, tt.state)
				if got.Hint != tt.hint {
					t.Errorf("hint %q, want %q", got.Hint, tt.hint)
				}
				if tt.max == 0 {
					if !got.NextRun.IsZero() {
						t.Errorf("next run at %s, want none", got.NextRun)
					}
					return
				}
				if wait := time.Until(got.NextRun); wait < tt.min || wait > tt.max {
					t.Errorf("next run in %s, want %s to %s", wait, tt.min, tt.max)
				}
			})
		})
	}
}

func TestBackoffGrowsAndResets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaker{random: newRunnerForTest(t).random}
		var most time.Duration
		for range 40 {
			time.Sleep(time.Minute) // apart: the circuit stays closed
			wait, open := b.fail(time.Now(), false)
			if open {
				t.Fatal("failures a minute apart opened the circuit")
			}
			most = max(most, wait)
		}
		if most > backoffMost || most < backoffMost/2 {
			t.Errorf("the longest of 40 pauses is %s, want up to %s", most, backoffMost)
		}
		if wait, _ := b.fail(time.Now(), true); wait > backoffFirst {
			t.Errorf("pause after a healthy run %s, want at most %s", wait, backoffFirst)
		}
	})
}

func newRunnerForTest(t *testing.T) *runner {
	t.Helper()
	s := NewSupervisor(Options{Bus: &fakeBus{}})
	if err := s.Add(testSpec, feedFunc(nil), Env{ID: "f", Seed: 7}); err != nil {
		t.Fatal(err)
	}
	return s.runners[0]
}
