package metnorway

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
	"tickertape/feeds/weather"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func options() *Options {
	return &Options{Places: []Place{
		{Place: weather.Place{Name: "Bergen", Latitude: 60.39291, Longitude: 5.32414}},
		{Place: weather.Place{Name: "Finse", Latitude: 60.6024, Longitude: 7.504}, Altitude: 1222},
	}}
}

func TestContract(t *testing.T) {
	feedtest.Run(t, Spec(), feedtest.Config{Options: options(), Source: feedtest.Fixtures(t, "testdata/two/hours")})
}

func TestReplay(t *testing.T) {
	for folder, o := range map[string]*Options{"two": options(), "single": {Places: options().Places[:1]}} {
		feedtest.Replay(t, Spec(), "testdata/"+folder, feedtest.Config{Options: o})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	if _, err := New(options(), feeds.Env{}); err != nil {
		t.Error(err)
	}
	_, err := New(&Options{Places: make([]Place, maxPlaces+1)}, feeds.Env{})
	if err == nil || !strings.Contains(err.Error(), "51 entries, want at most 50") {
		t.Error(err)
	}
	bad := options()
	bad.Places[0].Latitude, bad.Places[1].Name, bad.BaseURL = -91, "Bergen", "met.example"
	_, err = New(bad, feeds.Env{})
	for _, says := range []string{"latitude -91", `"Bergen" stands in places twice`, "base_url: want"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v; want %q in it", err, says)
		}
	}
}

func TestConditionOfSymbol(t *testing.T) {
	for symbol, want := range map[string]string{
		"clearsky_day": "clear day", "clearsky_night": "clear night", "clearsky_polartwilight": "clear night",
		"fair_day": "clear day", "partlycloudy_night": "partly cloudy night", "cloudy": "cloudy", "fog": "fog",
		"lightrain": "rain", "heavyrainshowers_day": "rain day", "rainandthunder": "thunderstorm",
		"lightsleet": "snow", "heavysnow": "snow", "lightsnowshowers_polartwilight": "snow night",
		"lightssnowshowersandthunder_day": "thunderstorm day", "lightssleetshowersandthunder_night": "thunderstorm night",
		"": "", "plagueoffrogs_day": " day",
	} {
		got, day := condition(symbol)
		if day != nil {
			got += map[bool]string{true: " day", false: " night"}[*day]
		}
		if got != want {
			t.Errorf("condition(%q) is %q; want %q", symbol, got, want)
		}
	}
}

const stepText = `{"time":"2026-11-20T%s:00Z","data":{"instant":{"details":{"air_temperature":%s}},"next_1_hours":{"summary":{"symbol_code":"fair_day"},"details":{}}}}`

// series is a forecast of steps, each "15:00 4.5".
func series(steps ...string) string {
	var list []string
	for _, s := range steps {
		at, temperature, _ := strings.Cut(s, " ")
		list = append(list, strings.Replace(strings.Replace(stepText, "%s", at, 1), "%s", temperature, 1))
	}
	return `{"properties":{"meta":{"units":{"air_temperature":"celsius"}},"timeseries":[` + strings.Join(list, ",") + `]}}`
}

// run collects for a while what a feed prints, from the hour at which fixtures begin.
func run(t *testing.T, source *feedtest.Source, o *Options, d time.Duration) (items []feeds.Item, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(feedtest.Recorded))
		spec := Spec()
		env := spec.Complete(feeds.Env{ID: "test", Seed: 1})
		made, failure := New(o, env)
		if failure != nil {
			t.Fatal(failure)
		}
		rec := feedtest.NewRecorder(t, spec, env)
		rec.SetHTTP(source.Client(spec, env))
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		items, err = rec.Collect(ctx, made, 1000)
	})
	return items, err
}

// A source whose clock is ahead has no step for our hour: its first one counts.
func TestClockSkew(t *testing.T) {
	o := &Options{Places: options().Places[:1]}
	items, err := run(t, feedtest.NewSource(feedtest.Answer{Body: series("15:00 4.5", "16:00 5")}), o, time.Minute)
	if err != nil || len(items) != 1 || !items[0].Time.Equal(feedtest.Recorded) {
		t.Fatalf("%+v, %v", items, err)
	}
	d := items[0].Data.(data)
	if d.SourceTime == nil || d.SourceTime.Hour() != 15 || *d.Temperature != 4.5 {
		t.Errorf("%+v", d)
	}
}

// One place that cannot be had keeps the others neither from being printed nor from
// being fetched, and is not asked for while the source wants to be left alone.
func TestOnePlaceFails(t *testing.T) {
	good := feedtest.Answer{Body: series("12:00 4.5")}
	source := feedtest.NewSource().On("lat=60.3929", feedtest.Answer{Status: 500}).On("lat=60.6024", good)
	items, err := run(t, source, options(), time.Minute)
	if err == nil || !strings.Contains(err.Error(), `"Bergen"`) || len(items) != 1 || items[0].Data.(data).Location != "Finse" {
		t.Errorf("%+v, %v", items, err)
	}
	strange := feedtest.Answer{Body: strings.Replace(good.Body, "celsius", "reaumur", 1)}
	source = feedtest.NewSource().On("lat=60.3929", strange).On("lat=60.6024", good)
	items, err = run(t, source, options(), time.Minute)
	if err == nil || !strings.Contains(err.Error(), `"reaumur"`) || len(items) != 1 {
		t.Errorf("%+v, %v", items, err)
	}
	limited := feedtest.NewSource().On("lat=60.3929", feedtest.Answer{Status: 429, Header: map[string]string{"Retry-After": "700"}}).On("lat=60.6024", good)
	if _, err = run(t, limited, options(), time.Minute); len(limited.Requests()) != 1 {
		t.Errorf("after a 429 the source was asked %d times", len(limited.Requests()))
	}
	if d, told := feeds.RetryDelay(err); !told || d != 700*time.Second {
		t.Errorf("the wish of the source is lost: %v", err)
	}
}

// A forecast that can be renewed no more is read for some hours and no longer.
func TestOldForecastIsNotPrinted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(feedtest.Recorded))
		var hours []string
		for h := 12; h < 24; h++ {
			hours = append(hours, fmt.Sprintf("%d:00 %d", h, h))
		}
		source := feedtest.NewSource(feedtest.Answer{Body: series(hours...)}, feedtest.Answer{Status: 304}, feedtest.Answer{Status: 500})
		spec := Spec()
		env := spec.Complete(feeds.Env{ID: "test", Seed: 1})
		made, err := New(&Options{Places: options().Places[:1]}, env)
		if err != nil {
			t.Fatal(err)
		}
		rec := feedtest.NewRecorder(t, spec, env)
		rec.SetHTTP(source.Client(spec, env))
		for range 20 { // as the supervisor does
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			if _, err := rec.Collect(ctx, made, 1000); err == nil {
				t.Error("the failure is hidden")
			}
			cancel()
			time.Sleep(30 * time.Minute)
		}
		if oks := rec.OKs(); len(oks) != 1 {
			t.Errorf("it says that all is well %d times; want once, for the answer that nothing is new", len(oks))
		}
		// Confirmed at about a quarter past twelve and tried twice an hour, it counts until
		// a quarter past six.
		if got := len(rec.Items()); got != 6 {
			t.Errorf("%d items; want one for each hour from 12 to 17", got)
		}
		for i, item := range rec.Items() {
			if h := item.Time.Hour(); h != 12+i || *item.Data.(data).Temperature != float64(h) {
				t.Errorf("item %d is of %s", i, item.Time)
			}
		}
	})
}

// After a restart "not modified" is fine once: what there is was printed before. Then the
// forecast is fetched whole, and "not modified" is no answer to that.
func TestNotModifiedFromTheStart(t *testing.T) {
	one := &Options{Places: options().Places[:1]}
	source := feedtest.NewSource(feedtest.Answer{Status: 304}, feedtest.Answer{Body: series("12:00 4.5")})
	items, err := run(t, source, one, 20*time.Minute)
	if err != nil || len(items) != 1 || len(source.Requests()) != 2 {
		t.Errorf("%+v, %v", items, err)
	}
	for i, want := range []string{"", "no-cache"} {
		if got := source.Requests()[i].Header.Get("Cache-Control"); got != want {
			t.Errorf("request %d has Cache-Control %q; want %q", i, got, want)
		}
	}
	if _, err := run(t, feedtest.NewSource(feedtest.Answer{Status: 304}), one, time.Hour); err == nil {
		t.Error("a source that never gives anything is no error")
	}
}

func TestBadSeriesIsRefused(t *testing.T) {
	for name, body := range map[string]string{
		"empty": series(), "backwards": series("13:00 1", "12:00 2"), "twice": series("13:00 1", "13:00 2"),
		"something else": `{"type":"Feature"}`, "unknown unit": strings.Replace(series("12:00 1"), "celsius", "reaumur", 1),
	} {
		items, err := run(t, feedtest.NewSource(feedtest.Answer{Body: body}), &Options{Places: options().Places[:1]}, time.Minute)
		if err == nil || len(items) > 0 {
			t.Errorf("%s: %+v, %v", name, items, err)
		}
	}
}

// A place that could not be asked is printed again when it can, and only then: meanwhile a
// simulation may have stood, and been withdrawn, under its name.
func TestPlaceIsPrintedAgainAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(feedtest.Recorded))
		good := feedtest.Answer{Body: series("12:00 4.5")}
		bad := feedtest.Answer{Status: 500}
		source := feedtest.NewSource().On("lat=60.3929", good, bad, bad, good).On("lat=60.6024", good)
		spec := Spec()
		env := spec.Complete(feeds.Env{ID: "test", Seed: 1})
		made, err := New(options(), env)
		if err != nil {
			t.Fatal(err)
		}
		rec := feedtest.NewRecorder(t, spec, env)
		rec.SetHTTP(source.Client(spec, env))
		for range 4 {
			ctx, cancel := context.WithTimeout(context.Background(), 12*time.Minute)
			_, _ = rec.Collect(ctx, made, 1000) // two of them fail
			cancel()
			time.Sleep(time.Minute)
		}
		var got []string
		for _, it := range rec.Items() {
			got = append(got, it.Data.(data).Location)
		}
		if strings.Join(got, " ") != "Bergen Finse Bergen" {
			t.Errorf("printed %v; want Bergen once more, after it failed", got)
		}
	})
}
