package eventsource

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"tickertape/topics"
)

// An envelope is an event of another tickertape as its NDJSON and JSON faces have it.
// What the server itself says has its event's name as topic.
type envelope struct {
	ID    string          `json:"id"`
	Topic string          `json:"topic"`
	Key   string          `json:"key"`
	Data  json.RawMessage `json:"data"`
}

// draft returns the event for a topic here. Data that is a string may have been text
// there, which the faces do not tell; it is text here unless the topic takes JSON alone
// or a stream could not carry it.
func (e *envelope) draft(to *pair) topics.Draft {
	d := topics.Draft{Topic: to.here, Data: e.Data}
	if to.sameKey {
		d.Key = e.Key
	}
	var text string
	if len(e.Data) > 0 && e.Data[0] == '"' && !to.typed && json.Unmarshal(e.Data, &text) == nil && !strings.ContainsAny(text, "\x00\r") {
		d.Data, d.Text = []byte(text), true
	}
	return d
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
