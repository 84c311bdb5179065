package handlers

import (
	"context"
	"errors"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tickertape/topics"
)

// A problem is an error as the client gets it: application/problem+json (RFC 9457).
type problem struct {
	Type       string        `json:"type" doc:"always about:blank: the title says what the status says"`
	Title      string        `json:"title" doc:"text of the status"`
	Status     int           `json:"status" doc:"the status"`
	Detail     string        `json:"detail" doc:"what was wrong, and what would be right"`
	Parameter  string        `json:"parameter,omitempty" doc:"of the query"`
	Nearest    string        `json:"nearest,omitempty" doc:"known name that was probably meant"`
	Line       int           `json:"line,omitempty" doc:"of the body, from 1"`
	Column     int           `json:"column,omitempty" doc:"of the body, in bytes from 1"`
	Event      int           `json:"event,omitempty" doc:"of the publish, from 1"`
	Field      string        `json:"field,omitempty" doc:"JSON pointer into the event"`
	retryAfter time.Duration // header, not body
}

func (p *problem) Error() string { return p.Detail }

// bad is a request that can never work.
func bad(parameter, detail string) *problem {
	return &problem{Status: http.StatusBadRequest, Parameter: parameter, Detail: detail}
}

// problemOf maps every error that a handler can meet. What is not known here is the
// server's fault, and its text stays in the log.
func problemOf(err error) *problem {
	var (
		p       *problem
		unknown *topics.UnknownTopicError
		invalid *topics.InvalidError
		filter  *topics.FilterError
		tooLong *http.MaxBytesError
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &unknown):
		return &problem{Status: http.StatusNotFound, Detail: err.Error(), Nearest: unknown.Nearest}
	case errors.As(err, &filter):
		return bad("", err.Error())
	case errors.As(err, &invalid):
		return invalidProblem(invalid)
	case errors.As(err, &tooLong):
		return &problem{Status: http.StatusRequestEntityTooLarge, Detail: "the body is over " + strconv.FormatInt(tooLong.Limit, 10) + " bytes"}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &problem{Status: http.StatusRequestTimeout, Detail: "the body did not arrive in time; nothing was stored"}
	case errors.Is(err, topics.ErrNothing):
		return bad("", "the body has no event")
	case errors.Is(err, topics.ErrNotFound):
		return &problem{Status: http.StatusNotFound, Detail: said(err)}
	case errors.Is(err, topics.ErrTooLarge):
		return &problem{Status: http.StatusRequestEntityTooLarge, Detail: said(err)}
	case errors.Is(err, topics.ErrIdempotency):
		return &problem{Status: http.StatusUnprocessableEntity, Detail: "this Idempotency-Key was used for another body; a new publish needs a new key"}
	case errors.Is(err, topics.ErrUnknownOutcome):
		return &problem{Status: http.StatusServiceUnavailable, Detail: "the log did not answer in time, the events may be stored; repeat the request with the same Idempotency-Key", retryAfter: time.Second}
	case errors.Is(err, topics.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &problem{Status: http.StatusServiceUnavailable, Detail: "the log cannot store anything now; nothing was stored", retryAfter: 2 * time.Second}
	}
	return &problem{Status: http.StatusInternalServerError, Detail: "the server failed; its log says more"}
}

// said is the text of an error of the bus without the name of the package.
func said(err error) string { return strings.TrimPrefix(err.Error(), "topics: ") }

func invalidProblem(e *topics.InvalidError) *problem {
	p := &problem{Status: http.StatusBadRequest, Detail: e.Reason, Event: e.Index + 1, Field: e.Field}
	switch {
	case e.Schema:
		p.Status = http.StatusUnprocessableEntity
	case e.Size:
		p.Status = http.StatusRequestEntityTooLarge
	}
	return p
}

// fail answers with the problem of err and logs what is the server's fault.
func (h *Handlers) fail(c *gin.Context, err error) {
	p := *problemOf(err)
	switch {
	case p.Status == http.StatusServiceUnavailable: // it passes
		h.logger.Warn("request refused for now", "method", c.Request.Method, "path", c.Request.URL.Path, "error", err)
	case p.Status >= http.StatusInternalServerError:
		h.logger.Error("request failed", "method", c.Request.Method, "path", c.Request.URL.Path, "error", err)
	}
	tell(c, p)
}

// tell answers with a problem.
func tell(c *gin.Context, p problem) {
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	if p.retryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int((p.retryAfter+time.Second-1)/time.Second)))
	}
	if p.Status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Bearer realm="tickertape"`)
	}
	c.Header("Cache-Control", "no-store")
	c.Data(p.Status, "application/problem+json", append(mustJSON(p), '\n'))
	c.Abort()
}

// recovered answers a request whose handler has panicked. An answer that has begun is
// cut off, so that nobody takes it for complete.
func (h *Handlers) recovered(c *gin.Context, fault any) {
	h.logger.Error("panic in a handler", "path", c.Request.URL.Path, "panic", fault, "stack", string(debug.Stack()))
	if c.Writer.Written() {
		panic(http.ErrAbortHandler)
	}
	h.fail(c, &problem{Status: http.StatusInternalServerError, Detail: "the server failed; its log says more"})
}
