package feeds

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrNotModified is the error of a fetch whose source has nothing new since the feed
// last published (a 304, or an answer that is still fresh). [Poll] takes it for a
// success without items. A feed of several addresses goes on with the next one.
var ErrNotModified = errors.New("feeds: not modified")

// A Document is what a source answered.
type Document struct {
	Body   []byte
	Type   string      // media type in lower case, without parameters; "" if the source does not say
	Header http.Header // of the answer
	URL    *url.URL    // where the answer came from, after redirects: the base of relative links
	Time   time.Time   // when it was fetched

	from *visitBody // nil for one that no client of a [Fetcher] fetched
}

// Get fetches a document with a feed's client; header, if not nil, is added to the
// request. An address with the request header "Cache-Control: no-cache" is fetched
// whole, whatever is known of it.
//
// Get returns [ErrNotModified] where nothing is new, and otherwise for any status but
// 200 an error that tells the supervisor what to do, by the table in the package
// comment: it can be returned from a fetch as it is. A [StatusError] is in it.
func Get(ctx context.Context, c *http.Client, address string, header http.Header) (*Document, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, Fatal(fmt.Errorf("get: %w", err))
	}
	for name, values := range header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	res, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if err := CheckStatus(res); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", withoutSecrets(address), err)
	}
	d := &Document{Body: body, Header: res.Header, URL: res.Request.URL, Time: time.Now()}
	d.from, _ = res.Body.(*visitBody)
	d.Type, _, _ = mime.ParseMediaType(res.Header.Get("Content-Type")) // "" where it is broken
	return d, nil
}

// GetJSON is [Get] for a JSON document, which it decodes into what into points to.
func GetJSON(ctx context.Context, c *http.Client, address string, header http.Header, into any) (*Document, error) {
	d, err := Get(ctx, c, address, header)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(d.Body, into); err != nil {
		return nil, d.Misfit("JSON", err)
	}
	return d, nil
}

// KeepFor says that the document asks not to be fetched again before d has passed (the
// ttl of RSS), now and after each answer that it is not modified. It lengthens the
// feed's pause, by a day at most, and never shortens it.
func (d *Document) KeepFor(ttl time.Duration) {
	if d.from != nil {
		d.from.keepFor(ttl)
	}
}

// NotBefore says that the next round of fetches with a feed's client is not to begin
// before t, at most a day from now. It lengthens the pause and never shortens it.
func NotBefore(c *http.Client, t time.Time) {
	if v := visitorOf(c); v != nil {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.notBefore = later(v.notBefore, t)
	}
}

// Misfit returns the error for a document that is not what a feed wants, as "JSON",
// for a reason that may be nil. It shows how the document begins. The feed then pauses
// for the floor of its kind at least: the source worked, so why come back sooner.
func (d *Document) Misfit(want string, reason error) error {
	what := "the answer is no " + want
	if looksLikeHTML(d.Body) {
		what = "the answer is an HTML page, and no " + want
	}
	err := fmt.Errorf("%s: it begins %q", what, beginning(d.Body))
	if len(bytes.TrimSpace(d.Body)) == 0 {
		err = fmt.Errorf("%s: it is empty", what)
	}
	if reason != nil {
		err = fmt.Errorf("%w: %w", err, reason)
	}
	if d.from == nil {
		return err
	}
	return &spacedError{err, d.from.visitor.floor}
}

func looksLikeHTML(body []byte) bool {
	head := bytes.ToLower(bytes.TrimLeft(body[:min(len(body), 1024)], " \t\r\n\ufeff"))
	return bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html"))
}

// shownBytes is how much of a wrong answer a status shows.
const shownBytes = 200

func beginning(body []byte) string {
	if len(body) > shownBytes {
		body = body[:shownBytes]
		for i := 0; i < utf8.UTFMax && !utf8.Valid(body); i++ {
			body = body[:len(body)-1]
		}
	}
	return strings.Join(strings.Fields(cleanText(string(body))), " ")
}
