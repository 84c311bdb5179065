// Package tides owns the kind tides: the water level at the stations of one server.
// It has no goroutine of its own; what it fetches and how often is in [Spec].
package tides
