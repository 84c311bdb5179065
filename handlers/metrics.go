package handlers

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are what GET /metrics shows. What the bus counts is read when it is asked for.
type metrics struct {
	registry     *prometheus.Registry
	sentBytes    prometheus.Counter
	sentBatches  prometheus.Counter
	refused      prometheus.Counter
	acknowledged prometheus.Histogram
}

func newMetrics(h *Handlers) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		sentBytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tickertape_sent_bytes_total", Help: "Bytes written to streams.",
		}),
		sentBatches: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tickertape_sent_batches_total", Help: "Writes to streams.",
		}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tickertape_publish_refused_total", Help: "Publishes that stored nothing.",
		}),
		acknowledged: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tickertape_publish_seconds", Help: "Time until the log acknowledged a publish.",
			Buckets: prometheus.ExponentialBuckets(0.00005, 2, 16),
		}),
	}
	m.registry.MustRegister(
		m.sentBytes, m.sentBatches, m.refused, m.acknowledged,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&busCollector{h: h},
	)
	return m
}

func (m *metrics) sent(bytes int) {
	m.sentBytes.Add(float64(bytes))
	m.sentBatches.Inc()
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
	descDropped = prometheus.NewDesc("tickertape_fanout_dropped_total", "Streams of the fan-out that went away, failed or stalled.", nil, nil)
	descHead    = prometheus.NewDesc("tickertape_head", "Sequence of the newest event.", nil, nil)
)

// busCollector reads the bus at the moment of a scrape.
type busCollector struct{ h *Handlers }

// Describe implements [prometheus.Collector].
func (c *busCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descEvents, descReaders, descValues, descStreams, descCohorts, descTape, descBytes, descLevel, descPasses, descWrites, descFanned, descParked, descDropped, descHead} {
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

func (c *busCollector) collectFanout(ch chan<- prometheus.Metric) {
	if c.h.fan == nil {
		return
	}
	f := c.h.fan.Stats()
	ch <- prometheus.MustNewConstMetric(descLevel, prometheus.GaugeValue, float64(f.Parked))
	for desc, count := range map[*prometheus.Desc]uint64{
		descPasses: f.Passes, descWrites: f.Writes, descFanned: f.Bytes, descParked: f.Parkings, descDropped: f.Dropped,
	} {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(count))
	}
}
