package openmeteo

import (
	"reflect"
	"strings"
	"testing"
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
		for _, o := range observations {
			if !reflect.DeepEqual(o, o) {
				t.Error("an observation holds what is not equal to itself")
			}
		}
	})
}
