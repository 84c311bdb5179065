package sse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

const bom = "\ufeff"

// line returns the next line without its end. It is valid until the next call.
// A CR ends a line at once: waiting to see whether LF follows would hold back an
// event until the next one.
func (r *Reader) line() ([]byte, error) {
	limit := r.max + len("data: ")
	for seen := 0; ; {
		r.skip()
		rest := r.buf[r.start:]
		if r.begun {
			if i := bytes.IndexAny(rest[seen:], "\r\n"); i >= 0 {
				end := seen + i
				if end > limit {
					break
				}
				r.skipLF = rest[end] == '\r'
				r.start += end + 1
				return rest[:end], nil
			}
			if seen = len(rest); seen > limit {
				break
			}
		}
		if r.err != nil {
			return nil, r.err // what is left of a line was cut off: dropped
		}
		r.fill()
	}
	return nil, fmt.Errorf("%w: a line has over %d bytes", ErrTooLong, limit)
}

// skip drops a byte order mark at the very start of the stream, and the LF of a
// CRLF whose CR has already ended a line.
func (r *Reader) skip() {
	rest := r.buf[r.start:]
	if !r.begun {
		if len(rest) < len(bom) && bytes.HasPrefix([]byte(bom), rest) && r.err == nil {
			return // undecided: too few bytes
		}
		r.begun = true
		if bytes.HasPrefix(rest, []byte(bom)) {
			r.start += len(bom)
		}
	}
	if r.skipLF && r.start < len(r.buf) {
		r.skipLF = false
		if r.buf[r.start] == '\n' {
			r.start++
		}
	}
}

// fill reads once more from the source. The buffer holds at most one line over
// the limit, and what came with it.
func (r *Reader) fill() {
	if r.start > 0 {
		r.buf = r.buf[:copy(r.buf, r.buf[r.start:])]
		r.start = 0
	}
	if len(r.buf) == cap(r.buf) {
		r.buf = append(make([]byte, 0, max(4096, 2*cap(r.buf))), r.buf...)
	}
	n, err := r.src.Read(r.buf[len(r.buf):cap(r.buf)])
	r.buf = r.buf[:len(r.buf)+n]
	if n == 0 && err == nil {
		if r.idle++; r.idle == 100 { // as in bufio: a broken source must not spin
			err = io.ErrNoProgress
		}
	} else {
		r.idle = 0
	}
	if errors.Is(err, io.EOF) {
		err = io.EOF
	} else if err != nil {
		err = fmt.Errorf("sse: read stream: %w", err)
	}
	r.err = err
}
