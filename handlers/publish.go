package handlers

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tickertape/topics"
)

const (
	// publishWait is how long the log may take to acknowledge.
	publishWait = 10 * time.Second
	// seenWait is how long the answer to a publish waits for readers to see it.
	seenWait = time.Second
	// maxIdempotencyKey is the longest Idempotency-Key, in bytes.
	maxIdempotencyKey = 255
)

// published is the answer to a publish that the log has stored.
type published struct {
	IDs []string `json:"ids" doc:"of the events, in the order of the body"`
}

// publish answers POST /latest/:topic and /latest/:topic/:key: 201 once the log has
// stored every event of the body, otherwise a problem, and then none is stored.
func (h *Handlers) publish(c *gin.Context) {
	ids, err := h.store(c)
	if err != nil {
		h.metrics.refused.Inc()
		h.fail(c, err)
		return
	}
	answer := published{IDs: make([]string, len(ids))}
	for i, id := range ids {
		answer.IDs[i] = id.String()
	}
	c.Data(http.StatusCreated, "application/json", append(mustJSON(answer), '\n'))
}

// store publishes the body of the request and returns the ids of its events.
func (h *Handlers) store(c *gin.Context) ([]topics.ID, error) {
	topic, free, err := h.mayPublish(c)
	if err != nil {
		return nil, err
	}
	if len(c.Request.Header.Values("Idempotency-Key")) > 1 {
		return nil, bad("", "the header Idempotency-Key is given more than once")
	}
	idempotency := c.GetHeader("Idempotency-Key")
	if len(idempotency) > maxIdempotencyKey || !printable(idempotency) {
		return nil, bad("", fmt.Sprintf("the Idempotency-Key must be UTF-8 without control characters, at most %d bytes", maxIdempotencyKey))
	}
	items, err := h.readItems(c)
	if err != nil {
		return nil, err
	}
	if free {
		if err := h.chargeRest(c, len(items)); err != nil {
			return nil, err
		}
	}
	drafts := make([]topics.Draft, len(items))
	for i, item := range items {
		drafts[i] = topics.Draft{Topic: topic.Name, Key: pathValue(c, "key"), Data: item.data, Text: item.text}
	}
	if !h.ready(c.Request.Context()) {
		return nil, topics.ErrUnavailable
	}
	ctx, cancel := committed(c.Request.Context())
	defer cancel()
	began := time.Now()
	ids, err := h.bus.Publish(ctx, idempotency, drafts...)
	if err != nil {
		return nil, withLine(err, items)
	}
	h.metrics.acknowledged.Observe(time.Since(began).Seconds())
	h.settle(ctx, ids[len(ids)-1])
	return ids, nil
}

// readItems reads the body, in a time that is bounded, and splits it.
func (h *Handlers) readItems(c *gin.Context) ([]item, error) {
	w := direct(c.Writer)
	out := http.NewResponseController(w)
	_ = out.SetReadDeadline(time.Now().Add(h.bodyWait)) // where it is not possible, the server's own bounds hold
	body := http.MaxBytesReader(w, c.Request.Body, h.opts.MaxBody)
	items, err := readBody(body, c.Request.Header)
	if !errors.Is(err, os.ErrDeadlineExceeded) { // then nothing more may be read here
		_ = out.SetReadDeadline(time.Time{})
	}
	return items, err
}

// retract answers DELETE /latest/:topic/:key, and /latest/:topic for a topic that has
// one value: 200 with the id of the retraction.
func (h *Handlers) retract(c *gin.Context) {
	topic, err := h.writable(c)
	if err == nil {
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
	key := pathValue(c, "key")
	id, err := h.bus.Retract(ctx, topic.Name, key)
	if key == "" && errors.Is(err, topics.ErrNotFound) {
		err = &problem{Status: http.StatusNotFound, Detail: whatToRetract(topic)}
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	h.settle(ctx, id)
	c.Data(http.StatusOK, "application/json", append(mustJSON(published{IDs: []string{id.String()}}), '\n'))
}

// whatToRetract says what an address lacks that names a topic alone.
func whatToRetract(t *topics.Topic) string {
	switch {
	case t.Key != "":
		return fmt.Sprintf("topic %q has a value for each %s; give one, as in /latest/%s/KEY", t.Name, t.Key, t.Name)
	case t.Mode == topics.Every:
		return fmt.Sprintf("topic %q has many events; give the id of the event, as in /latest/%s/7k3q-1042", t.Name, t.Name)
	}
	return fmt.Sprintf("topic %q has no value now", t.Name)
}

// settle waits until readers can see an event that is stored, so that a client finds
// what it has just published. It is stored in any case.
func (h *Handlers) settle(ctx context.Context, id topics.ID) {
	ctx, cancel := context.WithTimeout(ctx, seenWait)
	defer cancel()
	_ = h.bus.Await(ctx, id.Seq)
}

// committed returns a context for the log: what was accepted is finished even if the
// client goes away, so that it is not left half known.
func committed(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), publishWait)
}

// writable returns the topic of the request if it can be published on by HTTP.
func (h *Handlers) writable(c *gin.Context) (*topics.Topic, error) {
	t, err := h.opts.Catalogue.Lookup(pathValue(c, "topic"))
	if err != nil {
		return nil, err
	}
	if t.Publish == topics.ByNobody {
		return nil, &problem{Status: http.StatusForbidden, Detail: fmt.Sprintf("topic %q is printed by the server itself; nobody else may publish on it", t.Name)}
	}
	return t, nil
}

// mayPublish returns the topic of the request if the client may publish on it, and
// whether it does so without a key.
func (h *Handlers) mayPublish(c *gin.Context) (t *topics.Topic, free bool, err error) {
	if t, err = h.writable(c); err != nil {
		return nil, false, err
	}
	if t.Publish == topics.ByAnyone && c.GetHeader("Authorization") == "" {
		return t, true, h.mayPublishFreely(c)
	}
	return t, false, h.hasKey(c.Request)
}

// mayPublishFreely guards publishing without a key: only from our own pages or those
// of configured origins (a foreign page could use any visitor's browser), and slowly.
func (h *Handlers) mayPublishFreely(c *gin.Context) error {
	if !h.anyOrigin() {
		if err := h.protect.Check(c.Request); err != nil {
			return &problem{Status: http.StatusForbidden, Detail: "pages of another origin may publish only if cors_origins names that origin"}
		}
	}
	return h.charge(c, 1)
}

// chargeRest takes from the allowance of the address what a body of several events
// costs beyond its request.
func (h *Handlers) chargeRest(c *gin.Context, events int) error {
	switch {
	case events > publicBurst:
		return &problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("%d events in one publish; without a key, at most %d are allowed", events, publicBurst)}
	case events > 1:
		return h.charge(c, events-1)
	}
	return nil
}

func (h *Handlers) charge(c *gin.Context, events int) error {
	if wait := h.public.wait(c.ClientIP(), events, time.Now()); wait > 0 {
		return &problem{Status: http.StatusTooManyRequests, Detail: fmt.Sprintf("too many messages from your address; the next one is welcome in %v", wait.Round(100*time.Millisecond)), retryAfter: wait}
	}
	return nil
}

// hasKey checks the publish key in constant time.
func (h *Handlers) hasKey(r *http.Request) error {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if key == "" || !strings.EqualFold(scheme, "Bearer") {
		return &problem{Status: http.StatusUnauthorized, Detail: "publishing needs the header Authorization: Bearer KEY; the key is in the file publish-key of the data folder, unless its operator set another"}
	}
	given, want := sha256.Sum256([]byte(strings.TrimSpace(key))), sha256.Sum256([]byte(h.opts.PublishKey))
	if h.opts.PublishKey == "" || subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		return &problem{Status: http.StatusUnauthorized, Detail: "this is not the publish key"}
	}
	return nil
}
