package nwsalerts

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/weather"
)

const (
	publicURL   = "https://api.weather.gov"
	attribution = "Alerts by the US National Weather Service"

	maxPoints = 20  // a request each
	maxAreas  = 100 // in one request
	maxZones  = 100 // in one request

	// defaultMax is how many alerts are printed at a time unless max_items says otherwise:
	// as many as a snapshot of the topic holds.
	defaultMax = 20
)

// A Point is a place in the United States or their waters.
type Point struct {
	Latitude  float64 `option:"latitude" doc:"Degrees north, negative in the south." required:"true" min:"-90" max:"90"`
	Longitude float64 `option:"longitude" doc:"Degrees east, negative in the west, as everywhere in the states." required:"true" min:"-180" max:"180"`
}

// Options of a feed of kind nws_alerts.
type Options struct {
	Points      []Point  `option:"points" doc:"Print what is in force at these places, at most 20."`
	Areas       []string `option:"areas" doc:"Print what is in force in these states, territories or sea areas, by their two letters, as OH or GM."`
	Zones       []string `option:"zones" doc:"Print what is in force in these forecast zones (OHZ055) or counties (OHC049), at most 100."`
	MinSeverity string   `option:"min_severity" doc:"Leave out what is less severe than this, or of unknown severity; everything is printed unless set." choices:"minor,moderate,severe,extreme"`
	Tests       bool     `option:"tests" doc:"Print messages too that are no actual alerts but tests, exercises or drafts; their titles begin with that word."`
	BaseURL     string   `option:"base_url" doc:"Where the API is, if you have a cache of your own before it: the part of its address before /alerts; the public API unless set."`
}

// Spec describes the kind.
func Spec() feeds.Spec {
	return feeds.Spec{
		Kind:    "nws_alerts",
		Summary: "Warnings of the US National Weather Service as headlines, withdrawn when they are over.",
		Topics:  []string{"news"},
		Default: feeds.Interval{Min: 2 * time.Minute, Max: 3 * time.Minute},
		Floor:   time.Minute,
		Options: &Options{},
		New:     New,
		Example: `- id: ohio-alerts
  kind: nws_alerts
  points:
    - {latitude: 39.96, longitude: -83.00}
  zones: [OHZ055]
  min_severity: moderate
`,
		Needs:    "`contact`",
		Homepage: "https://www.weather.gov",
		Contact:  true,
		Use:      "public domain",
		Terms: "The alerts are in the public domain and free for any use; the limit of requests is not published, and moderation is asked for. Each request has to say who asks, so set a " +
			"contact. United States and their waters only. See https://www.weather.gov/documentation/services-web-api and https://www.weather.gov/disclaimer.",
		Attribution: attribution,
		Stability:   "stable",
	}
}

var (
	areaCode = regexp.MustCompile(`^[A-Z]{2}$`)
	zoneCode = regexp.MustCompile(`^[A-Z]{2}[CZ][0-9]{3}$`)
)

// New makes a feed of options, an [*Options]. An error says all that is wrong with them.
func New(options any, env feeds.Env) (feeds.Feed, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("options are a %T", options)
	}
	f := &feed{env: env, tests: o.Tests, most: cmp.Or(env.Max, defaultMax), printed: make(map[string]string)}
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(o.Points)+len(o.Areas)+len(o.Zones) == 0 {
		fail("none of points, areas and zones is set: want the places whose alerts to print, as in areas: [OH]")
	}
	if len(o.Points) > maxPoints {
		fail("points has %d entries, want at most %d; areas and zones cover more", len(o.Points), maxPoints)
	}
	for i, p := range o.Points {
		if err := weather.CheckPosition(p.Latitude, p.Longitude); err != nil {
			fail("point %d of points: %w", i+1, err)
		}
	}
	areas, err := codes("areas", o.Areas, maxAreas, areaCode, "two letters, such as OH or GM")
	errs = append(errs, err)
	zones, err := codes("zones", o.Zones, maxZones, zoneCode, "codes such as OHZ055 (a forecast zone) or OHC049 (a county)")
	errs = append(errs, err)
	if f.least = slices.Index(severities, o.MinSeverity); f.least < 0 {
		fail("min_severity %.40q: want minor, moderate, severe or extreme", o.MinSeverity)
	}
	base := cmp.Or(o.BaseURL, publicURL)
	if u, bad := url.Parse(base); bad != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" {
		fail("base_url: want an address such as https://nws.example.org, without a query")
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	f.lists = addresses(base, o.Tests, o.Points, areas, zones)
	return f, nil
}

// codes returns the list in capitals, without doubles, or what is wrong with it.
func codes(option string, list []string, most int, form *regexp.Regexp, want string) ([]string, error) {
	if len(list) > most {
		return nil, fmt.Errorf("%s has %d entries, want at most %d", option, len(list), most)
	}
	var good []string
	var errs []error
	for _, code := range list {
		upper := strings.ToUpper(strings.TrimSpace(code))
		if !form.MatchString(upper) {
			errs = append(errs, fmt.Errorf("%s: %.40q is not right: want %s", option, code, want))
		}
		if !slices.Contains(good, upper) {
			good = append(good, upper)
		}
	}
	return good, errors.Join(errs...)
}

// addresses returns the lists to fetch: the API takes one point, or areas, or zones.
func addresses(base string, tests bool, points []Point, areas, zones []string) []*list {
	start := strings.TrimRight(base, "/") + "/alerts/active?status=actual"
	if tests {
		start += ",exercise,system,test,draft"
	}
	var all []*list
	for _, p := range points {
		all = append(all, &list{address: start + "&point=" + weather.Degrees(p.Latitude) + "," + weather.Degrees(p.Longitude)})
	}
	if len(areas) > 0 {
		all = append(all, &list{address: start + "&area=" + strings.Join(areas, ",")})
	}
	if len(zones) > 0 {
		all = append(all, &list{address: start + "&zone=" + strings.Join(zones, ",")})
	}
	return all
}
