package openmeteo

import (
	"context"
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

var (
	berlin  = weather.Place{Name: "Berlin", Latitude: 52.52, Longitude: 13.41}
	nairobi = weather.Place{Name: "Nairobi", Latitude: -1.29, Longitude: 36.82}
	tromso  = weather.Place{Name: "Tromsø", Latitude: 69.6492, Longitude: 18.9553}
)

func TestContract(t *testing.T) {
	feedtest.Run(t, Spec(), feedtest.Config{
		Options: &Options{Places: []weather.Place{berlin, nairobi, tromso}},
		Source:  feedtest.Fixtures(t, "testdata/three/places"),
	})
}

func TestReplay(t *testing.T) {
	for folder, places := range map[string][]weather.Place{"three": {berlin, nairobi, tromso}, "single": {berlin}} {
		feedtest.Replay(t, Spec(), "testdata/"+folder, feedtest.Config{Options: &Options{Places: places}})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	many := make([]weather.Place, maxPlaces+1)
	for _, tt := range []struct {
		name string
		o    Options
		says []string // all of them; none: it is right
	}{
		{"right", Options{Places: []weather.Place{berlin}}, nil},
		{"at the pole, on the date line", Options{Places: []weather.Place{{Name: "x", Latitude: -90, Longitude: 180}}}, nil},
		{"your own server", Options{Places: []weather.Place{berlin}, BaseURL: "http://localhost:8080/meteo/"}, nil},
		{"no places", Options{}, []string{"places is empty"}},
		{"too many", Options{Places: many}, []string{"101 entries, want at most 100"}},
		{"several mistakes", Options{Places: []weather.Place{{Name: "x", Latitude: 95}, {Name: "y", Longitude: -181}, {Name: " "}, {Name: "x"}}, BaseURL: "ftp://x"},
			[]string{`place "x": latitude 95: want -90 to 90`, `place "y": longitude -181`, "place 3 of places has no name", `"x" stands in places twice`, "base_url: want"}},
		{"a long name", Options{Places: []weather.Place{{Name: strings.Repeat("ø", 61)}}}, []string{"61 characters, want at most 60"}},
		{"a query", Options{Places: []weather.Place{berlin}, BaseURL: "https://x.example/?a=b"}, []string{"without a query"}},
	} {
		_, err := New(&tt.o, feeds.Env{})
		if (err != nil) != (tt.says != nil) {
			t.Errorf("%s: %v", tt.name, err)
		}
		for _, says := range tt.says {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v; want %q in it", tt.name, err, says)
			}
		}
	}
}

func TestOneRequestAsksForAllPlaces(t *testing.T) {
	for _, tt := range []struct {
		name      string
		o         Options
		has, last string
	}{
		{"free", Options{Places: []weather.Place{berlin, tromso}}, "https://api.open-meteo.com/v1/forecast?latitude=52.52,69.6492&longitude=13.41,18.9553&current=", "&timezone=auto"},
		{"customer", Options{Places: []weather.Place{berlin}, APIKey: "a&b"}, "https://customer-api.open-meteo.com/v1/forecast?latitude=52.52&longitude=13.41&", "&apikey=a%26b"},
		{"own server", Options{Places: []weather.Place{berlin}, BaseURL: "http://meteo.example:8080/", APIKey: "k"}, "http://meteo.example:8080/v1/forecast?latitude=52.52", "&apikey=k"},
	} {
		made, err := New(&tt.o, feeds.Env{})
		if err != nil {
			t.Fatal(err)
		}
		got := made.(*feed).address
		if !strings.HasPrefix(got, tt.has) || !strings.HasSuffix(got, tt.last) ||
			!strings.Contains(got, "wind_speed_unit=ms") || !strings.Contains(got, "timeformat=unixtime") {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
}

func TestConditionOfCode(t *testing.T) {
	want := map[string][]int{
		"clear": {0, 1}, "partly cloudy": {2}, "cloudy": {3}, "fog": {45, 48}, "drizzle": {51, 53, 55, 56, 57},
		"rain": {61, 63, 65, 66, 67, 80, 81, 82}, "snow": {71, 73, 75, 77, 85, 86}, "thunderstorm": {95, 96, 99},
		"": {-1, 4, 42, 50, 60, 70, 79, 90, 100, 1 << 40},
	}
	for word, codes := range want {
		for _, code := range codes {
			if got := condition(code); got != word {
				t.Errorf("condition(%d) = %q; want %q", code, got, word)
			}
		}
	}
}

// The API's clock may be ahead of ours: the item is of now, and says what the source said.
func TestClockSkew(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	f := &feed{last: make(map[string]data), lasting: time.Hour}
	o := observation{at: now.Add(3 * time.Hour), data: data{Reading: weather.Reading{Location: "x"}}}
	items := f.news([]observation{o}, now)
	if len(items) != 1 || !items[0].Time.Equal(now) || !items[0].Expires.Equal(now.Add(time.Hour)) {
		t.Fatalf("%+v", items)
	}
	if got := items[0].Data.(data).SourceTime; got == nil || !got.Equal(o.at) {
		t.Errorf("source_time is %v; want %v", got, o.at)
	}
	if again := f.news([]observation{o}, now.Add(time.Minute)); len(again) != 0 {
		t.Errorf("the same observation was printed again: %+v", again)
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`[{"current":{"time":1795175100,"temperature_2m":1e300},"current_units":{"temperature_2m":"°C"}},null]`))
	f.Add([]byte(`{"current":{"time":"2026-11-20T12:45","weather_code":1e40},"minutely_15":{"time":[1,2],"precipitation":[null]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var list answers
		if list.UnmarshalJSON(append([]byte(" "), body...)) != nil && list.UnmarshalJSON(append([]byte("["), body...)) != nil {
			return
		}
		places := make([]weather.Place, len(list))
		observations, err := list.observe(places)
		if err != nil {
			return
		}
		if len(observations) != len(places) {
			t.Fatalf("%d observations of %d places", len(observations), len(places))
		}
		for _, it := range (&feed{last: make(map[string]data)}).news(observations[:min(len(observations), 1)], feedtest.Recorded) {
			if _, err := it.Encode(feedtest.Recorded); err != nil || it.Time.After(feedtest.Recorded) {
				t.Fatalf("an item that cannot be printed: %v, of %s", err, it.Time)
			}
		}
	})
}

// Whatever else comes than the weather is an error that says what came, and prints nothing.
func TestBadAnswers(t *testing.T) {
	const good = `{"current":{"time":1795175100,"temperature_2m":4},"current_units":{"temperature_2m":"°C"}}`
	for _, tt := range []struct {
		name   string
		answer feedtest.Answer
		says   string
		hint   bool
	}{
		{"a refusal with 200", feedtest.Answer{Body: `{"error":true,"reason":"No data for the place"}`}, "refuses the request: No data for the place", true},
		{"a refusal", feedtest.Answer{Status: 400, Body: `{"error":true,"reason":"Cannot initialize"}`}, "refuses the request: Cannot initialize", true},
		{"a refusal of somebody else's", feedtest.Answer{Status: 400, Body: `bad`}, "400 Bad Request: bad", true},
		{"a key that is wrong", feedtest.Answer{Status: 403, Body: `{"reason":"key"}`}, "403 Forbidden", true},
		{"a page", feedtest.Answer{Body: "<!DOCTYPE html><title>Log in</title>"}, "an HTML page, and no JSON", false},
		{"half", feedtest.Answer{Body: good[:50]}, "no JSON", false},
		{"cut", feedtest.Answer{Body: good[:50], Cut: true}, "unexpected EOF", false},
		{"slow", feedtest.Answer{Body: "[\n\n\n\n]", Pace: 20 * time.Second}, "no whole answer within 30s", false},
		{"oversized", feedtest.Answer{Body: good, Fill: 6 << 20}, "5 MiB", false},
		{"nothing", feedtest.Answer{}, "no JSON", false},
		{"null", feedtest.Answer{Body: "null"}, "about 0 places; 1 were asked for", false},
		{"too many", feedtest.Answer{Body: "[" + good + "," + good + "]"}, "about 2 places", false},
		{"no current values", feedtest.Answer{Body: `{"hourly":{}}`}, `weather of "Berlin": the answer has no current values`, false},
		{"no time", feedtest.Answer{Body: `{"current":{"temperature_2m":4}}`}, "or no time", false},
		{"a time in words", feedtest.Answer{Body: `{"current":{"time":"noon"}}`}, `time "noon": want seconds`, false},
		{"a strange unit", feedtest.Answer{Body: strings.Replace(good, "°C", "°Ré", 1)}, `temperature in the unit "°Ré"`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			items, err := run(t, feedtest.NewSource(tt.answer), time.Minute)
			if err == nil || !strings.Contains(err.Error(), tt.says) || len(items) > 0 {
				t.Errorf("%d items, %v; want %q", len(items), err, tt.says)
			}
			if _, hint := feeds.Hint(err); hint != tt.hint {
				t.Errorf("a person has to act: %v; want %v", hint, tt.hint)
			}
		})
	}
	if items, err := run(t, feedtest.NewSource(feedtest.Answer{Body: good}), time.Minute); err != nil || len(items) != 1 {
		t.Errorf("the good answer gives %d items, %v", len(items), err)
	}
}

// An observation that stays the same is printed once in a run.
func TestSameObservationIsPrintedOnce(t *testing.T) {
	const body = `{"current":{"time":1795175100,"temperature_2m":%},"current_units":{"temperature_2m":"°C"}}`
	source := feedtest.NewSource(feedtest.Answer{Body: strings.Replace(body, "%", "4", 1)},
		feedtest.Answer{Body: strings.Replace(body, "%", "4", 1)}, feedtest.Answer{Body: strings.Replace(body, "%", "4.5", 1)})
	items, err := run(t, source, 2*time.Hour)
	if err != nil || len(items) != 2 || len(source.Requests()) < 6 {
		t.Errorf("%d items of %d requests, %v; want 2, a correction included", len(items), len(source.Requests()), err)
	}
}

// run collects for a while what a feed prints of the weather in Berlin.
func run(t *testing.T, source *feedtest.Source, d time.Duration) (items []feeds.Item, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(feedtest.Recorded))
		spec := Spec()
		env := spec.Complete(feeds.Env{ID: "test", Seed: 1})
		made, failure := New(&Options{Places: []weather.Place{berlin}}, env)
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
