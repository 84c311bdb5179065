package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tickertape/handlers/sse"
)

// A stop as main makes it: readers are told bye with a retry of their own, and the
// server is gone in time.
func TestStopSaysBye(t *testing.T) {
	eachIO(t, func(t *testing.T, io string) {
		ctx := testContext(t)
		address, stop := startServer(t, testConfig(t, func(c *Config) { c.IO = io }))
		c := &client{t: t, url: address + "/latest/lines"}
		if err := c.open(ctx); err != nil {
			t.Fatal(err)
		}
		defer c.close()
		c.until("live")
		stopped := make(chan time.Duration, 1)
		go func() {
			began := time.Now()
			stop()
			stopped <- time.Since(began)
		}()
		if retry := retryOf(t, c.until("bye")); retry < time.Second {
			t.Errorf("come back after %v", retry)
		}
		if took := <-stopped; took > stopWithin {
			t.Errorf("stopping took %v; want at most %v", took, stopWithin)
		}
	})
}

// retryOf returns the pause of a bye.
func retryOf(t *testing.T, e sse.Event) time.Duration {
	t.Helper()
	var bye struct {
		Reason string
		Retry  int64 `json:"retry_ms"`
	}
	if err := json.Unmarshal(e.Data, &bye); err != nil || bye.Reason != "drain" || bye.Retry <= 0 {
		t.Errorf("bye is %s (%v); want the reason drain and a retry", e.Data, err)
	}
	return time.Duration(bye.Retry) * time.Millisecond
}

// signal sends a signal to the process.
func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// wait returns how the process ended.
func (p *process) wait(t *testing.T, within time.Duration) error {
	t.Helper()
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case err := <-p.done:
		return err
	case <-late.C:
		t.Fatalf("the process is still there after %v", within)
		return nil
	}
}

// herd opens streams of a process and waits until all have begun.
func herd(t *testing.T, address string, readers int) []*sse.Reader {
	t.Helper()
	streams := make([]*sse.Reader, readers)
	var opening sync.WaitGroup
	for i := range streams {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(address, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		opening.Go(func() {
			fmt.Fprint(conn, "GET /latest/lines HTTP/1.0\r\nAccept: text/event-stream\r\n\r\n")
			if err := skipHead(conn); err != nil {
				t.Errorf("open a stream: %v", err)
				return
			}
			streams[i] = sse.NewReader(conn, 64<<10)
			for {
				e, err := streams[i].Next()
				if err != nil {
					t.Errorf("open a stream: %v", err)
					return
				}
				if e.Type == "live" {
					return
				}
			}
		})
	}
	opening.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return streams
}

// processConfig writes the configuration of a process without feeds.
func processConfig(t *testing.T, more string) (file string) {
	t.Helper()
	dir := t.TempDir()
	file = filepath.Join(dir, "tickertape.yaml")
	write(t, file, "feeds: []\nlisten: 127.0.0.1:0\nadmin: ''\ndata: "+filepath.Join(dir, "data")+"\n"+more+openTopics)
	return file
}

// SIGTERM with a thousand streams: each is told bye, they are let go one after the
// other and asked to come back at a thousand different moments, and the process is
// gone within its bound.
func TestStopWithAThousandStreams(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes; part of make test")
	}
	const readers = 1000
	eachIO(t, func(t *testing.T, io string) {
		p := startProcess(t, "--config", processConfig(t, "publish_key: "+testKey+"\n"), "--io", io)
		streams := herd(t, p.address, readers)
		began := time.Now()
		p.signal(t, syscall.SIGTERM)
		var reading sync.WaitGroup
		var mu sync.Mutex
		retries := map[time.Duration]int{}
		var first, last time.Duration
		for _, s := range streams {
			reading.Go(func() {
				e, err := s.Next()
				if err != nil || e.Type != "bye" {
					t.Errorf("a reader got %q, %v; want bye", e.Type, err)
					return
				}
				at, retry := time.Since(began), retryOf(t, e)
				if e, err := s.Next(); err == nil {
					t.Errorf("after the bye: %q", e.Type)
				}
				mu.Lock()
				defer mu.Unlock()
				retries[retry]++
				if first == 0 || at < first {
					first = at
				}
				last = max(last, at)
			})
		}
		reading.Wait()
		if err := p.wait(t, stopWithin); err != nil {
			t.Errorf("the process ended with %v\n%s", err, p.log)
		}
		took := time.Since(began)
		if took > stopWithin {
			t.Errorf("stopping took %v; want at most %v", took, stopWithin)
		}
		if len(retries) < readers/2 {
			t.Errorf("%d readers were given %d different pauses", readers, len(retries))
		}
		if last-first < 500*time.Millisecond {
			t.Errorf("all were let go within %v", last-first)
		}
		t.Logf("%d pauses, let go from %v to %v, stopped after %v", len(retries), first, last, took)
	})
}

// A second signal ends the process at once, in the middle of a drain.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes; part of make test")
	}
	p := startProcess(t, "--config", processConfig(t, "publish_key: "+testKey+"\n"), "--drain", "5s")
	streams := herd(t, p.address, 600)
	p.signal(t, syscall.SIGTERM)
	byes := make(chan struct{}, len(streams))
	for _, s := range streams {
		go func() { // ends with the stream
			if e, err := s.Next(); err == nil && e.Type == "bye" {
				byes <- struct{}{}
			}
		}()
	}
	<-byes // the drain has begun, and takes its time
	p.signal(t, syscall.SIGTERM)
	began := time.Now()
	err := p.wait(t, 5*time.Second)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("the process ended with %v after %v; want by the signal", err, time.Since(began))
	}
}

// A port that is taken is said plainly, and nothing is left running.
func TestPortTaken(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().String()
	for _, flags := range [][]string{{"--listen", taken}, {"--admin", taken}} {
		var stdout, stderr bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		code := run(ctx, Inputs{
			Args:     append([]string{"--config", processConfig(t, "publish_key: "+testKey+"\n")}, flags...),
			ReadFile: os.ReadFile,
			Kinds:    feedKinds(),
		}, &stdout, &stderr)
		cancel()
		if code != exitFailed || !strings.Contains(stderr.String(), "listen on "+taken) || !strings.Contains(stderr.String(), "in use") {
			t.Errorf("%v: exit code %d, %q; want %d and the address", flags, code, stderr.String(), exitFailed)
		}
		if stdout.Len() > 0 {
			t.Errorf("%v: %q on standard output", flags, stdout.String())
		}
	}
}
