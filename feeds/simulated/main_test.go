package simulated

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var specs = []feeds.Spec{News(), Weather(), Stock(), Random()}

func TestContract(t *testing.T) {
	for _, spec := range specs {
		t.Run(spec.Kind, func(t *testing.T) {
			feedtest.Run(t, spec, feedtest.Config{Items: 40})
		})
	}
}

// lines returns what a feed of spec prints first, in a bubble that began at start.
func lines(t *testing.T, spec feeds.Spec, options any, seed uint64, start time.Duration, n int) (list [][]byte) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(start)
		env := spec.Complete(feeds.Env{ID: "test", Seed: seed})
		feed, err := spec.New(options, env)
		if err != nil {
			t.Fatal(err)
		}
		r := feedtest.NewRecorder(t, spec, env)
		if _, err := r.Collect(t.Context(), feed, n); err != nil {
			t.Fatal(err)
		}
		list = r.Lines()
	})
	return list
}

// dataOf returns the lines without their times.
func dataOf(t *testing.T, list [][]byte) []string {
	t.Helper()
	var data []string
	for _, line := range list {
		fields := map[string]any{}
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatalf("line %s: %v", line, err)
		}
		delete(fields, "time")
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, string(text))
	}
	return data
}

func TestSeedMakesRunsEqual(t *testing.T) {
	for _, spec := range specs {
		later := 3 * time.Hour
		if spec.Kind == "simulated_weather" {
			later = 0 // follows the hour
		}
		one := dataOf(t, lines(t, spec, nil, 7, 0, 120))
		two := dataOf(t, lines(t, spec, nil, 7, later, 120))
		other := dataOf(t, lines(t, spec, nil, 8, 0, 120))
		none := dataOf(t, lines(t, spec, nil, 0, 0, 120))
		if !slices.Equal(one[:120], two[:120]) {
			t.Errorf("%s: two runs with one seed differ", spec.Kind)
		}
		if slices.Equal(one, other) || slices.Equal(one, none) {
			t.Errorf("%s: runs with different seeds are equal", spec.Kind)
		}
	}
}

func TestItemsSayThatTheyAreInvented(t *testing.T) {
	for _, spec := range specs {
		for _, line := range lines(t, spec, nil, 1, 0, 30) {
			var common struct {
				Time      *time.Time
				Simulated bool
				URL       string
			}
			if err := json.Unmarshal(line, &common); err != nil {
				t.Fatal(err)
			}
			if !common.Simulated || common.Time == nil || common.URL != "" {
				t.Fatalf("%s: %s: want it simulated, with a time and without a link", spec.Kind, line)
			}
		}
	}
}

func TestPaceIsThatOfTheSpec(t *testing.T) {
	for _, spec := range specs {
		synctest.Test(t, func(t *testing.T) {
			env := spec.Complete(feeds.Env{Seed: 3})
			feed, err := spec.New(nil, env)
			if err != nil {
				t.Fatal(err)
			}
			r := feedtest.NewRecorder(t, spec, env)
			began := time.Now()
			if _, err := r.Collect(t.Context(), feed, 40); err != nil {
				t.Fatal(err)
			}
			first := r.Items()[0].Time
			if first.Sub(began) > time.Millisecond {
				t.Errorf("%s: the first item comes after %v, want it at once", spec.Kind, first.Sub(began))
			}
			last := first
			for _, it := range r.Items() {
				if gap := it.Time.Sub(last); gap != 0 && (gap < spec.Default.Min-time.Millisecond || gap > spec.Default.Max+time.Millisecond) {
					t.Errorf("%s: a gap of %v, want %v", spec.Kind, gap, spec.Default)
				}
				last = it.Time
			}
		})
	}
}

func TestRefusesBadOptions(t *testing.T) {
	for _, tt := range []struct {
		spec    feeds.Spec
		options any
		want    string
	}{
		{News(), &NewsOptions{Categories: []string{"sience"}}, `did you mean "science"?`},
		{News(), &NewsOptions{Opening: 21}, "opening 21"},
		{News(), &StockOptions{}, "options are"},
		{Stock(), &StockOptions{Symbols: []string{"ACMR"}}, `did you mean "ACME"?`},
		{Stock(), &StockOptions{Symbols: []string{"ACME", "ACME"}}, "twice"},
		{Stock(), &StockOptions{Currency: "euro"}, "ISO 4217"},
		{Stock(), &StockOptions{Volatility: 11}, "volatility 11"},
		{Stock(), &StockOptions{Companies: []Company{{Symbol: "a b"}}}, "symbol"},
		{Stock(), &StockOptions{Companies: []Company{{Symbol: "A"}, {Symbol: "A"}}}, "listed twice"},
		{Stock(), &StockOptions{Companies: []Company{{Symbol: "A", Price: -1}}}, "price -1"},
		{Stock(), &StockOptions{Companies: make([]Company, 1)}, "symbol"},
		{Weather(), &WeatherOptions{Locations: []string{"Hamborg"}}, `did you mean "Hamburg"?`},
		{Weather(), &WeatherOptions{Places: []Place{{Location: "Quay", Latitude: 91}}}, "latitude 91"},
		{Weather(), &WeatherOptions{Places: []Place{{}}}, "location"},
		{Random(), 7, "options are"},
	} {
		_, err := tt.spec.New(tt.options, feeds.Env{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s with %+v: err is %v, want one that says %q", tt.spec.Kind, tt.options, err, tt.want)
		}
	}
}
