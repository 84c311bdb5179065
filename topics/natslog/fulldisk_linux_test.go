package natslog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"tickertape/topics"
)

// runFullDisk keeps files of this process small, which is to the log what a full
// disk is, and then no longer.
func runFullDisk(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	l, err := Open(ctx, Options{Dir: dir})
	if err != nil {
		return err
	}
	defer l.Close()
	signal.Ignore(syscall.SIGXFSZ)
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: was.Max}); err != nil {
		return err
	}
	event := []topics.Event{{Topic: "news", Data: make([]byte, 200<<10)}}
	var last uint64
	for {
		first, err := l.Append(ctx, event)
		if err != nil {
			if !errors.Is(err, topics.ErrUnknownOutcome) && !errors.Is(err, topics.ErrUnavailable) {
				return fmt.Errorf("append on a full disk: %w", err)
			}
			break
		}
		if last = first; last > 10 {
			return errors.New("the disk does not get full")
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		return err
	}
	for {
		first, err := l.Append(ctx, event)
		if err == nil {
			if first <= last {
				return fmt.Errorf("place %d was given out twice", first)
			}
			fmt.Println("well again")
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("append when there is room again: %w", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestFullDiskIsAnErrorAndHeals(t *testing.T) {
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), fullDiskEnv+"="+t.TempDir())
	start := time.Now()
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "well again") {
		t.Errorf("after %v: %v\n%s", time.Since(start), err, out)
	}
}
