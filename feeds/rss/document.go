package rss

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/json"
	"github.com/mmcdole/gofeed/rss"

	"tickertape/feeds"
)

// A document is what is kept of a feed's document.
type document struct {
	title   string
	lang    string
	ttl     time.Duration // how long the publisher wants it kept
	rest    rest
	expired bool
	entries []entry // in the document's order
}

// parse reads a document. Its error says how the document begins.
func parse(doc *feeds.Document) (*document, error) {
	body, err := toUTF8(doc)
	if err != nil {
		return nil, doc.Misfit("news feed", err)
	}
	if err := refuse(body); err != nil {
		return nil, feeds.NeedsAttention(doc.Misfit("news feed that can be read safely", err), "ask the publisher, or give the feed up")
	}
	parsed, err := read(body)
	if err != nil {
		if hint := feedHint(body, doc.URL); hint != "" {
			return nil, feeds.NeedsAttention(doc.Misfit("news feed", err), hint)
		}
		return nil, doc.Misfit("news feed", err)
	}
	return convert(parsed, doc.URL), nil
}

// read parses the text of a document. A panic of the parser is an error: it is the
// document's fault.
func read(body []byte) (f *gofeed.Feed, err error) {
	defer func() {
		if p := recover(); p != nil {
			f, err = nil, fmt.Errorf("reading it panicked: %v", p)
		}
	}()
	p := gofeed.NewParser()
	p.KeepOriginalFeed = true
	f, err = p.Parse(bytes.NewReader(body))
	if err == nil && f == nil {
		err = errors.New("there is nothing in it")
	}
	if err == nil && f.FeedType == "json" && f.FeedVersion == "" && len(f.Items) == 0 {
		err = errors.New("JSON with neither the version nor the items of a JSON Feed; the kind http_json reads any")
	}
	return f, err
}

// convert keeps what is printed, as text.
func convert(f *gofeed.Feed, from *url.URL) *document {
	d := &document{title: clean(f.Title, maxTitle), lang: f.Language}
	base := from
	switch original := f.OriginalFeed().(type) {
	case *rss.Feed:
		if u := resolve(from, original.Link); u != nil {
			base = u // relative links are of the pages, which may be on another host than the feed
		}
		if minutes, err := strconv.ParseUint(strings.TrimSpace(original.TTL), 10, 20); err == nil {
			d.ttl = time.Duration(minutes) * time.Minute
		}
		d.rest = newRest(original.SkipHours, original.SkipDays)
	case *json.Feed:
		d.expired = original.Expired
	}
	if d.title == "" && base != nil {
		d.title = base.Hostname()
	}
	for _, it := range f.Items {
		if it == nil {
			continue
		}
		if e, ok := newEntry(it, base); ok {
			d.entries = append(d.entries, e)
		}
	}
	identify(d.entries)
	return d
}

// rest is when a publisher wants no visits: hours of the day and days of the week, in
// UTC. The zero value has none.
type rest struct {
	hours [24]bool
	days  [7]bool
}

func newRest(hours, days []string) (r rest) {
	for _, text := range hours {
		if h, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && h >= 0 && h <= 24 {
			r.hours[h%24] = true
		}
	}
	for _, text := range days {
		for d := time.Sunday; d <= time.Saturday; d++ {
			if strings.EqualFold(strings.TrimSpace(text), d.String()) {
				r.days[d] = true
			}
		}
	}
	return r
}

// after returns the first time from t on that is not within the rest; t itself where
// the rest lasts longer than a day.
func (r *rest) after(t time.Time) time.Time {
	at := t.UTC()
	for range 24 {
		if !r.hours[at.Hour()] && !r.days[at.Weekday()] {
			return at
		}
		at = at.Truncate(time.Hour).Add(time.Hour)
	}
	return t
}
