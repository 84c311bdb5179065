// Package eventsource owns the kind sse: a feed whose source is a stream of Server-Sent
// Events. Of any such stream it makes items by the paths of package jsonmap; another
// tickertape it relays event by event. It is not called sse because package handlers/sse,
// whose reader of those bytes is handed in as a [Wire], is.
//
// # Goroutines
//
// All happens on the goroutine of Run: it reads, publishes, and reads on, so that a tape
// that takes nothing is felt by the source and nothing is queued here.
//
// # Life of a connection
//
// A connection that was of use is followed by another one after the pause that the
// source asks for, drawn anew each time, without anybody being told. One that was of
// none ends the run, with a pause that grows to a minute: the supervisor shows why. A
// stream that is silent for longer than its idle time is dead, whatever its connection
// says. Time in which the tape does not take what was read does not count.
//
// # Bounds
//
// One event is held, of at most 1 MiB; a relay holds up to 500, of at most 4 MiB
// together beyond the last.
package eventsource
