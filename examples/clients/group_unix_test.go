//go:build unix

package clients_test

import (
	"os/exec"
	"syscall"
)

// endGroup makes the end of a program that of its children too: a shell's curl.
func endGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}
