package simulated

import (
	"context"
	"math/rand/v2"
	"time"

	"tickertape/feeds"
)

// WeatherOptions are the options of the kind simulated_weather.
type WeatherOptions struct {
	Locations []string `option:"locations" doc:"Only these places, by name. All of them if left out."`
	Places    []Place  `option:"places" doc:"Places to report in place of the twelve built-in cities, at most 200; their climate is guessed from the latitude."`
}

// Weather describes the kind simulated_weather: real cities, invented weather.
func Weather() feeds.Spec {
	return feeds.Spec{
		Kind:      "simulated_weather",
		Summary:   "Real cities, invented weather: it follows season, hour and latitude, and drifts.",
		Topics:    []string{"weather"},
		Default:   feeds.Interval{Min: 5 * time.Second, Max: 15 * time.Second},
		Floor:     50 * time.Millisecond,
		Options:   &WeatherOptions{},
		New:       newWeather,
		Example:   "- id: cities\n  kind: simulated_weather\n  every: 5s-15s\n  locations: [Hamburg, Nairobi, Sydney]\n",
		Simulated: true,
		Stability: "stable",
	}
}

// A weatherFeed is owned by the goroutine in Run. The skies stay with it when
// Run is called again.
type weatherFeed struct {
	env   feeds.Env
	every feeds.Interval
	rand  *rand.Rand
	skies []*sky
	round []int // skies still to be shown in this round
}

func newWeather(options any, env feeds.Env) (feeds.Feed, error) {
	spec := Weather()
	o, err := decoded[WeatherOptions](spec.Kind, options)
	if err != nil {
		return nil, err
	}
	list, err := sites(o.Places, o.Locations)
	if err != nil {
		return nil, err
	}
	f := &weatherFeed{env: env, every: pace(env, spec), rand: chance(env, spec.Kind)}
	for _, s := range list {
		f.skies = append(f.skies, newSky(f.rand, s))
	}
	return f, nil
}

func (f *weatherFeed) Run(ctx context.Context, pub feeds.Publisher) error {
	shown := f.skies // all at the start, so that no display is blank
	for {
		if err := pub.Publish(ctx, f.items(shown)...); err != nil {
			return err
		}
		wait := f.every.Draw(f.rand)
		if err := pause(ctx, pub, wait); err != nil {
			return err
		}
		shown = f.next(wait)
	}
}

// next moves all skies on and returns the one to show. Each is shown once in a
// round, in an order drawn anew.
func (f *weatherFeed) next(waited time.Duration) []*sky {
	for _, k := range f.skies {
		k.advance(f.rand, waited)
	}
	if len(f.round) == 0 {
		f.round = f.rand.Perm(len(f.skies))
	}
	k := f.skies[f.round[0]]
	f.round = f.round[1:]
	return []*sky{k}
}

func (f *weatherFeed) items(shown []*sky) []feeds.Item {
	now := stamp()
	items := make([]feeds.Item, len(shown))
	for i, k := range shown {
		items[i] = feeds.Item{Topic: f.env.Topic, Time: now, Simulated: true, Data: k.read(now)}
	}
	return items
}
