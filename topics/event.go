package topics

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An Op says what an event does to the value of its key.
type Op uint8

const (
	Put     Op = iota // a new value, or a correction of one
	Retract           // the value was withdrawn
)

// An Event is one line of the tape. It is immutable once the log has stored it:
// readers on many goroutines share it and the bytes it points to.
type Event struct {
	Seq     uint64    // place in the log, from 1; 0 before the log has stored it
	Topic   string    // name of a topic of the catalogue
	Key     string    // what the value is about ("ACME"); "" in a topic without a key field
	Op      Op        // Put or Retract
	Target  uint64    // with Retract in place of Key: the Seq of the event that is withdrawn
	Time    time.Time // when the log stored it, UTC
	Expires time.Time // from then on it is in no snapshot; zero means never
	Text    bool      // Data is text; otherwise it is one compact JSON value
	Data    []byte    // never contains U+0000; empty with Retract

	// Idempotency marks the events of one publish: the client's key, a hash of what
	// it sent, and how many events the publish has. Zero without a key.
	Idempotency Idempotency
}

// Idempotency is what the log keeps of a publish that must not happen twice.
type Idempotency struct {
	Key   string // what the client chose, with the topic in front
	Hash  uint64 // of the whole body: another body under the same key is an error
	Count int    // events in the publish
	Index int    // place of this one among them, from 0
}

// An ID is a position on a tape: the epoch of the log and a place in it.
type ID struct {
	Epoch string // lower-case letters and digits, at most 11; another log has another one
	Seq   uint64
}

// ErrBadID says that a text is no ID of ours.
var ErrBadID = errors.New("topics: not an event id")

// String returns the id as it stands on the wire: "EPOCH-SEQUENCE".
func (id ID) String() string { return string(id.Append(nil)) }

// Append appends the wire form of id to dst.
func (id ID) Append(dst []byte) []byte {
	dst = append(dst, id.Epoch...)
	dst = append(dst, '-')
	return strconv.AppendUint(dst, id.Seq, 10)
}

// ParseID reads the wire form of an id. It returns an error that wraps
// [ErrBadID] for anything that [ID.String] does not print.
func ParseID(s string) (ID, error) {
	epoch, digits, ok := strings.Cut(s, "-")
	if !ok || !ValidEpoch(epoch) {
		return ID{}, fmt.Errorf("%w: %.40q; want EPOCH-SEQUENCE, as in 7k3q-1042", ErrBadID, s)
	}
	seq, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || strconv.FormatUint(seq, 10) != digits {
		return ID{}, fmt.Errorf("%w: %.40q does not end in a sequence number", ErrBadID, s)
	}
	return ID{Epoch: epoch, Seq: seq}, nil
}

// ValidEpoch reports whether s can be the epoch of a log: 1 to 11 lower-case
// letters and digits, so that an id stays below 32 bytes.
func ValidEpoch(s string) bool {
	if s == "" || len(s) > 11 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
