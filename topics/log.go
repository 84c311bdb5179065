package topics

import (
	"context"
	"errors"
)

// A Log stores events for good and gives them their order. It is the only way
// from a publisher to a reader. topics/natslog implements it; topics/logtest
// checks an implementation.
//
// All methods may be called from any goroutine.
type Log interface {
	// Append stores the events as one unit, all or none, in the given order at
	// consecutive places, and returns the place of the first one. It blocks until
	// the log has acknowledged them. Only Topic, Key, Op, Target, Expires, Text, Data
	// and Idempotency of an event are read; the log sets Seq and Time.
	//
	// Append returns an error that wraps [ErrTooLarge] when a unit can never be
	// stored, [ErrUnknownOutcome] when it may or may not have been, and any other
	// error when it was not.
	Append(ctx context.Context, events []Event) (first uint64, err error)

	// State returns where the log begins and ends now.
	State(ctx context.Context) (LogState, error)

	// Follow calls fn with the stored events from place from on (or from the first
	// one that the log still has), in order, each once, some at a time, until ctx is
	// done or fn fails; it returns that error. It reconnects by itself. The slice
	// belongs to fn only during the call, the events in it may be kept.
	Follow(ctx context.Context, from uint64, fn func(events []Event) error) error

	// Values calls fn with each value of the last checkpoint, in any order, and
	// returns the place up to which that checkpoint was complete (0: there is none).
	// A value may be newer than upto.
	Values(ctx context.Context, fn func(Event) error) (upto uint64, err error)

	// SaveValues adds to the checkpoint: the values that have changed since the last
	// call, and those that are gone. When it returns nil, Values will report upto
	// or a later place. Retention removes no event that is not in the checkpoint.
	SaveValues(ctx context.Context, upto uint64, changed, gone []Event) error
}

// LogState is what [Log.State] returns.
type LogState struct {
	Epoch string // identity of the log, see [ID]
	First uint64 // oldest event kept; Last+1 when the log is empty
	Last  uint64 // newest event; 0 when none was ever stored
	Bytes uint64 // stored now
}

var (
	// ErrTooLarge says that an event or a batch is over a limit of the log.
	ErrTooLarge = errors.New("topics: too large for the log")
	// ErrUnknownOutcome says that a publish may or may not have been stored: the
	// answer was lost. Publishing again with the same idempotency key is safe.
	ErrUnknownOutcome = errors.New("topics: the log did not answer; the events may be stored")
	// ErrUnavailable says that the log cannot store anything now; trying again later is right.
	ErrUnavailable = errors.New("topics: the log is not available")
)

// Limits of one publish. The log must take what is within them.
const (
	MaxData  = 256 << 10 // bytes of Data in one event
	MaxBatch = 1000      // events in one publish
	MaxKey   = 256       // bytes of a key
)
