//go:build !linux

package main

import "time"

// keepAlive is Go's default.
const keepAlive = 0

// tune does nothing: the system's own bounds apply.
func tune(uintptr, time.Duration) {}

// maxStreams returns the configured bound.
func maxStreams(configured int) int { return configured }
