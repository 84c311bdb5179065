package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/feeds"
)

func TestTry(t *testing.T) {
	reading := func(place string) feeds.Item {
		return feeds.Item{ID: place, Time: time.Unix(1795162500, 0), Data: map[string]any{"location": place, "temperature": 4.5}}
	}
	for _, tt := range []struct {
		name   string
		args   string
		run    func(ctx context.Context, pub feeds.Publisher) error
		code   int
		stdout string
		stderr []string
	}{
		{
			name: "enough items", args: "-n 1", code: 0,
			run: func(ctx context.Context, pub feeds.Publisher) error {
				if err := pub.Publish(ctx, reading("pier"), reading("quay")); err != nil {
					return err
				}
				return idle(ctx, pub)
			},
			stdout: `{"topic":"weather","key":"pier","data":{"location":"pier","temperature":4.5,"id":"pier","time":"2026-11-20T08:15:00Z"}}` + "\n",
		},
		{
			name: "too few items", code: 0,
			run: func(ctx context.Context, pub feeds.Publisher) error {
				if err := pub.Publish(ctx, reading("pier")); err != nil {
					return err
				}
				return idle(ctx, pub)
			},
			stdout: `{"topic":"weather","key":"pier"`, stderr: []string{"1 item of 5 in 30s; -n 1 waits for no more"},
		},
		{
			name: "the next fetch is too late", code: 0,
			run: func(ctx context.Context, pub feeds.Publisher) error {
				if err := pub.Publish(ctx, reading("pier")); err != nil {
					return err
				}
				return feeds.Pause(ctx, pub, feeds.Interval{Min: time.Hour, Max: time.Hour})
			},
			stdout: `{"topic":"weather","key":"pier"`, stderr: []string{"1 item of 5 so far, and the feed asks again at ", "; -n 1 waits for no more"},
		},
		{
			name: "retraction", args: "-n 2", code: 0,
			run: func(ctx context.Context, pub feeds.Publisher) error {
				if err := pub.Publish(ctx, reading("pier")); err != nil {
					return err
				}
				if err := pub.Retract(ctx, "weather", "pier"); err != nil {
					return err
				}
				return idle(ctx, pub)
			},
			stdout: `{"op":"retract","topic":"weather","key":"pier"}` + "\n",
		},
		{
			name: "no items", args: "--timeout 3s", code: 1, stderr: []string{"no items in 3s; the feed says: market closed\n"},
			run: func(ctx context.Context, pub feeds.Publisher) error {
				pub.OK("market closed")
				return idle(ctx, pub)
			},
		},
		{
			name: "failure with a hint", code: 1, stderr: []string{"the feed failed after 0 items: no such city", "hint: correct the city"},
			run: func(context.Context, feeds.Publisher) error {
				return feeds.NeedsAttention(errors.New("no such city"), "correct the city")
			},
		},
		{
			name: "panic", code: 1, stderr: []string{"panic: index out of sea", "try_test.go:"},
			run: func(context.Context, feeds.Publisher) error { panic("index out of sea") },
		},
		{
			name: "panic of a goroutine", code: 1, stderr: []string{"panic: adrift", "try_test.go:"},
			run: func(ctx context.Context, pub feeds.Publisher) error {
				pub.Go(func() error { panic("adrift") })
				return idle(ctx, pub)
			},
		},
		{
			name: "refused by the schema", code: 1, stderr: []string{"location"},
			run: func(ctx context.Context, pub feeds.Publisher) error {
				if err := pub.Publish(ctx, feeds.Item{ID: "x", Data: map[string]any{"temperature": 1}}); err != nil && !errors.Is(err, feeds.ErrItem) {
					return err
				}
				return idle(ctx, pub)
			},
		},
		{
			name: "refused by the rules of items", code: 1, stderr: []string{"0 items shown, 1 refused: ", "severity"},
			run: func(ctx context.Context, pub feeds.Publisher) error {
				item := reading("pier")
				item.Severity = "huge"
				_ = pub.Publish(ctx, item)
				return idle(ctx, pub)
			},
		},
		{
			name: "done", code: 1, stderr: []string{"the feed is done after 0 items"},
			run: func(context.Context, feeds.Publisher) error { return feeds.ErrFinished },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				args := append([]string{"feeds", "try", "buoy"}, strings.Fields(tt.args)...)
				code, stdout, stderr := runCommand(start{args: args, kinds: []feeds.Spec{fakeKind("buoy", nil, tt.run)}})
				if code != tt.code || !strings.Contains(stdout, tt.stdout) || (tt.stdout == "" && stdout != "") {
					t.Errorf("exit %d, want %d; stdout:\n%s\nstderr:\n%s", code, tt.code, stdout, stderr)
				}
				for _, want := range tt.stderr {
					if !strings.Contains(stderr, want) {
						t.Errorf("stderr:\n%s\nwant %q in it", stderr, want)
					}
				}
			})
		})
	}
}

// brokenPipe is a reader of the items that went away.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestTryEndsWhenNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := fakeKind("buoy", nil, func(ctx context.Context, pub feeds.Publisher) error {
			return pub.Publish(ctx, feeds.Item{Data: map[string]any{"location": "x"}})
		})
		var errs strings.Builder
		code := run(t.Context(), start{args: []string{"feeds", "try", "buoy"}, kinds: []feeds.Spec{spec}}.inputs(), brokenPipe{}, &errs)
		if code != 1 || !strings.Contains(errs.String(), "write items: broken pipe") {
			t.Errorf("exit %d, stderr: %s", code, errs.String())
		}
	})
}

// keeper is a publisher that keeps what it is given.
type keeper struct {
	feeds.Publisher
	items []feeds.Item
}

func (k *keeper) Publish(_ context.Context, items ...feeds.Item) error {
	k.items = append(k.items, items...)
	return nil
}

func TestTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		dated := feeds.Item{ID: "dated", Time: begin.Add(-time.Minute)}
		undated := feeds.Item{ID: "undated"}
		own := feeds.Item{ID: "own", Expires: begin.Add(time.Second)}
		feed := newExpiring(&fakeFeed{run: func(ctx context.Context, pub feeds.Publisher) error {
			for range 2 { // what is found again has the same expiry, or it would count as changed
				if err := pub.Publish(ctx, dated, undated, own); err != nil {
					return err
				}
				time.Sleep(time.Minute)
			}
			return nil
		}}, time.Hour)
		k := &keeper{}
		if err := feed.Run(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		want := []time.Time{begin.Add(59 * time.Minute), begin.Add(time.Hour), begin.Add(time.Second)}
		for i, item := range k.items {
			if !item.Expires.Equal(want[i%3]) {
				t.Errorf("item %d (%s) expires at %v, want %v", i, item.ID, item.Expires, want[i%3])
			}
		}
		if len(k.items) != 6 || !undated.Expires.IsZero() {
			t.Errorf("%d items; the feed's own were changed: %v", len(k.items), undated.Expires)
		}
	})
}

// On the command line a lone word is a list of one, where the option is a list.
func TestTryTakesAWordForAList(t *testing.T) {
	for word, want := range map[string]string{"tags=a": "[a]", "tags=[a,b]": "[a b]", "tags=7": "[7]", "tags=": "", "places=a": ""} {
		inv := &Invocation{own: &tryOptions{}, Args: []string{"tides", "url=u", word}, Inputs: start{}.inputs(), Config: mustParse(t, start{})}
		f, err := inv.feedOfKind(fakeKinds()[0], "")
		if want == "" {
			if err == nil {
				t.Errorf("%s is accepted", word)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", word, err)
		} else if got := fmt.Sprint(f.Feed.(*fakeFeed).options.(*tideOptions).Tags); got != want {
			t.Errorf("%s gives %s, want %s", word, got, want)
		}
	}
}
