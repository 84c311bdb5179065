package exec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tickertape/feeds"
)

// VerifyOptions say which program [Verify] looks at, and how patiently.
type VerifyOptions struct {
	Options Options   // of the feed
	Env     feeds.Env // Topic and Catalogue count; Every is given to a program that runs in mode once

	// Accept says why an encoded item would not be stored on a topic; nil: nobody asks.
	Accept func(ctx context.Context, topic string, data []byte) error

	Wait  time.Duration // for the first line; default 15 s
	Quiet time.Duration // silence after which a poll is taken to be over; default 1 s
	Input time.Duration // for the program to end with its input; default 2 s
	Grace time.Duration // between SIGTERM and SIGKILL; default 5 s

	Logger *slog.Logger // of what the program says on standard error; default: nowhere
}

// maxSeen bounds the lines that are looked at in a run; the rest is read and dropped.
const maxSeen = 1000

// A seenLine is a line of output with what it means.
type seenLine struct {
	number  int
	text    string // at most 200 bytes
	message *message
	err     error // of reading or understanding it
	phase   phase
}

// A phase is what had happened to a program when it printed a line.
type phase int

const (
	asItIs    phase = iota // it had its configuration
	asked                  // and an empty line, "poll now"
	inputOver              // and the end of its input
	told                   // and SIGTERM
	killed                 // and SIGKILL
)

// A visit is one run of the program under observation.
type visit struct {
	lines    []seenLine
	total    int   // lines, also those beyond maxSeen
	ended    phase // when the program exited
	byItself bool  // before anybody told it to
	exit     int   // status; -1 after a signal
	state    string
	log      string // last lines of standard error
}

// Verify runs the program twice and says how it keeps each rule of docs/feeds/exec.md,
// in their order. It blocks for some seconds, ends with ctx, and leaves nothing running.
func Verify(ctx context.Context, o VerifyOptions) ([]Finding, error) {
	made, err := New(&o.Options, o.Env)
	if err != nil {
		return nil, err
	}
	f := made.(*feed)
	o.Wait, o.Quiet = cmp.Or(o.Wait, 15*time.Second), cmp.Or(o.Quiet, time.Second)
	o.Input, o.Grace = cmp.Or(o.Input, 2*time.Second), cmp.Or(o.Grace, 5*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := f.Check(); err != nil {
		hint, _ := feeds.Hint(err)
		return []Finding{{Rule: ruleStarts, State: Broken, Detail: err.Error(), Remedy: hint}}, nil
	}
	var visits [2]*visit
	for i := range visits {
		if visits[i], err = f.visit(ctx, &o); err != nil {
			hint, _ := feeds.Hint(err)
			return []Finding{{Rule: ruleStarts, State: Broken, Detail: err.Error(), Remedy: hint}}, ctx.Err()
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	v := &verdict{feed: f, opts: &o, first: visits[0], second: visits[1]}
	return v.findings(ctx), nil
}

// visit runs the program once, asks it for more, and tells it to end, ever more
// firmly. It awaits the program and the two goroutines that read from it.
func (f *feed) visit(ctx context.Context, o *VerifyOptions) (*visit, error) {
	p, err := launch(&f.opts)
	if err != nil {
		return nil, launchError(&f.opts, err)
	}
	defer p.close()
	w := &watcher{lines: make(chan struct{}, 1)}
	var log tail
	var readers sync.WaitGroup
	readers.Go(func() { w.read(ctx, p.stdout) })        // ends with the program's output
	readers.Go(func() { log.read(p.stderr, o.Logger) }) // likewise
	w.accompany(ctx, f, p, o)
	readers.Wait()
	v := &visit{lines: w.seen, total: w.total, ended: w.phase, byItself: w.phase <= asked, log: log.text()}
	if p.state != nil {
		v.exit, v.state = p.state.ExitCode(), p.state.String()
	}
	return v, nil
}

// A watcher looks at one run.
type watcher struct {
	lines chan struct{} // capacity 1: there are more lines; never closed

	mu    sync.Mutex // guards the fields below until the readers have ended
	phase phase
	seen  []seenLine
	total int
}

// read takes the output to its end, no faster than a feed would.
func (w *watcher) read(ctx context.Context, stdout io.Reader) {
	ctx = context.WithoutCancel(ctx) // to the end, which accompany sees to
	lines := newLineReader(&paced{ctx: ctx, r: stdout, limit: rate.NewLimiter(maxBytesRate, maxBytesRate)})
	limit := rate.NewLimiter(maxLineRate, maxLineRate)
	spoke := false
	for {
		line, err := lines.next()
		if err != nil && !errors.Is(err, errLong) {
			return
		}
		_ = limit.Wait(ctx) // does not fail: ctx has no end
		s := seenLine{text: string(line[:min(len(line), 200)]), err: err}
		if err == nil && len(line) > 0 {
			s.message, s.err = parse(line, spoke)
			spoke = spoke || s.message != nil && s.message.Type == "hello"
		}
		if err == nil && len(line) == 0 {
			continue
		}
		w.mu.Lock()
		w.total++
		s.number, s.phase = w.total, w.phase
		if len(w.seen) < maxSeen {
			w.seen = append(w.seen, s)
		}
		w.mu.Unlock()
		select {
		case w.lines <- struct{}{}:
		default:
		}
	}
}

func (w *watcher) enter(next phase) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.phase = next
}

// accompany takes the program through the phases until it has exited.
func (w *watcher) accompany(ctx context.Context, f *feed, p *process, o *VerifyOptions) {
	stdin := p.stdin
	stdin.SetWriteDeadline(time.Now().Add(inputTime))
	_, _ = stdin.Write(f.config) // a program need not read it
	if f.opts.Mode == once {
		stdin.Close()
		if w.await(ctx, p, o.Wait, 0) {
			return
		}
	} else {
		if w.await(ctx, p, o.Wait, o.Quiet) {
			return
		}
		w.enter(asked)
		stdin.SetWriteDeadline(time.Now().Add(inputTime))
		if _, err := stdin.Write([]byte{'\n'}); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			if w.await(ctx, p, o.Input, o.Quiet) {
				return
			}
		}
	}
	w.enter(inputOver)
	stdin.Close()
	if w.await(ctx, p, o.Input, 0) {
		return
	}
	w.enter(told)
	p.signal(false, false)
	if w.await(context.WithoutCancel(ctx), p, o.Grace, 0) {
		return
	}
	w.enter(killed)
	p.signal(true, false)
	<-p.exited
}

// await waits for the program to exit, which it reports: at most for a first time and,
// once there was a line, for so much silence (0: silence does not matter).
func (w *watcher) await(ctx context.Context, p *process, most, quiet time.Duration) (exited bool) {
	end := time.NewTimer(most)
	defer end.Stop()
	for {
		select {
		case <-p.exited:
			return true
		case <-ctx.Done():
			return false
		case <-end.C:
			return false
		case <-w.lines:
			if quiet > 0 && !w.full() {
				end.Reset(quiet)
			}
		}
	}
}

// full reports whether so much was printed that there is no end to wait for.
func (w *watcher) full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.seen) >= maxSeen
}

// String is for people.
func (v *visit) String() string {
	if v.state == "" {
		return "it could not be awaited"
	}
	return fmt.Sprintf("%s after %d lines", v.state, v.total)
}
