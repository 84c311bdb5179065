package tides

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"tickertape/feeds"
	"tickertape/topics"
)

// Options are the options of the kind, as they stand in the configuration file.
type Options struct {
	URL string `option:"url" doc:"Address of the JSON document." default:"https://tides.example/now.json"`
}

// Spec describes the kind.
func Spec() feeds.Spec {
	return feeds.Spec{
		Kind:      "tides",
		Summary:   "Water levels at the stations of one server.",
		Topics:    []string{"tides"},
		Brings:    []topics.Topic{{Name: "tides", Mode: topics.Latest, Key: "station", Description: "Water levels, by station."}},
		Default:   feeds.Interval{Min: 10 * time.Minute, Max: 10 * time.Minute},
		Floor:     time.Minute,
		Options:   &Options{},
		New:       New,
		Example:   "- id: tides\n  kind: tides\n  url: https://tides.example/now.json\n",
		Stability: "experimental",
	}
}

// New makes a feed of options, an [*Options]. It asks nobody.
func New(options any, _ feeds.Env) (feeds.Feed, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("options are a %T", options)
	}
	return feeds.Poll(o.fetch), nil
}

// An answer is what the source says.
type answer struct {
	Stations []struct {
		Name  string    `json:"name"`
		Level float64   `json:"level_m"`
		Time  time.Time `json:"time"`
	} `json:"stations"`
}

// A reading is the data of an item.
type reading struct {
	Station string  `json:"station"`
	Level   float64 `json:"level"` // metres
}

// fetch asks the source once. It is called at each interval, and again after a pause
// when it fails; what it returns is printed, unless that was printed before.
func (o *Options) fetch(ctx context.Context, client *http.Client) ([]feeds.Item, error) {
	var got answer
	if _, err := feeds.GetJSON(ctx, client, o.URL, nil, &got); err != nil {
		return nil, err
	}
	var items []feeds.Item
	for _, s := range got.Stations {
		items = append(items, feeds.Item{
			Time: s.Time, // when the source says that it was so; never invent one
			Data: reading{Station: s.Name, Level: s.Level},
		})
	}
	return items, nil
}
