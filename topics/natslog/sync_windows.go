package natslog

import (
	"errors"
	"os"
)

// syncFile flushes a file to the disk. Windows flushes only what is open for
// writing, and keeps the entries of folders by itself.
func syncFile(name string) error {
	info, err := os.Stat(name)
	if err != nil || info.IsDir() {
		return err
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
