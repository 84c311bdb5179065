//go:build !windows

package natslog

import (
	"errors"
	"os"
)

// syncFile flushes a file, or the entries of a folder, to the disk.
func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
