// Package exec owns the kind exec: a feed that is a program in any language, whose
// standard output is JSON lines. Each run starts one process; the goroutines around it
// are started with Publisher.Go and end, with the process and its group, before Run returns.
//
// What a program prints and reads, its life and its bounds are in docs/feeds/exec.md, for
// those who write one.
//
// # Ownership
//
// The goroutine of Run reads output. Beside it are one that reads standard error, one
// that writes standard input, and one that ends the process when the run is over. On
// Linux the program dies with us, too.
//
// # Bounds
//
// A program that prints faster than the tape takes it is slowed down by its pipe; at most
// one pipe, one line of 256 KiB and a hundred items are held.
package exec
