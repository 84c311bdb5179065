package exec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tickertape/feeds"
)

const (
	maxItems     = 100         // published at once
	maxLineRate  = 2000        // lines a second, of whatever sort
	maxBytesRate = 8 << 20     // bytes a second
	inputTime    = time.Second // for the program to take a line of input
	temporary    = 75          // exit status: EX_TEMPFAIL of sysexits.h
	configError  = 78          // exit status: EX_CONFIG
	retryPause   = time.Minute // after a temporary failure that did not say how long
)

// A session is one run of the program. Its goroutines are run, which reads output,
// and those that run starts and awaits.
type session struct {
	*feed
	pub     feeds.Publisher
	process *process
	over    chan struct{} // closed by run when the program is to end

	log     tail // owned by its reader until the reader has ended
	items   []feeds.Item
	kept    int    // items so far
	spoke   bool   // it said hello: unknown types are mistakes
	message string // of the last error line
	junk    int    // lines that are no JSON object
	long    int    // lines over the limit
	last    string // the last line of either sort, or why an item was not one
}

// run reads the program's output to its end, then awaits the program and returns
// how the run ended.
func (s *session) run(life context.Context) error {
	ctx, cancel := context.WithCancel(life)
	defer cancel()
	var helpers sync.WaitGroup
	start := func(fn func()) {
		helpers.Add(1)
		s.pub.Go(func() error {
			defer helpers.Done()
			fn()
			return nil
		})
	}
	start(func() { s.log.read(s.process.stderr, s.pub.Log()) })
	start(func() { s.feedInput(ctx) })
	start(func() {
		select {
		case <-ctx.Done():
		case <-s.over:
		case <-s.process.exited:
		}
		s.process.terminate(s.grace)
	})
	if s.opts.Mode == once && s.env.Timeout > 0 {
		late := time.AfterFunc(s.env.Timeout, cancel)
		defer late.Stop()
	}
	err := s.read(ctx)
	if err != nil || ctx.Err() != nil {
		close(s.over)
		// A program that is asked to end may have more to say than its pipe holds.
		_, _ = io.Copy(io.Discard, s.process.stdout)
		<-s.process.exited
	} else {
		s.awaitExit(ctx)
	}
	stopped := ctx.Err()
	cancel()
	helpers.Wait()
	s.process.close()
	switch {
	case stopped != nil && life.Err() == nil:
		return fmt.Errorf("%s did not end within the timeout of %s: give it a longer one, or run it in mode stream", s.opts.Command[0], s.env.Timeout)
	case stopped != nil:
		return stopped
	case err != nil:
		return err
	}
	return s.verdict()
}

// awaitExit waits for a program that has closed its output; it can say nothing any
// more, so it does not get long.
func (s *session) awaitExit(ctx context.Context) {
	timer := time.NewTimer(s.grace)
	defer timer.Stop()
	select {
	case <-s.process.exited:
	case <-ctx.Done():
	case <-timer.C:
	}
	close(s.over)
	<-s.process.exited
}

// feedInput writes the configuration, and then the empty lines that mean "poll now".
func (s *session) feedInput(ctx context.Context) {
	stdin := s.process.stdin // terminate closes it, which ends a write
	_, err := stdin.Write(s.config)
	if s.opts.Mode == once {
		stdin.Close()
		return
	}
	// A program that does not read its input for a while is none the worse for it;
	// one that closed it is not asked again.
	for err == nil && s.env.Every.Max > 0 && feeds.Pause(ctx, s.pub, feeds.Interval{}) == nil {
		stdin.SetWriteDeadline(time.Now().Add(inputTime))
		if _, err = stdin.Write([]byte{'\n'}); errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
		}
	}
}

// read handles lines until the end of the output, or until one ends the run.
func (s *session) read(ctx context.Context) error {
	lines := newLineReader(&paced{ctx: ctx, r: s.process.stdout, limit: rate.NewLimiter(maxBytesRate, maxBytesRate)})
	limit := rate.NewLimiter(maxLineRate, maxLineRate)
	for {
		line, err := lines.next()
		if over := limit.Wait(ctx); over != nil {
			return over
		}
		switch {
		case errors.Is(err, errLong):
			s.long++
			s.drop(line)
			continue
		case err != nil: // the end of the output, or of its pipe
			return s.flush(ctx)
		}
		if err := s.line(ctx, line); err != nil {
			return err
		}
		if !lines.ready() || len(s.items) >= maxItems {
			if err := s.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// drop counts a line that is dropped, or an item that is none, and shows it.
func (s *session) drop(what []byte) {
	s.last = string(what[:min(len(what), 200)])
	s.pub.Log().Debug("output dropped", "line", s.last)
	feeds.Note(s.pub, s.detail(""))
}

// detail adds what was dropped to what the program says.
func (s *session) detail(text string) string {
	var parts []string
	if text != "" {
		parts = append(parts, text)
	}
	if s.junk > 0 {
		parts = append(parts, fmt.Sprintf("lines that are no JSON objects: %d", s.junk))
	}
	if s.long > 0 {
		parts = append(parts, fmt.Sprintf("lines over %d KiB: %d", maxLine>>10, s.long))
	}
	if s.last != "" {
		parts = append(parts, fmt.Sprintf("the last one dropped: %s", s.last))
	}
	return strings.Join(parts, "; ")
}

// line handles one line; an error ends the run.
func (s *session) line(ctx context.Context, line []byte) error {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return nil
	}
	m, err := parse(line, s.spoke)
	if err != nil {
		s.junk++
		s.drop(fmt.Appendf(nil, "%.120s (%v)", line, err))
		return nil
	}
	if m.Type == "item" || m.Type == "" {
		if s.kept++; s.opts.Mode == once && s.env.Max > 0 && s.kept > s.env.Max {
			feeds.Note(s.pub, s.detail(fmt.Sprintf("items beyond max_items: %d", s.kept-s.env.Max)))
			return nil
		}
		s.items = append(s.items, m.item(s.keyIsID))
		return nil
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	switch m.Type {
	case "hello":
		return s.hello(m)
	case "ok":
		s.pub.OK(s.detail(m.Detail))
	case "retract":
		if err := s.pub.Retract(ctx, m.Topic, m.ID); err != nil && !errors.Is(err, feeds.ErrItem) {
			return err
		}
	case "error":
		return s.complain(m)
	}
	return nil
}

func (s *session) hello(m *message) error {
	s.spoke = true
	if m.V != 1 {
		return feeds.NeedsAttention(fmt.Errorf("%s speaks version %d of the line protocol, this is version 1", s.opts.Command[0], m.V),
			"install a version of the program that speaks version 1")
	}
	s.pub.Log().Debug("hello", "name", m.Name, "topics", m.Topics)
	return s.foreign(m.Topics)
}

// foreign returns an error if the program says that it prints on topics that its entry
// does not name: each of those items would be refused.
func (f *feed) foreign(names []string) error {
	var lacking []string
	for _, name := range names {
		if name != f.env.Topic && !slices.Contains(f.opts.Topics, name) {
			lacking = append(lacking, name)
		}
	}
	if lacking == nil {
		return nil
	}
	all := strings.Join(lacking, ", ")
	return feeds.NeedsAttention(fmt.Errorf("%s says that it prints on %.200s; its entry has topic %s", f.opts.Command[0], all, f.env.Topic),
		fmt.Sprintf("set topic: %.64s in the entry, or add topics: [%.200s]; what is not in the catalogue needs an entry under topics: as well", lacking[0], all))
}

// complain handles an error line.
func (s *session) complain(m *message) error {
	s.message = m.Message
	err := fmt.Errorf("%s: %s", s.opts.Command[0], m.Message)
	wait := seconds(m.RetryAfter)
	switch {
	case m.Attention:
		if wait > 0 {
			err = feeds.RetryAfter(wait, err)
		}
		return feeds.NeedsAttention(err, m.Hint)
	case wait > 0:
		return feeds.RetryAfter(wait, err)
	}
	s.pub.Log().Info("the program reports an error", "error", m.Message)
	feeds.Note(s.pub, s.detail(m.Message))
	return nil
}

// seconds is a wait of n seconds, at most a day.
func seconds(n float64) time.Duration {
	return time.Duration(min(max(n, 0), 86400) * float64(time.Second))
}

// flush publishes the items read so far. Those that break a rule are the
// publisher's to report.
func (s *session) flush(ctx context.Context) error {
	if len(s.items) == 0 {
		return nil
	}
	err := s.pub.Publish(ctx, s.items...)
	clear(s.items)
	s.items = s.items[:0]
	if errors.Is(err, feeds.ErrItem) {
		return nil
	}
	return err
}

// keyIsID reports whether the key field of a topic is id, so that an item must have one.
func (f *feed) keyIsID(topic string) bool {
	if topic == "" {
		topic = f.env.Topic
	}
	if f.env.Catalogue == nil {
		return true
	}
	t, err := f.env.Catalogue.Lookup(topic)
	return err == nil && t.Key == "id"
}

// verdict is what the exit of a program says that nobody told to end.
func (s *session) verdict() error {
	if s.process.err != nil {
		return fmt.Errorf("wait for %s: %w", s.opts.Command[0], s.process.err)
	}
	if s.process.state.Success() {
		if s.env.Every.Max > 0 {
			return nil
		}
		return feeds.ErrFinished
	}
	why := s.message
	if why == "" {
		why = s.log.last()
	}
	err := error(&exitError{program: s.opts.Command[0], state: s.process.state.String(), why: why, log: s.log.text()})
	switch s.process.state.ExitCode() {
	case temporary:
		return feeds.RetryAfter(max(retryPause, s.env.Every.Min), err)
	case configError:
		return feeds.NeedsAttention(err, "the program says that its configuration is wrong")
	}
	return err
}

// exitError is a program's failure.
type exitError struct {
	program, state, why, log string
}

func (e *exitError) Error() string {
	if e.why == "" {
		return e.program + ": " + e.state
	}
	return e.program + ": " + e.state + ": " + e.why
}

// Trace returns the last lines of the program's standard error.
func (e *exitError) Trace() string { return e.log }
