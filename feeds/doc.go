// Package feeds owns the contract between the program and what prints on its tape,
// and supervises every feed: each runs on goroutines that its supervisor starts,
// restarts and awaits.
package feeds
