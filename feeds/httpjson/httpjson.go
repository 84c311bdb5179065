package httpjson

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/jsonmap"
)

// Options of a feed of kind http_json.
type Options struct {
	URL     string            `option:"url" doc:"Address of the document; ${NAME} in it is taken from the environment." required:"true" secret:"true"`
	Headers map[string]string `option:"headers" doc:"Headers of the request, as in Authorization: Bearer ${KEY}." secret:"true"`
	Items   string            `option:"items" doc:"Path to the items in the document; without it the document is the item, or, if it is a list, each element." default:"$"`
	FailIf  string            `option:"fail_if" doc:"The fetch has failed where this condition holds for the document, as in @.status != 'ok': for sources that answer 200 with an error."`

	jsonmap.Options
}

// defaultItems are kept of one fetch unless configured.
const defaultItems = 100

// Spec describes the kind.
func Spec() feeds.Spec {
	return feeds.Spec{
		Kind:    "http_json",
		Summary: "Items of any JSON document on the web, found by paths.",
		Default: feeds.Interval{Min: 5 * time.Minute, Max: 5 * time.Minute},
		Floor:   10 * time.Second,
		Options: &Options{},
		New:     New,
		Example: `- id: quakes
  kind: http_json
  topic: news
  every: 5m
  url: https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/4.5_day.geojson
  items: $.features[*]
  where: '@.properties.type == "earthquake"'
  map:
    id: '@.id'
    title: '@.properties.title'
    url: '@.properties.url'
    time: '@.properties.time'
    source: '"USGS"'
    magnitude: '@.properties.mag'
  time_format: unix_ms
`,
		Contact:   true,
		Use:       "the source's",
		Stability: "stable",
	}
}

// New makes a feed of options, an [*Options]. It checks the address, all paths and all
// functions.
func New(options any, env feeds.Env) (feeds.Feed, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("options are a %T", options)
	}
	f := &feed{url: o.URL, limit: env.Max}
	if f.limit == 0 {
		f.limit = defaultItems
	}
	var errs []error
	if err := checkURL(o.URL); err != nil {
		errs = append(errs, err)
	}
	var err error
	if f.header, err = feeds.RequestHeader(o.Headers); err != nil {
		errs = append(errs, err)
	}
	if f.items, err = jsonmap.ParsePath(o.Items); err != nil {
		errs = append(errs, fmt.Errorf("items: %w", err))
	}
	if o.FailIf != "" {
		if f.failIf, err = jsonmap.ParseCondition(o.FailIf); err != nil {
			errs = append(errs, fmt.Errorf("fail_if: %w", err))
		}
	}
	if f.mapper, err = jsonmap.New(o.Options, env.Catalogue, env.Topic); err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return f, nil
}

// checkURL shows nothing of the address: a key may stand in it.
func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return errors.New("url (not shown): want a whole address, as in https://example.org/data.json")
	}
	return nil
}

// A feed fetches one document again and again.
type feed struct {
	// Immutable.
	url    string
	header http.Header
	items  *jsonmap.Path
	failIf *jsonmap.Condition // nil: never
	mapper *jsonmap.Mapper
	limit  int // items of one fetch

	warned string // what was warned of last; owned by Run
}

// Run fetches until ctx is done or a fetch fails.
func (f *feed) Run(ctx context.Context, pub feeds.Publisher) error {
	for {
		switch err := f.once(ctx, pub); {
		case errors.Is(err, feeds.ErrNotModified):
			pub.OK("not modified")
		case err != nil:
			return err
		}
		if err := feeds.Pause(ctx, pub, feeds.Interval{}); err != nil {
			return err
		}
	}
}

func (f *feed) once(ctx context.Context, pub feeds.Publisher) error {
	d, err := feeds.Get(ctx, pub.HTTP(), f.url, f.header)
	if err != nil {
		return err
	}
	document, err := jsonmap.Decode(d.Body)
	if err != nil {
		return d.Misfit("JSON", err)
	}
	if f.failIf != nil && f.failIf.Holds(document, document) {
		return d.Misfit("success", fmt.Errorf("fail_if holds: %s", f.failIf))
	}
	list, found := f.items.Elements(document)
	if !found {
		// Not OK: the feed is to become stale, for the source has another shape now.
		f.warn(pub, fmt.Sprintf("items: %s leads nowhere in the answer", f.items))
		return nil
	}
	b := f.mapper.Items(list, document, d.URL, f.limit)
	if trouble := troubleOf(b); trouble != "" {
		f.warn(pub, trouble)
	} else {
		f.warned = ""
	}
	if len(b.Items) == 0 {
		if b.Dropped == 0 {
			pub.OK(fmt.Sprintf("no items among %d", len(list)))
		}
		return nil
	}
	oldestFirst(b.Items)
	if err := pub.Publish(ctx, b.Items...); err != nil && !errors.Is(err, feeds.ErrItem) {
		return err
	}
	return nil
}

// troubleOf says what in a batch a person may want to mend; "" is nothing.
func troubleOf(b jsonmap.Batch) string {
	var parts []string
	if b.Dropped > 0 {
		parts = append(parts, fmt.Sprintf("elements that are no items: %d; the first: %v", b.Dropped, b.Wrong))
	}
	if len(b.Missing) > 0 {
		parts = append(parts, fmt.Sprintf("no item has what map says for %s", strings.Join(b.Missing, ", ")))
	}
	return strings.Join(parts, "; ")
}

// warn shows a trouble in the state, and logs it unless it is still the same one.
func (f *feed) warn(pub feeds.Publisher, trouble string) {
	feeds.Note(pub, trouble)
	if f.warned != trouble {
		f.warned = trouble
		pub.Log().Warn("the document is not as expected", "trouble", trouble)
	}
}

// oldestFirst sorts items that all say when they happened; sources list the newest
// first, and the tape has it last.
func oldestFirst(items []feeds.Item) {
	if !slices.ContainsFunc(items, func(it feeds.Item) bool { return it.Time.IsZero() }) {
		slices.SortStableFunc(items, func(a, b feeds.Item) int { return a.Time.Compare(b.Time) })
	}
}
