package main

import "tickertape/feeds"

// defaultKinds run when the configuration has no list of feeds, each under its own
// name as its id.
var defaultKinds = []string{"simulated_news", "simulated_weather", "simulated_stock", "random", "clock", "system"}

// feedKinds returns the kinds of feed that can be configured. Adding a plugin is
// one import and one line here.
func feedKinds() []feeds.Spec {
	return []feeds.Spec{}
}
