package openmeteo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/weather"
)

const (
	publicURL   = "https://api.open-meteo.com"
	customerURL = "https://customer-api.open-meteo.com"

	// maxPlaces keeps a feed at the shortest interval below the 10,000 calls a day that
	// are free (a place counts as a call), and the request's address short.
	maxPlaces = 100

	least = 3 * time.Hour // that an item stays: longer than the pause where nobody listens

	source      = "Open-Meteo"
	attribution = "Weather data by Open-Meteo.com (CC BY 4.0)"
)

// Options of a feed of kind open_meteo.
type Options struct {
	Places  []weather.Place `option:"places" doc:"Where to tell the weather of, at most 100 places." required:"true"`
	APIKey  string          `option:"api_key" doc:"Key of a customer; without one the API is for non-commercial use only." secret:"true"`
	BaseURL string          `option:"base_url" doc:"Where the API is, if you run your own: the part of its address before /v1/forecast; the public API unless set, or that for customers if there is a key."`
}

// Spec describes the kind.
func Spec() feeds.Spec {
	const interval = 15 * time.Minute // the source's own step
	return feeds.Spec{
		Kind:    "open_meteo",
		Summary: "The weather now at places of your choice, from Open-Meteo.",
		Topics:  []string{"weather"},
		Default: feeds.Interval{Min: interval, Max: interval + 3*time.Minute},
		Floor:   interval,
		Options: &Options{},
		New:     New,
		Example: `- id: cities
  kind: open_meteo
  places:
    - {name: Berlin, latitude: 52.52, longitude: 13.41}
    - {name: Nairobi, latitude: -1.29, longitude: 36.82}
`,
		Homepage: "https://open-meteo.com",
		Contact:  true,
		Use:      "non-commercial without a key, CC BY 4.0",
		Terms: "Free of charge for non-commercial use, at most 600 calls a minute, 5,000 an hour and 10,000 a day from one address, each place counting as a call; " +
			"commercial use needs a key. Data under CC BY 4.0. See https://open-meteo.com/en/terms and https://open-meteo.com/en/licence.",
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
	if o.BaseURL == "" && o.APIKey != "" {
		base = customerURL
	}
	err := weather.Check(o.Places, maxPlaces)
	if u, bad := url.Parse(base); bad != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" {
		err = errors.Join(err, errors.New("base_url: want an address such as https://weather.example.org, without a query"))
	}
	if err != nil {
		return nil, err
	}
	return &feed{places: o.Places, env: env, address: address(base, o.APIKey, o.Places), lasting: max(least, 4*env.Every.Max)}, nil
}

// address returns the request for all places.
func address(base, key string, places []weather.Place) string {
	var north, east []string
	for _, p := range places {
		north = append(north, weather.Degrees(p.Latitude))
		east = append(east, weather.Degrees(p.Longitude))
	}
	// Ten values a place count as one call. Of the rain, current has that of a quarter
	// of an hour only, so four quarters are asked for and added up.
	query := []string{
		"latitude=" + strings.Join(north, ","),
		"longitude=" + strings.Join(east, ","),
		"current=temperature_2m,apparent_temperature,relative_humidity_2m,is_day,weather_code,pressure_msl," +
			"wind_speed_10m,wind_direction_10m,wind_gusts_10m",
		"minutely_15=precipitation&past_minutely_15=4&forecast_minutely_15=1",
		"wind_speed_unit=ms&temperature_unit=celsius&precipitation_unit=mm",
		"timeformat=unixtime&timezone=auto",
	}
	if key != "" {
		query = append(query, "apikey="+url.QueryEscape(key))
	}
	return strings.TrimRight(base, "/") + "/v1/forecast?" + strings.Join(query, "&")
}

// A feed asks for all of its places at once. last is owned by Run, the rest is immutable.
type feed struct {
	places  []weather.Place
	env     feeds.Env
	address string
	lasting time.Duration // of an item, after its time

	last map[string]data // what was printed in this run, by place
}

// Run fetches at the feed's interval. What stays as it was is not printed again.
func (f *feed) Run(ctx context.Context, pub feeds.Publisher) error {
	f.last = make(map[string]data, len(f.places))
	return feeds.Poll(f.fetch).Run(ctx, pub)
}

func (f *feed) fetch(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
	var list answers
	if _, err := feeds.GetJSON(ctx, c, f.address, nil, &list); err != nil {
		return nil, explain(err)
	}
	observations, err := list.observe(f.places)
	if err != nil {
		return nil, err
	}
	return f.news(observations, time.Now()), nil
}

// explain puts the reason that the source gives for a refusal in place of its answer.
func explain(err error) error {
	var status *feeds.StatusError
	var why struct{ Reason string }
	if !errors.As(err, &status) || status.Code != http.StatusBadRequest || json.Unmarshal([]byte(status.Body), &why) != nil || why.Reason == "" {
		return err
	}
	return refusal(why.Reason)
}

// refusal is the error for a request that the source refuses for a reason. The reason
// is bounded and cleaned where errors are shown.
func refusal(reason string) error {
	return feeds.NeedsAttention(fmt.Errorf("the source refuses the request: %s", reason), "check places and base_url")
}

// news makes items of the observations that differ from the last ones.
func (f *feed) news(list []observation, now time.Time) []feeds.Item {
	var items []feeds.Item
	for _, o := range list {
		if old, known := f.last[o.data.Location]; known && reflect.DeepEqual(old, o.data) {
			continue
		}
		f.last[o.data.Location] = o.data
		at := o.data.Dated(o.at, now)
		items = append(items, feeds.Item{
			Topic: f.env.Topic, Time: at, Expires: at.Add(f.lasting),
			Source: source, Attribution: attribution, Data: o.data,
		})
	}
	return items
}
