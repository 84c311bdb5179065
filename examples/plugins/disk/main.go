//go:build linux || darwin

// Command disk says how full this machine's file systems are, as JSON lines: a feed of
// kind exec in Go. It needs nothing of tickertape, and can be built anywhere.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"syscall"
)

// A reading is one item, as it is printed.
type reading struct {
	Mount   string  `json:"mount"`
	Percent float64 `json:"percent"`
	FreeGB  float64 `json:"free_gb"`
}

func fetch(mount string) (reading, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(mount, &s); err != nil {
		return reading{}, fmt.Errorf("read %s: %w", mount, err)
	}
	tenth := func(x float64) float64 { return math.Round(x*10) / 10 }
	used := 1 - float64(s.Bfree)/float64(s.Blocks)
	return reading{mount, tenth(100 * used), tenth(float64(s.Bavail) * float64(s.Bsize) / (1 << 30))}, nil
}

func main() {
	config := struct{ Mounts []string }{Mounts: []string{"/"}}
	out := json.NewEncoder(os.Stdout) // writes each line at once
	input := bufio.NewScanner(os.Stdin)
	// The first line of input is the configuration; an empty line asks for more, the end
	// of input to stop.
	for first := true; input.Scan(); first = false {
		if first {
			if err := json.Unmarshal(input.Bytes(), &config); err != nil {
				fmt.Fprintln(os.Stderr, "config:", err)
				os.Exit(78) // a person must mend the configuration
			}
		}
		for _, mount := range config.Mounts {
			item, err := fetch(mount)
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(75) // try again in a while
			}
			_ = out.Encode(item) // a reader that is gone ends the program by its signal
		}
	}
}
