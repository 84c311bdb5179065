package sse

import (
	"bytes"
	"strconv"
	"time"
)

// A Frame is one block of a stream. Fields that are zero are not written.
type Frame struct {
	ID    string        // moves the reader's cursor; "" leaves it where it is
	Event string        // name of the event; "" reads as "message"
	Retry time.Duration // the reader's pause before it reconnects, whole milliseconds; 0 leaves it as it is

	// Data is what the reader gets, split into lines on LF, CR and CRLF, which all
	// arrive as LF. Nil writes no data line: the block then dispatches nothing, but
	// its id and retry count. Empty but not nil writes one empty line: the reader
	// gets an event whose data is "".
	Data []byte
}

// Append appends the wire form of f to dst and returns the extended slice. It
// allocates only to grow dst. It trusts f: see [Check] for text from outside.
func Append(dst []byte, f Frame) []byte {
	dst, _ = AppendParts(dst, f)
	return dst
}

// AppendParts is [Append] that also returns where the line of the id ends:
// out[body:] is the same frame without its id. Body is len(dst) without an id.
func AppendParts(dst []byte, f Frame) (out []byte, body int) {
	if f.ID != "" {
		dst = append(dst, "id: "...)
		dst = append(dst, f.ID...)
		dst = append(dst, '\n')
	}
	body = len(dst)
	if f.Event != "" {
		dst = append(dst, "event: "...)
		dst = append(dst, f.Event...)
		dst = append(dst, '\n')
	}
	if ms := f.Retry.Milliseconds(); ms > 0 {
		dst = append(dst, "retry: "...)
		dst = strconv.AppendInt(dst, ms, 10)
		dst = append(dst, '\n')
	}
	if f.Data != nil {
		dst = appendData(dst, f.Data)
	}
	return append(dst, '\n'), body
}

// appendData writes one data line for each line of data. A line end at the very
// end of data is followed by an empty line, so that it arrives too.
func appendData(dst, data []byte) []byte {
	// The next LF and CR are each searched once, so that the work stays linear in
	// data that holds only one kind. An end is len(data) when there is no more.
	lf, cr := find(data, 0, '\n'), find(data, 0, '\r')
	for from := 0; ; {
		end := min(lf, cr)
		dst = append(dst, "data: "...)
		dst = append(dst, data[from:end]...)
		dst = append(dst, '\n')
		if end == len(data) {
			return dst
		}
		from = end + 1
		if cr == end {
			if lf == from && lf < len(data) { // CRLF is one line end
				from++
			}
			cr = find(data, from, '\r')
		}
		if lf < from {
			lf = find(data, from, '\n')
		}
	}
}

// find returns the place of the first c at or after from, or len(b).
func find(b []byte, from int, c byte) int {
	if i := bytes.IndexByte(b[from:], c); i >= 0 {
		return from + i
	}
	return len(b)
}

// AppendComment appends a comment and a blank line; readers ignore both. A bare
// one keeps proxies from closing a silent connection, but no script sees it. Each
// line of text becomes a comment line.
func AppendComment(dst []byte, text string) []byte {
	dst = append(dst, ':')
	if text != "" {
		dst = append(dst, ' ')
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\r' && i+1 < len(text) && text[i+1] == '\n':
			// The LF that follows ends the line.
		case c == '\r' || c == '\n':
			dst = append(dst, "\n: "...)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '\n', '\n')
}
