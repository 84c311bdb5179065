package metnorway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/weather"
)

const (
	publicURL = "https://api.met.no/weatherapi/locationforecast/2.0"
	maxPlaces = 50 // a request each

	source      = "MET Norway"
	attribution = "Weather data by MET Norway (CC BY 4.0)"

	shortest = 10 * time.Minute // between two requests for a place
	longest  = 6 * time.Hour    // that a forecast counts while there is no newer one
	least    = 3 * time.Hour    // that an item stays: longer than the pause where nobody listens
)

// A Place is where to tell the weather of.
type Place struct {
	weather.Place
	Altitude int `option:"altitude" doc:"Metres above the sea, which makes the temperature right in the mountains; 0 leaves it to the source's map." min:"-500" max:"9000"`
}

// Options of a feed of kind met_norway.
type Options struct {
	Places  []Place `option:"places" doc:"Where to tell the weather of, at most 50 places." required:"true"`
	BaseURL string  `option:"base_url" doc:"Where the API is, if you have a cache of your own before it: the part of its address before /compact; the public API unless set."`
}

// Spec describes the kind.
func Spec() feeds.Spec {
	return feeds.Spec{
		Kind:    "met_norway",
		Summary: "The weather now at places of your choice, from the forecasts of MET Norway.",
		Topics:  []string{"weather"},
		Default: feeds.Interval{Min: shortest, Max: 15 * time.Minute},
		Floor:   shortest,
		Options: &Options{},
		New:     New,
		Example: `- id: fjords
  kind: met_norway
  places:
    - {name: Bergen, latitude: 60.3929, longitude: 5.3241}
    - {name: Finse, latitude: 60.6024, longitude: 7.504, altitude: 1222}
`,
		Needs:    "`contact`",
		Homepage: "https://api.met.no",
		Contact:  true,
		Use:      "CC BY 4.0",
		Terms: "Free for everybody who says in each request who asks: set a contact, or requests are refused. More than 20 requests a second " +
			"need an agreement, and the name Yr must not be used for what you make of it. Data under CC BY 4.0. See https://api.met.no/doc/TermsOfService and https://api.met.no/doc/License.",
		Attribution: attribution,
		Stability:   "stable",
	}
}

// New makes a feed of options, an [*Options]. An error says all that is wrong with them.
func New(options any, env feeds.Env) (feeds.Feed, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("options are a %T", options)
	}
	base := cmp.Or(o.BaseURL, publicURL)
	f := &feed{env: env, lasting: max(least, 4*env.Every.Max)}
	var places []weather.Place
	for _, p := range o.Places {
		places = append(places, p.Place)
		f.sites = append(f.sites, &site{place: p.Place, address: address(base, p)})
	}
	err := weather.Check(places, maxPlaces)
	if u, bad := url.Parse(base); bad != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" {
		err = errors.Join(err, errors.New("base_url: want an address such as https://met.example.org/2.0, without a query"))
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// address returns the request for a place. The order of the parameters never changes,
// so that caches on the way recognise it.
func address(base string, p Place) string {
	query := "altitude=" + strconv.Itoa(p.Altitude) + "&"
	if p.Altitude == 0 {
		query = ""
	}
	return strings.TrimRight(base, "/") + "/compact?" + query +
		"lat=" + weather.Degrees(p.Latitude) + "&lon=" + weather.Degrees(p.Longitude)
}

// A feed asks for one place after the other. It is owned by the goroutine in Run; what
// it knows of its sites stays when Run is called again.
type feed struct {
	env     feeds.Env
	lasting time.Duration // of an item, after the hour that it is about
	sites   []*site
}

// A site is a place with its forecast.
type site struct {
	place   weather.Place
	address string

	forecast *forecast // nil until there is one
	checked  time.Time // when it was the newest
	whole    bool      // it is to be fetched whatever is known of it
	printed  data      // what was stored last
	lost     bool      // it could not be asked: what was printed may be withdrawn, for a simulation
}

// Run asks for each place whose forecast is over, and prints what is new of this hour.
// A place that fails keeps no other from being printed.
func (f *feed) Run(ctx context.Context, pub feeds.Publisher) error {
	for {
		failure := f.refresh(ctx, pub.HTTP())
		printed, err := f.publish(ctx, pub)
		switch {
		case err != nil:
			return err
		case failure != nil:
			return fmt.Errorf("fetch: %w", failure)
		case !printed:
			pub.OK("nothing new")
		}
		if err := feeds.Pause(ctx, pub, feeds.Interval{}); err != nil {
			return err
		}
	}
}

// publish prints the sites whose weather is another than what was printed, if there are any.
func (f *feed) publish(ctx context.Context, pub feeds.Publisher) (printed bool, err error) {
	now := time.Now()
	var fresh []*site
	var readings []data
	var items []feeds.Item
	for _, s := range f.sites {
		if s.forecast == nil || now.Sub(s.checked) > longest {
			continue
		}
		d, at, err := s.forecast.now(s.place, now)
		if err != nil {
			return false, fmt.Errorf("forecast for %q: %w", s.place.Name, err)
		}
		if reflect.DeepEqual(d, s.printed) {
			continue
		}
		fresh, readings = append(fresh, s), append(readings, d)
		at = d.Dated(at, now)
		items = append(items, feeds.Item{
			Topic: f.env.Topic, Time: at, Expires: at.Add(f.lasting),
			Source: source, Attribution: attribution, Data: d,
		})
	}
	if len(items) == 0 {
		return false, nil
	}
	if err := pub.Publish(ctx, items...); err != nil && !errors.Is(err, feeds.ErrItem) {
		return false, err
	}
	for i, s := range fresh {
		s.printed = readings[i]
	}
	return true, nil
}

// refresh fetches the forecasts that are over. It goes on after a place that fails, unless
// the source asks to be left alone.
func (f *feed) refresh(ctx context.Context, c *http.Client) error {
	var failures []error
	alone := false // the source wants to be left alone
	for _, s := range f.sites {
		if !alone {
			err := s.refresh(ctx, c)
			if err == nil {
				s.found()
				continue
			}
			failures = append(failures, fmt.Errorf("forecast for %q: %w", s.place.Name, err))
			_, told := feeds.RetryDelay(err)
			alone = told || ctx.Err() != nil
		}
		s.lost = true
	}
	return errors.Join(failures...)
}

// found makes the weather of a site that was lost be printed again.
func (s *site) found() {
	if s.lost {
		s.lost, s.printed = false, data{}
	}
}

// refresh fetches the forecast, if there is a newer one. The client knows how long the
// last one holds.
func (s *site) refresh(ctx context.Context, c *http.Client) error {
	var header http.Header
	if s.whole {
		header = http.Header{"Cache-Control": {"no-cache"}}
	}
	var fresh forecast
	d, err := feeds.GetJSON(ctx, c, s.address, header, &fresh)
	now := time.Now()
	switch {
	case errors.Is(err, feeds.ErrNotModified) && !s.whole:
		// After a restart the forecast is not at hand; what it says of this hour was printed.
		s.checked, s.whole = now, s.forecast == nil
		return nil
	case err != nil:
		return err
	}
	if err := fresh.check(); err != nil {
		return d.Misfit("forecast", err)
	}
	if _, _, err := fresh.now(s.place, now); err != nil {
		return err
	}
	s.forecast, s.checked, s.whole = &fresh, now, false
	return nil
}
