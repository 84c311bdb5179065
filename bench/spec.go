package main

import "time"

// A loadSpec tells the load generator what to do; one JSON line on its standard input.
type loadSpec struct {
	Address string `json:"address"` // of the server, IPv4 and port
	TLS     bool   `json:"tls"`
	PID     int    `json:"pid"` // whose CPU time is read at both ends of the window

	ServerCores []int `json:"server_cores"`
	LoadCores   []int `json:"load_cores"`

	Readers  int    `json:"readers"`
	Frozen   int    `json:"frozen"` // of those, how many stop reading once their stream is live
	Keys     int    `json:"keys"`   // events go round this many keys; 0 means one
	KeysEach int    `json:"keys_each"`
	Alike    bool   `json:"alike"` // all readers ask for the same keys, 0 to KeysEach-1
	Fan      int    `json:"fan"`   // deliveries that an event makes; 0 means one to each reader that is not frozen
	Live     string `json:"live"`  // part of the frame after which a stream is live; "" for a stream that is at once

	Size       int     `json:"size"` // bytes of an event's data
	Publishers int     `json:"publishers"`
	Rate       float64 `json:"rate"`   // events a second; 0 sends as fast as Flight lets it
	Flight     int     `json:"flight"` // events that may be published and not yet delivered

	Warm   time.Duration `json:"warm"`
	Window time.Duration `json:"window"`
	Hold   bool          `json:"hold"`  // connect, say so, and wait for the end of the input
	Churn  int           `json:"churn"` // in place of all that: connections made and reset, so many at once
}

// A loadResult is what the generator saw; JSON lines on its standard output, the first when
// everything is connected, with Connected and ConnectSeconds alone.
type loadResult struct {
	Connected      int     `json:"connected"`
	ConnectSeconds float64 `json:"connect_seconds"`

	// Within the window.
	Seconds    float64       `json:"seconds"`
	Events     int           `json:"events"`     // acknowledged
	Deliveries int           `json:"deliveries"` // frames read; connections made when they are churned
	Bytes      int           `json:"bytes"`
	CPU        time.Duration `json:"cpu"`         // of the server, exact
	CPUUser    time.Duration `json:"cpu_user"`    // as the kernel splits it, by ticks
	CPUSystem  time.Duration `json:"cpu_system"`  // the same
	OwnCPU     time.Duration `json:"own_cpu"`     // of the generator: beyond 0.95 of Seconds it is what is measured
	Foreign    time.Duration `json:"foreign"`     // of anything else on the server's cores, by ticks
	ForeignOwn time.Duration `json:"foreign_own"` // the same on the generator's
	Reads      int           `json:"reads"`       // system calls that brought the deliveries

	// Of events that were meant to be sent within the window, from that moment on.
	Latency quantiles `json:"latency"` // to each reader
	Ack     quantiles `json:"ack"`     // to the answer that the publisher got

	// Of the whole run. An event is lost until it has arrived.
	Published int    `json:"published"`
	Expected  int    `json:"expected"`
	Delivered int    `json:"delivered"`
	Disorder  int    `json:"disorder"` // events that came twice, late, or not in the order that others saw
	Closed    int    `json:"closed"`   // readers whose stream ended
	Refused   int    `json:"refused"`  // publishes not answered 2xx
	Error     string `json:"error,omitempty"`
}

// quantiles are in nanoseconds.
type quantiles struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

func (h *histogram) quantiles() quantiles {
	return quantiles{h.quantile(0.5), h.quantile(0.99), h.quantile(0.999), float64(h.max)}
}
