package handlers

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tickertape/handlers/fanout"
)

// metrics are what GET /metrics shows. What the bus counts is read when it is asked for.
type metrics struct {
	registry     *prometheus.Registry
	sentBytes    atomic.Uint64 // by goroutines, as is the next; the fan-out counts its own
	sentBatches  atomic.Uint64
	refused      prometheus.Counter
	turnedAway   *prometheus.CounterVec
	acknowledged prometheus.Histogram
}

func newMetrics(h *Handlers) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tickertape_publish_refused_total", Help: "Publishes that stored nothing.",
		}),
		turnedAway: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tickertape_streams_refused_total", Help: "Streams and pages that were refused for a while, by reason.",
		}, []string{"reason"}),
		acknowledged: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tickertape_publish_seconds", Help: "Time until the log acknowledged a publish.",
			Buckets: prometheus.ExponentialBuckets(0.00005, 2, 16),
		}),
	}
	m.registry.MustRegister(
		m.refused, m.turnedAway, m.acknowledged,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&busCollector{h: h},
	)
	return m
}

func (m *metrics) sent(bytes int) {
	m.sentBytes.Add(uint64(bytes))
	m.sentBatches.Add(1)
}

var (
	descEvents  = prometheus.NewDesc("tickertape_events_total", "Events on the timeline since the start.", []string{"topic"}, nil)
	descReaders = prometheus.NewDesc("tickertape_subscribers", "Readers whose filter touches the topic.", []string{"topic"}, nil)
	descValues  = prometheus.NewDesc("tickertape_values", "Values in a snapshot of the topic.", []string{"topic"}, nil)
	descStreams = prometheus.NewDesc("tickertape_streams", "Open streams.", nil, nil)
	descCohorts = prometheus.NewDesc("tickertape_cohorts", "Groups of readers that share their bytes.", nil, nil)
	descTape    = prometheus.NewDesc("tickertape_tape_events", "Events on the tape.", nil, nil)
	descBytes   = prometheus.NewDesc("tickertape_tape_bytes", "Bytes of the events on the tape.", nil, nil)
	descLevel   = prometheus.NewDesc("tickertape_fanout_parked", "Streams of the fan-out that are not level with others.", nil, nil)
	descPasses  = prometheus.NewDesc("tickertape_fanout_passes_total", "Batches that the fan-out wrote to groups of streams.", nil, nil)
	descWrites  = prometheus.NewDesc("tickertape_fanout_writes_total", "Writes of the fan-out.", nil, nil)
	descFanned  = prometheus.NewDesc("tickertape_fanout_bytes_total", "Bytes written by the fan-out.", nil, nil)
	descParked  = prometheus.NewDesc("tickertape_fanout_parkings_total", "Times that a stream of the fan-out was parked because its socket was full.", nil, nil)
	descDropped = prometheus.NewDesc("tickertape_fanout_dropped_total", "Streams of the fan-out that failed, were reset by their reader, or stalled.", nil, nil)
	descSent    = prometheus.NewDesc("tickertape_sent_bytes_total", "Bytes written to streams.", nil, nil)
	descBatches = prometheus.NewDesc("tickertape_sent_batches_total", "Writes to streams.", nil, nil)
	descHead    = prometheus.NewDesc("tickertape_head", "Sequence of the newest event.", nil, nil)
)

// busCollector reads the bus at the moment of a scrape.
type busCollector struct{ h *Handlers }

// Describe implements [prometheus.Collector].
func (c *busCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descEvents, descReaders, descValues, descStreams, descCohorts, descTape, descBytes, descLevel, descPasses, descWrites, descFanned, descParked, descDropped, descSent, descBatches, descHead} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *busCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for name, s := range c.h.bus.Stats() {
		ch <- prometheus.MustNewConstMetric(descEvents, prometheus.CounterValue, float64(s.Events), name)
		gauge(descReaders, float64(s.Subscribers), name)
		gauge(descValues, float64(s.Values), name)
	}
	u := c.h.bus.Usage()
	gauge(descStreams, float64(c.h.streams.count()))
	gauge(descCohorts, float64(u.Cohorts))
	gauge(descTape, float64(u.Events))
	gauge(descBytes, float64(u.Bytes))
	c.collectFanout(ch)
	select {
	case <-c.h.bus.Ready():
		gauge(descHead, float64(c.h.bus.Head().Seq))
	default: // no head yet
	}
}

// collectFanout adds what the fan-out counts, alone and in the sums of all streams.
func (c *busCollector) collectFanout(ch chan<- prometheus.Metric) {
	count := func(d *prometheus.Desc, n uint64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n))
	}
	var f fanout.Stats
	if c.h.fan != nil {
		f = c.h.fan.Stats()
		ch <- prometheus.MustNewConstMetric(descLevel, prometheus.GaugeValue, float64(f.Parked))
		count(descPasses, f.Passes)
		count(descWrites, f.Writes)
		count(descFanned, f.Bytes)
		count(descParked, f.Parkings)
		count(descDropped, f.Dropped)
	}
	count(descSent, f.Bytes+c.h.metrics.sentBytes.Load())
	count(descBatches, f.Writes+c.h.metrics.sentBatches.Load())
}
