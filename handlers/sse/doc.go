// Package sse owns the bytes of Server-Sent Events, in both directions; nothing
// else in this program knows them. [Append] writes a [Frame], [Reader] reads a
// stream by the rules of the HTML standard, section 9.2. It has no goroutines
// and no state but that of a Reader, which belongs to one goroutine at a time.
//
// # Writing
//
// A frame is at most one line each of id, event and retry, then its data, then
// a blank line, in this order:
//
//	id: 7k3q-1043
//	event: stock
//	retry: 3271
//	data: {"symbol":"ACME","price":"123.45"}
//
// The id comes first, so that the same frame without its id is a suffix of it:
// [AppendParts] returns where that suffix begins, and one copy of the bytes
// serves the readers that get the id and those that do not. There is always one
// space after a colon, because a client eats one; the data's own leading spaces
// survive.
//
// Append trusts its frame. Text that came from outside must pass [Check] where
// it enters: a line break in an id or an event name would let its author write
// fields, and whole events, of their own (CWE-93).
//
// # Reading
//
// What a browser does, the Reader does: it strips one byte order mark, takes
// LF, CR and CRLF as line ends, ignores comments and unknown fields, drops a
// block that the end of the stream cut off, and lets an id without data move the
// cursor. Unlike a browser it bounds what it holds, see [ErrTooLong].
package sse
