package main

import (
	"fmt"
	"strings"
)

// Names of what a measurement yields, as they stand in the JSON. README.md defines them.
const (
	cpuPerDelivery = "CPU per delivery, us"
	cpuUser        = "CPU per delivery, user part, us"
	cpuSystem      = "CPU per delivery, system part, us"
	cpuPerEvent    = "CPU per event, us"
	coreUse        = "share of the core"
	ownUse         = "share of the generator's core"
	foreignUse     = "share of the server's core that others took"
	foreignOwnUse  = "share of the generator's core that others took"
	perRead        = "deliveries per read"
	passTime       = "CPU of one pass over all readers, ms"
	deliveryRate   = "deliveries per second"
	eventRate      = "events per second"
	eventBytes     = "bytes per delivery"
	complete       = "delivered share"
	latencyP50     = "latency p50, ms"
	latencyP99     = "latency p99, ms"
	latencyP999    = "latency p99.9, ms"
	answerP99      = "answer to the publisher p99, ms"
	firstByte      = "publish to first byte, median, us"
	answerTime     = "publish to answer, median, us"
	logTime        = "publish to log's acknowledgement, mean, us"
	connMemory     = "memory per connection, KiB"
	kernelPair     = "kernel memory per connection, both ends, KiB"
	startMemory    = "memory at start, MiB"
	connectTime    = "seconds to connect all"
	connectRate    = "connections per second"
	cpuPerConnect  = "CPU per connection, us"
	leaked         = "descriptors left open"
)

// A sample is one measurement of one server.
type sample struct {
	Scenario string             `json:"scenario"`
	Server   string             `json:"server"`
	Round    int                `json:"round"`
	Values   map[string]float64 `json:"values"`
	Problem  string             `json:"problem,omitempty"` // why the values prove nothing; "" when they are sound
}

// disturbed says that other programs took more than a tenth of a core meanwhile: values are
// rough then, wall-clock ones above all.
func (m sample) disturbed() bool { return m.disturbance() > 0.1 }

// disturbance is the share of a core that others took, the larger of the two.
func (m sample) disturbance() float64 { return max(m.Values[foreignUse], m.Values[foreignOwnUse]) }

// loadSample turns what the generator saw under load into a sample's values.
func loadSample(spec loadSpec, r loadResult) (values map[string]float64, problem string) {
	us := func(d float64) float64 { return d / 1e3 }
	ms := func(d float64) float64 { return d / 1e6 }
	per := func(v float64, n int) float64 { return v / float64(max(n, 1)) }
	fan := spec.Fan
	if fan == 0 {
		fan = spec.Readers - spec.Frozen
	}
	ticks := max(r.CPUUser+r.CPUSystem, 1)
	delivery := per(us(float64(r.CPU)), r.Deliveries)
	values = map[string]float64{
		cpuPerDelivery: delivery,
		cpuUser:        delivery * float64(r.CPUUser) / float64(ticks),
		cpuSystem:      delivery * float64(r.CPUSystem) / float64(ticks),
		cpuPerEvent:    per(us(float64(r.CPU)), r.Events),
		coreUse:        r.CPU.Seconds() / r.Seconds,
		ownUse:         r.OwnCPU.Seconds() / r.Seconds,
		foreignUse:     r.Foreign.Seconds() / r.Seconds,
		foreignOwnUse:  r.ForeignOwn.Seconds() / r.Seconds,
		perRead:        per(float64(r.Deliveries), r.Reads),
		passTime:       delivery * float64(fan) / 1e3,
		deliveryRate:   float64(r.Deliveries) / r.Seconds,
		eventRate:      float64(r.Events) / r.Seconds,
		eventBytes:     per(float64(r.Bytes), r.Deliveries),
		complete:       per(float64(r.Delivered), r.Expected),
		latencyP50:     ms(r.Latency.P50), latencyP99: ms(r.Latency.P99), latencyP999: ms(r.Latency.P999),
		answerP99:  ms(r.Ack.P99),
		firstByte:  us(r.Latency.P50),
		answerTime: us(r.Ack.P50),
	}
	return values, loadProblem(spec, r)
}

// loadProblem says why a run proves nothing, "" when each reader had each event once and in order.
func loadProblem(spec loadSpec, r loadResult) string {
	var all []string
	add := func(when bool, format string, args ...any) {
		if when {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	add(r.Error != "", "%s", r.Error)
	add(r.Expected == 0, "nothing was published")
	add(r.Delivered < r.Expected, "%d of %d deliveries lost", r.Expected-r.Delivered, r.Expected)
	add(r.Disorder > 0, "%d deliveries out of order or repeated", r.Disorder)
	add(r.Closed > 0, "%d readers closed by the server", r.Closed)
	if spec.Rate > 0 {
		asked := spec.Rate * r.Seconds
		add(float64(r.Events) < 0.97*asked, "%d of %.0f events accepted", r.Events, asked)
	}
	return strings.Join(all, "; ")
}

// churnSample turns what the generator saw of connections into a sample's values.
func churnSample(r loadResult) map[string]float64 {
	n := float64(max(r.Deliveries, 1))
	return map[string]float64{
		connectRate: n / r.Seconds, cpuPerConnect: float64(r.CPU) / 1e3 / n,
		coreUse: r.CPU.Seconds() / r.Seconds, ownUse: r.OwnCPU.Seconds() / r.Seconds,
		foreignUse: r.Foreign.Seconds() / r.Seconds, foreignOwnUse: r.ForeignOwn.Seconds() / r.Seconds,
		latencyP50: r.Latency.P50 / 1e6, latencyP99: r.Latency.P99 / 1e6, latencyP999: r.Latency.P999 / 1e6,
	}
}
