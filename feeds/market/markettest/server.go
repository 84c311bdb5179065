package markettest

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"tickertape/feeds"
)

// A Server stands in for a source of market data. A request with an upgrade goes to
// Socket, any other to REST. It has no state between connections but what the
// handlers keep, and works inside any bubble of testing/synctest.
type Server struct {
	Socket func(*Conn)    // talks over one WebSocket, and closes it by returning
	REST   http.Handler   // default: answers 404
	Refuse map[string]int // status in place of an upgrade, by what the address contains

	mu    sync.Mutex // guards asked
	asked []string
}

// Client returns the client that a feed has in the program, its requests answered by
// s whatever host they name.
func (s *Server) Client(spec feeds.Spec, env feeds.Env) *http.Client {
	fetcher := feeds.NewFetcher(feeds.FetchOptions{Version: "test", Contact: "https://contact.example", Transport: s.transport()})
	return fetcher.Client(spec, env)
}

func (s *Server) transport() *http.Transport {
	dial := func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		watched := &watchedConn{Conn: client, gone: make(chan struct{})}
		h := &http.Server{Handler: s, ConnContext: watched.known, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
		_ = h.Serve(&once{conn: server}) // returns at once; the connection is served on
		return watched, nil
	}
	return &http.Transport{DialContext: dial, DialTLSContext: dial, DisableKeepAlives: true}
}

// watchedConn is the client's side of a pipe; the server's handlers see it close.
type watchedConn struct {
	net.Conn
	once sync.Once
	gone chan struct{}
}

func (c *watchedConn) Close() error {
	c.once.Do(func() { close(c.gone) })
	return c.Conn.Close()
}

type goneKey struct{}

func (c *watchedConn) known(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, goneKey{}, c.gone)
}

func goneFrom(ctx context.Context) chan struct{} {
	gone, _ := ctx.Value(goneKey{}).(chan struct{})
	return gone
}

// once is a listener with one connection.
type once struct{ conn net.Conn }

func (l *once) Accept() (net.Conn, error) {
	if l.conn == nil {
		return nil, io.EOF
	}
	c := l.conn
	l.conn = nil
	return c, nil
}

func (l *once) Close() error   { return nil }
func (l *once) Addr() net.Addr { return &net.IPAddr{} }

// ServeHTTP answers as [Server] says.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	address := r.Host + r.URL.String()
	s.mu.Lock()
	s.asked = append(s.asked, address)
	s.mu.Unlock()
	if r.Header.Get("Upgrade") == "" {
		if s.REST == nil {
			http.NotFound(w, r)
			return
		}
		s.REST.ServeHTTP(w, r)
		return
	}
	for part, status := range s.Refuse {
		if strings.Contains(address, part) {
			http.Error(w, http.StatusText(status), status)
			return
		}
	}
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	c.SetReadLimit(1 << 20)
	defer func() { _ = c.CloseNow() }()
	if s.Socket != nil {
		s.Socket(&Conn{Conn: c, Path: r.URL.Path, Query: r.URL.RawQuery, gone: goneFrom(r.Context())})
	}
}

// Asked returns the addresses of the requests so far, without scheme, sockets included.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

// A Conn is the server's side of a WebSocket.
type Conn struct {
	*websocket.Conn
	Path, Query string

	gone chan struct{} // closed with the connection
}

// Say writes a text message, well-formed or not. It reports whether the client took it.
func (c *Conn) Say(message string) bool {
	return c.Write(context.Background(), websocket.MessageText, []byte(message)) == nil
}

// Hear returns the next message, decoded; nil once the client is gone.
func (c *Conn) Hear() map[string]any {
	_, data, err := c.Read(context.Background())
	if err != nil {
		return nil
	}
	var message map[string]any
	_ = json.Unmarshal(data, &message) // nil where it is none
	return message
}

// Wait reads until the client is gone; pings are answered meanwhile. It returns why
// the client went.
func (c *Conn) Wait() error {
	for {
		if _, _, err := c.Read(context.Background()); err != nil {
			return err
		}
	}
}

// Listen makes this side answer pings from now on, while the handler does something
// else. The client must send nothing more.
func (c *Conn) Listen() { c.CloseRead(context.Background()) }

// Gone returns a channel that is closed when the client has closed the connection. It
// reads nothing: until then this side hangs, and answers not even a ping.
func (c *Conn) Gone() <-chan struct{} { return c.gone }

// Sleep hangs for d, and reports whether the client is still there.
func (c *Conn) Sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c.gone:
		return false
	case <-timer.C:
		return true
	}
}
