package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// A child is a process that runs on given cores and dies with this program.
type child struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	trace string // file with what it said on standard error
}

// start runs a program on the given cores, told how many they are by GOMAXPROCS. Its standard
// error goes to a file in folder. Stop it.
func start(ctx context.Context, folder string, on []int, env []string, program string, args ...string) (*child, error) {
	trace, err := os.CreateTemp(folder, filepath.Base(program)+"-*.log")
	if err != nil {
		return nil, err
	}
	defer trace.Close()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(len(on))), env...)
	cmd.Stderr = trace
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c := &child{cmd, in, bufio.NewReader(out), trace.Name()}
	if err := pinned(on, cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s on core %v: %w", filepath.Base(program), on, err)
	}
	return c, nil
}

// pinned calls f on a thread that may run on the given cores alone; what f starts inherits that.
func pinned(on []int, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	for _, core := range on {
		set.Set(core)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return os.NewSyscallError("sched_setaffinity", err)
	}
	return errors.Join(f(), unix.SchedSetaffinity(0, &before))
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// stop kills the child and waits for it. It may be called twice.
func (c *child) stop() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// line waits for the child's next line. An error holds what it said last.
func (c *child) line() ([]byte, error) {
	b, err := c.out.ReadBytes('\n')
	if err != nil {
		_ = c.cmd.Wait()
		return nil, fmt.Errorf("%s ended: %s", filepath.Base(c.cmd.Path), c.lastWords())
	}
	return b, nil
}

// lastWords returns the end of the child's standard error.
func (c *child) lastWords() string {
	b, err := os.ReadFile(c.trace)
	if err != nil {
		return err.Error()
	}
	b = bytes.TrimSpace(b)
	return string(b[max(0, len(b)-500):])
}
