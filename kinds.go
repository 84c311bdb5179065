package main

import (
	"tickertape/feeds"
	"tickertape/feeds/alpaca"
	"tickertape/feeds/clock"
	"tickertape/feeds/eventsource"
	"tickertape/feeds/exec"
	"tickertape/feeds/finnhub"
	"tickertape/feeds/httpjson"
	"tickertape/feeds/metnorway"
	"tickertape/feeds/mqtt"
	"tickertape/feeds/nwsalerts"
	"tickertape/feeds/openmeteo"
	"tickertape/feeds/replay"
	"tickertape/feeds/rss"
	"tickertape/feeds/simulated"
	"tickertape/feeds/system"
	"tickertape/feeds/twelvedata"
)

// defaultKinds run when the configuration has no list of feeds, each under its own
// name as its id.
var defaultKinds = []string{"simulated_news", "simulated_weather", "simulated_stock", "random", "clock", "system"}

// feedKinds returns the kinds of feed that can be configured. Adding a plugin is
// one import and one line here.
func feedKinds() []feeds.Spec {
	return []feeds.Spec{
		simulated.News(),
		simulated.Weather(),
		simulated.Stock(),
		simulated.Random(),
		clock.Spec(),
		system.Spec(),
		exec.Spec(),
		rss.Spec(),
		alpaca.Spec(),
		finnhub.Spec(),
		twelvedata.Spec(),
		mqtt.Spec(),
		httpjson.Spec(),
		eventsource.Spec(readWire),
		replay.Spec(),
		openmeteo.Spec(),
		metnorway.Spec(),
		nwsalerts.Spec(),
	}
}
