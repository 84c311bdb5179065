package nwsalerts

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ohio() *Options { return &Options{Zones: []string{"OHZ055"}} }

func TestContract(t *testing.T) {
	feedtest.Run(t, Spec(), feedtest.Config{Options: ohio(), Source: feedtest.Fixtures(t, "testdata/zone/chain"), Items: 3})
}

func TestReplay(t *testing.T) {
	for folder, o := range map[string]*Options{"zone": ohio(), "area": {Areas: []string{"oh"}, Tests: true}} {
		feedtest.Replay(t, Spec(), "testdata/"+folder, feedtest.Config{Options: o})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    Options
		says []string // all of them; none: it is right
	}{
		{"a point", Options{Points: []Point{{39.96, -83}}}, nil},
		{"codes in any case, with spaces, twice", Options{Areas: []string{"oh", " GM", "OH"}, Zones: []string{"ohz055", "OHC049"}}, nil},
		{"nothing", Options{}, []string{"none of points, areas and zones is set"}},
		{"several mistakes", Options{
			Points: []Point{{95, 0}, {0, -190}}, Areas: []string{"Ohio", "OH"}, Zones: []string{"OH055", "OHX001"}, MinSeverity: "grave", BaseURL: "x",
		}, []string{"point 1 of points: latitude 95", "point 2 of points: longitude -190", `areas: "Ohio" is not right: want two letters`,
			`zones: "OH055"`, `zones: "OHX001"`, `min_severity "grave"`, "base_url: want"}},
		{"too many", Options{Points: make([]Point, 21), Areas: make([]string, 101), Zones: make([]string, 101)},
			[]string{"points has 21", "areas has 101", "zones has 101"}},
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

func TestAddresses(t *testing.T) {
	made, err := New(&Options{Points: []Point{{39.96, -83.00001}, {41.5, -81.7}}, Areas: []string{"oh", "GM"}, Zones: []string{"ohz055", "OHC049"}}, feeds.Env{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range made.(*feed).lists {
		got = append(got, strings.TrimPrefix(l.address, "https://api.weather.gov/alerts/active?status=actual&"))
	}
	const want = "point=39.96,-83 point=41.5,-81.7 area=OH,GM zone=OHZ055,OHC049"
	if strings.Join(got, " ") != want {
		t.Errorf("%s\nwant %s", strings.Join(got, " "), want)
	}
}
