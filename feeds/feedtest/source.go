package feedtest

import (
	"cmp"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tickertape/feeds"
)

// A Source stands in for the web in the tests of a kind: it answers from a script, be
// it well or badly, and keeps what it was asked.
//
// Without [Source.Start] it needs no socket: its client reaches it whatever host an
// address names, also inside a bubble of testing/synctest. A kind needs no option for
// the address of its source to be tested.
type Source struct {
	recorded time.Time // when its answers were; zero if nothing says so

	mu       sync.Mutex // guards the fields below
	routes   []*route   // the longest pattern first
	requests []Request
	only     *Answer // if not nil, to everything
}

// A route is what is answered to the requests that match it.
type route struct {
	pattern string
	answers []Answer
	asked   int
}

// A Request is what a source was asked.
type Request struct {
	Method string
	URL    string // whole, with its query
	Header http.Header
	Body   string
	Time   time.Time
}

// An Answer is one answer of a [Source]. The zero value is an empty 200.
//
// A request that has one of the answer's validators (an ETag in If-None-Match, a
// Last-Modified in If-Modified-Since) is answered with 304, as a good server does.
type Answer struct {
	Status int               // default 200
	Header map[string]string // Content-Type is guessed from the body unless set
	Body   string

	Wait time.Duration // before the answer begins
	Pace time.Duration // before each line of the body, which is flushed: a slow body, an event stream
	Fill int64         // so many bytes more follow the body
	Cut  bool          // the connection is cut in the end, before the body is complete
	Open bool          // in the end the answer stays open until the client goes

	Handler http.HandlerFunc // in place of all that; it must end with the request's context
}

// NewSource returns a source that gives these answers to any request, one after the
// other, and then the last one again and again. Without one it answers 404.
func NewSource(answers ...Answer) *Source {
	s := &Source{}
	if len(answers) > 0 {
		s.On("", answers...)
	}
	return s
}

// On makes the source give these answers, in their order and then the last one again
// and again, to requests whose address without scheme ("api.example/v1/x?y=z")
// contains pattern. Of several patterns the longest counts. It replaces what the same
// pattern had, and returns s.
func (s *Source) On(pattern string, answers ...Answer) *Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.routes = slices.DeleteFunc(s.routes, func(r *route) bool { return r.pattern == pattern })
	s.routes = append(s.routes, &route{pattern: pattern, answers: answers})
	slices.SortStableFunc(s.routes, func(a, b *route) int { return cmp.Compare(len(b.pattern), len(a.pattern)) })
	return s
}

// Requests returns what the source was asked so far, in order.
func (s *Source) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Start serves the source on a socket of the loopback until the test ends, and
// returns its address, as http://127.0.0.1:12345, without a slash at the end.
func (s *Source) Start(t testing.TB) string {
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL
}

// Client returns the client that a feed of that kind has in the program, with all of
// its manners and limits, whose requests all go to the source, without a socket. Give
// it to [Recorder.SetHTTP]. Its memory of validators is its own.
func (s *Source) Client(spec feeds.Spec, env feeds.Env) *http.Client {
	return s.fetcher().Client(spec, env)
}

func (s *Source) fetcher() *feeds.Fetcher {
	return feeds.NewFetcher(feeds.FetchOptions{Version: "test", Contact: "https://contact.example", Transport: s})
}

// fresh returns a source with the same script from its beginning.
func (s *Source) fresh() *Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &Source{}
	for _, r := range s.routes {
		f.routes = append(f.routes, &route{pattern: r.pattern, answers: r.answers})
	}
	return f
}

// next notes the request and returns the answer to it.
func (s *Source) next(r *http.Request) (Answer, bool) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // what could not be read is not there to look at
	u := *r.URL
	u.Host = r.Host
	u.Scheme = cmp.Or(u.Scheme, "http")
	address := strings.TrimPrefix(u.String(), u.Scheme+"://")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{
		Method: r.Method, URL: u.String(), Header: r.Header.Clone(), Body: string(body), Time: time.Now(),
	})
	if s.only != nil {
		return *s.only, true
	}
	for _, route := range s.routes {
		if strings.Contains(address, route.pattern) && len(route.answers) > 0 {
			answer := route.answers[min(route.asked, len(route.answers)-1)]
			route.asked++
			return answer, true
		}
	}
	return Answer{}, false
}

// ServeHTTP answers as the script says.
func (s *Source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, ok := s.next(r)
	switch {
	case !ok:
		http.NotFound(w, r)
	case a.Handler != nil:
		a.Handler(w, r)
	default:
		a.serve(w, r)
	}
}

func (a Answer) serve(w http.ResponseWriter, r *http.Request) {
	if !pause(r, a.Wait) {
		return
	}
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	status := cmp.Or(a.Status, http.StatusOK)
	if status == http.StatusOK && a.knownTo(r) {
		status = http.StatusNotModified
	}
	if status == http.StatusNotModified || status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", guessType(a.Body))
	}
	w.WriteHeader(status)
	if !a.write(w, r) {
		return
	}
	switch {
	case a.Cut:
		_ = http.NewResponseController(w).Flush() // the client reads what there is, and then an error
		panic(http.ErrAbortHandler)
	case a.Open:
		_ = http.NewResponseController(w).Flush() // as above
		<-r.Context().Done()
	}
}

// write sends the body and what follows it, and reports whether the client took it.
func (a Answer) write(w http.ResponseWriter, r *http.Request) bool {
	if a.Pace <= 0 {
		if _, err := io.WriteString(w, a.Body); err != nil {
			return false
		}
		return fill(w, a.Fill)
	}
	for line := range strings.SplitAfterSeq(a.Body, "\n") {
		if line == "" {
			continue
		}
		if !pause(r, a.Pace) {
			return false
		}
		if _, err := io.WriteString(w, line); err != nil || http.NewResponseController(w).Flush() != nil {
			return false
		}
	}
	return fill(w, a.Fill)
}

func fill(w io.Writer, n int64) bool {
	chunk := []byte(strings.Repeat(" ", 64<<10))
	for n > 0 {
		wrote, err := w.Write(chunk[:min(n, int64(len(chunk)))])
		if err != nil {
			return false
		}
		n -= int64(wrote)
	}
	return true
}

// pause waits, and reports whether the client is still there.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// knownTo reports whether the client has the answer already.
func (a Answer) knownTo(r *http.Request) bool {
	header := make(http.Header, len(a.Header))
	for name, value := range maps.All(a.Header) {
		header.Set(name, value)
	}
	if etag := header.Get("ETag"); etag != "" {
		return r.Header.Get("If-None-Match") == etag
	}
	modified := header.Get("Last-Modified")
	return modified != "" && r.Header.Get("If-Modified-Since") == modified
}

func guessType(body string) string {
	switch body = strings.TrimSpace(body); {
	case strings.HasPrefix(body, "{"), strings.HasPrefix(body, "["):
		return "application/json"
	case strings.HasPrefix(body, "<?xml"), strings.HasPrefix(body, "<rss"), strings.HasPrefix(body, "<feed"):
		return "application/xml"
	}
	return http.DetectContentType([]byte(body))
}
