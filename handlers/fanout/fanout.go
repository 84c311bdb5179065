package fanout

import (
	"errors"
	"log/slog"
	"time"
)

// A Stream is a position that bytes follow. Its methods are called by one goroutine
// at a time, and must not block.
type Stream interface {
	// Key is equal for streams that may form a group.
	Key() any
	// Next returns what follows and moves the position behind it; nil when there is
	// nothing. The bytes are shared and never changed. late says that the reader did
	// not keep up.
	Next(late bool) []byte
	// NextTo is Next that goes no further than leader, of the same key, has.
	NextTo(leader Stream, late bool) []byte
	// Level reports whether from now on both can be given the same bytes.
	Level(leader Stream) bool
	// Rewind says that only n bytes of what Next returned last went out: the position
	// moves back behind the frame that was cut, and the rest of that is returned.
	Rewind(n int) (rest []byte)
	// Fork is Rewind on a new stream, for one of the readers that this one stands for.
	Fork(n int) (own Stream, rest []byte)
	// Stand says for how many readers the stream stands.
	Stand(readers int)
	// Notify has fn called, from any goroutine, when Next may have something. fn does
	// not block, and calls no method of a Stream.
	Notify(fn func())
	// Close gives the position up.
	Close()
}

// Options of a [Fanout]. The zero value of a field is its default.
type Options struct {
	Shards int           // default: one for each core that Go may use
	Stall  time.Duration // a connection that takes nothing for so long is closed; default 5 min
	MaxAge time.Duration // a connection is closed, with a farewell, at 80 to 100 % of this; default 0: never
	IO     IO            // how to write; default Auto

	// Farewell returns the last bytes of a connection that is closed on purpose; each
	// connection gets its own. Default: none.
	Farewell func(reason Reason, tag any) []byte

	// Parked is called, quickly and by the loop of a shard, when a connection has left
	// its group because its socket is full: own is its stream until it is closed, or
	// notifies, for it is then that of a group. Default: nothing.
	Parked func(tag any, own Stream)

	// Gone is called, quickly and by the loop of a shard, when a connection is closed
	// and its stream too. Default: nothing.
	Gone func(tag any)

	Logger *slog.Logger // default: discards
}

// IO says which system calls write.
type IO string

const (
	Auto  IO = "auto"     // io_uring where the kernel permits it, otherwise epoll
	Epoll IO = "epoll"    // one send for each connection
	Uring IO = "io_uring" // many sends for each system call
)

// A Reason says why a connection is closed on purpose.
type Reason string

const (
	Drain Reason = "drain" // the process stops
	Age   Reason = "age"   // see Options.MaxAge
)

var (
	// ErrClosed says that the fanout takes no more connections.
	ErrClosed = errors.New("fanout: closed")
	// ErrUnsupported says that this system has no fanout.
	ErrUnsupported = errors.New("fanout: not on this system")
)

// Stats is what a fanout does. Counts are since its start.
type Stats struct {
	Connections int    // open now
	Parked      int    // of those, not in a group
	Groups      int    // now
	Passes      uint64 // batches written to groups
	Writes      uint64 // system calls, or sends of io_uring
	Bytes       uint64 // taken by the kernel
	Parkings    uint64 // connections that were parked because their socket was full
	Dropped     uint64 // connections that failed or stalled
}

func (o Options) withDefaults() Options {
	if o.Stall == 0 {
		o.Stall = 5 * time.Minute
	}
	if o.IO == "" {
		o.IO = Auto
	}
	if o.Farewell == nil {
		o.Farewell = func(Reason, any) []byte { return nil }
	}
	if o.Parked == nil {
		o.Parked = func(any, Stream) {}
	}
	if o.Gone == nil {
		o.Gone = func(any) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}
