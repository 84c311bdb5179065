package feeds

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// A publisher is what a feed holds during one run.
type publisher struct {
	*runner
	ctx    context.Context // of the run; ends with cancel
	cancel context.CancelFunc
	idle   chan struct{} // closed when the last goroutine of the run has ended

	mu      sync.Mutex // guards the fields below
	running int        // goroutines of the run
	decided bool
	outcome error // what ended the run; read by the runner once idle is closed
}

var (
	_ Publisher = (*publisher)(nil)
	_ Pacer     = (*publisher)(nil)
	_ Noter     = (*publisher)(nil)
)

// A Noter is what a [Publisher] can be besides: one that shows a text to people
// without taking it for a sign of life. The supervisor's publishers are.
type Noter interface{ Note(detail string) }

// Note shows detail in the feed's status, if pub has one. In contrast to OK it
// does not keep the feed fresh.
func Note(pub Publisher, detail string) {
	if n, ok := pub.(Noter); ok {
		n.Note(detail)
	}
}

// Go starts fn on a goroutine of the run. Once the run is over it does nothing.
func (p *publisher) Go(fn func() error) { p.start(fn, false) }

// start runs fn on a goroutine that idle awaits. The run ends when fn fails, and
// when the main one ends at all.
func (p *publisher) start(fn func() error, main bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == 0 && !main {
		return
	}
	p.running++
	go guard(fn, func(err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.decided && (main || (err != nil && p.ctx.Err() == nil)) {
			p.decided, p.outcome = true, err
			p.cancel()
		}
		if p.running--; p.running == 0 {
			close(p.idle)
		}
	})
}

// OK also says that of the documents fetched so far nothing is left to publish.
func (p *publisher) OK(detail string) {
	p.standIn.stop(p.ctx)
	p.settle(p.fetched())
	p.board.alive(0, 0, detail)
}

func (p *publisher) Note(detail string) { p.board.note(detail) }
func (p *publisher) Log() *slog.Logger  { return p.board.log }
func (p *publisher) HTTP() *http.Client { return p.client }

// Pause waits until the feed is to fetch again; see [Pacer].
func (p *publisher) Pause(ctx context.Context, every Interval) error {
	if every.Max <= 0 {
		every = p.env.Every
	}
	if every.Max <= 0 {
		every = Interval{Min: defaultEvery, Max: defaultEvery}
	}
	now := time.Now()
	wait := p.wait(now, every)
	p.board.paused(now.Add(wait), every)
	defer p.board.paused(time.Time{}, every)
	return p.sleep(ctx, wait)
}

// over returns the reason why nothing more is published: the feed's ctx or the run ended.
func (p *publisher) over(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.ctx.Err() != nil {
		return errors.New("publish: the run of the feed is over")
	}
	return nil
}
