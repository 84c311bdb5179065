package exec

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"

	"golang.org/x/time/rate"
)

const (
	maxLine  = 256 << 10 // bytes of a line of output
	logLine  = 1 << 10   // bytes that are kept of a line of the log
	logLines = 20        // lines that are kept of the log
)

// errLong comes with the beginning of a line that is over the limit; the rest was
// skipped and reading goes on after it.
var errLong = errors.New("the line is too long")

// A lineReader reads lines of bounded length.
type lineReader struct {
	r    *bufio.Reader
	line []byte
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, 64<<10)}
}

// next returns the next line without its end. The line is valid until the next call.
// At the end of input it returns what is left as a line, and then the error.
func (l *lineReader) next() ([]byte, error) {
	l.line = l.line[:0]
	long := false
	for {
		part, err := l.r.ReadSlice('\n')
		long = long || len(l.line)+len(part) > maxLine+1
		if !long || len(l.line) == 0 {
			l.line = append(l.line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && len(l.line) == 0:
			return nil, err
		case long:
			return l.line, errLong
		}
		return bytes.TrimRight(l.line, "\r\n"), nil
	}
}

// ready reports whether next returns a line without waiting for input.
func (l *lineReader) ready() bool {
	buffered, err := l.r.Peek(l.r.Buffered())
	return err == nil && bytes.IndexByte(buffered, '\n') >= 0
}

// A tail keeps the last lines of a log.
type tail struct {
	lines []string // at most logLines, oldest first
}

// read takes the lines of r until its end, and logs each at debug level.
func (t *tail) read(r io.Reader, log *slog.Logger) {
	lines := newLineReader(r)
	for {
		line, err := lines.next()
		if err != nil && !errors.Is(err, errLong) {
			return
		}
		text := strings.ToValidUTF8(string(line[:min(len(line), logLine)]), "\ufffd")
		log.Debug("standard error", "line", text)
		if len(t.lines) == logLines {
			t.lines = append(t.lines[:0], t.lines[1:]...)
		}
		t.lines = append(t.lines, text)
	}
}

// last returns the last line that says anything, or "".
func (t *tail) last() string {
	for i := len(t.lines) - 1; i >= 0; i-- {
		if text := strings.TrimSpace(t.lines[i]); text != "" {
			return text
		}
	}
	return ""
}

// text returns the lines that are kept.
func (t *tail) text() string { return strings.Join(t.lines, "\n") }

// paced is a reader that is read no faster than limit, in bytes a second: what a
// program prints costs us time even if it is rubbish.
type paced struct {
	ctx   context.Context
	r     io.Reader // gives at most the burst of limit at once
	limit *rate.Limiter
}

// Read reads as [io.Reader] says, and ends with ctx.
func (p *paced) Read(b []byte) (int, error) {
	n, err := p.r.Read(b[:min(len(b), p.limit.Burst())])
	if over := p.limit.WaitN(p.ctx, n); over != nil && err == nil {
		err = over
	}
	return n, err
}
