//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package natslog

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile opens and locks the file of that name; closing it, or the end of the
// process, gives the lock back. It returns errLocked if another holds it.
func lockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, err
	}
	return f, nil
}
