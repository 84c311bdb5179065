//go:build !linux

package fanout

import (
	"context"
	"net"
	"time"
)

// A Fanout exists on Linux only.
type Fanout struct{}

// New returns [ErrUnsupported].
func New(Options) (*Fanout, error) { return nil, ErrUnsupported }

// A Duplicate is a second descriptor of a connection.
type Duplicate struct{}

// Dup returns [ErrUnsupported].
func Dup(*net.TCPConn) (Duplicate, error) { return Duplicate{}, ErrUnsupported }

// Close does nothing.
func (Duplicate) Close() {}

// IO returns "".
func (*Fanout) IO() IO { return "" }

// Adopt returns [ErrUnsupported].
func (*Fanout) Adopt(Duplicate, [][]byte, Stream, any) error { return ErrUnsupported }

// Drain does nothing.
func (*Fanout) Drain(context.Context, time.Duration) {}

// Close does nothing.
func (*Fanout) Close() {}

// Stats returns zeros.
func (*Fanout) Stats() Stats { return Stats{} }
