package main

import (
	"bytes"
	"errors"
	"fmt"
)

// nextFrame cuts the first whole frame of an event stream, blank line included, from b. The
// frame is nil while its end has not arrived. guess is the length of the last frame, 0 for
// none: where a blank line ends there, nothing before it is searched. (A short frame before a
// frame that is shorter by just that much would be taken with it; the event at the end of the
// two is still found.)
func nextFrame(b []byte, guess int) (frame, rest []byte) {
	if guess >= 2 && len(b) >= guess && b[guess-1] == '\n' && b[guess-2] == '\n' {
		return b[:guess], b[guess:]
	}
	end := bytes.Index(b, blankLine)
	if end < 0 {
		return nil, b
	}
	return b[:end+2], b[end+2:]
}

var (
	blankLine = []byte("\n\n")
	headEnd   = []byte("\r\n\r\n")
)

// errRefused says that a server did not answer 200 to a reader.
var errRefused = errors.New("reader refused")

// cutHead takes the response head from b. It is false while the head is not complete, and an
// error that wraps errRefused, with the first line, for any status but 200.
func cutHead(b []byte) (body []byte, chunked, ok bool, err error) {
	end := bytes.Index(b, headEnd)
	if end < 0 {
		return b, false, false, nil
	}
	head := bytes.ToLower(b[:end])
	if !bytes.HasPrefix(head, []byte("http/1.1 200")) {
		line, _, _ := bytes.Cut(b, []byte("\r\n"))
		return nil, false, false, fmt.Errorf("%w: %s", errRefused, line)
	}
	return b[end+len(headEnd):], bytes.Contains(head, []byte("\r\ntransfer-encoding: chunked")), true, nil
}

// chunks removes the framing of a chunked body. The zero value stands before the first chunk.
type chunks struct {
	left int  // bytes of the current chunk that have not come
	size int  // the size line that is being read, as far as it has come
	tail bool // the line end after a chunk's data is to come
	ext  bool // the rest of the size line is an extension
}

// strip returns the data in b, moved to its beginning: b is overwritten.
func (c *chunks) strip(b []byte) []byte {
	data := b[:0]
	for i := 0; i < len(b); {
		if c.left > 0 {
			n := min(c.left, len(b)-i)
			data = append(data, b[i:i+n]...)
			i += n
			c.left -= n
			c.tail = c.left == 0
			continue
		}
		c.line(b[i])
		i++
	}
	return data
}

func (c *chunks) line(b byte) {
	switch {
	case b == '\r':
	case b == '\n' && c.tail:
		c.tail = false
	case b == '\n':
		c.left, c.size, c.ext = c.size, 0, false
	case b == ';' || c.ext:
		c.ext = true
	case b >= '0' && b <= '9':
		c.size = c.size<<4 | int(b-'0')
	default:
		c.size = c.size<<4 | int(b|0x20-'a'+10)
	}
}
