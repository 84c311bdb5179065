package metnorway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
	"tickertape/topics"
)

// A tape keeps what is published on weather: "PLACE HH:MM".
type tape struct {
	mu     sync.Mutex // guards events
	events []string
}

func (b *tape) Publish(_ context.Context, _ string, drafts ...topics.Draft) ([]topics.ID, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range drafts {
		var it struct {
			Location string
			Time     time.Time
		}
		if d.Topic != "weather" {
			continue
		}
		if err := json.Unmarshal(d.Data, &it); err != nil {
			return nil, err
		}
		b.events = append(b.events, it.Location+it.Time.Format(" 15:04"))
	}
	return make([]topics.ID, len(drafts)), nil
}

func (b *tape) Retract(context.Context, string, string) (topics.ID, error) {
	return topics.ID{}, nil
}

// Under the supervisor a forecast is asked for when it is over and not before, with what
// the source gave to recognise it, and each hour is printed once.
func TestForecastIsAskedForWhenItIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(feedtest.Recorded))
		var hours []string
		for h := 12; h < 18; h++ {
			hours = append(hours, fmt.Sprintf("%d:00 %d", h, h))
		}
		const modified = "Fri, 20 Nov 2026 11:31:13 GMT"
		source := feedtest.NewSource(feedtest.Answer{Handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
			w.Header().Set("Expires", time.Now().Add(31*time.Minute).UTC().Format(http.TimeFormat))
			w.Header().Set("Last-Modified", modified)
			if r.Header.Get("If-Modified-Since") == modified {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			_, _ = fmt.Fprint(w, series(hours...)) // the client's loss
		}})
		spec := Spec()
		env := spec.Complete(feeds.Env{ID: "test", Seed: 1})
		made, err := New(options(), env)
		if err != nil {
			t.Fatal(err)
		}
		bus := &tape{}
		sup := feeds.NewSupervisor(feeds.Options{Bus: bus, Fetcher: feeds.NewFetcher(feeds.FetchOptions{Transport: source, Contact: "mail@weather.example"})})
		if err := sup.Add(spec, made, env); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Hour)
		defer cancel()
		if err := sup.Run(ctx); err != nil {
			t.Error(err)
		}
		const want = "Bergen 12:00,Finse 12:00,Bergen 13:00,Finse 13:00,Bergen 14:00,Finse 14:00,Bergen 15:00,Finse 15:00,Bergen 16:00,Finse 16:00"
		if got := strings.Join(bus.events, ","); got != want {
			t.Errorf("printed %s\nwant %s", got, want)
		}
		last := make(map[string]time.Time)
		for i, r := range source.Requests() {
			if gap := r.Time.Sub(last[r.URL]); !last[r.URL].IsZero() && (gap < 31*time.Minute || gap > 45*time.Minute) {
				t.Errorf("request %d comes %s after the one before", i, gap)
			}
			if first := last[r.URL].IsZero(); first != (r.Header.Get("If-Modified-Since") == "") {
				t.Errorf("request %d: If-Modified-Since is %q", i, r.Header.Get("If-Modified-Since"))
			}
			if !strings.Contains(r.Header.Get("User-Agent"), "mail@weather.example") {
				t.Errorf("request %d does not say who asks: %s", i, r.Header.Get("User-Agent"))
			}
			last[r.URL] = r.Time
		}
	})
}
