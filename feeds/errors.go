package feeds

import (
	"errors"
	"time"
)

// ErrItem says that an item was refused: it breaks a rule of [Item]. The other
// items of the same Publish were stored.
var ErrItem = errors.New("feeds: item refused")

// ErrFinished is what a feed returns that has done all it had to do: the
// supervisor stops it without calling that a failure.
var ErrFinished = errors.New("feeds: finished")

// Fatal marks err as one that no retry mends (configuration, terms of use): the
// supervisor gives the feed up until the program is started again. Fatal of nil is nil.
func Fatal(err error) error {
	if err == nil {
		return nil
	}
	return &fatalError{err}
}

// RetryAfter marks err as one where the source said when to come back: in d from
// now. RetryAfter of nil is nil.
func RetryAfter(d time.Duration, err error) error {
	if err == nil {
		return nil
	}
	return &retryError{err, d}
}

// NeedsAttention marks err as one that a person must mend; hint says how. The
// supervisor keeps trying, rarely. NeedsAttention of nil is nil.
func NeedsAttention(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &attentionError{err, hint}
}

type fatalError struct{ error }

func (e *fatalError) Unwrap() error { return e.error }

type retryError struct {
	error
	after time.Duration
}

func (e *retryError) Unwrap() error { return e.error }

type attentionError struct {
	error
	hint string
}

func (e *attentionError) Unwrap() error { return e.error }

// A spacedError is a failure like any other, after which the source is left alone for
// some time at least: it did all it could, and would do the same again.
type spacedError struct {
	error
	least time.Duration
}

func (e *spacedError) Unwrap() error { return e.error }

// spacing returns for how long the source is left alone at least after err.
func spacing(err error) time.Duration {
	var s *spacedError
	if errors.As(err, &s) {
		return s.least
	}
	return 0
}

// IsFatal reports whether err was marked by [Fatal].
func IsFatal(err error) bool {
	var f *fatalError
	return errors.As(err, &f)
}

// RetryDelay returns how long to wait before the source may be asked again, and
// whether err was marked by [RetryAfter] at all.
func RetryDelay(err error) (time.Duration, bool) {
	var r *retryError
	if !errors.As(err, &r) {
		return 0, false
	}
	return r.after, true
}

// Hint returns what a person can do about err, and whether err was marked by
// [NeedsAttention] at all.
func Hint(err error) (string, bool) {
	var a *attentionError
	if !errors.As(err, &a) {
		return "", false
	}
	return a.hint, true
}
