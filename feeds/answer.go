package feeds

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// A StatusError says that a source answered with a status that is no success.
type StatusError struct {
	Code int    // of HTTP
	URL  string // that was asked in the end, without secrets
	Body string // how the answer began; at most 200 bytes, in one line
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s answered %d %s", e.URL, e.Code, http.StatusText(e.Code))
	if e.Body != "" {
		text += ": " + e.Body
	}
	return text
}

const (
	forbiddenPause = 30 * time.Minute
	missingPause   = time.Hour
	limitedPause   = 15 * time.Minute
)

// CheckStatus returns nil for an answer with status 200 or 203, and otherwise the error
// that tells the supervisor what to do, by the table in the package comment. For
// kinds that use the client without [Get]; it reads from the body, and closes nothing.
func CheckStatus(res *http.Response) error {
	switch res.StatusCode {
	case http.StatusOK, http.StatusNonAuthoritativeInfo:
		return nil
	case http.StatusNotModified:
		return ErrNotModified
	}
	head, _ := io.ReadAll(io.LimitReader(res.Body, shownBytes)) // as much as there is
	err := &StatusError{Code: res.StatusCode, URL: withoutSecrets(res.Request.URL.String()), Body: beginning(head)}
	after, said := retryAfter(res.Header, time.Now())
	switch code := res.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return NeedsAttention(RetryAfter(max(after, forbiddenPause), err),
			"the source refuses us: check the key, if it wants one, and that the option contact is set")
	case code == http.StatusGone:
		return Fatal(err)
	case code == http.StatusNotFound:
		return NeedsAttention(RetryAfter(max(after, missingPause), err), "there is nothing at this address: check it")
	case code == http.StatusTooManyRequests:
		if !said {
			after = limitedPause
		}
		return RetryAfter(after, err)
	case code >= 300 && code < 400:
		return NeedsAttention(err, "the source redirects to nowhere: check the address")
	case code >= 400 && code < 500 && code != http.StatusRequestTimeout:
		return NeedsAttention(RetryAfter(after, err), "the source calls the request wrong: check the options")
	case said:
		return RetryAfter(after, err)
	}
	return err
}

// retryAfter reads Retry-After, in seconds or as a date; said is false without one
// that can be read.
func retryAfter(h http.Header, now time.Time) (d time.Duration, said bool) {
	text := h.Get("Retry-After")
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Duration(min(max(seconds, 0), int64(retryMost/time.Second))) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), retryMost), true
	}
	return 0, false
}
