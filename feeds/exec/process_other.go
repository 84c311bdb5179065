//go:build !unix

package exec

import (
	"os"
	osexec "os/exec"
)

func setAttributes(*osexec.Cmd) {}

func awaitExit(int) bool { return false }

// signalGroup ends the program; there are neither groups nor polite signals here.
// The end of its input was the polite way.
func signalGroup(p *os.Process, kill bool) {
	if kill {
		p.Kill()
	}
}
