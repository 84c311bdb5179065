package main

import (
	"bytes"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// logBuffer is a log that several goroutines write.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// The key of the first start is for the owner of the data folder alone, stays the same,
// works, and is in no line of the log and no answer.
func TestPublishKeyOfTheFirstStart(t *testing.T) {
	var lines logBuffer
	logger := slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg := testConfig(t, func(c *Config) { c.PublishKey = "" })
	file := filepath.Join(cfg.Data, "publish-key")
	var key string
	for start := range 2 {
		s, stop := launchServer(t, cfg, logger)
		address := "http://" + s.publicListener.Addr().String()
		info, err := os.Stat(file)
		if err != nil || info.Mode() != fs.FileMode(0o600) {
			t.Fatalf("%s: mode %v, %v; want 0600", file, info.Mode(), err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if now := strings.TrimSpace(string(text)); start == 0 {
			key = now
		} else if now != key {
			t.Error("the second start has made another key")
		}
		if len(key) < 20 {
			t.Errorf("a key of %d characters", len(key))
		}
		for _, attempt := range []struct {
			key    string
			status int
		}{{key, 201}, {key + "x", 401}, {"", 401}} {
			req, err := http.NewRequestWithContext(t.Context(), "POST", address+"/latest/lines", strings.NewReader(`{"n":1}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			if attempt.key != "" {
				req.Header.Set("Authorization", "Bearer "+attempt.key)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != attempt.status || strings.Contains(string(body), key) {
				t.Errorf("%d; want %d: %s", res.StatusCode, attempt.status, body)
			}
		}
		stop()
	}
	if log := lines.String(); strings.Contains(log, key) || !strings.Contains(log, file) {
		t.Errorf("want the place of the key in the log, and not the key:\n%s", log)
	}
}
