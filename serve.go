package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"tickertape/feeds"
	"tickertape/handlers"
	"tickertape/public"
	"tickertape/topics"
	"tickertape/topics/natslog"
)

const (
	// stopWithin bounds a stop. A program that is a feed has five seconds to end before
	// it is killed; the streams are let go meanwhile.
	stopWithin  = 10 * time.Second
	feedsFirst  = time.Second
	feedsStop   = 6 * time.Second
	streamGrace = time.Second // after the time of a drain
)

// A server is the parts of a running program, in the order of their start.
type server struct {
	logger   *slog.Logger
	log      *natslog.Log
	bus      *topics.Bus
	handlers *handlers.Handlers
	public   *http.Server
	admin    *http.Server // nil: there is none
	feeds    *feeds.Supervisor

	publicListener, adminListener net.Listener
	silent                        silent
	drain                         time.Duration
	feedMemory                    string // the file of what feeds know
}

// serve runs the server until ctx ends, or a part fails; then it stops all parts in
// reverse order and returns the failure.
func serve(ctx context.Context, cfg *Config, logger *slog.Logger) error {
	for _, w := range cfg.warnings {
		logger.Warn("the configuration could be better", "place", w.place(), "warning", w.Text)
	}
	s, err := newServer(ctx, cfg, logger)
	if err != nil {
		return err
	}
	return s.run(ctx)
}

// newServer opens the log and the listeners, and starts nothing that needs stopping
// if it returns an error.
func newServer(ctx context.Context, cfg *Config, logger *slog.Logger) (*server, error) {
	s := &server{logger: logger}
	if err := s.open(ctx, cfg); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// open fills s, as far as it gets.
func (s *server) open(ctx context.Context, cfg *Config) error {
	catalogue, err := topics.NewCatalogue(cfg.Topics...)
	if err != nil {
		return err
	}
	certificates, err := loadCertificate(cfg)
	if err != nil {
		return err
	}
	if s.publicListener, err = listen(ctx, "listen", cfg.Listen, cfg.Stall); err != nil {
		return err
	}
	if cfg.Admin != "" {
		if s.adminListener, err = listen(ctx, "admin", cfg.Admin, cfg.Stall); err != nil {
			return err
		}
	}
	key, err := publishKey(cfg, s.logger)
	if err != nil {
		return err
	}
	s.log, err = natslog.Open(ctx, natslog.Options{
		Dir:      cfg.Data,
		URL:      cfg.NATS,
		Sync:     cfg.Sync,
		MaxAge:   cfg.RetentionAge,
		MaxBytes: int64(cfg.RetentionBytes),
		Logger:   s.logger,
	})
	if err != nil {
		return err
	}
	s.drain = cfg.Drain
	s.handlers, err = handlers.New(handlers.Options{
		Catalogue:   catalogue,
		PublishKey:  key,
		Proxies:     cfg.TrustedProxies,
		CORSOrigins: cfg.CORSOrigins,
		MaxBody:     int64(cfg.MaxBody),
		Heartbeat:   cfg.Heartbeat,
		Stall:       cfg.Stall,
		Drain:       cfg.Drain,
		DrainSpread: cfg.DrainSpread,
		IO:          strings.TrimPrefix(cfg.IO, "goroutine"),
		MaxAge:      cfg.MaxAge,
		MaxStreams:  maxStreams(cfg.MaxStreams),
		PerAddress:  cfg.MaxStreamsOfAddress,
		ConnectRate: cfg.ConnectRate,
		Build:       buildID(),
		Pages:       public.Files(),
		Feeds:       s.feedStates,
		Logger:      s.logger,
	})
	if err != nil {
		return err
	}
	s.bus = topics.NewBus(topics.Options{
		Catalogue: catalogue,
		Log:       s.log,
		Wire:      s.handlers.Wire(),
		Events:    cfg.TapeEvents,
		Bytes:     int(cfg.TapeBytes),
		Heartbeat: cfg.Heartbeat,
		Logger:    s.logger,
	})
	s.handlers.Use(s.bus)
	s.public = newHTTPServer(s.handlers.Public(), s.logger)
	s.public.ConnContext = handlers.ConnContext
	s.public.ConnState = s.silent.note
	s.public.TLSConfig = certificates
	s.admin = newHTTPServer(s.handlers.Admin(), s.logger)
	return s.addFeeds(cfg)
}

func newHTTPServer(h http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10, // a filter of a thousand keys fits
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}

// run starts the parts and returns when ctx has ended, or one of them has failed, and
// all have stopped.
func (s *server) run(ctx context.Context) error {
	defer s.close()
	failed, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	// Each part has a context of its own, so that they stop one after the other.
	bus := launch(failed, fail, "bus", s.bus.Run)
	admin := launch(failed, fail, "admin listener", func(context.Context) error { return s.serveAdmin() })
	public := launch(failed, fail, "listener", func(context.Context) error { return serveHTTP(s.public, s.publicListener) })
	s.logger.Info("listening", "address", s.publicListener.Addr().String())

	select {
	case <-s.bus.Ready():
		s.logger.Info("ready", "head", s.bus.Head().String())
		s.recallFeeds()
	case <-failed.Done():
	}
	memory := launch(failed, fail, "memory", func(ctx context.Context) error { trimMemory(ctx, s.handlers.Streams); return nil })
	running := launch(failed, fail, "feeds", s.feeds.Run)
	<-failed.Done()

	began := time.Now()
	s.logger.Info("stopping")
	running.cancel()
	running.await(feedsFirst) // most end at once; the streams need not wait for a stubborn program
	memory.stop(time.Second, s.logger)
	s.handlers.Drain()
	s.silent.close()
	drained := time.Now().Add(s.drain + streamGrace)
	s.shutdown(s.public, time.Until(drained))
	s.closeStreams(time.Until(drained))
	running.stop(feedsStop-time.Since(began), s.logger)
	public.stop(time.Second, s.logger)
	bus.stop(5*time.Second, s.logger)
	s.shutdown(s.admin, time.Second)
	admin.stop(time.Second, s.logger)
	s.logger.Info("stopped", "took", time.Since(began).Round(time.Millisecond))
	if err := context.Cause(failed); ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (s *server) serveAdmin() error {
	if s.adminListener == nil {
		return nil
	}
	s.logger.Info("listening for operators", "address", s.adminListener.Addr().String())
	return serveHTTP(s.admin, s.adminListener)
}

func serveHTTP(srv *http.Server, l net.Listener) error {
	serve := srv.Serve
	if srv.TLSConfig != nil {
		serve = func(l net.Listener) error { return srv.ServeTLS(l, "", "") }
	}
	if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// closeStreams waits for the streams that have left the HTTP server.
func (s *server) closeStreams(within time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	s.handlers.Close(ctx)
}

// shutdown waits for the requests under way, then cuts off what is left.
func (s *server) shutdown(srv *http.Server, within time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		s.logger.Warn("connections cut off", "error", err)
		_ = srv.Close() // what it could not close is gone
	}
}

// close releases what newServer opened. It may be called with parts missing.
func (s *server) close() {
	for _, l := range []net.Listener{s.publicListener, s.adminListener} {
		if l != nil {
			_ = l.Close() // closed already by its server
		}
	}
	if s.handlers != nil {
		s.closeStreams(0) // does nothing if they are closed
	}
	if s.log != nil {
		if err := s.log.Close(); err != nil {
			s.logger.Error("the log did not close cleanly", "error", err)
		}
	}
}

// feedStates gives the handlers the states of the feeds.
func (s *server) feedStates() []handlers.Feed {
	var list []handlers.Feed
	for _, f := range s.feeds.Status() {
		list = append(list, handlers.Feed{ID: f.ID, Topics: f.Topics, Status: f})
	}
	return list
}

// A part is a running goroutine of the server.
type part struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{} // closed when the goroutine has ended
}

// launch runs fn on a goroutine until the part is stopped. Its error ends the whole
// server. Run stops and awaits every part.
func launch(ctx context.Context, fail context.CancelCauseFunc, name string, fn func(context.Context) error) *part {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := &part{name: name, cancel: cancel, done: make(chan struct{})}
	go func() { // ends when stop cancels own; stop awaits it
		defer close(p.done)
		if err := fn(own); err != nil && own.Err() == nil {
			fail(fmt.Errorf("%s: %w", name, err))
		}
	}()
	return p
}

// stop asks the part to end and waits for it, at most so long: a stop must not hang
// on one part, and the process is about to end.
func (p *part) stop(within time.Duration, logger *slog.Logger) {
	p.cancel()
	if !p.await(within) {
		logger.Error("a part did not stop in time", "part", p.name)
	}
}

// await returns whether the part has ended within a time.
func (p *part) await(within time.Duration) bool {
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-p.done:
		return true
	case <-late.C:
		return false
	}
}
