//go:build unix && !linux

package exec

import "syscall"

const killsLeftovers = false

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
