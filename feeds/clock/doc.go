// Package clock owns the feed that prints the server's time. It starts no
// goroutine: it runs on the one that calls Run.
package clock
