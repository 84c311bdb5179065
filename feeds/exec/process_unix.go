//go:build unix

package exec

import (
	"os"
	"syscall"
)

// signalGroup asks every process of the program's group to end, or kills them.
func signalGroup(p *os.Process, kill bool) {
	signal := syscall.SIGTERM
	if kill {
		signal = syscall.SIGKILL
	}
	// The one error is that nobody is left, which is what is wanted.
	_ = syscall.Kill(-p.Pid, signal)
}
