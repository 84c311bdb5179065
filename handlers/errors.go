package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tickertape/topics"
)

// A problem is an error as the client gets it: application/problem+json (RFC 9457).
type problem struct {
	Type       string        `json:"type"`                // always "about:blank": title says what the status says
	Title      string        `json:"title"`               // text of the status
	Status     int           `json:"status"`              //
	Detail     string        `json:"detail"`              // what was wrong and what would be right
	Parameter  string        `json:"parameter,omitempty"` // of the query
	Nearest    string        `json:"nearest,omitempty"`   // known name that was probably meant
	Line       int           `json:"line,omitempty"`      // of the body, from 1
	Column     int           `json:"column,omitempty"`    // of the body, in bytes from 1
	Event      int           `json:"event,omitempty"`     // of the publish, from 1
	Field      string        `json:"field,omitempty"`     // JSON pointer into the event
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
		tooLong *http.MaxBytesError
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &unknown):
		return &problem{Status: http.StatusNotFound, Detail: err.Error(), Nearest: unknown.Nearest}
	case errors.As(err, &invalid):
		return invalidProblem(invalid)
	case errors.As(err, &tooLong):
		return &problem{Status: http.StatusRequestEntityTooLarge, Detail: "the body is over " + strconv.FormatInt(tooLong.Limit, 10) + " bytes"}
	case errors.Is(err, topics.ErrNothing):
		return bad("", "the body has no event")
	case errors.Is(err, topics.ErrNotFound):
		return &problem{Status: http.StatusNotFound, Detail: err.Error()}
	case errors.Is(err, topics.ErrTooLarge):
		return &problem{Status: http.StatusRequestEntityTooLarge, Detail: err.Error()}
	case errors.Is(err, topics.ErrIdempotency):
		return &problem{Status: http.StatusUnprocessableEntity, Detail: "this Idempotency-Key was used for another body; a new publish needs a new key"}
	case errors.Is(err, topics.ErrUnknownOutcome):
		return &problem{Status: http.StatusServiceUnavailable, Detail: "the log did not answer in time, the events may be stored; repeat the request with the same Idempotency-Key", retryAfter: time.Second}
	case errors.Is(err, topics.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &problem{Status: http.StatusServiceUnavailable, Detail: "the log cannot store anything now; nothing was stored", retryAfter: 2 * time.Second}
	}
	return &problem{Status: http.StatusInternalServerError, Detail: "the server failed; its log says more"}
}

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
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	if p.Status >= http.StatusInternalServerError {
		h.logger.Error("request failed", "method", c.Request.Method, "path", c.Request.URL.Path, "error", err)
	}
	if p.retryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int((p.retryAfter+time.Second-1)/time.Second)))
	}
	if p.Status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Bearer realm="tickertape"`)
	}
	body, _ := json.Marshal(p)
	c.Header("Cache-Control", "no-store")
	c.Data(p.Status, "application/problem+json", append(body, '\n'))
	c.Abort()
}
