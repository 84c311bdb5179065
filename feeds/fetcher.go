package feeds

import (
	"cmp"
	"net/http"
	"time"
)

// FetchOptions of a [Fetcher]. The zero value is ready for use.
type FetchOptions struct {
	Version   string            // of the program, for the User-Agent; default "dev"
	Contact   string            // address or mail of whoever runs the program, for the User-Agent
	Transport http.RoundTripper // asked in place of the network, in tests
}

// A Fetcher makes the clients with which feeds fetch. One is shared by all feeds.
type Fetcher struct {
	opts FetchOptions
}

// NewFetcher returns a fetcher.
func NewFetcher(opts FetchOptions) *Fetcher { return &Fetcher{opts: opts} }

// Client returns the client of one feed.
func (f *Fetcher) Client(spec Spec, env Env) *http.Client {
	agent := "tickertape/" + cmp.Or(f.opts.Version, "dev")
	if f.opts.Contact != "" {
		agent += " (+" + f.opts.Contact + ")"
	}
	c := NewClient(agent, spec.Complete(env).Timeout)
	if f.opts.Transport != nil {
		c.Transport = &polite{base: f.opts.Transport, agent: agent}
	}
	return c
}

// keeper returns what notes how long an answer is to be kept; nil if nothing does.
func keeper(*http.Response) func(time.Duration) { return nil }
