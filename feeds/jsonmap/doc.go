// Package jsonmap owns how kinds of feed make items of JSON that is not theirs: paths
// of RFC 9535, a few functions, conditions and time formats, all of them checked when the
// configuration is read. A kind embeds [Options] in its own.
//
// It is no language: what it cannot say is a program of the kind exec. A [Mapper] is
// immutable and has no goroutines.
package jsonmap
