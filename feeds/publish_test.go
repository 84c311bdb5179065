package feeds

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/topics"
)

// with runs do as a feed of a supervisor on bus, and returns its status.
func with(t *testing.T, bus *fakeBus, opts Options, spec Spec, env Env, do func(ctx context.Context, pub Publisher)) Status {
	t.Helper()
	done := make(chan struct{})
	s, stop := start(t, bus, opts, spec, env, feedFunc(func(ctx context.Context, pub Publisher) error {
		do(ctx, pub)
		close(done)
		<-ctx.Done()
		return nil
	}))
	<-done
	status := state(s)
	if err := stop(); err != nil {
		t.Error(err)
	}
	return status
}

func TestRepeatedItemIsDroppedAndCorrectionPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{}
		got := with(t, bus, Options{}, testSpec, Env{}, func(ctx context.Context, pub Publisher) {
			for _, title := range []string{"one", "one", "two", "one"} {
				time.Sleep(time.Second) // seen differs
				if err := pub.Publish(ctx, Item{ID: "a", Title: title}, Item{Title: "no id"}); err != nil {
					t.Error(err)
				}
			}
			if err := pub.Retract(ctx, "", "a"); err != nil {
				t.Error(err)
			}
			if err := pub.Publish(ctx, Item{ID: "a", Title: "one"}); err != nil {
				t.Error(err)
			}
		})
		if got.Events != 8 || got.Repeated != 1 {
			t.Errorf("%d events, %d repeated; want 8 and 1", got.Events, got.Repeated)
		}
		if fmt.Sprint(bus.retracts) != "[news.a]" {
			t.Errorf("retracted %v", bus.retracts)
		}
	})
}

func TestMemoryOfIdsIsBounded(t *testing.T) {
	r := newRecent()
	for i := range 10 * maxRecent {
		r.add(mark{"news", fmt.Sprint(i), 1})
		r.add(mark{"news", "stays", 1})
	}
	if len(r.known) != maxRecent || r.order.Len() != maxRecent {
		t.Errorf("%d ids known, %d in order; want %d", len(r.known), r.order.Len(), maxRecent)
	}
	if r.add(mark{"news", "stays", 1}) {
		t.Error("an id that is seen all the time was forgotten")
	}
}

func TestRefusedItemsDoNotKeepOthersBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{}
		got := with(t, bus, Options{}, testSpec, Env{}, func(ctx context.Context, pub Publisher) {
			err := pub.Publish(ctx, Item{ID: "a"}, Item{ID: "b", Severity: "dire"}, Item{ID: "c", Topic: "stock"}, Item{ID: "d"})
			if !errors.Is(err, ErrItem) {
				t.Errorf("error %v, want ErrItem", err)
			}
		})
		if got.Events != 2 || got.Refused != 2 || got.State != Running || !strings.Contains(got.LastError, "dire") {
			t.Errorf("status %+v", got)
		}
	})
}

func TestSimulatedKindIsFlagged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus, spec := &fakeBus{}, testSpec
		spec.Simulated = true
		got := with(t, bus, Options{}, spec, Env{Topic: "other"}, func(ctx context.Context, pub Publisher) {
			pub.Publish(ctx, Item{ID: "a", Time: time.Unix(0, 0)}, Item{ID: "b", Topic: "news", Time: time.Unix(0, 0)})
		})
		drafts := bus.published()
		if string(drafts[0].Data) != `{"id":"a","time":"1970-01-01T00:00:00Z","simulated":true}` || !got.Simulated {
			t.Errorf("data %s, status simulated %v", drafts[0].Data, got.Simulated)
		}
		if drafts[0].Topic != "other" || drafts[1].Topic != "news" {
			t.Errorf("topics %s, %s; want other, news", drafts[0].Topic, drafts[1].Topic)
		}
	})
}

func TestManyItemsAreSplitAndTheRateIsCapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{}
		most := 0
		bus.setFail(func(_ context.Context, drafts []topics.Draft) error { most = max(most, len(drafts)); return nil })
		began, took := time.Now(), time.Duration(0)
		with(t, bus, Options{Rate: 500}, testSpec, Env{}, func(ctx context.Context, pub Publisher) {
			items := make([]Item, 2600)
			for i := range items {
				items[i] = Item{ID: fmt.Sprint(i)}
			}
			if err := pub.Publish(ctx, items...); err != nil {
				t.Error(err)
			}
			took = time.Since(began)
		})
		if len(bus.published()) != 2600 || most > 500 {
			t.Errorf("%d published, up to %d at once", len(bus.published()), most)
		}
		if took < 4*time.Second || took > 5*time.Second {
			t.Errorf("2600 items at 500/s took %s, want 4.2 s", took)
		}
	})
}

// A log that is away for a while costs no item, stores none twice, and is not
// charged to the feed.
func TestPublishOutlastsTheLog(t *testing.T) {
	for _, cause := range []error{topics.ErrUnavailable, topics.ErrUnknownOutcome} {
		t.Run(cause.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bus := &fakeBus{}
				began := time.Now()
				bus.setFail(func(context.Context, []topics.Draft) error {
					if time.Since(began) < time.Minute {
						return fmt.Errorf("append: %w", cause)
					}
					return nil
				})
				got := with(t, bus, Options{}, testSpec, Env{}, func(ctx context.Context, pub Publisher) {
					if err := pub.Publish(ctx, Item{ID: "a"}); err != nil {
						t.Error(err)
					}
				})
				if got.Restarts != 0 || got.Events != 1 {
					t.Errorf("%d restarts, %d events; want 0 and 1", got.Restarts, got.Events)
				}
				for _, key := range bus.keys {
					if key == "" || key != bus.keys[0] {
						t.Fatalf("idempotency keys %q, want one", bus.keys)
					}
				}
			})
		})
	}
}

// The bus takes a batch whole or not at all; one item that does not fit its topic
// costs the others nothing, and the order stays.
func TestItemThatDoesNotFitItsTopicIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{}
		bus.setFail(func(_ context.Context, drafts []topics.Draft) error {
			for i, d := range drafts {
				if strings.Contains(string(d.Data), `"bad"`) {
					return &topics.InvalidError{Index: i, Field: "/title", Reason: "not that", Schema: true}
				}
			}
			return nil
		})
		var items []Item
		for i, title := range []string{"bad", "1", "2", "bad", "bad", "3", "bad"} {
			items = append(items, Item{ID: fmt.Sprint(i), Title: title})
		}
		got := with(t, bus, Options{}, testSpec, Env{}, func(ctx context.Context, pub Publisher) {
			for range 2 {
				if err := pub.Publish(ctx, items...); !errors.Is(err, ErrItem) || !strings.Contains(err.Error(), "field /title: not that") {
					t.Errorf("error %v", err)
				}
			}
		})
		if got.Events != 3 || got.Refused != 8 || got.Repeated != 3 || got.Restarts != 0 {
			t.Errorf("status %+v", got)
		}
		var order []string
		for _, d := range bus.published() {
			order = append(order, string(d.Data[7]))
		}
		if fmt.Sprint(order) != "[1 2 5]" {
			t.Errorf("ids published: %v", order)
		}
	})
}

func TestFailedItemCanBePublishedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{}
		bus.setFail(func(context.Context, []topics.Draft) error { return errors.New("no schema") })
		with(t, bus, Options{}, testSpec, Env{}, func(ctx context.Context, pub Publisher) {
			if err := pub.Publish(ctx, Item{ID: "a"}); err == nil {
				t.Error("the bus's error was lost")
			}
			bus.setFail(nil)
			if err := pub.Publish(ctx, Item{ID: "a"}); err != nil {
				t.Error(err)
			}
		})
		if len(bus.published()) != 1 {
			t.Errorf("%d published, want 1", len(bus.published()))
		}
	})
}

func TestStopInterruptsAWaitingPublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{}
		bus.setFail(func(context.Context, []topics.Draft) error { return topics.ErrUnavailable })
		_, stop := start(t, bus, Options{}, testSpec, Env{}, feedFunc(func(ctx context.Context, pub Publisher) error {
			return pub.Publish(ctx, Item{ID: "a"})
		}))
		time.Sleep(time.Minute)
		began := time.Now()
		if err := stop(); err != nil || time.Since(began) > time.Second {
			t.Errorf("stopped after %s: %v", time.Since(began), err)
		}
	})
}
