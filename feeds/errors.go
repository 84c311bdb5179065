package feeds

import (
	"errors"
	"time"
)

// Fatal marks err as one that no retry mends (configuration, terms of use): the
// supervisor gives the feed up until the program is started again.
func Fatal(err error) error { return &fatalError{err} }

// RetryAfter marks err as one where the source said when to come back.
func RetryAfter(d time.Duration, err error) error { return &retryError{err, d} }

// NeedsAttention marks err as one that a person must mend; hint says how. The
// supervisor keeps trying, rarely.
func NeedsAttention(err error, hint string) error { return &attentionError{err, hint} }

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

// IsFatal reports whether err was marked by [Fatal].
func IsFatal(err error) bool {
	var f *fatalError
	return errors.As(err, &f)
}
