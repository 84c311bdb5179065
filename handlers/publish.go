package handlers

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tickertape/topics"
)

const (
	// publishWait is how long the log may take to acknowledge.
	publishWait = 10 * time.Second
	// bodyWait is how long a client may take to send the body.
	bodyWait = 30 * time.Second
	// maxIdempotencyKey is the longest Idempotency-Key, in bytes.
	maxIdempotencyKey = 255
)

// published is the answer to a publish that the log has stored.
type published struct {
	IDs []string `json:"ids"` // of the events, in the order of the body
}

// publish answers POST /latest/:topic and /latest/:topic/:key: 201 once the log has
// stored every event of the body, otherwise a problem, and then none is stored.
func (h *Handlers) publish(c *gin.Context) {
	topic, err := h.mayPublish(c)
	if err != nil {
		h.fail(c, err)
		return
	}
	idempotency := c.GetHeader("Idempotency-Key")
	if len(idempotency) > maxIdempotencyKey {
		h.fail(c, bad("", fmt.Sprintf("the Idempotency-Key has %d bytes; at most %d are allowed", len(idempotency), maxIdempotencyKey)))
		return
	}
	out := http.NewResponseController(c.Writer)
	_ = out.SetReadDeadline(time.Now().Add(bodyWait)) // HTTP/2 has its own
	items, err := readBody(http.MaxBytesReader(c.Writer, c.Request.Body, h.opts.MaxBody), c.ContentType())
	if err != nil {
		h.fail(c, err)
		return
	}
	drafts := make([]topics.Draft, len(items))
	for i, item := range items {
		drafts[i] = topics.Draft{Topic: topic.Name, Key: c.Param("key"), Data: item.data, Text: item.text}
	}
	if !h.ready(c.Request.Context()) {
		h.fail(c, topics.ErrUnavailable)
		return
	}
	ctx, cancel := committed(c.Request.Context())
	defer cancel()
	began := time.Now()
	ids, err := h.bus.Publish(ctx, idempotency, drafts...)
	if err != nil {
		h.metrics.refused.Inc()
		h.fail(c, withLine(err, items))
		return
	}
	h.metrics.acknowledged.Observe(time.Since(began).Seconds())
	answer := published{IDs: make([]string, len(ids))}
	for i, id := range ids {
		answer.IDs[i] = id.String()
	}
	c.Data(http.StatusCreated, "application/json", append(mustJSON(answer), '\n'))
}

// retract answers DELETE /latest/:topic/:key, and /latest/:topic for a topic that has
// one value: 200 with the id of the retraction.
func (h *Handlers) retract(c *gin.Context) {
	topic, err := h.mayPublish(c)
	if err == nil && topic.Publish == topics.ByAnyone {
		err = h.hasKey(c.Request) // to publish freely is not to withdraw what others said
	}
	if err == nil && !h.ready(c.Request.Context()) {
		err = topics.ErrUnavailable
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	ctx, cancel := committed(c.Request.Context())
	defer cancel()
	id, err := h.bus.Retract(ctx, topic.Name, c.Param("key"))
	if err != nil {
		h.fail(c, err)
		return
	}
	c.Data(http.StatusOK, "application/json", append(mustJSON(published{IDs: []string{id.String()}}), '\n'))
}

// committed returns a context for the log: what was accepted is finished even if the
// client goes away, so that it is not left half known.
func committed(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), publishWait)
}

// mayPublish returns the topic of the request if the client may publish on it.
func (h *Handlers) mayPublish(c *gin.Context) (*topics.Topic, error) {
	t, err := h.opts.Catalogue.Lookup(c.Param("topic"))
	if err != nil {
		return nil, err
	}
	if t.Publish == topics.ByNobody {
		return nil, &problem{Status: http.StatusForbidden, Detail: fmt.Sprintf("topic %q is printed by the server itself; nobody else may publish on it", t.Name)}
	}
	if t.Publish == topics.ByAnyone && c.GetHeader("Authorization") == "" {
		return t, h.mayPublishFreely(c)
	}
	return t, h.hasKey(c.Request)
}

// mayPublishFreely guards publishing without a key: only from our own pages or those
// of configured origins (a foreign page could use any visitor's browser), and slowly.
func (h *Handlers) mayPublishFreely(c *gin.Context) error {
	if !h.anyOrigin() {
		if err := h.protect.Check(c.Request); err != nil {
			return &problem{Status: http.StatusForbidden, Detail: "pages of another origin may publish only if cors_origins names that origin"}
		}
	}
	if wait := h.public.wait(c.ClientIP(), time.Now()); wait > 0 {
		return &problem{Status: http.StatusTooManyRequests, Detail: fmt.Sprintf("too many messages from your address; the next one is welcome in %v", wait.Round(100*time.Millisecond)), retryAfter: wait}
	}
	return nil
}

func (h *Handlers) anyOrigin() bool {
	for _, o := range h.opts.CORSOrigins {
		if o == "*" {
			return true
		}
	}
	return false
}

// hasKey checks the publish key in constant time.
func (h *Handlers) hasKey(r *http.Request) error {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if key == "" || !strings.EqualFold(scheme, "Bearer") {
		return &problem{Status: http.StatusUnauthorized, Detail: "publishing needs the header Authorization: Bearer KEY; the server's log says where the key is"}
	}
	given, want := sha256.Sum256([]byte(strings.TrimSpace(key))), sha256.Sum256([]byte(h.opts.PublishKey))
	if h.opts.PublishKey == "" || subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		return &problem{Status: http.StatusUnauthorized, Detail: "this is not the publish key"}
	}
	return nil
}
