package main

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// A plotSpec is a chart: groups of bars, a bar for each server, the median of one metric.
type plotSpec struct {
	file, title, axis, metric string
	scenarios                 []string
	servers                   []string
}

var plots = []plotSpec{
	{"cpu.svg", "CPU time per delivery", "microseconds", cpuPerDelivery, []string{"rate-100x100", "rate-1000x100", "rate-10000x5"}, []string{floor, floorRing, byEpoll, byRing, byRoutine}},
	{"flood.svg", "Deliveries at full speed, 1,000 readers, one core", "per second", deliveryRate, []string{"flood"}, []string{floor, floorBatch, byEpoll, byRing, byRoutine}},
	{"latency.svg", "Latency p99, publish to receive", "milliseconds", latencyP99, []string{"latency-1000x10", "latency-10000x10", "rate-10000x5"}, []string{floor, byEpoll, byRing}},
	{"memory.svg", "Memory per idle connection", "KiB", connMemory, []string{"idle-10000", "idle-19000"}, []string{byEpoll, byRing, byRoutine}},
	{"connect.svg", "Connect, first event, reset", "per second", connectRate, []string{"connect"}, []string{plainGin, byEpoll, byRing, byRoutine}},
	{"frozen.svg", "Latency p99 of readers beside frozen ones", "milliseconds", latencyP99, []string{"frozen-0", "frozen-1", "frozen-10"}, []string{byEpoll}},
}

// serverColors keep a server recognisable from plot to plot.
var serverColors = map[string]color.Color{
	floor: color.Gray{160}, floorBatch: color.Gray{120}, floorRing: color.Gray{200}, plainGin: color.RGBA{0xc9, 0x7b, 0x2d, 255},
	byEpoll: color.RGBA{0x1f, 0x6f, 0xb4, 255}, byRing: color.RGBA{0x2c, 0xa0, 0x5a, 255}, byRoutine: color.RGBA{0x9b, 0x59, 0xb6, 255},
}

// drawPlots writes all charts that r has numbers for into folder, as SVG.
func drawPlots(folder string, r *report) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, p := range plots {
		if !p.measured(r) {
			continue
		}
		chart, err := p.draw(r)
		if err == nil {
			err = chart.Save(18*vg.Centimeter, 9*vg.Centimeter, filepath.Join(folder, p.file))
		}
		if err != nil {
			return fmt.Errorf("plot %s: %w", p.file, err)
		}
	}
	return nil
}

// measured says whether r has anything to draw.
func (p plotSpec) measured(r *report) bool {
	return slices.ContainsFunc(r.Samples, func(m sample) bool {
		_, ok := m.Values[p.metric]
		return ok && slices.Contains(p.scenarios, m.Scenario) && slices.Contains(p.servers, m.Server)
	})
}

// draw returns the chart.
func (p plotSpec) draw(r *report) (*plot.Plot, error) {
	const width = 14 // points
	chart := plot.New()
	chart.Title.Text, chart.Y.Label.Text = p.title, p.axis
	chart.Y.Min = 0
	chart.Legend.Top, chart.Legend.Padding = true, vg.Points(2)
	chart.Title.Padding = vg.Points(6)
	chart.NominalX(p.scenarios...)
	for i, server := range p.servers {
		heights := make(plotter.Values, len(p.scenarios))
		any := false
		for j, scenario := range p.scenarios {
			values, _ := source{scenario, server, p.metric}.in(r.Samples)
			heights[j] = spanOf(values).Median
			any = any || len(values) > 0
		}
		if !any {
			continue
		}
		bars, err := plotter.NewBarChart(heights, vg.Points(width))
		if err != nil {
			return nil, err
		}
		bars.LineStyle.Width, bars.Color = 0, serverColors[server]
		bars.Offset = vg.Points(width * (float64(i) - float64(len(p.servers)-1)/2))
		chart.Add(bars)
		chart.Legend.Add(server, bars)
	}
	// Half a group of room at the left, and at the right as much as the legend needs.
	chart.X.Min, chart.X.Max = -0.5, float64(len(p.scenarios)-1)+0.5+0.25*float64(len(p.scenarios))
	chart.Y.Max *= 1.05
	return chart, nil
}
