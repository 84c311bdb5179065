package feeds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A visitor is the transport of one feed's client: it asks as the feed, remembers
// what it was told, and knows when it may ask again.
type visitor struct {
	// Static after construction, but for tell, which is set before the feed runs.
	fetcher *Fetcher
	feed    string
	timeout time.Duration // of one request, once it is its turn
	floor   time.Duration // of the kind
	tell    func(advice string)

	mu        sync.Mutex        // guards the fields below; never held across I/O
	visits    map[string]*visit // by the key of an address; at most maxVisits
	round     []*visit          // asked for since the last pause
	reload    bool              // a person wants it now: freshness does not count in this round
	notBefore time.Time         // when the feed itself wants to fetch again, at the earliest
	dirty     bool              // what is remembered changed since it was last saved
}

// visitorOf returns the visitor behind a client; nil if it is another's client.
func visitorOf(c *http.Client) *visitor {
	v, _ := c.Transport.(*visitor)
	return v
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (v *visitor) CloseIdleConnections() { v.fetcher.Close() }

// checkRedirect bounds the redirects, and keeps to a feed's own host what its
// configuration adds to requests: any of it may be a key. A circle of remembered moves
// is forgotten.
func (v *visitor) checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	if req.URL.Host != first.Host || req.URL.Scheme != first.Scheme && first.Scheme == "https" {
		for name := range req.Header {
			if name != "Accept" && name != "Cache-Control" {
				delete(req.Header, name)
			}
		}
	}
	if len(via) <= maxRedirects {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, r := range append(via, req) {
		if seen := v.visits[visitKey(r.URL)]; seen != nil {
			seen.moved = ""
		}
	}
	return NeedsAttention(errRedirects, "check the address")
}

// RoundTrip asks, or knows the answer already.
func (v *visitor) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, err := v.fetcher.gate.admit(req)
	if err != nil {
		return nil, err
	}
	req = req.Clone(ctx)
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", v.fetcher.agent)
	}
	req.Header.Del("Referer") // of a redirect: it would carry the query, and a key in it, to another host
	switch {
	case isStream(req):
		return v.stream(req)
	case isPlain(req):
		return v.visit(req)
	}
	a, err := v.ask(req.Context(), req)
	if err != nil {
		return nil, err
	}
	return a.response(req), nil
}

// isStream reports whether the answer is to be read as it comes.
func isStream(req *http.Request) bool {
	accept := req.Header.Get("Accept")
	return req.Header.Get("Upgrade") != "" || strings.Contains(accept, "text/event-stream") || strings.Contains(accept, "application/x-ndjson")
}

// isPlain reports whether the request asks for a document, and leaves it to us how.
func isPlain(req *http.Request) bool {
	for _, name := range [...]string{"Range", "If-None-Match", "If-Modified-Since", "If-Range", "If-Match", "If-Unmodified-Since"} {
		if req.Header.Get(name) != "" {
			return false
		}
	}
	return req.Method == http.MethodGet && (req.Body == nil || req.Body == http.NoBody)
}

// An answer is a whole one, in memory. It is shared and never changed.
type answer struct {
	status int
	proto  string
	header http.Header
	body   []byte
	at     time.Time // when it came
}

func (a *answer) response(req *http.Request) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)), StatusCode: a.status,
		Proto: a.proto, ProtoMajor: 1, ProtoMinor: 1, Header: a.header.Clone(), Request: req,
		Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)),
	}
}

// ask sends the request when it is its turn, and reads the answer.
func (v *visitor) ask(ctx context.Context, req *http.Request) (*answer, error) {
	release, err := v.fetcher.hosts.acquire(ctx, req.URL.Host)
	if err != nil {
		return nil, err
	}
	defer release()
	limited, cancel := context.WithTimeoutCause(ctx, v.timeout, fmt.Errorf("no whole answer within %s: %w", v.timeout, context.DeadlineExceeded))
	defer cancel()
	res, err := v.fetcher.base.RoundTrip(req.WithContext(limited))
	if err != nil {
		return nil, whyEnded(ctx, limited, err)
	}
	defer res.Body.Close()
	if res.ContentLength > maxBody {
		return nil, &spacedError{fmt.Errorf("%w: it says %d MiB", errBody, res.ContentLength>>20), limitedPause}
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", whyEnded(ctx, limited, err))
	}
	if len(body) > maxBody {
		return nil, &spacedError{errBody, limitedPause}
	}
	return &answer{status: res.StatusCode, proto: res.Proto, header: res.Header, body: body, at: time.Now()}, nil
}

// errBody is the error for an answer that is over the limit.
var errBody = fmt.Errorf("the answer is over %d MiB", maxBody>>20)

// whyEnded returns err, or, where our own limit ended it, what that is: the feed's
// context is not done.
func whyEnded(ctx, limited context.Context, err error) error {
	if ctx.Err() == nil && limited.Err() != nil {
		return context.Cause(limited)
	}
	return err
}

// stream sends a request whose answer is read by the feed as it comes.
func (v *visitor) stream(req *http.Request) (*http.Response, error) {
	release, err := v.fetcher.hosts.acquire(req.Context(), req.URL.Host)
	if err != nil {
		return nil, err
	}
	defer release()
	ctx, cancel := context.WithCancelCause(req.Context())
	late := time.AfterFunc(v.timeout, func() { cancel(fmt.Errorf("no answer within %s: %w", v.timeout, context.DeadlineExceeded)) })
	res, err := v.fetcher.base.RoundTrip(req.WithContext(ctx))
	if late.Stop(); err != nil {
		err = whyEnded(req.Context(), ctx, err)
		cancel(nil)
		return nil, err
	}
	if res.StatusCode != http.StatusSwitchingProtocols { // its body is a connection, which is left as it is
		res.Body = &streamBody{ReadCloser: res.Body, cancel: cancel}
	}
	return res, nil
}

// A streamBody ends its request when it is closed.
type streamBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (b *streamBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

// forget makes the source send everything whole once more.
func (v *visitor) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range v.visits {
		s.Known, v.dirty = false, true
	}
}

// errFresh and its like say that the source was not asked, and why.
var errFresh = fmt.Errorf("%w: what was published is still fresh", ErrNotModified)

// errEarly is the error of a request that would be one too many.
var errEarly = errors.New("the source is not asked yet")
