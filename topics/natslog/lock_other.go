//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd && !windows

package natslog

import "os"

// lockFile opens the file of that name. This system has no lock that ends with
// the process, so a second process is not kept out.
func lockFile(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
}
