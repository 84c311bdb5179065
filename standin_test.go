package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/simulated"
)

// placed are the options of a made-up source of weather.
type placed struct {
	Places []struct {
		Name      string  `option:"name" required:"true" doc:"Name."`
		Latitude  float64 `option:"latitude" doc:"North."`
		Longitude float64 `option:"longitude" doc:"East."`
	} `option:"places" doc:"Where."`
}

type traded struct {
	Symbols []string `option:"symbols" doc:"What."`
}

func standInKinds() []feeds.Spec {
	prices := fakeKind("prices", &traded{}, idle)
	prices.Topics = []string{"stock"}
	return append(fakeKinds(), simulated.News(), simulated.Weather(), simulated.Stock(), simulated.Random(), fakeKind("sky", &placed{}, idle), prices)
}

// firstItem returns the data of what a feed prints first.
func firstItem(t *testing.T, feed feeds.Feed) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	k := &keeper{}
	_ = feed.Run(ctx, &firstOnly{keeper: k, cancel: cancel}) // ends with its context
	if len(k.items) == 0 {
		t.Fatal("nothing is printed")
	}
	data, err := k.items[0].Encode(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

type firstOnly struct {
	*keeper
	cancel func()
}

func (f *firstOnly) Publish(ctx context.Context, items ...feeds.Item) error {
	f.cancel()
	return f.keeper.Publish(ctx, items...)
}

// A stand-in simulates what its source would tell of: the same places and symbols.
func TestStandInIsLikeItsSource(t *testing.T) {
	for _, tt := range []struct{ entry, want string }{
		{"{kind: sky, on_error: simulate, places: [{name: Den Haag, latitude: 52, longitude: 4}]}", `"location":"Den Haag"`},
		{"{kind: sky, on_error: simulate}", `"location":"`},
		{"{kind: prices, on_error: simulate, symbols: [HARB]}", `"symbol":"HARB"`},
		{"{kind: prices, on_error: simulate, symbols: ['BINANCE:BTCUSDT']}", `"symbol":"`},
		{"{kind: tides, url: x, topic: news, on_error: simulate}", `"title":"`},
		{"{kind: tides, url: x, topic: random, on_error: simulate}", `"value":`},
	} {
		s := withFile("feeds:\n- " + tt.entry + "\n")
		s.kinds = standInKinds()
		f := mustParse(t, s).Feeds[0]
		if f.standIn == nil || f.supervised() == f.Feed {
			t.Errorf("%s: no stand-in", tt.entry)
			continue
		}
		if got := firstItem(t, f.standIn); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s; want %s", tt.entry, got, tt.want)
		}
	}
	s := withFile("feeds: [{kind: sky}]\n")
	s.kinds = standInKinds()
	if f := mustParse(t, s).Feeds[0]; f.standIn != nil || f.supervised() != f.Feed {
		t.Error("a stand-in that nobody asked for")
	}
}

func TestStandInIsRefusedWhereThereIsNone(t *testing.T) {
	s := withFile("topics: [{name: tides}]\nfeeds:\n- {kind: tides, url: x, topic: tides, on_error: simulate}\n- {kind: random, on_error: simulate}\n- {kind: clock, on_error: invent}\n")
	s.kinds = standInKinds()[2:]
	s.kinds = append(fakeKinds()[:2], s.kinds[1:]...)
	wantMistakes(t, s,
		`t.yaml:3:49: on_error: simulate: no simulation prints on tides, only on news, random, stock or weather; want retry`,
		`t.yaml:4:28: on_error: simulate: kind random is a simulation; want retry`,
		`t.yaml:5:27: on_error: "invent" is not right: want retry or simulate`,
	)
}
