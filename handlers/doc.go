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
// A stream is one goroutine, the server's own for its request. It holds a
// [topics.Subscription] and writes what Next returns; it has no queue. A write may
// wait for [Options.Stall]; meanwhile the reader is late and will be given the newest
// values. A stream ends when its reader goes away, when a write fails, or when
// [Handlers.Drain] says bye; whoever serves the handler awaits it.
//
// # Errors
//
// Every error to a client is a problem (RFC 9457) made in errors.go, the only place
// that maps errors to status codes. An EventSource gives up for ever on any status
// but 200, so what will pass is answered with 200, bye and a retry.
package handlers
