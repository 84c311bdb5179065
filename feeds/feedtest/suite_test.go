package feedtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tickertape/feeds"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type pierOptions struct {
	Pier string `option:"pier" doc:"Name of the pier." default:"north"`
}

// pier is a kind that keeps all rules.
func pier() feeds.Spec {
	return feeds.Spec{
		Kind: "pier", Summary: "Ships at a pier.", Topics: []string{"news"}, Stability: "stable",
		Default: feeds.Interval{Min: time.Minute, Max: 2 * time.Minute}, Floor: time.Second,
		Options: &pierOptions{}, Example: "- id: pier\n  kind: pier\n  pier: south\n", Simulated: true,
		New: func(options any, env feeds.Env) (feeds.Feed, error) {
			o, ok := options.(*pierOptions)
			if !ok {
				return nil, fmt.Errorf("options are a %T", options)
			}
			random := rand.New(rand.NewPCG(env.Seed, 0))
			return feeds.Poll(func(context.Context, *http.Client) ([]feeds.Item, error) {
				return []feeds.Item{{ID: fmt.Sprint(random.Uint32()), Title: o.Pier, Time: time.Now()}}, nil
			}), nil
		},
	}
}

func TestKindThatKeepsTheRulesPasses(t *testing.T) {
	Run(t, pier(), Config{})
	Run(t, pier(), Config{Real: true, Items: 1})
}

type runFunc func(ctx context.Context, pub feeds.Publisher) error

func (f runFunc) Run(ctx context.Context, pub feeds.Publisher) error { return f(ctx, pub) }

// with returns the kind with another feed.
func with(run runFunc) feeds.Spec {
	s := pier()
	s.New = func(any, feeds.Env) (feeds.Feed, error) { return run, nil }
	return s
}

// once returns a kind that prints one item.
func once(it feeds.Item) feeds.Spec {
	return with(func(ctx context.Context, pub feeds.Publisher) error {
		if err := pub.Publish(ctx, it); err != nil {
			return err
		}
		return feeds.ErrFinished
	})
}

// The suite must find what it is there to find.
func TestBrokenRulesAreFound(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spec  feeds.Spec
		check func(*suite, *testing.T) error
		want  string
	}{
		{"slow to stop", with(func(ctx context.Context, pub feeds.Publisher) error {
			pub.OK("")
			<-ctx.Done()
			time.Sleep(2 * time.Second)
			return nil
		}), (*suite).checkStop, "took 2s to stop"},
		{"error of its own on stop", with(func(ctx context.Context, pub feeds.Publisher) error {
			pub.OK("")
			<-ctx.Done()
			return errors.New("stopped")
		}), (*suite).checkStop, "returns nil or its context's error"},
		{"deaf before it starts", with(func(context.Context, feeds.Publisher) error {
			time.Sleep(time.Minute)
			return nil
		}), (*suite).checkStopped, "took 1m0s"},
		{"hidden panic", with(func(ctx context.Context, pub feeds.Publisher) error {
			func() {
				defer func() { recover() }()
				pub.Publish(ctx, feeds.Item{ID: "a"})
			}()
			<-ctx.Done()
			return nil
		}), (*suite).checkPanic, "hides a panic"},
		{"failure", with(func(context.Context, feeds.Publisher) error { return errors.New("no tide") }), (*suite).checkItems, "no tide"},
		{"silence", with(func(context.Context, feeds.Publisher) error { return nil }), (*suite).checkItems, "prints nothing"},
		{"no key", once(feeds.Item{Title: "x"}), (*suite).checkItems, "key field id"},
		{"future", once(feeds.Item{ID: "a", Time: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}), (*suite).checkItems, "in the future"},
		{"topic", once(feeds.Item{ID: "a", Topic: "stock"}), (*suite).checkItems, `topic "stock"`},
		{"bad item", once(feeds.Item{ID: "a", Severity: "bad"}), (*suite).checkItems, "severity"},
		{"any options", with(nil), func(s *suite, _ *testing.T) error { return s.checkConstructor() }, "not its options"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := newSuite(tt.spec, Config{})
				if err != nil {
					t.Fatal(err)
				}
				if err := tt.check(s, t); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v; want an error with %q", err, tt.want)
				}
			})
		})
	}
}

func TestBrokenSpecsAreFound(t *testing.T) {
	for want, change := range map[string]func(*feeds.Spec){
		"kind":                   func(s *feeds.Spec) { s.Kind = "Pier" },
		"want a sentence":        func(s *feeds.Spec) { s.Summary = "ships" },
		"no topics":              func(s *feeds.Spec) { s.Topics = nil },
		"reserved":               func(s *feeds.Spec) { s.Topics = []string{"live"} },
		"below the floor":        func(s *feeds.Spec) { s.Floor = time.Hour },
		"stability":              func(s *feeds.Spec) { s.Stability = "" },
		"terms":                  func(s *feeds.Spec) { s.Attribution = "Somebody" },
		"it is empty":            func(s *feeds.Spec) { s.Example = "" },
		"kind is dock":           func(s *feeds.Spec) { s.Example = "kind: dock" },
		"there is no option per": func(s *feeds.Spec) { s.Example = "kind: pier\nper: x" },
	} {
		s := pier()
		change(&s)
		if err := errors.Join(checkSpec(s, feeds.Env{}), checkExample(s)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want an error with %q", err, want)
		}
	}
}

func TestDifferentRunsAreFound(t *testing.T) {
	if err := compareRuns([]string{"news a", "news b"}, []string{"news a", "news b", "news c"}); err != nil {
		t.Error(err)
	}
	if err := compareRuns([]string{"news a"}, []string{"news b"}); err == nil {
		t.Error("different ids pass")
	}
	if err := compareRuns(nil, nil); err == nil {
		t.Error("two empty runs pass")
	}
}
