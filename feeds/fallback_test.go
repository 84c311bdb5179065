package feeds

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/topics"
)

// simulation prints a value of each place once a second.
func simulation(places ...string) Feed {
	return feedFunc(func(ctx context.Context, pub Publisher) error {
		for {
			for _, place := range places {
				if err := pub.Publish(ctx, Item{Time: time.Now(), Data: map[string]any{"location": place, "temperature": 1}}); err != nil {
					return err
				}
			}
			if err := Pause(ctx, pub, Interval{}); err != nil {
				return err
			}
		}
	})
}

func weatherEnv(t *testing.T) Env {
	c, err := topics.NewCatalogue(topics.Topic{Name: "weather", Mode: topics.Latest, Key: "location"})
	if err != nil {
		t.Fatal(err)
	}
	return Env{Catalogue: c}
}

var weatherSpec = Spec{Kind: "test", Topics: []string{"weather"}, Default: Interval{Min: time.Hour, Max: time.Hour}}

const everySecond = time.Second

// simulatedOf tells the simulated from the real among what was published.
func simulatedOf(t *testing.T, drafts []topics.Draft) (simulated, real int) {
	t.Helper()
	for _, d := range drafts {
		var item struct {
			Simulated bool
			Expires   time.Time
		}
		if err := json.Unmarshal(d.Data, &item); err != nil {
			t.Fatal(err)
		}
		if item.Simulated {
			simulated++
			if item.Expires.IsZero() {
				t.Errorf("a simulated item does not expire: %s", d.Data)
			}
		} else {
			real++
		}
	}
	return simulated, real
}

func TestSimulationStandsInAndGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{}
		up := make(chan struct{})
		source := feedFunc(func(ctx context.Context, pub Publisher) error {
			select {
			case <-up:
			default:
				return errors.New("no such host")
			}
			if err := pub.Publish(ctx, Item{Time: time.Now(), Data: map[string]any{"location": "Pier", "temperature": 9}}); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		})
		s, stop := start(t, bus, Options{}, weatherSpec, weatherEnv(t), Fallback(source, simulation("Pier", "Quay"), Interval{Min: everySecond, Max: everySecond}))
		time.Sleep(500 * time.Millisecond)
		if simulated, real := simulatedOf(t, bus.published()); simulated < 2 || real != 0 {
			t.Errorf("%d simulated, %d real items; a source that never was up is stood in for at once", simulated, real)
		}
		if status := state(s); !status.Simulated || !strings.Contains(status.Detail, "simulated") || status.State == Running || status.Events != 0 || !status.LastEvent.IsZero() {
			t.Errorf("the state hides that the source fails: %+v", status)
		}
		close(up)
		s.Retry("f")
		synctest.Wait()
		time.Sleep(time.Minute)
		synctest.Wait()
		drafts := bus.published()
		simulated, real := simulatedOf(t, drafts)
		if last, _ := simulatedOf(t, drafts[len(drafts)-1:]); real != 1 || last != 0 {
			t.Errorf("%d simulated, %d real items, the last one simulated: %d; want none after the real one", simulated, real, last)
		}
		if got := len(bus.retracts); got != 2 || !strings.Contains(strings.Join(bus.retracts, " "), "weather.Quay") {
			t.Errorf("withdrawn: %q; want Pier and Quay", bus.retracts)
		}
		if status := state(s); status.Simulated || status.Detail != "" || status.State != Running {
			t.Errorf("the state does not say that the source is back: %+v", status)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// What the source says without an item ends the simulation as well.
func TestSimulationGivesWayToAClosedMarket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{}
		runs := 0
		source := feedFunc(func(ctx context.Context, pub Publisher) error {
			if runs++; runs == 1 {
				return errors.New("no such host")
			}
			pub.OK("market closed")
			<-ctx.Done()
			return nil
		})
		s, stop := start(t, bus, Options{}, weatherSpec, weatherEnv(t), Fallback(source, simulation("Pier"), Interval{Min: everySecond, Max: everySecond}))
		time.Sleep(time.Minute)
		if status := state(s); status.Simulated || status.Detail != "market closed" {
			t.Errorf("%+v", status)
		}
		if len(bus.retracts) != 1 {
			t.Errorf("withdrawn: %q", bus.retracts)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// A source that printed is given half a minute before anything is invented.
func TestShortInterruptionIsNotSimulated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{}
		runs := 0
		source := feedFunc(func(ctx context.Context, pub Publisher) error {
			if runs++; runs > 1 && runs < 4 {
				return errors.New("cut off")
			}
			if err := pub.Publish(ctx, Item{Time: time.Now(), Data: map[string]any{"location": "Pier"}}); err != nil {
				return err
			}
			if err := Pause(ctx, pub, Interval{Min: time.Minute, Max: time.Minute}); err != nil {
				return err
			}
			return errors.New("cut off")
		})
		s, stop := start(t, bus, Options{}, weatherSpec, weatherEnv(t), Fallback(source, simulation("Pier"), Interval{Min: everySecond, Max: everySecond}))
		for range 100 {
			time.Sleep(time.Second)
			if state(s).Simulated {
				t.Fatalf("simulated %s after the source failed: %+v", time.Since(state(s).LastErrorTime), state(s))
			}
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// When the program stops, nothing that was invented is left behind; a stand-in that
// panics harms nobody.
func TestStandInThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{}
		source := feedFunc(func(context.Context, Publisher) error { return errors.New("no such host") })
		runs := 0
		standIn := feedFunc(func(ctx context.Context, pub Publisher) error {
			if runs++; runs == 1 {
				pub.Go(func() error { panic("adrift") })
				<-ctx.Done()
				return nil
			}
			if err := pub.Publish(ctx, Item{Data: map[string]any{"location": "Pier"}}); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		})
		s, stop := start(t, bus, Options{}, weatherSpec, weatherEnv(t), Fallback(source, standIn, Interval{Min: everySecond, Max: everySecond}))
		time.Sleep(2 * standInPause)
		if simulated, _ := simulatedOf(t, bus.published()); simulated != 1 || runs != 2 {
			t.Errorf("%d items in %d runs", simulated, runs)
		}
		if status := state(s); status.LastError != "no such host" {
			t.Errorf("the panic of the stand-in hides the error of the source: %+v", status)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if len(bus.retracts) != 1 {
			t.Errorf("withdrawn: %q", bus.retracts)
		}
	})
}
