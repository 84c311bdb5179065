package market

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"tickertape/feeds"
)

const (
	maxMessage = 1 << 20
	sendTime   = 10 * time.Second
	pongTime   = 10 * time.Second
	stuckTime  = 5 * time.Second        // when the library gives up writing a ping
	closeTime  = 500 * time.Millisecond // for the other side to answer a close
	quietTime  = time.Hour              // without any message; then the session is renewed
	pingEvery  = 20 * time.Second
	pingLeast  = 5 * time.Second
)

// ErrQuiet ends a session in which no message came for an hour. Pings were answered,
// but a source can have forgotten what it was asked for: connect again.
var ErrQuiet = errors.New("no message for an hour")

// A Source says what to connect to.
type Source struct {
	Name  string         // what errors call it
	URL   string         // wss; it may hold a key and is never shown
	Every feeds.Interval // of the feed: pings are frequent enough to keep it fresh
	Alive func()         // called after each ping that was answered, on its own goroutine
}

// A Session is an open WebSocket. Its methods are for the goroutine that runs Use.
type Session struct {
	source   Source
	conn     *websocket.Conn
	life     context.Context // of reads and writes: outlives the feed's, so that the close can be said
	messages atomic.Int64    // received
}

// Use opens a session, calls talk with it, and closes it when talk returns or ctx is
// done; reads then fail. It returns ctx's error, why the session ended, or talk's
// error. A refusal is an error as [feeds.CheckStatus] makes it.
func Use(ctx context.Context, pub feeds.Publisher, source Source, talk func(*Session) error) error {
	conn, body, err := dial(ctx, pub.HTTP(), source)
	if err != nil {
		return err
	}
	conn.SetReadLimit(maxMessage)
	inner, end := context.WithCancelCause(ctx)
	s := &Session{source: source, conn: conn, life: context.WithoutCancel(ctx)}
	var helpers sync.WaitGroup
	start := func(fn func()) {
		helpers.Add(1)
		pub.Go(func() error {
			defer helpers.Done()
			fn()
			return nil
		})
	}
	var hung error // what the watch found; read once the helpers have ended
	start(func() {
		hung = s.watch(inner)
		end(hung)
	})
	start(func() {
		<-inner.Done()
		// The close frame first; then the connection, however deaf the other side is.
		force := time.AfterFunc(closeTime, func() { body.Close() })
		defer force.Stop()
		_ = conn.Close(websocket.StatusNormalClosure, "")
	})
	err = talk(s)
	end(err)
	helpers.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	// A connection that hangs may be closed by the write of the ping, so that the reader
	// is told first, and less.
	if hung != nil && (errors.Is(context.Cause(inner), hung) || errors.Is(err, net.ErrClosed)) {
		return hung
	}
	return err
}

// dial opens the connection and returns with it what closes it at once.
func dial(ctx context.Context, client *http.Client, source Source) (*websocket.Conn, io.Closer, error) {
	upgrade := &upgrader{next: client.Transport}
	own := *client
	own.Transport = upgrade
	//nolint:bodyclose // the library closes it
	conn, res, err := websocket.Dial(ctx, source.URL, &websocket.DialOptions{HTTPClient: &own})
	if err == nil {
		return conn, upgrade.body, nil
	}
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	if res != nil && res.StatusCode != http.StatusSwitchingProtocols {
		if err := feeds.CheckStatus(res); err != nil {
			return nil, nil, fmt.Errorf("connect to %s: %w", source.Name, err)
		}
		return nil, nil, fmt.Errorf("connect to %s: it answered %d in place of a WebSocket", source.Name, res.StatusCode)
	}
	return nil, nil, fmt.Errorf("connect to %s: %w", source.Name, withoutAddress(err))
}

// withoutAddress returns the cause of an error of net/http that shows an address.
func withoutAddress(err error) error {
	var shown *url.Error
	if errors.As(err, &shown) {
		return shown.Err
	}
	return err
}

// upgrader keeps the connection of an upgrade.
type upgrader struct {
	next http.RoundTripper
	body io.Closer
}

func (u *upgrader) RoundTrip(req *http.Request) (*http.Response, error) {
	next := u.next
	if next == nil {
		next = http.DefaultTransport
	}
	res, err := next.RoundTrip(req)
	if err == nil && res.StatusCode == http.StatusSwitchingProtocols {
		u.body = res.Body
	}
	return res, err
}

// Send writes v as one JSON message.
func (s *Session) Send(v any) error {
	message, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode for %s: %w", s.source.Name, err)
	}
	ctx, cancel := context.WithTimeout(s.life, sendTime)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, message); err != nil {
		return fmt.Errorf("write to %s: %w", s.source.Name, err)
	}
	return nil
}

// Read returns the next message. A positive wait bounds how long that may take; the
// session is closed then. One over 1 MiB is an error.
func (s *Session) Read(wait time.Duration) ([]byte, error) {
	ctx, cancel := s.life, func() {}
	if wait > 0 {
		ctx, cancel = context.WithTimeout(s.life, wait)
	}
	defer cancel()
	_, message, err := s.conn.Read(ctx)
	var closed websocket.CloseError
	switch {
	case err == nil:
		s.messages.Add(1)
		return message, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded): // whatever closing the session made of it
		return nil, fmt.Errorf("%s does not answer in time", s.source.Name)
	case errors.As(err, &closed):
		return nil, fmt.Errorf("%s closed the connection (%d %.100q)", s.source.Name, closed.Code, closed.Reason)
	}
	return nil, fmt.Errorf("read from %s: %w", s.source.Name, err)
}

// watch pings until ctx is done, then returns nil, and returns an error when the
// other side hangs or has been quiet for too long. A closed market answers pings.
func (s *Session) watch(ctx context.Context) error {
	every := pingEvery
	if wanted := s.source.Every.Max; wanted > 0 {
		every = min(max(wanted, pingLeast), pingEvery)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	last, heard := int64(0), time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			count := s.messages.Load()
			if count != last {
				last, heard = count, now
			}
			if now.Sub(heard) >= quietTime {
				return ErrQuiet
			}
			if err := s.ping(ctx); err != nil {
				return err
			}
		}
	}
}

// ping asks for a sign of life: the answer, or any message meanwhile. A connection
// that ends meanwhile is the reader's to report.
func (s *Session) ping(ctx context.Context) error {
	began, before := time.Now(), s.messages.Load()
	ctx, cancel := context.WithTimeout(ctx, pongTime)
	defer cancel()
	err := s.conn.Ping(ctx)
	switch {
	case err == nil, s.messages.Load() != before:
		if s.source.Alive != nil {
			s.source.Alive()
		}
		return nil
	case time.Since(began) >= stuckTime:
		return fmt.Errorf("%s answers no ping: the connection hangs", s.source.Name)
	}
	return nil
}
