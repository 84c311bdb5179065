package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// pssOf returns the proportional set size of a process in bytes.
func pssOf(pid int) (float64, error) {
	return kilobytes(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Pss:")
}

// kernelMemory returns what the kernel holds for all sockets of the machine and all else that
// it allocates, in bytes: slab, and the pages of TCP buffers.
func kernelMemory() (float64, error) {
	slab, err := kilobytes("/proc/meminfo", "Slab:")
	if err != nil {
		return 0, err
	}
	stat, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(stat)) {
		f := strings.Fields(line)
		if len(f) > 2 && f[0] == "TCP:" && f[len(f)-2] == "mem" {
			pages, err := strconv.ParseFloat(f[len(f)-1], 64)
			return slab + pages*float64(os.Getpagesize()), err
		}
	}
	return slab, nil
}

// kilobytes finds "name N kB" in a file and returns N in bytes.
func kilobytes(file, name string) (float64, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		if f := strings.Fields(s.Text()); len(f) >= 2 && f[0] == name {
			kb, err := strconv.ParseFloat(f[1], 64)
			return kb * 1024, err
		}
	}
	return 0, fmt.Errorf("%s says nothing of %s", file, name)
}

// descriptors counts the open files of a process.
func descriptors(pid int) (int, error) {
	names, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(names), err
}
