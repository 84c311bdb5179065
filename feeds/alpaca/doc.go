// Package alpaca owns the kind alpaca: prices of trades as Alpaca streams them over one
// WebSocket, with the last price and the previous close of its snapshots.
//
// A run of a feed has these goroutines, all started with [feeds.Publisher.Go]: one
// that asks for snapshots, one that publishes, and those of the session, which package
// market awaits. They end with the context of the run.
package alpaca
