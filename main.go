// Package main is tickertape: feeds print events on a tape, and any number of
// readers follow it live from one address. This file wires the parts in one
// direction, log, bus, handlers, servers, feeds, and stops them in reverse.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { // ends with the first signal, or with the process
		<-signals
		signal.Reset(os.Interrupt, syscall.SIGTERM) // before anything stops: a second signal ends the process at once
		cancel()
	}()
	calmRuntime()
	tuneMemory(os.Getenv)
	code := run(ctx, Inputs{
		Args:     os.Args[1:],
		Environ:  os.Environ(),
		ReadFile: os.ReadFile,
		Stat:     os.Stat,
		Kinds:    feedKinds(),
	}, os.Stdout, os.Stderr)
	cancel()
	os.Exit(code)
}

// run does what the command line asks for until it is done or ctx ends, and returns
// the exit code.
func run(ctx context.Context, in Inputs, stdout, stderr io.Writer) int {
	inv, err := parse(in)
	c, known := commandOf(&inv)
	if err != nil && !(known && c.judges && inv.judge(err)) {
		fmt.Fprintf(stderr, "tickertape: %v\n", err)
		return exitUsage
	}
	if c.run != nil {
		return c.run(ctx, &inv, stdout, stderr)
	}
	if err := serve(ctx, &inv.Config, newLogger(&inv.Config, stderr)); err != nil {
		fmt.Fprintln(stderr, "tickertape:", err)
		return exitFailed
	}
	return exitOK
}
