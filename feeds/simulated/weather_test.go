package simulated

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestAllCitiesAreShownAtTheStartAndInTurn(t *testing.T) {
	n := len(cities)
	var names []string
	for _, text := range lines(t, Weather(), nil, 3, 0, 4*n) {
		var r reading
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		names = append(names, r.Location)
	}
	for round := range 4 {
		seen := map[string]bool{}
		for _, name := range names[round*n : (round+1)*n] {
			seen[name] = true
		}
		if len(seen) != n {
			t.Errorf("round %d shows %d cities, want %d", round, len(seen), n)
		}
	}
}

// year reads each city once an hour for a year.
func year(seed uint64, fn func(k *sky, now time.Time, r reading)) {
	random := rand.New(rand.NewPCG(seed, 2))
	for _, c := range cities {
		k := newSky(random, c)
		for now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); now.Year() == 2026; now = now.Add(time.Hour) {
			k.advance(random, time.Hour)
			fn(k, now, k.read(now))
		}
	}
}

func TestReadingsAreConsistent(t *testing.T) {
	conditions := map[string]int{}
	year(1, func(_ *sky, now time.Time, r reading) {
		conditions[r.Condition]++
		wet := r.Condition == "rain" || r.Condition == "drizzle" || r.Condition == "thunderstorm" || r.Condition == "snow"
		switch {
		case (r.Rain > 0) != wet:
			t.Fatalf("%v: %v mm and %s", now, r.Rain, r.Condition)
		case r.Condition == "snow" && r.Temperature > 1:
			t.Fatalf("%v: snow at %v °C in %s", now, r.Temperature, r.Location)
		case (r.Condition == "rain" || r.Condition == "drizzle") && r.Temperature < 0.5:
			t.Fatalf("%v: %s at %v °C in %s", now, r.Condition, r.Temperature, r.Location)
		case r.Condition == "fog" && (r.Humidity < 95 || r.Wind > 3):
			t.Fatalf("%v: fog with %d %% and %v m/s", now, r.Humidity, r.Wind)
		case wet && r.Humidity < 70:
			t.Fatalf("%v: %s with %d %%", now, r.Condition, r.Humidity)
		case r.Temperature < -45 || r.Temperature > 46:
			t.Fatalf("%v: %v °C in %s", now, r.Temperature, r.Location)
		case r.Humidity < 10 || r.Humidity > 100 || r.Pressure < 950 || r.Pressure > 1065 || r.Wind < 0 || r.Wind > 32:
			t.Fatalf("%v: %+v", now, r)
		case r.WindDirection < 0 || r.WindDirection > 359 || r.Rain > 40:
			t.Fatalf("%v: %+v", now, r)
		}
	})
	total := 0
	for _, n := range conditions {
		total += n
	}
	for _, name := range []string{"clear", "partly cloudy", "cloudy", "fog", "drizzle", "rain", "snow", "thunderstorm"} {
		part := float64(conditions[name]) / float64(total)
		t.Logf("%-14s %4.1f %%", name, 100*part)
		if part < 0.001 || part > 0.5 {
			t.Errorf("%s is %.2f %% of all readings", name, 100*part)
		}
	}
	if len(conditions) != 8 {
		t.Errorf("conditions are %v", conditions)
	}
}

func TestSeasonsAndHours(t *testing.T) {
	type sums struct{ january, july, night, afternoon float64 }
	all := map[string]*sums{}
	year(2, func(k *sky, now time.Time, r reading) {
		s := all[k.Location]
		if s == nil {
			s = &sums{}
			all[k.Location] = s
		}
		switch now.Month() {
		case time.January:
			s.january += r.Temperature / (31 * 24)
		case time.July:
			s.july += r.Temperature / (31 * 24)
		}
		switch hour := solarHour(now, k.Longitude); {
		case hour >= 4 && hour < 5:
			s.night += r.Temperature / 365
		case hour >= 14 && hour < 15:
			s.afternoon += r.Temperature / 365
		}
	})
	for _, c := range cities {
		s := all[c.Location]
		t.Logf("%-13s January %5.1f, July %5.1f, 4 h %5.1f, 14 h %5.1f", c.Location, s.january, s.july, s.night, s.afternoon)
		if c.season > 4 && (s.july > s.january) != (c.Latitude > 0) {
			t.Errorf("%s: January %.1f °C, July %.1f °C: the wrong hemisphere", c.Location, s.january, s.july)
		}
		if gap := s.afternoon - s.night; gap < 1 || gap > 14 {
			t.Errorf("%s: the afternoon is %.1f °C warmer than the night", c.Location, gap)
		}
	}
}

func TestWeatherDrifts(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 2))
	k := newSky(random, cities[2])
	now := time.Date(2026, 5, 1, 6, 0, 0, 0, time.UTC)
	last, flips, moved := k.read(now), 0, 0
	for range 1000 {
		now = now.Add(100 * time.Second)
		k.advance(random, 100*time.Second)
		r := k.read(now)
		if step := math.Abs(r.Temperature - last.Temperature); step > 1 {
			t.Fatalf("%v: the temperature steps from %v to %v", now, last.Temperature, r.Temperature)
		}
		if r.Condition != last.Condition {
			flips++
		}
		if r.Temperature != last.Temperature || r.Wind != last.Wind {
			moved++
		}
		last = r
	}
	if flips > 60 {
		t.Errorf("the condition changes %d times in a day, it flickers", flips)
	}
	if moved < 400 {
		t.Errorf("%d of 1,000 readings differ from the one before, the weather stands still", moved)
	}
}

func TestSunIsWhereItShouldBe(t *testing.T) {
	for _, tt := range []struct {
		at                  string
		latitude, longitude float64
		want                float64 // degrees
	}{
		{"2026-06-21T12:00:00Z", 51.5, 0, 62},
		{"2026-12-21T12:00:00Z", 51.5, 0, 15},
		{"2026-03-20T12:00:00Z", 0, 0, 90},
		{"2026-06-21T00:00:00Z", 69.65, 0, 3}, // midnight sun
		{"2026-12-21T12:00:00Z", 69.65, 0, -3},
		{"2026-12-21T02:00:00Z", -33.87, 151.21, 80},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := elevation(at, tt.latitude, tt.longitude); math.Abs(got-tt.want) > 2.5 {
			t.Errorf("at %s, %v°, %v° the sun stands at %.1f°, want %v°", tt.at, tt.latitude, tt.longitude, got, tt.want)
		}
	}
}

func TestOwnPlaces(t *testing.T) {
	o := &WeatherOptions{Places: []Place{
		{Location: "Lighthouse", Country: "XA", Latitude: 58.5, Longitude: -3.1}, {Location: "Pier", Latitude: -20},
	}, Locations: []string{"Lighthouse"}}
	for _, text := range lines(t, Weather(), o, 1, 0, 5) {
		var r reading
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		if r.Location != "Lighthouse" || r.Country != "XA" || r.Timezone != "UTC" || r.Units != metric {
			t.Fatalf("%+v is shown, want the lighthouse alone", r)
		}
	}
}
