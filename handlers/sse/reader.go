package sse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// ErrTooLong says that a line or an event is over the limit of its [Reader].
var ErrTooLong = errors.New("sse: too long")

// An Event is what a browser's script would get.
type Event struct {
	ID    string        // last event id: this block's, or the newest before it; "" when none, or when reset
	Type  string        // name of the event; "message" when the block has none
	Data  []byte        // valid UTF-8, lines joined by LF; the caller's to keep
	Retry time.Duration // pause before reconnecting that is in force now; 0: the stream named none
}

// A Block is everything up to a blank line: an event, or only marks.
type Block struct {
	Event
	Dispatched bool // the block has data; without, a browser's script sees nothing of it
}

// A Reader reads a stream of Server-Sent Events as the HTML standard, 9.2.6, says.
// It is used by one goroutine at a time.
type Reader struct {
	src io.Reader
	max int   // bytes of one event's data; a line may be longer by "data: "
	err error // the source's; what was read before it still counts
	end error // what Next has returned and will return again

	buf    []byte // unread input is buf[start:]
	start  int
	begun  bool // the first bytes were looked at for a byte order mark
	skipLF bool // the last line ended in CR: an LF that follows belongs to it
	idle   int  // reads in a row that gave nothing

	lastID string        // last event id string: of the newest complete block
	retry  time.Duration // reconnection time; takes effect at once, by the standard

	// The block that is being read.
	id    string // last event id buffer
	typ   string
	data  []byte // lines, each followed by LF
	lines int    // lines seen, comments included
}

// DefaultMax is the limit of a [Reader] that names none, in bytes.
const DefaultMax = 1 << 20

// NewReader returns a Reader of src. An event with more than max bytes of data, or
// a line that is too long for any such event, ends it with [ErrTooLong]; max 0
// means [DefaultMax]. The Reader holds a small multiple of max at most.
func NewReader(src io.Reader, max int) *Reader {
	if max <= 0 {
		max = DefaultMax
	}
	return &Reader{src: src, max: max}
}

// Next returns the next event. It blocks in the source's Read, and returns an
// event as soon as its blank line has been read, without waiting for more bytes.
// At the end it returns io.EOF, also when a block was cut off, which is dropped;
// otherwise the source's error, or one that wraps [ErrTooLong]. Errors are final.
func (r *Reader) Next() (Event, error) {
	for {
		b, err := r.NextBlock()
		if err != nil {
			return Event{}, err
		}
		if b.Dispatched {
			return b.Event, nil
		}
	}
}

// NextBlock is [Reader.Next] for a reader that also wants to see what scripts
// cannot: blocks that only move the id or set retry, and comments that keep the
// connection alive. Bare blank lines are no block.
func (r *Reader) NextBlock() (Block, error) {
	for r.end == nil {
		line, err := r.line()
		if err == nil && len(line) > 0 {
			r.lines++
			err = r.field(line)
		} else if err == nil && r.lines > 0 {
			return r.dispatch(), nil
		}
		r.end = err
	}
	return Block{}, r.end
}

// LastEventID returns what a browser would send as Last-Event-ID now: the id of
// the newest complete block that had one, with or without data.
func (r *Reader) LastEventID() string { return r.lastID }

// Retry returns the pause before reconnecting that the stream has asked for last,
// 0 if it never did. Over [MaxRetry] counts as MaxRetry.
func (r *Reader) Retry() time.Duration { return r.retry }

// dispatch ends the block that is being read.
func (r *Reader) dispatch() Block {
	r.lastID = r.id
	b := Block{Event: Event{ID: r.id, Type: r.typ, Retry: r.retry}}
	if b.Type == "" {
		b.Type = "message"
	}
	if n := len(r.data); n > 0 {
		b.Dispatched = true
		b.Data = append(make([]byte, 0, n-1), r.data[:n-1]...)
	}
	r.typ, r.data, r.lines = "", r.data[:0], 0
	return b
}

// field processes a line that is not blank.
func (r *Reader) field(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" ")) // one space, not all
	switch string(name) {                        // "" is a comment; others are ignored
	case "data":
		r.data = append(appendValid(r.data, value), '\n')
		if len(r.data)-1 > r.max {
			return fmt.Errorf("%w: an event has over %d bytes of data", ErrTooLong, r.max)
		}
	case "event":
		r.typ = string(appendValid(nil, value))
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			r.id = string(appendValid(nil, value))
		}
	case "retry":
		if d, ok := parseRetry(value); ok {
			r.retry = d
		}
	}
	return nil
}

// parseRetry takes ASCII digits only: no sign, no space, not nothing.
func parseRetry(value []byte) (time.Duration, bool) {
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	if len(value) == 0 {
		return 0, false
	}
	ms, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || ms > MaxRetry.Milliseconds() { // digits only: it can but overflow
		return MaxRetry, true
	}
	return time.Duration(ms) * time.Millisecond, true
}
