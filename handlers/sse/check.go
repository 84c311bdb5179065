package sse

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrUnsafe says that a frame would not arrive as it was meant, or could write
// fields that are not its own.
var ErrUnsafe = errors.New("sse: unsafe frame")

// MaxRetry is the longest pause that a frame may ask for.
const MaxRetry = 24 * time.Hour

// Check returns nil if f arrives as it is meant, otherwise an error that wraps
// [ErrUnsafe] and names the field: control characters in the id or the event
// name, U+0000 or invalid UTF-8 anywhere, an id with a space at either end (HTTP
// trims it on the way back), the names that [CheckEvent] refuses, and a retry that
// is negative, over [MaxRetry], or not whole milliseconds.
//
// Data arrives with its line ends as LF, whatever they were.
func Check(f Frame) error {
	if err := checkText("id", f.ID); err != nil {
		return err
	}
	if strings.TrimSpace(f.ID) != f.ID {
		return fmt.Errorf("%w: id %.80q has a space at an end", ErrUnsafe, f.ID)
	}
	if f.Event != "" {
		if err := CheckEvent(f.Event); err != nil {
			return err
		}
	}
	if f.Retry < 0 || f.Retry > MaxRetry || f.Retry%time.Millisecond != 0 {
		return fmt.Errorf("%w: retry %v: want whole milliseconds up to %v", ErrUnsafe, f.Retry, MaxRetry)
	}
	return CheckData(f.Data)
}

// CheckEvent returns nil if name can be the name of an event. Refused are the
// empty name, control characters, and the names that an EventSource uses itself:
// "open" and "error" would look like the connection's own, and "message" is what
// an event without a name is called.
func CheckEvent(name string) error {
	switch name {
	case "":
		return fmt.Errorf("%w: the event has no name", ErrUnsafe)
	case "open", "error", "message":
		return fmt.Errorf("%w: event name %q is an EventSource's own", ErrUnsafe, name)
	}
	return checkText("event name", name)
}

// CheckData returns nil if data can be sent: valid UTF-8 without U+0000.
func CheckData(data []byte) error {
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return fmt.Errorf("%w: U+0000 in the data at byte %d", ErrUnsafe, i)
	}
	if !utf8.Valid(data) {
		return fmt.Errorf("%w: the data is not valid UTF-8", ErrUnsafe)
	}
	return nil
}

// checkText refuses what could end a line or be dropped on the way, and with it
// every other control character.
func checkText(what, s string) error {
	for i, r := range s {
		if unicode.IsControl(r) {
			return fmt.Errorf("%w: control character %q in the %s at byte %d", ErrUnsafe, r, what, i)
		}
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%w: the %s is not valid UTF-8", ErrUnsafe, what)
	}
	return nil
}
