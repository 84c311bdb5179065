package feeds

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	maxVisits = 256              // addresses that are remembered of a feed
	maxGap    = 15 * time.Second // no address is asked twice within this, or within the floor of the kind
)

// A record is what is remembered of one address over a restart.
type record struct {
	ETag     string    `json:"etag,omitempty"`          // byte for byte as it came
	Modified string    `json:"last_modified,omitempty"` // as well
	Known    bool      `json:"known,omitempty"`         // a document of this address was published
	Asked    time.Time `json:"asked,omitzero"`          // when the source was last asked
	Fresh    time.Time `json:"fresh,omitzero"`          // until when it need not be asked
	Keep     Seconds   `json:"keep,omitempty"`          // how long the document itself wants to be kept after each answer
	Blocked  time.Time `json:"blocked,omitzero"`        // until when it must not be asked
}

// A visit is what is known of one address. Guarded by visitor.mu.
type visit struct {
	record
	next  *record // what counts once the items of the answer are published; nil: nothing does
	moved string  // where the address has moved to for good; "": it has not
}

// due returns when it makes sense to ask again; zero: any time.
func (s *visit) due() time.Time {
	due := s.Fresh
	if s.next != nil {
		due = s.next.Fresh
	}
	return later(due, s.Blocked)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// visitKey stands for an address where it must not be readable: it may hold a secret.
func visitKey(u *url.URL) string {
	sum := sha256.Sum256([]byte(u.String()))
	return hex.EncodeToString(sum[:12])
}

// visit answers a plain GET.
func (v *visitor) visit(req *http.Request) (*http.Response, error) {
	key := visitKey(req.URL)
	whole := strings.Contains(req.Header.Get("Cache-Control"), "no-cache")
	v.mu.Lock()
	s := v.noteLocked(key)
	moved, asked := s.moved, s.Asked
	err := v.mayAskLocked(s, whole, req.Response != nil)
	if moved != "" {
		v.skipLocked(s)
	}
	if err == nil && moved == "" {
		s.Asked, s.next, v.dirty = time.Now(), nil, true
		if s.Known && !whole {
			setIf(req.Header, "If-None-Match", s.ETag)
			setIf(req.Header, "If-Modified-Since", s.Modified)
		}
	}
	v.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if moved != "" {
		return redirect(req, moved), nil
	}
	fetch := func(ctx context.Context) (*answer, error) { return v.ask(ctx, req) }
	a, err := v.fetcher.shared.get(req.Context(), asking{req: req, feed: v.feed, after: asked, within: v.floor}, fetch)
	if err != nil {
		v.unmove(req)
		return nil, err
	}
	return v.answered(req, s, a)
}

func setIf(h http.Header, name, value string) {
	if value != "" {
		h[name] = []string{value}
	}
}

// noteLocked returns the visit of an address and notes that this round is about it.
func (v *visitor) noteLocked(key string) *visit {
	s := v.visits[key]
	if s == nil {
		if len(v.visits) >= maxVisits {
			oldest := slices.MinFunc(slices.Collect(maps.Keys(v.visits)), func(a, b string) int {
				return v.visits[a].Asked.Compare(v.visits[b].Asked)
			})
			delete(v.visits, oldest)
		}
		s = &visit{}
		v.visits[key] = s
	}
	if !slices.Contains(v.round, s) && len(v.round) < maxVisits {
		v.round = append(v.round, s)
	}
	return s
}

// skipLocked takes an address that only leads to another one out of the round: when to
// come back is said at the end of the way.
func (v *visitor) skipLocked(s *visit) {
	v.round = slices.DeleteFunc(v.round, func(other *visit) bool { return other == s })
}

// mayAskLocked returns why the source is not to be asked now; nil if it may be.
func (v *visitor) mayAskLocked(s *visit, whole, redirected bool) error {
	now := time.Now()
	gap := min(v.floor, maxGap)
	switch {
	case now.Before(s.Blocked):
		wait := s.Blocked.Sub(now)
		return RetryAfter(wait, fmt.Errorf("%w: it wants to be left alone for another %s", errEarly, wait.Round(time.Second)))
	case s.Known && !whole && !v.reload && now.Before(s.Fresh):
		return errFresh
	case redirected || s.Asked.IsZero() || !now.Before(s.Asked.Add(gap)) || now.Before(s.Asked):
		return nil
	case s.Known && !whole:
		return errFresh
	}
	wait := s.Asked.Add(gap).Sub(now)
	return RetryAfter(wait, fmt.Errorf("%w: it was asked %s ago", errEarly, now.Sub(s.Asked).Round(time.Millisecond)))
}

// redirect answers with a move that is remembered, so that the client follows it as
// it followed the source's own, with all of its care about headers.
func redirect(req *http.Request, to string) *http.Response {
	a := &answer{status: http.StatusPermanentRedirect, proto: "HTTP/1.1", header: http.Header{"Location": {to}}}
	return a.response(req)
}

// unmove forgets the move that led to a request which failed.
func (v *visitor) unmove(req *http.Request) {
	if req.Response == nil || req.Response.Request == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if s := v.visits[visitKey(req.Response.Request.URL)]; s != nil {
		s.moved = ""
	}
}

// answered notes what an answer says besides the document.
func (v *visitor) answered(req *http.Request, s *visit, a *answer) (*http.Response, error) {
	res := a.response(req)
	after, said := retryAfter(a.header, a.at)
	fresh := a.at.Add(lifetime(a.header, a.at))
	advice := ""
	v.mu.Lock()
	switch a.status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo:
		s.next = &record{ETag: a.header.Get("ETag"), Modified: a.header.Get("Last-Modified"), Known: true, Fresh: fresh}
		if a.status == http.StatusNonAuthoritativeInfo {
			advice = "the source says that it will give this up (status 203): look for its successor"
		}
	case http.StatusNotModified:
		s.Fresh = later(fresh, a.at.Add(time.Duration(s.Keep)))
		setTo(&s.ETag, a.header.Get("ETag"))
		setTo(&s.Modified, a.header.Get("Last-Modified"))
	case http.StatusMovedPermanently, http.StatusPermanentRedirect:
		if to, err := res.Location(); err == nil {
			s.moved = to.String()
			advice = "the source has moved for good: change the address to " + withoutSecrets(s.moved)
		}
	case http.StatusTooManyRequests:
		if !said {
			after, said = limitedPause, true
		}
		fallthrough
	default:
		if said && a.status >= 400 {
			s.Blocked = a.at.Add(after)
		}
	}
	if a.header.Get("Location") != "" && a.status < 400 {
		v.skipLocked(s)
	}
	v.dirty = true
	v.mu.Unlock()
	if a.status >= 400 {
		v.unmove(req)
	}
	if advice != "" && v.tell != nil {
		v.tell(advice)
	}
	if a.status == http.StatusNotModified {
		return nil, ErrNotModified
	}
	res.Body = &visitBody{ReadCloser: res.Body, visitor: v, visit: s}
	return res, nil
}

func setTo(s *string, value string) {
	if value != "" {
		*s = value
	}
}

// A visitBody knows whose document it is.
type visitBody struct {
	io.ReadCloser
	visitor *visitor
	visit   *visit
}

// keepFor notes how long the document wants to be kept.
func (b *visitBody) keepFor(d time.Duration) {
	b.visitor.mu.Lock()
	defer b.visitor.mu.Unlock()
	if next := b.visit.next; next != nil {
		next.Keep = Seconds(min(d, retryMost))
		next.Fresh = later(next.Fresh, time.Now().Add(time.Duration(next.Keep)))
	}
}

// begin starts a run of the feed: documents of the run before were not published.
func (v *visitor) begin() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range v.visits {
		s.next = nil
	}
	v.round = nil
}

// pending returns the documents that were fetched and are not yet published.
func (v *visitor) pending() []*record {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []*record
	for _, s := range v.visits {
		if s.next != nil {
			list = append(list, s.next)
		}
	}
	return list
}

// published notes that the items of these documents are stored.
func (v *visitor) published(list []*record) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range v.visits {
		if s.next == nil || !slices.Contains(list, s.next) {
			continue
		}
		s.next.Asked, s.next.Blocked = s.Asked, s.Blocked
		s.record, s.next = *s.next, nil
	}
	v.dirty = true
}

// endRound returns when the source is due again, as it says itself (zero: any time),
// and whether the network was needed since the last pause.
func (v *visitor) endRound() (due time.Time, asked bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, s := range v.round {
		if d := s.due(); i == 0 || d.Before(due) {
			due = d
		}
	}
	due, asked = later(due, v.notBefore), len(v.round) > 0
	v.round, v.reload, v.notBefore = nil, false, time.Time{}
	return due, asked
}

// insist lets the next round ask again for what is fresh.
func (v *visitor) insist() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.reload = true
}
