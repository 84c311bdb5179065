package eventsource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"time"

	"tickertape/feeds"
)

var (
	// errOver says that the source is over for good: a 204.
	errOver = errors.New("the source says that it is over")
	// errIdle says that a stream was silent for too long.
	errIdle = errors.New("the stream went silent")
)

// A stream is an answer that is read as it comes. One goroutine uses it.
type stream struct {
	res    *http.Response
	ctx    context.Context // of the request; ends with cancel
	cancel context.CancelCauseFunc
	idle   time.Duration // of one read; see Read
	timer  *time.Timer   // cancels the request; runs during a read alone
}

// open asks for a stream of a media type. Close it. Statuses become errors as in
// [feeds.CheckStatus]; 204 is errOver.
func open(ctx context.Context, c *http.Client, address string, header http.Header, want string, idle time.Duration) (*stream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		cancel(nil)
		return nil, feeds.Fatal(err)
	}
	req.Header = header
	res, err := c.Do(req) //nolint:bodyclose // Close does
	if err != nil {
		cancel(nil)
		return nil, err
	}
	s := &stream{res: res, ctx: ctx, cancel: cancel, idle: idle}
	s.timer = time.AfterFunc(idle, func() { cancel(errIdle) })
	if err := s.check(want); err != nil {
		s.Close()
		return nil, err
	}
	s.timer.Stop()
	return s, nil
}

func (s *stream) check(want string) error {
	if s.res.StatusCode == http.StatusNoContent {
		return errOver
	}
	if err := feeds.CheckStatus(s.res); err != nil {
		return err
	}
	if typ, _, _ := mime.ParseMediaType(s.res.Header.Get("Content-Type")); typ != want {
		head, _ := io.ReadAll(io.LimitReader(s.res.Body, 1024)) // as much as there is
		return (&feeds.Document{Body: head}).Misfit(want, fmt.Errorf("its type is %.60q", typ))
	}
	return nil
}

// Read reads what is there. It ends with errIdle when nothing comes for the idle time.
func (s *stream) Read(p []byte) (int, error) {
	s.timer.Reset(s.idle)
	n, err := s.res.Body.Read(p)
	s.timer.Stop()
	if err != nil && errors.Is(context.Cause(s.ctx), errIdle) {
		err = fmt.Errorf("%w for %s", errIdle, s.idle)
	}
	return n, err
}

// Close ends the request.
func (s *stream) Close() {
	s.timer.Stop()
	s.cancel(nil)
	_ = s.res.Body.Close() // it was cut off, and says so
}

const (
	firstPause = 3 * time.Second // as browsers have it, until the source names another one
	mostPause  = time.Minute
	longPause  = 10 * time.Minute       // at most, if the source names it
	brief      = 30 * time.Second       // a connection that lasted for less was no good one
	leastPause = 250 * time.Millisecond // whatever the source names
)

// pauses are what a feed makes between connections. Owned by Run.
type pauses struct {
	least, most time.Duration // of the first, and of those that grow; zero: firstPause, mostPause
	base        time.Duration // that the source names; 0: it does not
	row         int           // connections that failed, or were brief, since a good one
}

// next returns the pause before the next connection: of the base doubled with each
// failure in a row, between the half and all.
func (p *pauses) next() time.Duration {
	base := min(max(cmp.Or(p.base, p.least, firstPause), leastPause), longPause)
	d := base
	for range min(p.row-1, 16) {
		d = min(2*d, max(base, cmp.Or(p.most, mostPause)))
	}
	return d/2 + rand.N(d/2+1)
}

// note counts a connection that lasted so long and was of use or not.
func (p *pauses) note(lasted time.Duration, useful bool) {
	if useful && lasted >= brief {
		p.row = 0
		return
	}
	p.row++
}

// failed makes the error that ends a run, for the supervisor to wait as long as next says
// unless the error already says what to do.
func (p *pauses) failed(err error) error {
	if errors.Is(err, errOver) {
		return feeds.ErrFinished
	}
	_, told := feeds.RetryDelay(err)
	_, attention := feeds.Hint(err)
	if told || attention || feeds.IsFatal(err) {
		return err
	}
	return feeds.RetryAfter(p.next(), err)
}

// sleep waits, or returns ctx's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
