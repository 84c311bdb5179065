package eventsource

import (
	"cmp"
	"fmt"
	"net/url"
	"time"

	"tickertape/feeds/jsonmap"
)

// setWikimedia fills in what is known of Wikimedia's stream of recent changes, where
// the configuration says nothing else.
func (o *Options) setWikimedia() {
	o.URL = cmp.Or(o.URL, "https://stream.wikimedia.org/v2/stream/recentchange")
	o.Sample = cmp.Or(o.Sample, 5*time.Second) // there are some dozens a second
	if o.Where == "" {
		o.Where = `@.bot == false && @.namespace == 0 && (@.type == "edit" || @.type == "new")`
	}
	if len(o.Map) == 0 {
		o.Map = map[string]string{
			"id": "@.meta.id", "title": "format('{} ({}, by {})', @.title, @.server_name, @.user)",
			"url": "first(@.notify_url, @.meta.uri)", "time": "@.meta.dt", "source": "@.server_name",
			"summary": "@.comment", "change": "@.type", "size": "@.length.new", "size_before": "@.length.old",
			"attribution": "'Wikimedia contributors, CC BY-SA 4.0'",
		}
	}
}

// canary holds of the events by which Wikimedia watches its own streams; they are to
// be discarded.
func canary() *jsonmap.Condition {
	c, err := jsonmap.ParseCondition(`@.meta.domain == "canary"`)
	if err != nil {
		panic("eventsource: " + err.Error()) // TestWikimedia finds it
	}
	return c
}

// A start says where a stream begins when there is no position.
type start struct {
	at  time.Time
	ago time.Duration
}

func parseSince(text string) (start, error) {
	if text == "" {
		return start{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return start{ago: d}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return start{}, fmt.Errorf("since %q: want a time such as 2026-11-20T09:00:00Z, or a duration such as 15m", text)
	}
	return start{at: at}, nil
}

// address returns the address with the start in its query, if there is one.
func (s start) address(address string, now time.Time) string {
	if s.ago > 0 {
		s.at = now.Add(-s.ago)
	}
	u, err := url.Parse(address)
	if s.at.IsZero() || err != nil {
		return address
	}
	query := u.Query()
	query.Set("since", s.at.UTC().Format(time.RFC3339))
	u.RawQuery = query.Encode()
	return u.String()
}
