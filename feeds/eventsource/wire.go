package eventsource

import (
	"errors"
	"io"
	"time"
)

// A Wire reads the blocks of a stream of Server-Sent Events, of at most so many bytes an
// event. Only package handlers/sse knows those bytes, and feeds import nothing of the
// handlers: so it is handed in.
type Wire func(stream io.Reader, most int) Blocks

// Blocks are what a stream says, one after the other. It is used by one goroutine at a time.
type Blocks interface {
	// Next blocks until there is a block, or the stream has ended. An error that wraps
	// [ErrTooLong] says that an event was over the limit.
	Next() (Block, error)
}

// A Block is everything up to a blank line.
type Block struct {
	ID    string        // last event id; "" when none
	Type  string        // name of the event
	Data  []byte        // the caller's to keep
	Retry time.Duration // pause before the next connection that the source asks for; 0: none
	Event bool          // it is an event; otherwise it only sets ID or Retry
}

// ErrTooLong says that an event is over the limit.
var ErrTooLong = errors.New("an event is over the limit")
