package natslog

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tickertape/topics"
)

// Options configure a log. The zero value is an embedded server that keeps its
// files in the folder "data", synced always.
type Options struct {
	// Dir is the data folder of the embedded server; it is created with mode 0700.
	// Default "data". Ignored with URL.
	Dir string

	// URL is an outside server, or several with commas between them; it may hold
	// credentials and is never logged. Default "": the embedded server.
	URL string

	// Sync says when an embedded server's writes reach the disk. Default [Always];
	// otherwise 100ms to 1h. With URL it is that server's own setting that counts,
	// and Sync is ignored.
	Sync Sync

	// MaxAge is how long events are kept. They go when SaveValues has them in the
	// checkpoint, at the next of its calls, and up to a minute later. Default 168h
	// (a week), at least 1s; negative: for ever.
	MaxAge time.Duration

	// MaxBytes bounds the tape on the disk; beyond it the oldest events go, in the
	// checkpoint or not, so SaveValues must be called at least once in the time that
	// it takes to publish so much. The values come on top, one event a key. Default
	// 1 GiB, at least 1 MiB; negative: as much as the disk has. One unit may take
	// half of it.
	MaxBytes int64

	// Replicas is the number of servers that hold the streams, 1 to 5, default 1.
	// Only with URL, and only read when the streams are created.
	Replicas int

	// Logger gets what the log and the embedded server have to say. Default: nowhere.
	Logger *slog.Logger
}

// Sync says how soon what the server has acknowledged is on the disk.
type Sync time.Duration

// Always is the Sync of a log that has every event on the disk before it
// acknowledges it. Any other value is the longest time until an event is there.
const Always Sync = 0

// String returns "always", or the duration.
func (s Sync) String() string {
	if s == Always {
		return "always"
	}
	return time.Duration(s).String()
}

// MarshalText returns what [Sync.String] does.
func (s Sync) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads "always", or a duration from 100ms to 1h.
func (s *Sync) UnmarshalText(text []byte) error {
	if string(text) == "always" {
		*s = Always
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || Sync(d).check() != nil || d == 0 {
		return errors.New("want always, or a duration from 100ms to 1h such as 10s")
	}
	*s = Sync(d)
	return nil
}

func (s Sync) check() error {
	if d := time.Duration(s); s != Always && (d < 100*time.Millisecond || d > time.Hour) {
		return fmt.Errorf("sync %v: want always, or 100ms to 1h", d)
	}
	return nil
}

// ErrClosed is what a closed log answers. It is also [topics.ErrUnavailable].
var ErrClosed = fmt.Errorf("%w: it is closed", topics.ErrUnavailable)

// complete fills the defaults in and checks the bounds.
func (o Options) complete() (Options, error) {
	if o.Dir == "" {
		o.Dir = "data"
	}
	if o.MaxAge == 0 {
		o.MaxAge = 7 * 24 * time.Hour
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 1 << 30
	}
	if o.Replicas == 0 {
		o.Replicas = 1
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var errs []error
	if err := o.Sync.check(); err != nil {
		errs = append(errs, err)
	}
	if o.MaxAge > 0 && o.MaxAge < time.Second {
		errs = append(errs, fmt.Errorf("maximal age %v: want at least 1s, or a negative one for ever", o.MaxAge))
	}
	if o.MaxBytes > 0 && o.MaxBytes < 1<<20 {
		errs = append(errs, fmt.Errorf("maximal size %d: want at least 1 MiB, or a negative one for no bound", o.MaxBytes))
	}
	if o.Replicas < 1 || o.Replicas > 5 {
		errs = append(errs, fmt.Errorf("replicas %d: want 1 to 5", o.Replicas))
	}
	return o, errors.Join(errs...)
}
