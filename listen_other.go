//go:build !linux

package main

// tune does nothing: the system's own bounds apply.
func tune(uintptr) {}
