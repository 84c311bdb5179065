package rss

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"tickertape/feeds"
)

// Options of a feed of kind rss.
type Options struct {
	URL         string            `option:"url" doc:"Address of the feed: RSS, Atom or JSON Feed; ${NAME} in it is taken from the environment." required:"true" secret:"true"`
	Headers     map[string]string `option:"headers" doc:"Headers of the request, such as Authorization." secret:"true"`
	Title       string            `option:"title" doc:"What to call the source; the feed's own title unless set."`
	First       int               `option:"first" doc:"How many items of the first fetch to print, the newest ones." default:"5" min:"0" max:"100"`
	Summary     bool              `option:"summary" doc:"Whether to print the beginning of an item's text below its title." default:"true"`
	Attribution string            `option:"attribution" doc:"What the publisher asks to be shown beside each item."`
}

// defaultItems are kept of one fetch unless configured.
const defaultItems = 100

// Spec describes the kind.
func Spec() feeds.Spec {
	return feeds.Spec{
		Kind:    "rss",
		Summary: "Headlines of a news feed: RSS 0.9x to 2.0, Atom, or JSON Feed.",
		Topics:  []string{"news"},
		Default: feeds.Interval{Min: 30 * time.Minute, Max: 30 * time.Minute},
		Floor:   5 * time.Minute,
		Options: &Options{},
		New:     New,
		Example: `- id: gazette
  kind: rss
  url: https://news.example/feed.xml
  attribution: Harbour Gazette
`,
		Contact: true,
		Use:     "the publisher's",
		Terms: "Those of the publisher, who may allow headlines with a link for personal use only: look for them on the " +
			"publisher's pages before you show the items to others, and set attribution where the publisher asks to be named.",
		Attribution: "the publisher of each item",
		Stability:   "stable",
	}
}

// A feed is one document that is polled. It belongs to the goroutine of its run.
type feed struct {
	opts   Options
	env    feeds.Env
	header http.Header
	most   int // items of one fetch

	started bool
	old     map[string]bool      // ids of the first fetch that were too old to print; never more
	first   map[string]time.Time // when an item with a date in the future was first seen, while it is in the document
	rest    rest                 // when the publisher wants no visits
}

// New makes a feed of options, an [*Options].
func New(options any, env feeds.Env) (feeds.Feed, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("options are a %T", options)
	}
	u, err := url.Parse(o.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, errors.New("url (not shown): want an address that begins with http:// or https://") // a secret may stand in it
	}
	header, err := feeds.RequestHeader(o.Headers)
	if err != nil {
		return nil, err
	}
	if header.Get("Accept") == "" {
		header.Set("Accept", "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, application/json;q=0.9, text/xml;q=0.9, */*;q=0.5")
	}
	f := &feed{opts: *o, env: env, header: header, most: env.Max, first: make(map[string]time.Time)}
	if f.most <= 0 {
		f.most = defaultItems
	}
	return feeds.Poll(f.fetch), nil
}

// fetch returns the items to print, oldest first. Those that were printed before and
// are the same are among them; the publisher of items knows.
func (f *feed) fetch(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
	doc, err := feeds.Get(ctx, c, f.opts.URL, f.header)
	feeds.NotBefore(c, f.rest.after(time.Now().Add(f.env.Every.Min)))
	if err != nil {
		return nil, err
	}
	parsed, err := parse(doc)
	if err != nil {
		return nil, err
	}
	if parsed.expired {
		return nil, feeds.Fatal(errors.New("the publisher has ended this feed (expired)"))
	}
	f.rest = parsed.rest
	feeds.NotBefore(c, f.rest.after(time.Now().Add(f.env.Every.Min)))
	doc.KeepFor(parsed.ttl)
	return f.items(parsed, doc.Time), nil
}

// items chooses what to print of a document that was fetched at a time.
func (f *feed) items(d *document, fetched time.Time) []feeds.Item {
	f.date(d, fetched)
	list := d.entries
	slices.SortStableFunc(list, func(a, b entry) int { return a.order.Compare(b.order) })
	if !f.started {
		f.started = true
		f.old = make(map[string]bool)
		at := max(len(list)-min(f.opts.First, f.most), 0)
		for _, e := range list[:at] {
			f.old[e.id] = true
		}
	}
	list = slices.DeleteFunc(list, func(e entry) bool { return f.old[e.id] })
	if len(list) > f.most {
		list = list[len(list)-f.most:]
	}
	items := make([]feeds.Item, len(list))
	for i, e := range list {
		items[i] = f.item(d, e)
	}
	return items
}

// date makes times of the future those at which they were first seen, and gives each
// entry its place: one without a time has that of the one above it in the document.
func (f *feed) date(d *document, fetched time.Time) {
	seen := make(map[string]time.Time)
	var order time.Time
	slices.Reverse(d.entries) // documents begin with the newest
	for i := range d.entries {
		e := &d.entries[i]
		if e.time.After(fetched) {
			at, known := f.first[e.id]
			if !known {
				at = fetched
			}
			seen[e.id] = at
			e.raw, e.time = e.time, at
		}
		if !e.time.IsZero() {
			order = e.time
		}
		e.order = order
	}
	f.first = seen
}

// A story is what an item has beside the common fields.
type story struct {
	Summary  string `json:"summary,omitempty"`
	Category string `json:"category,omitempty"`
	Author   string `json:"author,omitempty"`
	Dated    string `json:"dated,omitempty"` // what the publisher says where that is in the future
}

var language = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)

func (f *feed) item(d *document, e entry) feeds.Item {
	s := story{Category: e.category, Author: e.author}
	if f.opts.Summary {
		s.Summary = e.summary
	}
	if !e.raw.IsZero() {
		s.Dated = e.raw.UTC().Format(time.RFC3339)
	}
	it := feeds.Item{
		ID: f.env.ID + "-" + e.id, Title: e.title, URL: e.link, Time: e.time,
		Source: d.title, Attribution: f.opts.Attribution, Data: s,
	}
	if f.opts.Title != "" {
		it.Source = f.opts.Title
	}
	if language.MatchString(d.lang) {
		it.Lang = d.lang
	}
	return it
}
