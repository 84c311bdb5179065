package topics

import "time"

// A Wire encodes what a reader gets. Implementations append to dst, at least a byte,
// and return it. The zero id means: without an id. Values of the type can be compared
// by ==: readers share the bytes of one wire.
type Wire interface {
	// Open encodes the first event of a stream, and of a reset within one.
	Open(dst []byte, o Opening) []byte
	// Event encodes an event, or a retraction.
	Event(dst []byte, id ID, e *Event) []byte
	// Live encodes the mark after a snapshot or a replay.
	Live(dst []byte, id ID, now time.Time) []byte
	// Heartbeat encodes a sign of life.
	Heartbeat(dst []byte, id ID, now time.Time) []byte
}

// A State says how a stream goes on from what the reader has.
type State string

const (
	Fresh   State = "fresh"   // no position was given: current values, then live
	Resumed State = "resumed" // every missed event follows, then live
	Reset   State = "reset"   // events may be missing: current values, then live
)

// A Reason says why a stream begins with a reset.
type Reason string

const (
	Expired Reason = "expired" // the position has left the tape
	Unknown Reason = "unknown" // the position is no id of this server
	Epoch   Reason = "epoch"   // the position belongs to another log
	Future  Reason = "future"  // the position has not been reached yet
)

// An Opening is what a reader is told first.
type Opening struct {
	State  State
	Reason Reason // with Reset
	Filter Filter
	Time   time.Time
}
