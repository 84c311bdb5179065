package main

import (
	"math"
	"testing"
)

// Each figure names a measurement that the plan makes, or it would never be shown.
func TestFiguresAreMeasured(t *testing.T) {
	measured := map[[2]string]bool{}
	for _, s := range scenarios(false) {
		for _, server := range s.servers {
			measured[[2]string{s.name, server}] = true
		}
	}
	for _, f := range figures() {
		for _, from := range []source{f.from, f.to} {
			if from != (source{}) && !measured[[2]string{from.scenario, from.server}] {
				t.Errorf("%s: nothing measures %+v", f.title, from)
			}
		}
		if f.to == (source{}) && !f.plainly {
			t.Errorf("%s, %s: a ratio to nothing", f.title, f.from.scenario)
		}
	}
	for _, p := range plots {
		for _, scenario := range p.scenarios {
			if !measured[[2]string{scenario, p.servers[0]}] && !measured[[2]string{scenario, p.servers[1]}] {
				t.Errorf("plot %s: nothing measures %s", p.file, scenario)
			}
		}
	}
}

func testSample(scenario, server string, round int, metric string, v float64) sample {
	return sample{Scenario: scenario, Server: server, Round: round, Values: map[string]float64{metric: v}}
}

// Rounds differ more than servers do; ratios are those of each round.
func TestRatiosAreOfTheSameRound(t *testing.T) {
	var samples []sample
	for round, cost := range []float64{4, 8, 6} {
		samples = append(samples,
			testSample("rate-1000x100", floor, round+1, cpuPerDelivery, cost),
			testSample("rate-1000x100", byEpoll, round+1, cpuPerDelivery, cost*1.1))
	}
	samples = append(samples, testSample("rate-1000x100", byEpoll, 4, cpuPerDelivery, 100)) // the floor's round 4 is missing
	found := findings(samples)[0]
	if found.Ratio == nil || found.Ratio.Rounds != 3 || math.Abs(found.Ratio.Low-1.1) > 1e-9 || math.Abs(found.Ratio.High-1.1) > 1e-9 {
		t.Errorf("ratio %+v; want 1.1 in three rounds", found.Ratio)
	}
	if found.Met == nil || !*found.Met {
		t.Error("1.1 does not meet 1.15")
	}
	if want := (span{Median: 7.7, Low: 4.4, High: 100, Rounds: 4}); math.Abs(found.Value.Median-want.Median) > 1e-9 || found.Value.High != want.High || found.Value.Rounds != want.Rounds {
		t.Errorf("value %+v; want %+v", found.Value, want)
	}
}

func TestTargets(t *testing.T) {
	for _, tt := range []struct {
		name    string
		figure  figure
		value   float64
		base    float64
		problem string
		met     string
	}{
		{"below a bound", figure{target: 1.1}, 1.0, 1, "", "yes"},
		{"above it", figure{target: 1.1}, 1.2, 1, "", "no"},
		{"at least", figure{target: 15, atLeast: true}, 32, 2, "", "yes"},
		{"too little", figure{target: 15, atLeast: true}, 20, 2, "", "no"},
		{"the number itself", figure{target: 30, plainly: true}, 28, 0, "", "yes"},
		{"no target", figure{}, 1, 1, "", ""},
		{"nothing to compare with", figure{target: 1}, 1, 0, "", ""},
		{"good but incomplete", figure{target: 1.1}, 1.0, 1, "3 of 9 deliveries lost", "no"},
	} {
		found := finding{Value: span{Median: tt.value, Rounds: 1}, Problem: tt.problem}
		if tt.base > 0 {
			found.Ratio = &span{Median: tt.value / tt.base, Rounds: 1}
		}
		got := ""
		if met := tt.figure.met(found); met != nil {
			got = map[bool]string{true: "yes", false: "no"}[*met]
		}
		if got != tt.met {
			t.Errorf("%s: met %q; want %q", tt.name, got, tt.met)
		}
	}
}

func TestAProblemOfTheFloorIsOneOfTheRatio(t *testing.T) {
	base := testSample("flood", floor, 1, deliveryRate, 100)
	base.Problem = "2 readers closed by the server"
	found := findings([]sample{base, testSample("flood", byEpoll, 1, deliveryRate, 2000)})[0]
	if found.Problem == "" || found.Met == nil || *found.Met {
		t.Errorf("found %+v; want it not met, with the floor's problem", found)
	}
}

func TestDisturbedRoundsAreMarked(t *testing.T) {
	m := testSample("flood", byEpoll, 1, deliveryRate, 2000)
	m.Values[foreignUse] = 0.4
	if found := findings([]sample{m})[0]; found.Disturbed != 1 {
		t.Errorf("disturbed %d; want 1", found.Disturbed)
	}
}

// What makes a run worthless is said, one by one.
func TestLoadProblems(t *testing.T) {
	sound := loadResult{Seconds: 5, Events: 500, Expected: 1000, Delivered: 1000}
	spec := loadSpec{Rate: 100}
	if p := loadProblem(spec, sound); p != "" {
		t.Errorf("sound run: %q", p)
	}
	for name, spoil := range map[string]func(*loadResult){
		"lost":     func(r *loadResult) { r.Delivered-- },
		"disorder": func(r *loadResult) { r.Disorder++ },
		"closed":   func(r *loadResult) { r.Closed++ },
		"too slow": func(r *loadResult) { r.Events = 400 },
		"refused":  func(r *loadResult) { r.Error = "503" },
		"nothing":  func(r *loadResult) { r.Expected, r.Delivered = 0, 0 },
	} {
		r := sound
		spoil(&r)
		if loadProblem(spec, r) == "" {
			t.Errorf("%s: no problem was seen", name)
		}
	}
}

func TestOnly(t *testing.T) {
	for _, tt := range []struct {
		words, servers string
		want           int // measurements
	}{
		{"flood", "", 9},
		{"flood", "floor,epoll", 4},
		{"frozen-1", "", 2}, // and frozen-10
		{"start, flood", "epoll", 3},
		{"flood", "nginx", 0},
		{"nothing", "", 0},
	} {
		n := 0
		for _, s := range only(scenarios(false), tt.words, tt.servers) {
			n += len(s.servers)
		}
		if n != tt.want {
			t.Errorf("only(%q, %q) leaves %d measurements; want %d", tt.words, tt.servers, n, tt.want)
		}
	}
}
