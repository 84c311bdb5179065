package eventsource

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"tickertape/topics"
)

// An Envelope is an event of a tickertape as its NDJSON and JSON faces have it. What the
// server itself says has its event's name as topic.
type Envelope struct {
	ID    string          `json:"id"` // "" in a snapshot of a stream
	Topic string          `json:"topic"`
	Key   string          `json:"key"`
	Time  time.Time       `json:"time"` // when the log stored it
	Data  json.RawMessage `json:"data"` // text is a string
}

// A Tape is that of a tickertape elsewhere. It is immutable.
type Tape struct {
	Client *http.Client
	Server *url.URL    // without /latest
	Header http.Header // of each request; may be nil
}

// Opening is the data of the first event of a stream.
type Opening struct {
	State     string // fresh, resumed or reset
	Reason    string
	Heartbeat float64 // seconds
}

const (
	tapeIdle  = 40 * time.Second // until the server says how often it beats
	faceLines = "application/x-ndjson"
	faceJSON  = "application/json"
)

// Follow reads the stream of what query asks for after the event with the id after ("":
// current values first) and hands over each event, with its line, which is valid until
// handle returns. More says that another line is there already. Follow blocks until the
// stream ends, or is silent for two and a half heartbeats, or handle fails, and
// returns an error, always.
func (t *Tape) Follow(ctx context.Context, query url.Values, after string, handle func(e *Envelope, line []byte, more bool) error) error {
	header := t.faceHeader(faceLines)
	if after != "" {
		header.Set(lastEventID, after)
	}
	in, err := open(ctx, t.Client, t.address(query), header, faceLines, tapeIdle)
	if err != nil {
		return fmt.Errorf("follow the tape: %w", err)
	}
	defer in.Close()
	lines := newLineReader(in)
	for {
		line, err := lines.next()
		if err != nil {
			return fmt.Errorf("follow the tape: %w", err)
		}
		var e Envelope
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("follow the tape: a line is no event: %.80q: %w", line, err)
		}
		if o, ok := e.Opening(); ok && o.Heartbeat > 0 {
			in.idle = time.Duration(min(2.5*o.Heartbeat, 3600) * float64(time.Second))
		}
		if err := handle(&e, line, lines.ready()); err != nil {
			return err
		}
	}
}

// Opening returns what an event says that begins a stream, or begins it anew.
func (e *Envelope) Opening() (o Opening, ok bool) {
	if e.Topic != "stream" {
		return o, false
	}
	return o, json.Unmarshal(e.Data, &o) == nil
}

// Bye returns the reason for which the server ends the stream, and the pause that it
// asks for.
func (e *Envelope) Bye() (reason string, pause time.Duration, ok bool) {
	var info struct {
		Reason string
		Retry  int64 `json:"retry_ms"`
	}
	if e.Topic != "bye" || json.Unmarshal(e.Data, &info) != nil {
		return "", 0, false
	}
	return info.Reason, time.Duration(min(max(info.Retry, 0), longPause.Milliseconds())) * time.Millisecond, true
}

func (t *Tape) address(query url.Values) string {
	u := t.Server.JoinPath("latest")
	u.RawQuery = query.Encode()
	return u.String()
}

// faceHeader returns the headers that ask for a face.
func (t *Tape) faceHeader(accept string) http.Header {
	h := t.Header.Clone()
	if h == nil {
		h = make(http.Header)
	}
	h.Set("Accept", accept)
	return h
}

// maxLine bounds an envelope: its data is bounded by [topics.MaxData], and text is up to
// six times as long in JSON.
const maxLine = 8 * topics.MaxData

// A lineReader reads lines of bounded length.
type lineReader struct {
	r    *bufio.Reader
	line []byte
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, 64<<10)}
}

// next returns the next line, valid until the next call. A line that the end of the
// stream cuts short is dropped.
func (l *lineReader) next() ([]byte, error) {
	l.line = l.line[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		l.line = append(l.line, part...)
		switch {
		case len(l.line) > maxLine:
			return nil, fmt.Errorf("a line of the source has over %d bytes", maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return nil, err
		}
		return bytes.TrimSpace(l.line), nil
	}
}

// ready reports whether next returns a line without waiting for the source.
func (l *lineReader) ready() bool {
	buffered, err := l.r.Peek(l.r.Buffered())
	return err == nil && bytes.IndexByte(buffered, '\n') >= 0
}
