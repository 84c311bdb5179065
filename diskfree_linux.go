package main

import "golang.org/x/sys/unix"

// diskFree returns the bytes that are free for us on the file system of a folder.
func diskFree(folder string) (free int64, ok bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * s.Bsize, true
}
