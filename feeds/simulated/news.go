package simulated

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tickertape/feeds"
)

// NewsOptions are the options of the kind simulated_news.
type NewsOptions struct {
	Categories []string `option:"categories" doc:"Only these: transport, food, nature, weather, science, technology, culture, sport, business. All of them if left out."`
	Opening    int      `option:"opening" doc:"Headlines at the start, so that a display is not blank, 1 to 20." default:"4"`
	Unerring   bool     `option:"unerring" doc:"Never correct a headline that has been printed."`
	Calm       bool     `option:"calm" doc:"Never print a breaking headline."`
}

// The burst at the start.
const (
	openingDefault = 4
	openingMax     = 20
)

// News describes the kind simulated_news: headlines from a small invented coast.
func News() feeds.Spec {
	return feeds.Spec{
		Kind:      "simulated_news",
		Summary:   "Invented headlines from a small coast that does not exist.",
		Topics:    []string{"news"},
		Default:   feeds.Interval{Min: 8 * time.Second, Max: 25 * time.Second},
		Floor:     100 * time.Millisecond,
		Options:   &NewsOptions{},
		New:       newNews,
		Example:   "- id: headlines\n  kind: simulated_news\n  every: 8s-25s\n  categories: [science, culture, food]\n",
		Simulated: true,
		Stability: "stable",
	}
}

// A newsFeed is owned by the goroutine in Run. What it has told stays with it
// when Run is called again.
type newsFeed struct {
	env     feeds.Env
	every   feeds.Interval
	opening int
	room    newsroom
}

func newNews(options any, env feeds.Env) (feeds.Feed, error) {
	spec := News()
	o, err := decoded[NewsOptions](spec.Kind, options)
	if err != nil {
		return nil, err
	}
	if o.Opening == 0 {
		o.Opening = openingDefault
	}
	if o.Opening < 0 || o.Opening > openingMax {
		return nil, fmt.Errorf("opening %d: want 1 to %d", o.Opening, openingMax)
	}
	g := coast()
	if err := g.only(o.Categories); err != nil {
		return nil, err
	}
	if o.Calm {
		g.breaking = nil
	}
	f := &newsFeed{env: env, every: pace(env, spec), opening: o.Opening}
	f.room = newsroom{rand: chance(env, spec.Kind), grammar: g, corrections: !o.Unerring}
	return f, nil
}

// only drops the stories of other categories; an empty list drops none.
func (g *grammar) only(categories []string) error {
	if len(categories) == 0 {
		return nil
	}
	var known []string
	for _, s := range g.stories {
		if !slices.Contains(known, s.category) {
			known = append(known, s.category)
		}
	}
	for _, c := range categories {
		if !slices.Contains(known, c) {
			return unknownWord("category", c, known)
		}
	}
	other := func(s story) bool { return !slices.Contains(categories, s.category) }
	g.stories = slices.DeleteFunc(g.stories, other)
	g.breaking = slices.DeleteFunc(slices.Clone(g.breaking), other)
	return nil
}

func (f *newsFeed) Run(ctx context.Context, pub feeds.Publisher) error {
	if f.room.prefix == "" {
		f.room.prefix = idPrefix(f.room.rand, f.env.Seed, f.env.ID, time.Now())
		opening := make([]feeds.Item, f.opening)
		for i := range opening {
			opening[i] = f.item(f.room.fresh())
		}
		if err := pub.Publish(ctx, opening...); err != nil {
			return err
		}
	}
	for {
		if err := pause(ctx, pub, f.every.Draw(f.room.rand)); err != nil {
			return err
		}
		if err := pub.Publish(ctx, f.item(f.room.next())); err != nil {
			return err
		}
	}
}

// item dresses a headline for the tape. There is no page behind it, so no URL.
func (f *newsFeed) item(h headline) feeds.Item {
	return feeds.Item{
		Topic:     f.env.Topic,
		ID:        h.id,
		Time:      stamp(),
		Title:     h.title,
		Source:    h.source,
		Lang:      "en",
		Simulated: true,
		Data:      h.news,
	}
}
