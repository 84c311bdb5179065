package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tickertape/handlers/sse"
	"tickertape/topics"
)

// serveVariable makes the test binary the server itself, so that it can be killed.
const serveVariable = "TEST_RUN_TICKERTAPE"

func TestMain(m *testing.M) {
	if os.Getenv(serveVariable) != "" {
		os.Unsetenv(serveVariable)
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

const testKey = "test-publish-key-0123456789"

// testConfig is a server without feeds on ports of its own.
func testConfig(t *testing.T, change func(*Config)) *Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tickertape.yaml")
	write(t, file, "feeds: []\nlisten: 127.0.0.1:0\nadmin: 127.0.0.1:0\npublish_key: "+testKey+"\ndata: "+t.TempDir()+"\n"+openTopics)
	inv, err := parse(Inputs{Args: []string{"--config", file}, ReadFile: os.ReadFile, Kinds: feedKinds()})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&inv.Config)
	}
	return &inv.Config
}

// openTopics are topics without a schema.
const openTopics = `topics:
  - name: lines
    snapshot: 1
  - name: gauges
    mode: latest
    key: name
`

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// eachIO runs a test for each way of writing to readers.
func eachIO(t *testing.T, test func(t *testing.T, io string)) {
	t.Helper()
	for _, io := range []string{"goroutine", "epoll", "auto"} {
		t.Run(io, func(t *testing.T) { test(t, io) })
	}
}

// startServer runs a server in this process until the test ends.
func startServer(t *testing.T, cfg *Config) (address string, stop func()) {
	t.Helper()
	s, stop := launchServer(t, cfg, slog.New(slog.DiscardHandler))
	return "http://" + s.publicListener.Addr().String(), stop
}

// launchServer is startServer for tests that look closer.
func launchServer(t *testing.T, cfg *Config, logger *slog.Logger) (s *server, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s, err := newServer(ctx, cfg, logger)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	}
	t.Cleanup(stop)
	return s, stop
}

// A process is a server of its own, which can be killed.
type process struct {
	cmd     *exec.Cmd
	address string
	log     *bytes.Buffer
	done    chan error
}

var listening = regexp.MustCompile(`msg=listening address=(\S+)`)

func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0], args...), log: &bytes.Buffer{}, done: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), serveVariable+"=1")
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	found := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			fmt.Fprintln(p.log, lines.Text())
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
			}
		}
		close(found)
		p.done <- p.cmd.Wait()
	}()
	t.Cleanup(func() { p.kill() })
	address, ok := <-found
	if !ok {
		t.Fatalf("the server did not start: %v\n%s", <-p.done, p.log)
	}
	p.address = "http://" + address
	return p
}

// kill ends the process as a crash would, and waits until it is gone.
func (p *process) kill() {
	if err := p.cmd.Process.Signal(syscall.SIGKILL); errors.Is(err, os.ErrProcessDone) {
		return
	}
	<-p.done
}

// publish posts a body and returns the ids, or what went wrong.
func publish(ctx context.Context, address, topic, idempotency, body string) ([]string, error) {
	return publishBy(ctx, http.DefaultClient, address, topic, idempotency, body)
}

// publishBy is publish over the connections of a client.
func publishBy(ctx context.Context, by *http.Client, address, topic, idempotency, body string) ([]string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/latest/"+topic, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+testKey)
	if idempotency != "" {
		req.Header.Set("Idempotency-Key", idempotency)
	}
	res, err := by.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusCreated {
		return nil, fmt.Errorf("%s: %s", res.Status, text)
	}
	var answer struct{ IDs []string }
	return answer.IDs, json.Unmarshal(text, &answer)
}

// A client is an EventSource without the browser: it remembers the last id.
type client struct {
	t      *testing.T
	url    string
	lastID string
	res    *http.Response
	conn   net.Conn
	events *sse.Reader
	within *http.Client // default: a connection for each stream
}

// open connects, with the last id if there is one.
func (c *client) open(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/event-stream")
	if c.lastID != "" {
		req.Header.Set("Last-Event-ID", c.lastID)
	}
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			c.conn = conn
			return conn, err
		},
	}
	send := transport.RoundTrip
	if c.within != nil {
		send = c.within.Do
	}
	res, err := send(req)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		return fmt.Errorf("%s: %s", res.Status, text)
	}
	c.res, c.events = res, sse.NewReader(res.Body, 1<<20)
	return nil
}

func (c *client) close() {
	if c.res != nil {
		c.res.Body.Close()
		c.res = nil
	}
}

// next returns the next event and remembers its id.
func (c *client) next() (sse.Event, error) {
	e, err := c.events.Next()
	if err == nil && e.ID != "" {
		c.lastID = e.ID
	}
	return e, err
}

// until reads up to the first event of a type and returns it.
func (c *client) until(typ string) sse.Event {
	c.t.Helper()
	for {
		e, err := c.next()
		if err != nil {
			c.t.Fatalf("waiting for the event %q: %v", typ, err)
		}
		if e.Type == typ {
			return e
		}
	}
}

// seqOf returns the sequence of an id.
func seqOf(t *testing.T, id string) uint64 {
	t.Helper()
	parsed, err := topics.ParseID(id)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Seq
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}
