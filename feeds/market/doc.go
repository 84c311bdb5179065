// Package market owns what the kinds that print prices of markets have in common:
// the shape of a quote, decimals that lose no digit, a board of what is known of the
// symbols, the pace of one price a symbol, and a session over a WebSocket.
//
// # Goroutines
//
// The package starts goroutines with [feeds.Publisher.Go] alone, so their panics are
// the feed's. [Use] awaits those of a session before it returns; [Board.Run] is run by
// the feed. A session is closed properly when its context ends, within half a
// second whatever the other side does: sources that allow one connection count one
// that was not closed.
//
// # Bounds
//
// A [Conflator] holds one item a symbol, a session one message of at most 1 MiB.
//
// # Secrets
//
// Addresses and headers hold keys. No error of this package shows either of them.
package market
