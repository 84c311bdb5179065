package handlers

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tickertape/topics"
)

// getLatest answers GET /latest, /latest/:topic and /latest/:topic/:key in the face
// that the client asks for.
func (h *Handlers) getLatest(c *gin.Context) {
	c.Writer.Header().Add("Vary", "Accept")
	as, _ := h.faces.of(accepted(c.Request), negotiate)
	if as == "" {
		h.fail(c, &problem{Status: http.StatusNotAcceptable, Detail: "this address speaks text/event-stream, application/json and application/x-ndjson"})
		return
	}
	p, err := h.params(c)
	if err == nil {
		err = p.fit(as)
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	if h.over(p.filter) {
		c.Status(http.StatusNoContent) // an EventSource does not come back
		return
	}
	if h.draining.Err() != nil || !h.ready(c.Request.Context()) {
		h.refuse(c)
		return
	}
	h.awaitPosition(c.Request.Context(), p.after)
	if c.Request.Method == http.MethodHead && as != faceJSON {
		streamHeaders(c.Writer.Header(), as)
		c.Status(http.StatusOK)
		return
	}
	switch as {
	case faceJSON:
		h.serveJSON(c, p)
	case faceNDJSON:
		h.serveStream(c, p, as, h.lines)
	default:
		h.serveStream(c, p, as, h.stream)
	}
}

// params decodes query and path. A topic in the path is the whole filter.
func (h *Handlers) params(c *gin.Context) (*params, error) {
	q, err := h.questions.of(c.Request.URL.RawQuery, h.ask)
	if err != nil {
		return nil, err
	}
	filter := q.filter
	if c.FullPath() != "/latest" { // even if what it names is empty
		if filter, err = h.pathFilter(c, q); err != nil {
			return nil, err
		}
	}
	p, err := q.params(c.GetHeader("Last-Event-ID"), time.Now())
	if err != nil {
		return nil, err
	}
	p.filter = filter
	return p, nil
}

// pathFilter returns the filter for the topic, or the key of it, that the path names.
func (h *Handlers) pathFilter(c *gin.Context, q *question) (topics.Filter, error) {
	topic, key := pathValue(c, "topic"), pathValue(c, "key")
	if len(q.Type) > 0 {
		return topics.Filter{}, bad("type", "the address names the topic already; leave type out, or use /latest?type=")
	}
	if !printable(key) {
		return topics.Filter{}, bad("", "the key in the address is not UTF-8, or holds a control character")
	}
	return h.filters.of(topic+"\x00"+key, func(string) (topics.Filter, error) {
		return topics.TopicFilter(h.opts.Catalogue, topic, key)
	})
}

// ask reads a query, as [memo.of] wants it.
func (h *Handlers) ask(raw string) (*question, error) { return readQuestion(h.opts.Catalogue, raw) }

// fit refuses parameters that the face would ignore.
func (p *params) fit(as face) error {
	if as == faceJSON {
		if p.every > 0 {
			return bad("every", "every is for streams; ask for application/json as often as you like")
		}
		return nil
	}
	if p.wait > 0 {
		return bad("wait", "wait is for Accept: application/json; a stream waits by itself")
	}
	if p.limit > 0 {
		return bad("limit", "limit is for Accept: application/json; a stream has no end")
	}
	return nil
}

// over reports whether all topics of a filter are retired.
func (h *Handlers) over(f topics.Filter) bool {
	names := f.Topics()
	for _, name := range names {
		if t, err := h.opts.Catalogue.Lookup(name); err != nil || !t.Retired {
			return false
		}
	}
	return len(names) > 0 // a * that matches nothing yet is not over
}

// awaitPosition gives this process a moment to reach a position that another one on
// the same log has already shown to the reader.
func (h *Handlers) awaitPosition(ctx context.Context, after string) {
	if after == "" {
		return
	}
	id, err := topics.ParseID(after)
	head := h.bus.Head()
	const near = 10000 // further ahead is no race between two processes
	if err != nil || id.Epoch != head.Epoch || id.Seq <= head.Seq || id.Seq-head.Seq > near {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = h.bus.Await(ctx, id.Seq) // if it is not reached, the reader gets a reset
}

// refuse answers a request that may work later. An EventSource would give up for
// ever on a 503, so it gets a stream that says bye.
func (h *Handlers) refuse(c *gin.Context) {
	reason := byeOverload
	if h.draining.Err() != nil {
		reason = byeDrain
	}
	h.metrics.turnedAway.WithLabelValues(string(reason)).Inc()
	h.sayRefused.Do(func() {
		h.logger.Warn("streams are refused; told at most once a minute", "reason", reason, "open", h.streams.count())
	})
	pause := retry(h.opts.DrainSpread/4, h.opts.DrainSpread)
	if !isEventSource(c.Request) {
		tell(c, problem{Status: http.StatusServiceUnavailable, Detail: "the server is starting, stopping or full; come back in a moment", retryAfter: pause})
		return
	}
	streamHeaders(c.Writer.Header(), faceStream)
	if c.Request.ProtoMajor == 1 {
		c.Header("Connection", "close") // it makes room for another
	}
	c.Data(http.StatusOK, "text/event-stream", h.stream.bye(reason, pause))
}

// jsonPage is the JSON face.
type jsonPage struct {
	State  topics.State  `json:"state"`
	Reason topics.Reason `json:"reason,omitempty"`
	Time   string        `json:"time" format:"date-time"`
	Cursor string        `json:"cursor" doc:"give it as last_event_id to go on from here"`
	More   bool          `json:"more" doc:"the limit cut the page short"`
	Events []envelope    `json:"events"`
}

// serveJSON answers with the current values, or the events after a position. With
// wait it blocks until there is something that the client does not have.
func (h *Handlers) serveJSON(c *gin.Context, p *params) {
	limit := p.limit
	if limit == 0 {
		limit = defaultLimit
	}
	r := p.request(h.stream)
	page := h.bus.Read(r, limit)
	if c.Request.Method == http.MethodGet && p.wait > 0 && (isKnown(c.Request, tagged(page)) || page.State == topics.Resumed && len(page.Events) == 0) {
		ctx, cancel := h.untilDrain(c.Request.Context(), p.wait)
		h.bus.Wait(ctx, p.filter, h.stream, page.Cursor)
		cancel()
		page = h.bus.Read(r, limit)
	}
	c.Header("ETag", tagged(page))
	c.Header("Cache-Control", "no-cache")
	if isKnown(c.Request, tagged(page)) {
		c.Status(http.StatusNotModified)
		return
	}
	out := jsonPage{
		State:  page.State,
		Reason: page.Reason,
		Time:   stamp(page.Time),
		Cursor: page.Cursor.String(),
		More:   page.More,
		Events: make([]envelope, len(page.Events)),
	}
	for i, e := range page.Events {
		out.Events[i] = envelopeOf(topics.ID{Epoch: page.Cursor.Epoch, Seq: e.Seq}, e)
	}
	c.Data(http.StatusOK, "application/json", append(mustJSON(out), '\n'))
}

// tagged is the entity tag of a page: weak, for the cursor moves while the values
// stay (RFC 9110, section 8.8.3).
func tagged(p topics.Page) string { return `W/"` + p.Tag + `"` }

// isKnown reports whether the client has the page with that entity tag: If-None-Match
// compares weakly (RFC 9110, section 13.1.2), for a proxy that compresses weakens tags.
func isKnown(r *http.Request, tag string) bool {
	for _, line := range r.Header.Values("If-None-Match") {
		for known := range strings.SplitSeq(line, ",") {
			known = strings.TrimSpace(known)
			if known == "*" || strings.TrimPrefix(known, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
	}
	return false
}

// untilDrain returns a context that ends after d, with ctx, or with a drain.
func (h *Handlers) untilDrain(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, d)
	stop := context.AfterFunc(h.draining, cancel)
	return ctx, func() { stop(); cancel() }
}
