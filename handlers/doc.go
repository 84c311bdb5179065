// Package handlers owns HTTP: it turns requests into readers and publishers of a
// [topics.Bus], and what they say back into the wire's faces.
//
// # Routes
//
// [Handlers.Public] serves /latest and its faces, publishing, the catalogue, the
// descriptions of all of it (OpenAPI, AsyncAPI) and the pages. [Handlers.Admin] serves
// what only operators should see: metrics, readiness, who is connected, profiles. The
// routers and the descriptions are made of one list, routes.go; the schemas of the
// descriptions are made of the structs that decode and encode, schemas.go.
//
// # Streams
//
// A stream is a position on the tape, a [topics.Subscription]; it has no queue. A
// reader whose socket is full is late, and will be given the newest values. One that
// takes nothing for [Options.Stall], or for three quarters of it where a goroutine
// writes, is cut off. There are two ways to write, and a reader cannot tell them apart:
// over HTTP/1 both end with their connection. TestPaths holds both to one suite.
//
//   - Plain HTTP/1.1, with [Options.IO] and [ConnContext]: the connection leaves the
//     HTTP server, by a second descriptor, and belongs to package fanout. The request's
//     goroutine ends. [Handlers.Close] stops and awaits the fan-out.
//   - TLS, HTTP/2, systems other than Linux, a process without a free descriptor: the
//     request's goroutine, which is the server's, writes, over HTTP/1 to the connection
//     itself. The server awaits it.
//
// Either ends when its reader goes away, when a write fails, with a bye after
// [Options.MaxAge], and with a bye in its moment of a drain: [Handlers.Drain] gives
// each stream one, and does not wait. To stop a server, call Drain, then Shutdown of
// the [http.Server], then Close, each of the last two with a bound.
//
// # Limits
//
// Each stream is admitted before it begins, [Options.MaxStreams], PerAddress and
// ConnectRate permitting, and dismissed when it ends, whatever ends it. What is not
// admitted is refused softly, see below; pages, long-polls and HEAD are not counted.
//
// # Errors
//
// Every error to a client is a problem (RFC 9457) made in errors.go, the only place
// that maps errors to status codes. An EventSource gives up for ever on any status
// but 200, so what will pass is answered with 200, bye and a retry.
package handlers
