package feeds

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	maxBody      = 5 << 20 // bytes of one answer
	maxRedirects = 5
)

// errBody is the error of reading on in an answer that is over the limit.
var errBody = fmt.Errorf("the answer is over %d MiB", maxBody>>20)

// NewClient returns a client that names itself agent in every request, follows at
// most five redirects, and ends a fetch, its body included, after timeout. Reading
// more than 5 MiB of an answer is an error.
func NewClient(agent string, timeout time.Duration) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = 2
	return &http.Client{
		Transport: &polite{base: transport, agent: agent},
		Timeout:   timeout,
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("more than five redirects")
			}
			return nil
		},
	}
}

// polite adds to each request and answer what NewClient promises.
type polite struct {
	base  http.RoundTripper
	agent string
}

func (p *polite) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("User-Agent") == "" {
		req = req.Clone(req.Context())
		req.Header.Set("User-Agent", p.agent)
	}
	res, err := p.base.RoundTrip(req)
	if err == nil && res.StatusCode != http.StatusSwitchingProtocols { // a WebSocket is both read and written
		res.Body = &boundedBody{ReadCloser: res.Body, left: maxBody}
	}
	return res, err
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (p *polite) CloseIdleConnections() {
	if c, ok := p.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// boundedBody fails, rather than ends, at the limit: half a document is no document.
type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errBody
	}
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return n + b.left, errBody
	}
	return n, err
}
