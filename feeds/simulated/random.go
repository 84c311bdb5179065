package simulated

import (
	"context"
	"math/rand/v2"
	"time"

	"tickertape/feeds"
)

// RandomOptions are the options of the kind random: there are none.
type RandomOptions struct{}

// Random describes the kind random: a number from 1 to 1,000 at random moments.
func Random() feeds.Spec {
	return feeds.Spec{
		Kind:      "random",
		Summary:   "A random number from 1 to 1,000 at random intervals of up to three seconds.",
		Topics:    []string{"random"},
		Default:   feeds.Interval{Min: 20 * time.Millisecond, Max: 3 * time.Second},
		Floor:     20 * time.Millisecond,
		Options:   &RandomOptions{},
		New:       newRandom,
		Example:   "- id: random\n  kind: random\n  every: 20ms-3s\n",
		Simulated: true,
		Stability: "stable",
	}
}

// A random feed is owned by the goroutine in Run.
type random struct {
	topic string
	every feeds.Interval
	rand  *rand.Rand
}

func newRandom(options any, env feeds.Env) (feeds.Feed, error) {
	spec := Random()
	if _, err := decoded[RandomOptions](spec.Kind, options); err != nil {
		return nil, err
	}
	return &random{topic: env.Topic, every: pace(env, spec), rand: chance(env, spec.Kind)}, nil
}

// A number is the data of an item of the kind random.
type number struct {
	Value int `json:"value"`
}

func (f *random) Run(ctx context.Context, pub feeds.Publisher) error {
	for {
		item := feeds.Item{
			Topic:     f.topic,
			Time:      stamp(),
			Simulated: true,
			Data:      number{Value: 1 + f.rand.IntN(1000)},
		}
		if err := pub.Publish(ctx, item); err != nil {
			return err
		}
		if err := pause(ctx, pub, f.every.Draw(f.rand)); err != nil {
			return err
		}
	}
}
