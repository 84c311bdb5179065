//go:build unix && !linux

package exec

import (
	osexec "os/exec"
	"syscall"
)

// setAttributes gives the program a process group of its own.
func setAttributes(cmd *osexec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// awaitExit does not wait here: what the program leaves in its group is killed only
// when we end the program.
func awaitExit(int) bool { return false }
