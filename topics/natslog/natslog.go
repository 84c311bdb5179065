package natslog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tickertape/topics"
)

// A Log is the tape's log on JetStream. All methods may be called from any
// goroutine.
type Log struct {
	// Set by Open, then immutable.
	opts     Options
	log      *slog.Logger
	folder   *folder   // nil with an outside server
	embedded *embedded // nil with an outside server
	link     *link
	js       jetstream.JetStream
	group    bool // lone events share commits, because each would cost a flush of the disk
	now      func() time.Time
	torn     torn

	units chan *unit // many Appends send, commitUnits receives; see append.go; never closed

	closing  context.Context // done when Close has been called
	startEnd context.CancelFunc
	ending   context.Context // done when those that Close waits for must go
	end      context.CancelFunc
	workers  sync.WaitGroup // commitUnits, mend
	once     sync.Once
	closeErr error // of once

	mu      sync.Mutex // guards the fields below
	closed  bool
	callers sync.WaitGroup // Append, SaveValues and others that are under way

	saving    sync.Mutex // held through SaveValues, with its waits; guards the fields below
	safe      savedUpto  // newest place that the checkpoint has for sure on the disk
	pending   savedUpto  // the one that becomes it
	retention time.Time  // when old events were last looked for
}

var _ topics.Log = (*Log)(nil)

// Open opens the log, and makes it where there is none. It blocks until the
// server has recovered what is stored, or until ctx is done. Close the result.
func Open(ctx context.Context, opts Options) (*Log, error) {
	return open(ctx, opts, machine{boot: bootID(), now: time.Now})
}

// A machine is what the log knows of the one that it runs on.
type machine struct {
	boot string // see bootID
	now  func() time.Time
}

func open(ctx context.Context, opts Options, on machine) (_ *Log, err error) {
	if opts, err = opts.complete(); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	l := &Log{
		opts:  opts,
		log:   opts.Logger,
		group: opts.URL == "" && opts.Sync == Always,
		now:   on.now,
		units: make(chan *unit, unitsWaiting),
	}
	l.closing, l.startEnd = context.WithCancel(context.Background())
	l.ending, l.end = context.WithCancel(context.Background())
	l.link = newLink(l.ending.Done())
	defer func() {
		if err != nil {
			l.shut()
			if l.folder != nil {
				_ = l.folder.abandon() // the note of the run before stays as it is
			}
		}
	}()
	var cut bool
	if opts.URL == "" {
		if cut, err = l.startEmbedded(ctx, on.boot); err != nil {
			return nil, fmt.Errorf("open log: %w", err)
		}
	}
	if err = l.connect(); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	why := ""
	if cut {
		why = "the machine went down while the log was open, and events of its last moments may be lost"
	}
	if err = l.openStreams(ctx, why); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	if l.embedded != nil && !cut {
		if cut, err = l.renewIfShort(ctx); err != nil {
			return nil, fmt.Errorf("open log: %w", err)
		}
	}
	l.workers.Go(l.commitUnits)
	if cut {
		if err = l.reprint(ctx); err != nil {
			return nil, fmt.Errorf("open log after a power cut: %w", err)
		}
	}
	if l.embedded != nil {
		if err = l.folder.begin(); err != nil {
			return nil, fmt.Errorf("open log: %w", err)
		}
		l.workers.Go(func() { l.embedded.mend(l.closing) })
	}
	return l, nil
}

// startEmbedded takes the data folder and starts the server on it.
func (l *Log) startEmbedded(ctx context.Context, boot string) (cut bool, err error) {
	if l.folder, cut, err = openFolder(l.opts.Dir, boot, l.opts.Sync); err != nil {
		return false, err
	}
	e := newEmbedded(l.opts)
	if err := e.start(ctx); err != nil {
		return false, err
	}
	l.embedded = e
	return cut, nil
}

// connect connects the link to the server.
func (l *Log) connect() error {
	options := []nats.Option{
		nats.Name("tickertape"),
		nats.MaxReconnects(-1),
		nats.ReconnectBufSize(-1), // what cannot be sent now is an error now
		nats.FlusherTimeout(answerTime),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			l.link.disconnected()
			if l.closing.Err() == nil {
				l.log.Warn("log connection lost", "err", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			l.link.reconnected()
			l.log.Info("log connected again")
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			l.log.Warn("log connection", "err", err)
		}),
	}
	if l.embedded != nil {
		options = append(options, nats.InProcessServer(l.embedded),
			nats.ReconnectWait(20*time.Millisecond), nats.ReconnectJitter(time.Millisecond, time.Millisecond))
	} else {
		options = append(options, nats.ReconnectWait(250*time.Millisecond))
	}
	nc, err := nats.Connect(l.opts.URL, options...)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if err := l.link.attach(nc); err != nil {
		nc.Close()
		return fmt.Errorf("connect: %w", err)
	}
	if most := nc.MaxPayload(); most < topics.MaxData+overhead {
		return fmt.Errorf("the server takes messages of %d bytes; it must take %d (max_payload)", most, topics.MaxData+overhead)
	}
	l.js, err = jetstream.New(nc, jetstream.WithDefaultTimeout(answerTime))
	return err
}

// closeTime is how long Close waits for what is under way.
const closeTime = 3 * time.Second

// Close closes the log, waits for what it has started, and with an embedded
// server puts all of the log on the disk. Calls under way get up to three
// seconds to end, then they return an error that wraps [ErrClosed] or
// [topics.ErrUnknownOutcome]. Twice is fine.
func (l *Log) Close() error {
	l.once.Do(func() {
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
		l.startEnd()
		late := time.AfterFunc(closeTime, l.end)
		l.callers.Wait()
		late.Stop()
		l.shut()
		if l.folder != nil {
			if err := l.folder.close(); err != nil {
				l.closeErr = fmt.Errorf("close log: %w", err)
			}
		}
	})
	return l.closeErr
}

// shut ends all that Open has started, save the hold on the data folder.
func (l *Log) shut() {
	l.startEnd()
	l.end()
	l.workers.Wait()
	l.link.close()
	if l.embedded != nil {
		l.embedded.stop()
	}
}

// enter notes a call, unless the log is closed. The caller calls l.callers.Done.
func (l *Log) enter() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	l.callers.Add(1)
	return nil
}

// scope returns a context that ends with ctx and when Close has lost patience
// (those that wait) or is called (those that go on for ever).
func (l *Log) scope(ctx, until context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(until, func() { cancel(ErrClosed) })
	return ctx, func() { stop(); cancel(nil) }
}

// State returns where the log begins and ends now. It asks the server, and blocks
// for its answer.
func (l *Log) State(ctx context.Context) (topics.LogState, error) {
	if err := l.enter(); err != nil {
		return topics.LogState{}, fmt.Errorf("state of the log: %w", err)
	}
	defer l.callers.Done()
	ctx, cancel := l.scope(ctx, l.ending)
	defer cancel()
	state, err := l.state(ctx)
	if err != nil {
		return topics.LogState{}, fmt.Errorf("state of the log: %w", err)
	}
	return state, nil
}

func (l *Log) state(ctx context.Context) (topics.LogState, error) {
	asking, cancel := l.link.asking(ctx)
	defer cancel()
	stream, err := l.js.Stream(asking, tapeStream)
	if err != nil {
		return topics.LogState{}, unavailable(ctx, answerError(asking, err))
	}
	info := stream.CachedInfo()
	state := topics.LogState{
		Epoch: info.Config.Metadata[epochEntry],
		First: info.State.FirstSeq,
		Last:  info.State.LastSeq,
		Bytes: info.State.Bytes,
	}
	if l.torn.claimed != 0 && state.Last == l.torn.claimed {
		state.Last = l.torn.real
	}
	if info.State.Msgs == 0 {
		state.First = state.Last + 1
	}
	if !topics.ValidEpoch(state.Epoch) {
		return state, errors.New("the stream on the server has no epoch; it was replaced by one that is not ours")
	}
	return state, nil
}

// answerError returns why a question has no answer: err, or what ended asking.
func answerError(asking context.Context, err error) error {
	if asking.Err() != nil {
		return context.Cause(asking)
	}
	return err
}

// unavailable says of err, from a call that has changed nothing, what the caller
// can do: nothing if ctx is done, otherwise try again later.
func unavailable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w: %w", topics.ErrUnavailable, err)
}
