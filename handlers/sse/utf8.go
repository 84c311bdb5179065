package sse

import "unicode/utf8"

// appendValid appends b to dst as the standard's UTF-8 decoder does: each longest
// run of bytes that begins like a character and cannot become one is replaced by
// one U+FFFD. (bytes.ToValidUTF8 replaces longer runs, a range loop each byte.)
// A line end can be part of no such run, so decoding line by line is the same as
// decoding the stream.
func appendValid(dst, b []byte) []byte {
	if utf8.Valid(b) {
		return append(dst, b...)
	}
	for len(b) > 0 {
		_, size := utf8.DecodeRune(b)
		if size == 1 && b[0] >= utf8.RuneSelf {
			dst = append(dst, "\ufffd"...)
			size = brokenLen(b)
		} else {
			dst = append(dst, b[:size]...)
		}
		b = b[size:]
	}
	return dst
}

// brokenLen returns how many bytes of b, which begins with no valid character,
// one U+FFFD stands for: 1 to 3.
func brokenLen(b []byte) int {
	need, low, high := 0, byte(0x80), byte(0xbf) // continuation bytes, range of the first one
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		need = 1
	case c >= 0xe0 && c <= 0xef:
		need = 2
		switch c {
		case 0xe0:
			low = 0xa0 // below would be overlong
		case 0xed:
			high = 0x9f // above would be a surrogate
		}
	case c >= 0xf0 && c <= 0xf4:
		need = 3
		switch c {
		case 0xf0:
			low = 0x90
		case 0xf4:
			high = 0x8f // above is past U+10FFFF
		}
	}
	n := 1
	for n <= need && n < len(b) && b[n] >= low && b[n] <= high {
		low, high = 0x80, 0xbf
		n++
	}
	return n
}
