package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/eventsource"
)

// recordOptions are the flags of record.
type recordOptions struct {
	Type []string      `option:"type" doc:"Topics, or topic.key, to record; all public ones unless set."`
	For  time.Duration `option:"for" default:"0s" doc:"When to end; 0s: when interrupted."`
	Out  string        `option:"o" value:"FILE" doc:"File to append to; standard output unless set."`
}

// recordCommand returns the command record.
func recordCommand() command {
	return command{
		name: "record", args: "[URL]", most: 1, summary: "Record what a server prints, for the kind replay.", own: &recordOptions{}, run: runRecord,
		about: "Follows the tape of the server at URL (http://localhost:8080 unless given) and writes each event as a line of JSON, after the current values. A connection that breaks goes on where it was; so does a file that is recorded to again. Where events are missing all the same, a line with the topic stream and the state reset says so. A file holds whole lines only. Exits with 0 when the time is over or it is interrupted.",
	}
}

// runRecord records until it is told to stop.
func runRecord(ctx context.Context, inv *Invocation, stdout, stderr io.Writer) int {
	o := ownFlags[recordOptions](inv)
	r, err := newRecording(inv.Args, o, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "tickertape: record: %v\n", err)
		return exitUsage
	}
	if o.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.For)
		defer cancel()
	}
	err = errors.Join(r.run(ctx), r.close())
	fmt.Fprintf(stderr, "tickertape: record: %s", plural(r.events, "event"))
	if r.gaps > 0 {
		fmt.Fprintf(stderr, ", with %s where events are missing", plural(r.gaps, "place"))
	}
	fmt.Fprintln(stderr)
	if err != nil {
		fmt.Fprintf(stderr, "tickertape: record: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// A recording is one run of record. One goroutine uses it.
type recording struct {
	tape   eventsource.Tape
	query  url.Values
	out    io.Writer
	file   *os.File // behind out; nil for standard output
	stderr io.Writer

	last   string // id of what was read last
	noted  string // id that the file ends with
	lines  []byte // whole lines that are not written yet
	events int
	gaps   int
	bye    time.Duration // pause that the server asked for
	met    bool          // the server has answered
}

// errWrite is in the chain of errors that no other connection mends.
var errWrite = errors.New("write")

func newRecording(args []string, o *recordOptions, stdout, stderr io.Writer) (*recording, error) {
	address := "http://localhost:8080"
	if len(args) > 0 {
		address = args[0]
	}
	server, err := url.Parse(strings.TrimSuffix(address, "/latest"))
	if err != nil || server.Host == "" || (server.Scheme != "http" && server.Scheme != "https") || server.RawQuery != "" {
		return nil, fmt.Errorf("%s: want the address of a server, as in http://localhost:8080; --type says what to record", quoted(address))
	}
	r := &recording{query: url.Values{}, out: stdout, stderr: stderr}
	if len(o.Type) > 0 {
		r.query.Set("type", strings.Join(o.Type, ","))
	}
	fetcher := feeds.NewFetcher(feeds.FetchOptions{Version: buildID(), Private: true, Proxy: http.ProxyFromEnvironment})
	r.tape = eventsource.Tape{Server: server, Client: fetcher.Client(feeds.Spec{}, feeds.Env{})}
	if o.Out == "" {
		return r, nil
	}
	if r.file, r.last, err = openRecording(o.Out); err != nil {
		return nil, err
	}
	r.out, r.noted = r.file, r.last
	return r, nil
}

// openRecording opens a file to append to, cuts off a line that is not whole, as a
// crash leaves it, and returns the id that it ends with.
func openRecording(name string) (f *os.File, last string, err error) {
	if f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, "", err
	}
	whole, last, err := scanRecording(f)
	if err == nil {
		err = f.Truncate(whole)
	}
	if err == nil {
		_, err = f.Seek(whole, io.SeekStart)
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, "", fmt.Errorf("%s: %w", name, err)
	}
	return f, last, nil
}

// scanRecording returns how many bytes of a recording are whole lines, and the last
// id in them. A file that is no recording is an error, before anything is cut off it.
func scanRecording(f io.Reader) (whole int64, last string, err error) {
	in := bufio.NewReaderSize(f, 64<<10)
	for line := 1; ; line++ {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) && (len(text) == 0 || text[0] == '{') {
			return whole, last, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, "", err
		}
		var e eventsource.Envelope
		if err := json.Unmarshal(text, &e); err != nil || e.Topic == "" {
			return 0, "", fmt.Errorf("line %d is none of a recording: %.40q; want another file", line, text)
		}
		if e.ID != "" {
			last = e.ID
		}
		whole += int64(len(text))
	}
}

// run records over any number of connections. That ctx ends is no error.
func (r *recording) run(ctx context.Context) error {
	for row := 0; ; row++ {
		heard := r.events
		err := r.tape.Follow(ctx, r.query, r.last, r.take)
		if werr := r.flush(); werr != nil {
			return werr
		}
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it is how a recording ends
		}
		switch {
		case errors.Is(err, errWrite), !r.met, refused(err):
			return err
		case r.events > heard || r.bye > 0:
			row = 0
		}
		wait := min(time.Second<<min(row, 4), 15*time.Second)
		wait = wait/2 + rand.N(wait/2)
		if r.bye > 0 {
			wait, r.bye = r.bye, 0
		}
		fmt.Fprintf(r.stderr, "tickertape: record: %v; goes on in %s\n", err, wait.Round(100*time.Millisecond))
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// refused reports whether the server has answered that the request is wrong: asking
// again does not mend that.
func refused(err error) bool {
	var status *feeds.StatusError
	return errors.As(err, &status) && status.Code >= 400 && status.Code < 500 && status.Code != http.StatusTooManyRequests
}

// take notes one event of the stream.
func (r *recording) take(e *eventsource.Envelope, line []byte, more bool) error {
	r.met = true
	if _, pause, ok := e.Bye(); ok {
		r.bye = pause
	}
	o, opening := e.Opening()
	switch {
	case opening && o.State == "reset":
		r.gaps++
		r.add(line, "")
	case opening, e.Topic == "live", e.Topic == "heartbeat", e.Topic == "bye":
	default:
		r.events++
		r.add(line, e.ID)
	}
	if e.ID != "" {
		r.last = e.ID
	}
	if more && len(r.lines) < 1<<20 {
		return nil
	}
	return r.flush()
}

func (r *recording) add(line []byte, id string) {
	r.lines = append(append(r.lines, line...), '\n')
	if id != "" {
		r.noted = id
	}
}

// flush writes the lines that wait, in one piece.
func (r *recording) flush() error {
	if len(r.lines) == 0 {
		return nil
	}
	_, err := r.out.Write(r.lines)
	r.lines = r.lines[:0]
	if err != nil {
		return fmt.Errorf("%w the recording: %w", errWrite, err)
	}
	return nil
}

// close ends the file with a line that says how far it goes, if that is further than its
// last event: it can be gone on with there.
func (r *recording) close() error {
	r.tape.Client.CloseIdleConnections()
	if r.file == nil {
		return nil
	}
	if r.last != r.noted {
		mark, err := json.Marshal(map[string]any{"id": r.last, "topic": "heartbeat", "time": time.Now().UTC().Truncate(time.Millisecond), "data": struct{}{}})
		if err == nil {
			r.add(bytes.TrimSpace(mark), r.last)
			err = r.flush()
		}
		if err != nil {
			return errors.Join(err, r.file.Close())
		}
	}
	return errors.Join(r.file.Sync(), r.file.Close())
}
