// Package replay owns the kind replay: a feed that prints again what tickertape record
// has recorded, at any speed, for demonstrations. All happens on the goroutine of Run, which
// reads the file as it goes and holds one line.
//
// What it prints is flagged: simulated, as all that does not happen now, and replayed.
// Text and bare values cannot be flagged, so they are left out.
package replay
