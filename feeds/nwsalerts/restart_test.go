package nwsalerts

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
	"tickertape/topics"
)

// A tape keeps what is published on news: "+KEY ALERT" and "-KEY".
type tape struct {
	mu     sync.Mutex // guards events
	events []string
}

func (b *tape) Publish(_ context.Context, _ string, drafts ...topics.Draft) ([]topics.ID, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range drafts {
		var it struct {
			ID    string
			Alert string `json:"alert_id"`
		}
		if err := json.Unmarshal(d.Data, &it); err != nil {
			return nil, err
		}
		if d.Topic == "news" {
			b.events = append(b.events, "+"+it.ID+" "+it.Alert)
		}
	}
	return make([]topics.ID, len(drafts)), nil
}

func (b *tape) Retract(_ context.Context, _, key string) (topics.ID, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, "-"+key)
	return topics.ID{}, nil
}

// supervised runs the feed for a while as the program does, with what it knew before, and
// returns what it printed and what it knows after.
func supervised(t *testing.T, source *feedtest.Source, d time.Duration, known []byte) (events []string, memory []byte) {
	t.Helper()
	spec := Spec()
	env := spec.Complete(feeds.Env{ID: "test", Seed: 1, Max: 30})
	made, err := New(ohio(), env)
	if err != nil {
		t.Fatal(err)
	}
	bus := &tape{}
	sup := feeds.NewSupervisor(feeds.Options{
		Bus:     bus,
		Fetcher: feeds.NewFetcher(feeds.FetchOptions{Transport: source}),
		Save:    func(m []byte) error { memory = slices.Clone(m); return nil },
	})
	if err := sup.Add(spec, made, env); err != nil {
		t.Fatal(err)
	}
	if known != nil {
		if err := sup.Recall(known); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if err := sup.Run(ctx); err != nil {
		t.Error(err)
	}
	return bus.events, memory
}

// What ends while the server is off is withdrawn when it is back; what does not is not
// printed twice, though the source is asked once for all of it.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(feedtest.Recorded))
		id := func(n int) string { return fmt.Sprintf("%s%040d.001.1", usual, n) }
		a, b := message(id(1), "Severe", -2*time.Hour), message("elsewhere", "Minor", -time.Hour)
		first := answer(t, a, b)
		first.Header = map[string]string{"ETag": `"1"`}
		source := feedtest.NewSource(first)
		events, memory := supervised(t, source, time.Hour, nil)
		want(t, events, "+"+a.ID+" "+a.ID, "+elsewhere elsewhere")
		asked := source.Requests()
		if len(asked) < 15 || asked[0].Header.Get("If-None-Match") != "" || asked[1].Header.Get("If-None-Match") != `"1"` {
			t.Errorf("%d requests; want each but the first to be conditional", len(asked))
		}
		if strings.Contains(string(memory), usual) {
			t.Errorf("the prefix of all ids is kept: %s", memory)
		}

		again := feedtest.NewSource(first)
		events, memory = supervised(t, again, 10*time.Minute, memory)
		want(t, events)
		asked = again.Requests()
		if len(asked) < 3 || asked[0].Header.Get("If-None-Match") != `"1"` || asked[1].Header.Get("If-None-Match") != "" || asked[2].Header.Get("If-None-Match") != `"1"` {
			t.Errorf("%d requests; want the second one to be for the whole list", len(asked))
		}

		events, memory = supervised(t, feedtest.NewSource(answer(t, b)), time.Minute, memory)
		want(t, events, "-"+a.ID)
		events, _ = supervised(t, feedtest.NewSource(answer(t)), time.Minute, memory)
		want(t, events, "-elsewhere")
	})
}

// Of more keys than can be kept the most severe are.
func TestRestartWithManyAlerts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(feedtest.Recorded))
		var list []alert
		for i := range 30 {
			severity := "Minor"
			if i%3 == 0 {
				severity = "Extreme"
			}
			list = append(list, message(fmt.Sprintf("%s%s%040d.001.1", usual, severity[:1], i), severity, -time.Hour))
		}
		events, memory := supervised(t, feedtest.NewSource(answer(t, list...)), time.Minute, nil)
		if len(events) != 30 {
			t.Errorf("%d of 30 are printed", len(events))
		}
		events, _ = supervised(t, feedtest.NewSource(answer(t)), time.Minute, memory)
		extreme := 0
		for _, e := range events {
			if strings.HasPrefix(e, "-"+usual+"E") {
				extreme++
			}
		}
		if extreme != 10 || len(events) < 15 || len(events) >= 30 {
			t.Errorf("%d are withdrawn, %d of 10 extreme ones; want all of those, and as many others as there is room for", len(events), extreme)
		}
	})
}
