// Command go follows a tickertape stream and prints each event as "EVENT DATA". It
// uses the standard library alone, to be copied.
//
//	go run . 'http://localhost:8080/latest?type=news,stock'
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// quiet is the silence after which a connection is dead: a heartbeat comes each 15 s.
const quiet = 40 * time.Second

func main() {
	f := follower{url: os.Args[1], retry: 2 * time.Second}
	for failures := 0; ; failures++ {
		over, err := f.stream(func() { failures = 0 })
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		switch {
		case over && err != nil:
			os.Exit(1)
		case over:
			return
		}
		pause := min(f.retry<<min(failures, 5), time.Minute)
		time.Sleep(pause + rand.N(pause/4))
	}
}

// A follower is a position on the tape.
type follower struct {
	url   string
	last  string // the newest id that was handled
	retry time.Duration
}

// handle is where yours begins. On "stream" with "reset", forget what you hold.
func (f *follower) handle(event, data string) { fmt.Println(event, data) }

// stream reads one connection to its end. It returns true if it makes no sense to
// come back. It calls well when there was an event.
func (f *follower) stream(well func()) (over bool, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	watchdog := time.AfterFunc(quiet, cancel)
	defer watchdog.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return true, err
	}
	req.Header.Set("Accept", "text/event-stream")
	if f.last != "" {
		req.Header.Set("Last-Event-ID", f.last)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusNoContent: // the topics are over
		return true, nil
	case res.StatusCode >= 400:
		detail, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
		return res.StatusCode < 500, fmt.Errorf("%s: %s", res.Status, detail)
	}
	fields := map[string]string{}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		watchdog.Reset(quiet)
		if lines.Text() != "" {
			name, value, _ := strings.Cut(lines.Text(), ":")
			value = strings.TrimPrefix(value, " ")
			if before, more := fields[name]; more && name == "data" {
				value = before + "\n" + value
			}
			fields[name] = value
			continue
		}
		well()
		f.handle(fields["event"], fields["data"])
		if id, ok := fields["id"]; ok { // only once it is handled
			f.last = id
		}
		if ms, err := strconv.Atoi(fields["retry"]); err == nil {
			f.retry = time.Duration(ms) * time.Millisecond
		}
		clear(fields)
	}
	return false, lines.Err()
}
