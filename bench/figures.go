package main

import (
	"fmt"
	"slices"
	"strings"
)

// A source names a number that measurements yield.
type source struct{ scenario, server, metric string }

// A figure is one row of the table: a number, what it is compared with, and what it should
// reach. The names of metrics are those in metrics.go.
type figure struct {
	title   string
	from    source
	unit    string
	to      source  // the ratio is from / to; the zero value means none
	target  float64 // 0 means none
	atLeast bool    // the target is a lower bound
	plainly bool    // the target bounds the number itself, not its ratio
}

// figures returns the rows of the table, in order.
func figures() []figure {
	var all []figure
	add := func(fs ...figure) { all = append(all, fs...) }
	cpu := func(scenario, server string, target float64) figure {
		return figure{title: "CPU per delivery", from: source{scenario, server, cpuPerDelivery}, unit: "us", to: source{scenario, floor, cpuPerDelivery}, target: target}
	}
	add(
		cpu("rate-100x100", byEpoll, 0), cpu("rate-100x100", byRing, 0), cpu("rate-100x100", byRoutine, 0),
		cpu("rate-1000x100", byEpoll, 1.15), cpu("rate-1000x100", byRing, 0.90), cpu("rate-1000x100", byRoutine, 1.5), cpu("rate-1000x100", byTLS, 0),
		cpu("rate-1000x100", floorRing, 0),
		cpu("loose-1000x100", byEpoll, 0), cpu("loose-1000x100", byRing, 0),
		cpu("rate-10000x5", byEpoll, 1.05), cpu("rate-10000x5", byRing, 0.80), cpu("rate-10000x5", byRoutine, 1.5),
		cpu("rate-10000x5", floorRing, 0),
	)
	flood := func(scenario, server string, target float64) figure {
		return figure{title: "deliveries at full speed", from: source{scenario, server, deliveryRate}, unit: "/s", to: source{scenario, floor, deliveryRate}, target: target, atLeast: true}
	}
	add(flood("flood", byEpoll, 15), flood("flood", byRing, 15), flood("flood", byRoutine, 0), flood("flood", floorBatch, 0))
	add(flood("flood-512", byEpoll, 0), flood("flood-512", byRing, 0), flood("flood-512", floorBatch, 0))
	add(cpu("flood", byEpoll, 0), cpu("flood", byRing, 0), cpu("flood", byRoutine, 0))
	for _, server := range []string{byEpoll, byRing} {
		add(figure{title: "latency p99, to a pass of the floor", from: source{"wide-10000x100", server, latencyP99}, unit: "ms", to: source{"rate-10000x5", floor, passTime}, target: 3})
	}
	latency := func(scenario, server, metric string, target float64) figure {
		return figure{title: strings.TrimSuffix(metric, ", ms"), from: source{scenario, server, metric}, unit: "ms", to: source{scenario, floor, metric}, target: target}
	}
	for _, server := range []string{byEpoll, byRing} {
		add(latency("rate-10000x5", server, latencyP50, 1.1), latency("rate-10000x5", server, latencyP99, 1.1), latency("rate-10000x5", server, latencyP999, 0))
		for _, scenario := range []string{"latency-1000x10", "latency-10000x10"} {
			add(latency(scenario, server, latencyP50, 0), latency(scenario, server, latencyP99, 0), latency(scenario, server, latencyP999, 0))
		}
	}
	return append(all, otherFigures()...)
}

func otherFigures() []figure {
	var all []figure
	for _, server := range []string{byEpoll, byRing, byRoutine} {
		target := 0.0
		if server != byRoutine {
			target = 0.7
		}
		all = append(all,
			figure{title: "memory per idle connection", from: source{"idle-10000", server, connMemory}, unit: "KiB", plainly: true},
			figure{title: "memory per idle connection", from: source{"idle-19000", server, connMemory}, unit: "KiB", target: target, plainly: true},
		)
	}
	all = append(all,
		figure{title: "memory per idle connection", from: source{"idle-95000", byEpoll, connMemory}, unit: "KiB", plainly: true},
		figure{title: "kernel's own, both ends", from: source{"idle-19000", byEpoll, kernelPair}, unit: "KiB", plainly: true},
		figure{title: "memory at start, log embedded", from: source{"start", byEpoll, startMemory}, unit: "MiB", target: 30, plainly: true},
	)
	for _, server := range []string{byEpoll, byRing, byRoutine} {
		target := 1.0
		if server == byRoutine {
			target = 0
		}
		all = append(all, figure{title: "connect rate, to a plain Gin handler", from: source{"connect", server, connectRate}, unit: "/s", to: source{"connect", plainGin, connectRate}, target: target, atLeast: true})
	}
	return append(all,
		figure{title: "CPU per event, to five readers alone", from: source{"filter-own", byEpoll, cpuPerEvent}, unit: "us", to: source{"filter-five", byEpoll, cpuPerEvent}, target: 1.5},
		figure{title: "p99 of the others, to none frozen", from: source{"frozen-1", byEpoll, latencyP99}, unit: "ms", to: source{"frozen-0", byEpoll, latencyP99}},
		figure{title: "p99 of the others, to none frozen", from: source{"frozen-10", byEpoll, latencyP99}, unit: "ms", to: source{"frozen-0", byEpoll, latencyP99}, target: 1.5},
		figure{title: "publish to first byte, to the answer", from: source{"first", byEpoll, firstByte}, unit: "us", to: source{"first", byEpoll, answerTime}},
		figure{title: "publish to first byte, to the log's own", from: source{"first", byEpoll, firstByte}, unit: "us", to: source{"first", byEpoll, logTime}, target: 2},
	)
}

// A span is what several rounds gave.
type span struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Rounds int     `json:"rounds"`
}

// A finding is a figure with its numbers.
type finding struct {
	Title    string  `json:"title"`
	Scenario string  `json:"scenario"`
	Server   string  `json:"server"`
	Unit     string  `json:"unit"`
	Value    span    `json:"value"`
	Base     *span   `json:"base,omitempty"`  // what it is compared with
	Ratio    *span   `json:"ratio,omitempty"` // of each round by itself
	Target   float64 `json:"target,omitempty"`
	AtLeast  bool    `json:"at_least,omitempty"`
	Plainly  bool    `json:"plainly,omitempty"`
	Met      *bool   `json:"met,omitempty"`
	Problem  string  `json:"problem,omitempty"` // a measurement behind it was not sound: never met

	// Disturbed says how many of the rounds were, see sample.disturbed; those of Base count too.
	Disturbed int `json:"disturbed,omitempty"`
}

// findings works the figures out that samples has numbers for.
func findings(samples []sample) (all []finding) {
	for _, f := range figures() {
		values, problem := f.from.in(samples)
		disturbed := f.from.disturbed(samples)
		if len(values) == 0 {
			continue
		}
		found := finding{
			Title: f.title, Scenario: f.from.scenario, Server: f.from.server, Unit: f.unit, Value: spanOf(values),
			Target: f.target, AtLeast: f.atLeast, Plainly: f.plainly, Problem: problem,
		}
		if f.to != (source{}) {
			bases, problem := f.to.in(samples)
			if len(bases) > 0 {
				base, ratio := spanOf(bases), spanOf(ratios(values, bases))
				found.Base, found.Ratio = &base, &ratio
			}
			if found.Problem == "" && problem != "" {
				found.Problem = fmt.Sprintf("beside %s: %s", f.to.server, problem)
			}
		}
		if f.to.scenario != f.from.scenario || f.to.server != f.from.server {
			disturbed += f.to.disturbed(samples)
		}
		found.Met, found.Disturbed = f.met(found), disturbed
		all = append(all, found)
	}
	return all
}

// met compares with the target; nil when there is none or nothing to compare.
func (f figure) met(found finding) *bool {
	number := found.Value.Median
	if !f.plainly {
		if found.Ratio == nil || found.Ratio.Rounds == 0 {
			return nil
		}
		number = found.Ratio.Median
	}
	if f.target == 0 {
		return nil
	}
	met := found.Problem == "" && (f.atLeast && number >= f.target || !f.atLeast && number <= f.target)
	return &met
}

// in returns the source's number by round, and the first problem that a round had.
func (s source) in(samples []sample) (values map[int]float64, problem string) {
	values = map[int]float64{}
	for _, m := range samples {
		if m.Scenario != s.scenario || m.Server != s.server {
			continue
		}
		if problem == "" {
			problem = m.Problem
		}
		if v, ok := m.Values[s.metric]; ok {
			values[m.Round] = v
		}
	}
	return values, problem
}

// disturbed counts the source's rounds that were.
func (s source) disturbed(samples []sample) (n int) {
	for _, m := range samples {
		if m.Scenario == s.scenario && m.Server == s.server && m.disturbed() {
			n++
		}
	}
	return n
}

// ratios divides round by round, so that what disturbed one round disturbs both its parts.
func ratios(values, bases map[int]float64) map[int]float64 {
	r := map[int]float64{}
	for round, v := range values {
		if base := bases[round]; base > 0 {
			r[round] = v / base
		}
	}
	return r
}

func spanOf(byRound map[int]float64) span {
	if len(byRound) == 0 {
		return span{}
	}
	values := make([]float64, 0, len(byRound))
	for _, v := range byRound {
		values = append(values, v)
	}
	slices.Sort(values)
	n := len(values)
	return span{Median: (values[(n-1)/2] + values[n/2]) / 2, Low: values[0], High: values[n-1], Rounds: n}
}
