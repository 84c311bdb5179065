package system

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"tickertape/feeds"
)

// Options are the options of the kind system.
type Options struct {
	Host       bool     `option:"host" doc:"Print the machine's name." default:"true"`
	Interfaces []string `option:"interfaces" doc:"Only these network interfaces, by name or pattern such as wl*. All but loopback and virtual ones if left out; at most 32 are printed."`
	Addresses  bool     `option:"addresses" doc:"Print the addresses of network interfaces. Mind that the topic is public."`
}

// Spec describes the kind system: load, memory, processors and network of this machine.
func Spec() feeds.Spec {
	return feeds.Spec{
		Kind:      "system",
		Summary:   "This machine: load, memory, CPUs, network interfaces, uptime.",
		Topics:    []string{"system"},
		Default:   feeds.Interval{Min: 2 * time.Second, Max: 2 * time.Second},
		Floor:     200 * time.Millisecond,
		Options:   &Options{},
		New:       newSystem,
		Example:   "- id: machine\n  kind: system\n  every: 2s\n  host: false\n  interfaces: [eth0, wl*]\n",
		Stability: "stable",
	}
}

// A system feed is owned by the goroutine in Run.
type system struct {
	env     feeds.Env
	options Options
	failing map[string]bool // probes that failed last time, by name
}

func newSystem(options any, env feeds.Env) (feeds.Feed, error) {
	o, ok := options.(*Options)
	if options != nil && !ok {
		return nil, fmt.Errorf("options are %T, want %T", options, o)
	}
	s := &system{env: Spec().Complete(env), failing: map[string]bool{}}
	if o != nil {
		s.options = *o
	}
	for _, pattern := range s.options.Interfaces {
		if _, err := path.Match(pattern, "eth0"); err != nil || pattern == "" {
			return nil, fmt.Errorf("interfaces: %.40q is no name or pattern", pattern)
		}
	}
	return s, nil
}

// Run prints a reading at once and then one each interval. Rates and usage are
// those since the reading before, so the first one has none.
func (s *system) Run(ctx context.Context, pub feeds.Publisher) error {
	return s.run(ctx, pub, probes(s.options))
}

func (s *system) run(ctx context.Context, pub feeds.Publisher, list []probe) error {
	for {
		data, err := s.read(ctx, pub, list)
		if err != nil {
			return err
		}
		item := feeds.Item{Topic: s.env.Topic, Time: time.Now().UTC().Truncate(time.Millisecond), Data: data}
		if err := pub.Publish(ctx, item); err != nil && !errors.Is(err, feeds.ErrItem) {
			return err
		}
		if err := feeds.Pause(ctx, pub, s.env.Every); err != nil {
			return err
		}
	}
}

// read asks each probe. One that fails leaves its fields out; that all fail is an error.
func (s *system) read(ctx context.Context, pub feeds.Publisher, list []probe) (*reading, error) {
	bounded, cancel := context.WithTimeout(ctx, s.env.Timeout)
	defer cancel()
	data, failed := &reading{}, 0
	var last error
	for _, p := range list {
		err := p.read(bounded, data)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			failed++
			last = fmt.Errorf("read %s: %w", p.name, err)
		}
		if (err != nil) != s.failing[p.name] {
			s.failing[p.name] = err != nil
			if err != nil {
				pub.Log().Warn("reading left out", "probe", p.name, "err", err)
			} else {
				pub.Log().Info("reading is back", "probe", p.name)
			}
		}
	}
	if failed == len(list) {
		return nil, last
	}
	return data, nil
}
