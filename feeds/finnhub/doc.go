// Package finnhub owns the kind finnhub: prices of trades as Finnhub streams them over
// one WebSocket, with the previous close, the company and the currency that its REST
// interface gives.
//
// A run of a feed has these goroutines, all started with [feeds.Publisher.Go]: one
// that looks symbols up, one that publishes, and those of the session, which package
// market awaits. They end with the context of the run.
package finnhub
