// Package weather owns the shape of items on the topic weather: what kinds of feed
// that read real sources have in common. It holds the words for the sky, the units, and
// the list of places. It does no I/O and starts no goroutine.
package weather
