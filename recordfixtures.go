package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"tickertape/feeds"
)

// fixtureOptions are the flags of feeds record.
type fixtureOptions struct {
	ID      string        `option:"id" doc:"Which feed of the file, if it has several."`
	Into    string        `option:"into" value:"FOLDER" doc:"Where to write the answers, as feeds/tides/testdata/ok; made if it is not there."`
	Replace bool          `option:"replace" default:"false" doc:"Remove the answers that are in the folder, and what was wanted of them."`
	Timeout time.Duration `option:"timeout" default:"30s" min:"100ms" max:"24h" doc:"When to give up waiting for them."`
}

const (
	settledAfter = time.Second // without a word, a poll is taken to be over
	maxAnswers   = 99          // of one recording
	maxAnswer    = 5 << 20     // bytes of one
)

// runFixtures runs one feed and keeps what it is answered, for its tests.
func runFixtures(ctx context.Context, inv *Invocation, stdout, stderr io.Writer) int {
	flags := ownFlags[fixtureOptions](inv)
	f, err := inv.feedToTry(flags.ID)
	if err == nil && flags.Into == "" {
		err = errors.New("record into which folder? say --into feeds/NAME/testdata/ok")
	}
	if err != nil {
		fmt.Fprintf(stderr, "tickertape: %v\n", err)
		return exitUsage
	}
	logger := newLogger(&inv.Config, stderr)
	keep := &answers{mask: feeds.NewMask(f.Env.Secrets)}
	t := &trial{feed: f, want: 1 << 30, log: newTryLog(io.Discard)}
	t.around = keep.around
	t.until = func(s feeds.Status) bool {
		now := time.Now()
		return !s.LastOK.IsZero() && now.Sub(s.LastOK) > settledAfter || s.State == feeds.Running && now.Sub(s.Since) > 3*settledAfter
	}
	if err := t.run(ctx, &inv.Config, logger, flags.Timeout); err != nil {
		fmt.Fprintf(stderr, "tickertape: record %s: %v\n", f.Env.ID, err)
		return exitFailed
	}
	written, err := keep.write(flags.Into, flags.Replace)
	for _, line := range written {
		fmt.Fprintln(stdout, line)
	}
	failure, failed := t.failure()
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "tickertape: record %s: %v\n", f.Env.ID, err)
		return exitFailed
	case failed:
		fmt.Fprintf(stderr, "tickertape: record %s: the feed failed: %s\n", f.Env.ID, failure.LastError)
		if failure.Hint != "" {
			fmt.Fprintf(stderr, "hint: %s\n", failure.Hint)
		}
		return exitFailed
	case len(written) == 0:
		fmt.Fprintf(stderr, "tickertape: record %s: it asked nobody by HTTP\n", f.Env.ID)
		return exitFailed
	}
	return exitOK
}

// answers are those that a feed was given. Its methods may be called from any goroutine.
type answers struct {
	mask feeds.Mask // over what is kept

	mu   sync.Mutex // guards list
	list [][]byte   // as HTTP sends them; at most maxAnswers
}

// around keeps the answers that pass through next.
func (a *answers) around(next http.RoundTripper) http.RoundTripper { return &answerKeeper{next, a} }

type answerKeeper struct {
	next    http.RoundTripper
	answers *answers
}

// RoundTrip asks, and keeps an answer that has an end.
func (k *answerKeeper) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := k.next.RoundTrip(req)
	if err != nil || res.StatusCode == http.StatusSwitchingProtocols || strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return res, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, errors.Join(err, res.Body.Close())
	}
	if len(body) <= maxAnswer {
		k.answers.keep(req, res, body)
	}
	res.Body = &readAgain{io.MultiReader(bytes.NewReader(body), res.Body), res.Body}
	return res, nil
}

// CloseIdleConnections is what a fetcher calls in the end.
func (k *answerKeeper) CloseIdleConnections() {
	if c, ok := k.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// A readAgain is a body whose beginning was read already.
type readAgain struct {
	io.Reader
	io.Closer
}

// keptHeaders mean something to a feed, or to those who read the answer later.
var keptHeaders = []string{"Content-Type", "Date", "Etag", "Last-Modified", "Cache-Control", "Expires", "Retry-After", "Location"}

// keep notes one answer, in the form that feedtest.Fixtures reads.
func (a *answers) keep(req *http.Request, res *http.Response, body []byte) {
	var text bytes.Buffer
	fmt.Fprintf(&text, "HTTP/1.1 %03d %s\r\n", res.StatusCode, http.StatusText(res.StatusCode))
	for _, name := range keptHeaders {
		if value := res.Header.Get(name); value != "" {
			fmt.Fprintf(&text, "%s: %s\r\n", name, a.mask.Text(value))
		}
	}
	// The part of the address up to its query says which requests it answers.
	fmt.Fprintf(&text, "Content-Location: %s%s\r\n", req.URL.Host, strings.SplitN(a.mask.Text(req.URL.EscapedPath()), masked, 2)[0])
	shown := a.mask.Text(string(body))
	fmt.Fprintf(&text, "Content-Length: %d\r\n\r\n%s", len(shown), shown)
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.list) < maxAnswers {
		a.list = append(a.list, text.Bytes())
	}
}

// write writes the answers into a folder, after those that are there, and returns a
// line on each.
func (a *answers) write(folder string, replace bool) (lines []string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.list) == 0 {
		return nil, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	there, err := filepath.Glob(filepath.Join(folder, "response*"))
	if err != nil {
		return nil, err
	}
	if replace {
		for _, file := range append(there, filepath.Join(folder, "want")) {
			if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
				return nil, err
			}
		}
		there = nil
	}
	for i, text := range a.list {
		file := filepath.Join(folder, fmt.Sprintf("response%02d", len(there)+1+i))
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return lines, err
		}
		status, _, _ := bytes.Cut(text, []byte("\r\n"))
		lines = append(lines, fmt.Sprintf("wrote %s: %s, %s", file, bytes.TrimPrefix(status, []byte("HTTP/1.1 ")), Size(len(text))))
	}
	return lines, nil
}
