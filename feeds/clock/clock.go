package clock

import (
	"context"
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // zones are known on machines that have no table of them

	"tickertape/feeds"
)

// Options are the options of the kind clock.
type Options struct {
	Zone string `option:"zone" doc:"IANA name of the time zone to show, such as Europe/Berlin. The machine's own if left out."`
}

// Spec describes the kind clock: the server's time, each second.
func Spec() feeds.Spec {
	return feeds.Spec{
		Kind:      "clock",
		Summary:   "The server's time, on each second.",
		Topics:    []string{"clock"},
		Default:   feeds.Interval{Min: time.Second, Max: time.Second},
		Floor:     100 * time.Millisecond,
		Options:   &Options{},
		New:       newClock,
		Example:   "- id: clock\n  kind: clock\n  every: 1s\n  zone: Europe/Berlin\n",
		Stability: "stable",
	}
}

// A clock is immutable.
type clock struct {
	topic string
	every time.Duration
	zone  *time.Location
	name  string // of the zone; "" means the abbreviation in use
}

func newClock(options any, env feeds.Env) (feeds.Feed, error) {
	o, ok := options.(*Options)
	if options != nil && !ok {
		return nil, fmt.Errorf("options are %T, want %T", options, o)
	}
	c := &clock{topic: env.Topic, every: Spec().Complete(env).Every.Min, zone: time.Local}
	if o == nil || o.Zone == "" {
		return c, nil
	}
	zone, err := time.LoadLocation(o.Zone)
	if err != nil || o.Zone == "Local" {
		return nil, fmt.Errorf("zone %.40q: want an IANA name such as Europe/Berlin", o.Zone)
	}
	c.zone, c.name = zone, o.Zone
	return c, nil
}

// A face is the data of an item of the kind clock.
type face struct {
	Time   string `json:"time"`   // RFC 3339 with milliseconds, in the zone
	Unix   int64  `json:"unix"`   // seconds
	Zone   string `json:"zone"`   // IANA name if configured, otherwise the abbreviation
	Offset int    `json:"offset"` // seconds east of UTC
}

// Run prints the time at once and then whenever the clock passes a multiple of
// the interval. A tick that comes while an item is stored is skipped.
func (c *clock) Run(ctx context.Context, pub feeds.Publisher) error {
	for {
		item := feeds.Item{Topic: c.topic, Data: c.read(time.Now())}
		if err := pub.Publish(ctx, item); err != nil && !errors.Is(err, feeds.ErrItem) {
			return err
		}
		if err := c.await(ctx, pub); err != nil {
			return err
		}
	}
}

// await blocks until the next multiple of the interval. The wall clock decides:
// timers run by another one, and may end a little early by it, or far off when
// somebody has set it.
func (c *clock) await(ctx context.Context, pub feeds.Publisher) error {
	for next := c.next(time.Now()); ; {
		left := time.Until(next)
		if left <= 0 || left > c.every {
			return nil
		}
		if err := feeds.Pause(ctx, pub, feeds.Interval{Min: left, Max: left}); err != nil {
			return err
		}
	}
}

// next returns the first multiple of the interval after now; without the
// monotonic reading, so that it is compared by the wall clock.
func (c *clock) next(now time.Time) time.Time {
	return now.Truncate(c.every).Add(c.every)
}

func (c *clock) read(now time.Time) face {
	now = now.In(c.zone)
	zone, offset := now.Zone()
	if c.name != "" {
		zone = c.name
	}
	return face{
		Time:   now.Format("2006-01-02T15:04:05.000Z07:00"),
		Unix:   now.Unix(),
		Zone:   zone,
		Offset: offset,
	}
}
