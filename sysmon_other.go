//go:build !linux

package main

// calmRuntime does nothing: see the one for Linux.
func calmRuntime() {}
