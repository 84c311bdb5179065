package main

import (
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// calmRuntime keeps the Go runtime's monitor thread from interrupting the others. It
// looks after blocked threads every 20 microseconds while there is work, and each time
// takes the core from whoever writes to sockets there. As a batch thread it waits for
// its turn of a few milliseconds; with a core to spare nothing changes. What goes wrong
// only costs that gain.
//
// The runtime makes that thread before all others, so it is the first after the main one.
func calmRuntime() {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	var threads []int
	for _, task := range tasks {
		if id, err := strconv.Atoi(task.Name()); err == nil && id > os.Getpid() {
			threads = append(threads, id)
		}
	}
	if len(threads) > 0 {
		_ = unix.SchedSetAttr(slices.Min(threads), &unix.SchedAttr{Policy: unix.SCHED_BATCH}, 0)
	}
}
