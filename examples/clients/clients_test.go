// Package clients_test runs the example clients against a server that is killed.
package clients_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	half      = 50 // events before the server is killed, and again after
	publisher = "examples"
)

// Each client follows a stream while the server is killed and started again, and gets
// each event once and in order.
func TestClientsResume(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes and waits for reconnects; part of make test")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	s := &server{t: t, binary: build(t, ctx, "tickertape"), folder: t.TempDir(), listen: "127.0.0.1:0"}
	kill := s.start(ctx)
	stream := "http://" + s.listen + "/latest?type=lines"

	clients := map[string]<-chan string{"go": s.program(ctx, build(t, ctx, "tickertape/examples/clients/go"), stream)}
	for _, c := range []struct{ name, file, needs string }{
		{"sh", "curl.sh", "curl"}, {"python3", "python.py", ""}, {"node", "node.mjs", ""},
	} {
		if found(c.name) && (c.needs == "" || found(c.needs)) {
			clients[c.name] = s.program(ctx, c.name, c.file, stream)
		} else {
			t.Logf("not run: %s: it is not installed here", c.file)
		}
	}
	if found(chromium) {
		clients["browser"] = s.page(ctx, stream)
	} else {
		t.Log("not run: browser.html: there is no " + chromium)
	}
	for name, lines := range clients {
		t.Logf("ran: %s", name)
		await(t, name, lines, "live")
	}
	s.publish(ctx, 0)
	kill()
	kill = s.start(ctx)
	s.publish(ctx, half)
	for name, lines := range clients {
		check(t, name, lines)
	}
	cancel()
	kill()
	for _, lines := range clients {
		for range lines { // until the client has ended
		}
	}
}

// check reads until the last event and expects each one in its place.
func check(t *testing.T, name string, lines <-chan string) {
	t.Helper()
	next, resumed := 0, false
	for line := range lines {
		event, data, _ := strings.Cut(line, " ")
		switch event {
		case "stream":
			resumed = strings.Contains(data, `"resumed"`)
		case "lines":
			if want := fmt.Sprintf(`{"n":%d}`, next); data != want {
				t.Errorf("%s: got %s where %s was due", name, data, want)
				return
			}
			if next++; next == 2*half {
				if !resumed {
					t.Errorf("%s: did not resume", name)
				}
				return
			}
		}
	}
	t.Errorf("%s: ended after %d events", name, next)
}

func await(t *testing.T, name string, lines <-chan string, event string) {
	t.Helper()
	for line := range lines {
		if strings.HasPrefix(line, event+" ") {
			return
		}
	}
	t.Fatalf("%s: ended before the event %s", name, event)
}

func found(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// build returns the path of a program of this module.
func build(t *testing.T, ctx context.Context, pkg string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program.exe")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", file, pkg).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return file
}

// A server is a tickertape that can be killed and started again on the same address.
type server struct {
	t      *testing.T
	binary string
	folder string
	listen string // after the first start with the port
}

var (
	listening = regexp.MustCompile(`msg=listening address=(\S+)`)
	ready     = regexp.MustCompile(`msg=ready`)
)

// start returns when the server is ready. kill ends it at once and awaits it.
func (s *server) start(ctx context.Context) (kill func()) {
	s.t.Helper()
	config := filepath.Join(s.folder, "tickertape.yaml")
	text := fmt.Sprintf("data: %q\nadmin: ''\npublish_key: %s\ncors_origins: ['*']\nfeeds: []\ntopics: [{name: lines}]\n",
		filepath.Join(s.folder, "data"), publisher)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, s.binary, "--config", config, "--listen", s.listen)
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	var seen strings.Builder
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		fmt.Fprintln(&seen, lines.Text())
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			s.listen = m[1]
		}
		if ready.MatchString(lines.Text()) {
			return s.drain(cmd, log)
		}
	}
	_ = cmd.Wait()
	s.t.Fatalf("the server did not start:\n%s", seen.String())
	return nil
}

// drain reads what else the server logs, until it has ended.
func (s *server) drain(cmd *exec.Cmd, log io.Reader) (kill func()) {
	ended := make(chan struct{})
	go func() { // ends with the process; kill and the cleanup await it
		defer close(ended)
		_, _ = io.Copy(io.Discard, log)
		_ = cmd.Wait()
	}()
	kill = func() { _ = cmd.Process.Kill(); <-ended }
	s.t.Cleanup(kill)
	return kill
}

// publish publishes the numbers from first on, half of all.
func (s *server) publish(ctx context.Context, first int) {
	s.t.Helper()
	for n := first; n < first+half; n++ {
		body := strings.NewReader(fmt.Sprintf(`{"n":%d}`, n))
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.listen+"/latest/lines", body)
		if err != nil {
			s.t.Fatal(err)
		}
		req.Close = true
		req.Header.Set("Authorization", "Bearer "+publisher)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			s.t.Fatalf("publish %d: %v", n, err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusCreated {
			s.t.Fatalf("publish %d: %s", n, res.Status)
		}
	}
}

// program starts a client and returns the lines that it prints, up to all of the
// test. It ends with ctx.
func (s *server) program(ctx context.Context, name string, args ...string) <-chan string {
	s.t.Helper()
	cmd := exec.CommandContext(ctx, name, args...)
	endGroup(cmd)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	lines := make(chan string, 16*half)
	go func() { // ends with the process; the test awaits the close of lines
		defer close(lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			lines <- in.Text()
		}
		_ = cmd.Wait()
	}()
	return lines
}

const chromium = "/usr/bin/chromium"

// page opens browser.html from another origin and returns the lines that it shows.
func (s *server) page(ctx context.Context, stream string) <-chan string {
	s.t.Helper()
	pages := httptest.NewServer(http.FileServer(http.Dir(".")))
	s.t.Cleanup(pages.Close)
	whole := context.WithoutCancel(ctx) // the browser is ended below, and not in the middle of something
	allocator, stopAllocator := chromedp.NewExecAllocator(whole, chromedp.ExecPath(chromium), chromedp.UserDataDir(s.t.TempDir()),
		chromedp.Headless, chromedp.NoSandbox, chromedp.NoFirstRun, chromedp.DisableGPU, chromedp.Flag("disable-dev-shm-usage", true))
	browser, stopBrowser := chromedp.NewContext(allocator)
	end := func() {
		_ = chromedp.Cancel(browser)
		stopBrowser()
		stopAllocator()
	}
	if err := chromedp.Do(browser, chromedp.Navigate(pages.URL+"/browser.html?url="+url.QueryEscape(stream))); err != nil {
		end()
		s.t.Fatalf("open the page: %v", err)
	}
	tab, leave := context.WithCancel(browser)
	context.AfterFunc(ctx, leave)
	lines := make(chan string, 16*half)
	go func() { // ends with ctx; the test awaits the close of lines
		defer close(lines)
		defer end()
		const more = `(t => t.length > %d && t)(document.querySelector('#tape').textContent)`
		for shown := 0; ; {
			text, err := chromedp.Run(tab, chromedp.Poll[string](fmt.Sprintf(more, shown), chromedp.WithPollingMutation(), chromedp.WithPollingTimeout(0)))
			if err != nil {
				return
			}
			for line := range strings.Lines(text[shown:]) {
				lines <- strings.TrimSuffix(line, "\n")
			}
			shown = len(text) // the page shows whole lines
		}
	}()
	return lines
}
