//go:build race

package topics

// raceEnabled skips what the race detector distorts: counts of allocations.
const raceEnabled = true
