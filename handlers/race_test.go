//go:build race

package handlers

// raced says that the race detector is on: it allocates.
const raced = true
