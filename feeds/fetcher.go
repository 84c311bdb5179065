package feeds

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
)

const (
	maxBody      = 5 << 20 // bytes of one answer, decompressed
	maxRedirects = 5
	maxInFlight  = 2 // requests to one host, over all feeds
)

// FetchOptions of a [Fetcher]. The zero value is ready for use.
type FetchOptions struct {
	Version string // of the program, for the User-Agent; default "dev"
	Contact string // address or mail of whoever runs the program, for the User-Agent

	// Proxy says which proxy a request goes through, as [http.ProxyFromEnvironment]
	// does; default: none. A proxy may have a private address.
	Proxy func(*http.Request) (*url.URL, error)
	// Private lets every feed reach private addresses. Otherwise only a feed whose
	// address itself names a private host can, and that host alone.
	Private bool
	// Transport is asked in place of the network, in tests.
	Transport http.RoundTripper
	Logger    *slog.Logger // default: nothing is logged

	// Around is put around what asks the network, to watch it; default: nothing is.
	Around func(http.RoundTripper) http.RoundTripper
}

// A Fetcher makes the clients with which feeds fetch. All feeds share one: it is what
// keeps them from asking a host, or for a document, more than is polite together.
//
// It starts goroutines for requests only; whoever asked awaits them.
type Fetcher struct {
	agent  string
	base   http.RoundTripper
	gate   gate
	logger *slog.Logger
	hosts  hosts
	shared shared
}

// NewFetcher returns a fetcher.
func NewFetcher(o FetchOptions) *Fetcher {
	f := &Fetcher{agent: "tickertape/" + cmp.Or(o.Version, "dev"), logger: o.Logger, base: o.Transport}
	if o.Contact != "" {
		f.agent += " (+" + o.Contact + ")"
	}
	if f.logger == nil {
		f.logger = slog.New(slog.DiscardHandler)
	}
	f.gate = gate{open: o.Private, proxy: o.Proxy}
	if f.base == nil {
		f.base = f.gate.transport()
	}
	if o.Around != nil {
		f.base = o.Around(f.base)
	}
	return f
}

// Client returns the client of one feed. It keeps the manners and limits that the
// package comment lists by itself, for Get and Do alike.
//
// A plain GET is read whole before it is handed over, at most 5 MiB. An answer that
// is to be read as it comes (an event stream, a WebSocket) is one to a request whose
// header says so: Accept names text/event-stream or application/x-ndjson, or there is
// an Upgrade. It has no limits, but for the time until it begins.
func (f *Fetcher) Client(spec Spec, env Env) *http.Client {
	env = spec.Complete(env)
	v := &visitor{fetcher: f, feed: env.ID, timeout: env.Timeout, floor: spec.Floor, visits: make(map[string]*visit)}
	return &http.Client{Transport: v, CheckRedirect: v.checkRedirect}
}

// Close closes the connections that nobody uses.
func (f *Fetcher) Close() {
	if c, ok := f.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// hosts bounds the requests in flight to each host. The zero value is ready for use.
type hosts struct {
	mu    sync.Mutex
	slots map[string]*slots // of hosts that are asked now
}

type slots struct {
	free  chan struct{} // capacity maxInFlight, holds what is taken
	users int           // guarded by hosts.mu: requests that hold or await a slot
}

// acquire waits for a slot of the host, or returns ctx's error.
func (h *hosts) acquire(ctx context.Context, host string) (release func(), err error) {
	h.mu.Lock()
	if h.slots == nil {
		h.slots = make(map[string]*slots)
	}
	s := h.slots[host]
	if s == nil {
		s = &slots{free: make(chan struct{}, maxInFlight)}
		h.slots[host] = s
	}
	s.users++
	h.mu.Unlock()
	leave := func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if s.users--; s.users == 0 {
			delete(h.slots, host)
		}
	}
	select {
	case s.free <- struct{}{}:
		return func() { <-s.free; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

var errRedirects = errors.New("more than five redirects")
