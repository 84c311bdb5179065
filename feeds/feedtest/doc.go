// Package feedtest checks that a kind of feed keeps the contract of package
// feeds, and records what a feed prints.
//
// [Run] is the suite that every kind passes; its messages name the broken rule.
// A [Recorder] stands in for the supervisor in the tests of one feed: it owns the
// goroutines that the feed starts through it and awaits them when the test ends.
package feedtest
