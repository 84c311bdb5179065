// Package simulated owns the invented feeds: headlines, weather, prices and a
// random number, believable enough for a display that has no other source. It
// starts no goroutine: each feed runs on the one that calls Run and keeps its
// state there.
//
// Every item is marked simulated. A seed makes the data of a run reproducible;
// times still come from the clock, and so do the hour and the season that the
// weather follows.
package simulated
