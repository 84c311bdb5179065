package natslog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"tickertape/topics"
)

// maxPayload is the largest message that the embedded server takes: an event with
// its headers, and room for the limits to grow.
const maxPayload = 1 << 20

// An embedded is a NATS server in this process, without a listener. After a write
// error its store takes nothing more, so it is stopped and started again.
type embedded struct {
	opts   server.Options
	log    *slog.Logger
	broken chan struct{} // capacity 1: a write error waits for mend; never closed

	mu  sync.Mutex // guards srv; not held while a server starts or stops
	srv *server.Server
}

// newEmbedded describes a server; start starts it.
func newEmbedded(o Options) *embedded {
	e := &embedded{log: o.Logger, broken: make(chan struct{}, 1)}
	e.opts = server.Options{
		ServerName:         "tickertape",
		DontListen:         true,
		NoSigs:             true,
		NoLog:              true, // ours is set on the server itself
		NoSystemAccount:    true,
		MaxPayload:         maxPayload,
		JetStream:          true,
		StoreDir:           o.Dir,
		JetStreamMaxStore:  1 << 62, // the streams' own bounds count, not the free space at the start
		JetStreamMaxMemory: 64 << 20,
		SyncAlways:         o.Sync == Always,
		SyncInterval:       time.Duration(o.Sync),
		JetStreamLimits:    server.JSLimitOpts{MaxBatchSize: topics.MaxBatch},

		DisableJetStreamBanner: true,
	}
	return e
}

// start starts a server and returns when it has recovered what is stored, or
// with ctx's error.
func (e *embedded) start(ctx context.Context) error {
	opts := e.opts // the server writes to its options
	srv, err := server.NewServer(&opts)
	if err != nil {
		return fmt.Errorf("make embedded server: %w", err)
	}
	voice := &serverLog{log: e.log, broken: e.broken}
	srv.SetLoggerV2(voice, false, false, false)
	srv.Start() // returns when the store is recovered, since there is nothing to listen on
	for !srv.ReadyForConnections(time.Second) || !srv.JetStreamEnabled() {
		if why := voice.lastError(); why != "" || ctx.Err() != nil {
			srv.Shutdown()
			srv.WaitForShutdown()
			if why == "" {
				return fmt.Errorf("start embedded server: %w", ctx.Err())
			}
			return fmt.Errorf("start embedded server: %s", why)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.srv = srv
	return nil
}

// stop stops the server and awaits it. Twice is fine.
func (e *embedded) stop() {
	e.mu.Lock()
	srv := e.srv
	e.srv = nil
	e.mu.Unlock()
	if srv != nil {
		srv.Shutdown()
		srv.WaitForShutdown()
	}
}

// InProcessConn connects to the server of the moment; the client calls it.
func (e *embedded) InProcessConn() (net.Conn, error) {
	e.mu.Lock()
	srv := e.srv
	e.mu.Unlock()
	if srv == nil {
		return nil, errors.New("the embedded server is being restarted")
	}
	return srv.InProcessConn()
}

// mend restarts the server after each write error until ctx is done: at once if it
// was well for a while, otherwise after longer and longer pauses.
func (e *embedded) mend(ctx context.Context) {
	const shortest, longest = 100 * time.Millisecond, 30 * time.Second
	pause, since := shortest, time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.broken:
		}
		if time.Since(since) > longest {
			pause = shortest
		}
		e.stop()
		for {
			e.log.Error("log cannot write, will be opened again", "in", pause)
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			pause = min(2*pause, longest)
			select { // what was said until now is of the old server
			case <-e.broken:
			default:
			}
			err := e.start(ctx)
			if err == nil {
				break
			}
			e.log.Error("log not opened", "err", err)
		}
		since = time.Now()
		e.log.Info("log opened again")
	}
}

// serverLog passes on what the server says, and listens for write errors: the
// server tells nobody else of them, a publisher just gets no answer.
type serverLog struct {
	log    *slog.Logger
	broken chan<- struct{}

	mu   sync.Mutex
	last string // what a fatal error said
}

func (l *serverLog) lastError() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// afterKill ends the warning that a kill leaves behind: the server then reads the whole
// log once, which it does in any case, and all is well.
const afterKill = "TTL state is outdated; attempting to recover using linear scan"

func (l *serverLog) say(level slog.Level, format string, args []any) {
	if strings.Contains(format, "critical write error") || strings.Contains(format, "disabling JetStream") {
		select {
		case l.broken <- struct{}{}:
		default: // one waits already
		}
	}
	if level == slog.LevelWarn && strings.Contains(format, afterKill) {
		level = slog.LevelInfo
	}
	if ctx := context.Background(); l.log.Enabled(ctx, level) {
		l.log.Log(ctx, level, "log server", "says", fmt.Sprintf(format, args...))
	}
}

func (l *serverLog) Noticef(format string, args ...any) { l.say(slog.LevelDebug, format, args) }
func (l *serverLog) Warnf(format string, args ...any)   { l.say(slog.LevelWarn, format, args) }
func (l *serverLog) Errorf(format string, args ...any)  { l.say(slog.LevelError, format, args) }
func (l *serverLog) Debugf(format string, args ...any)  {}
func (l *serverLog) Tracef(format string, args ...any)  {}

// Fatalf does not end the process: start returns what it said.
func (l *serverLog) Fatalf(format string, args ...any) {
	l.say(slog.LevelError, format, args)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = fmt.Sprintf(format, args...)
}
