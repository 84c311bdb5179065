// Package system owns the feed that prints readings of the machine it runs on.
// It starts no goroutine: it runs on the one that calls Run.
//
// What cannot be read on a machine is left out of the item; the log says so once.
// The topic is public, so addresses stay out of it unless they are asked for.
package system
