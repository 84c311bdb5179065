package feedtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/feeds"
)

// Recorded is when the answers of fixtures were recorded unless a configuration says
// otherwise: runs with a [Config].Source begin then.
var Recorded = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// Fixtures returns a source that gives the recorded answers in folder: its files whose
// names begin with "response", in the order of their names, one after the other and
// then the last one again. A file is a body; one that begins with "HTTP/1.1 200 OK" is
// a whole answer, with headers. Those with a header Content-Location answer only
// requests that contain it, as [Source.On] says. A header Date says when it was
// recorded: that is when runs with the source begin, unless [Config].Now says otherwise.
func Fixtures(t testing.TB, folder string) *Source {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "response*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: want files whose names begin with response: %v", folder, err)
	}
	s := NewSource()
	var patterns []string
	routes := make(map[string][]Answer)
	for _, file := range files {
		pattern, answer, err := readAnswer(file)
		if err != nil {
			t.Fatal(err)
		}
		if date, err := http.ParseTime(answer.Header["Date"]); err == nil && date.After(s.recorded) {
			s.recorded = date.UTC()
		}
		delete(answer.Header, "Date")
		if routes[pattern] == nil {
			patterns = append(patterns, pattern)
		}
		routes[pattern] = append(routes[pattern], answer)
	}
	for _, pattern := range patterns {
		s.On(pattern, routes[pattern]...)
	}
	return s
}

func readAnswer(file string) (pattern string, a Answer, err error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", a, err
	}
	if !bytes.HasPrefix(raw, []byte("HTTP/")) {
		return "", Answer{Body: string(raw)}, nil
	}
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil)
	if err != nil {
		return "", a, fmt.Errorf("read %s: %w", file, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", a, fmt.Errorf("read %s: %w", file, err)
	}
	a = Answer{Status: res.StatusCode, Body: string(body), Header: make(map[string]string)}
	for name := range res.Header {
		a.Header[name] = res.Header.Get(name)
	}
	return res.Header.Get("Content-Location"), a, nil
}

// Replay runs a feed of the kind for each folder of folder on the answers recorded in it,
// as [Fixtures] reads them, and compares what it prints in its first run (as many polls
// as there are answers of the most frequent sort) with the folder's file "want": a line
// of JSON for each item, without seen; then {"retract":{...}} lines and, if it failed, a
// last line {"error":"..."}. Where there is no such file it writes it and fails, for a
// person to read it.
func Replay(t *testing.T, spec feeds.Spec, folder string, c Config) {
	t.Helper()
	cases, err := filepath.Glob(filepath.Join(folder, "*", "response*"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("%s: want folders with files named response and want: %v", folder, err)
	}
	last := ""
	for _, file := range cases {
		dir := filepath.Dir(file)
		if dir == last {
			continue
		}
		last = dir
		t.Run(filepath.Base(dir), func(t *testing.T) {
			c := c
			c.Source = Fixtures(t, dir)
			suite, err := newSuite(spec, c)
			if err != nil {
				t.Fatal(err)
			}
			var got []byte
			synctest.Test(t, func(t *testing.T) { got = suite.replay(t) })
			compareWant(t, filepath.Join(dir, "want"), got)
		})
	}
}

// replay runs a feed until the source has given each of its answers once.
func (s *suite) replay(t *testing.T) []byte {
	s.sleep()
	feed, err := s.make()
	if err != nil {
		t.Fatal(err)
	}
	rec := s.recorder(t)
	ctx, cancel := context.WithTimeout(context.Background(), s.limit)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- guard(func() error { return feed.Run(ctx, rec) }) }()
	for more := true; more; {
		select {
		case err = <-done:
			more = false
		case <-rec.news:
			synctest.Wait()
			if s.source.exhausted() {
				cancel()
				err = <-done
				more = false
			}
		}
	}
	var out bytes.Buffer
	for _, line := range rec.Lines() {
		out.Write(withoutSeen(line))
		out.WriteByte('\n')
	}
	write := func(name string, value any) {
		line, _ := json.Marshal(map[string]any{name: value}) // strings alone
		out.Write(append(line, '\n'))
	}
	for _, r := range rec.Retractions() {
		write("retract", map[string]string{"topic": r.Topic, "key": r.Key})
	}
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, feeds.ErrFinished) {
		write("error", err.Error())
	}
	return out.Bytes()
}

// exhausted reports whether each answer was given.
func (s *Source) exhausted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.routes {
		if r.asked < len(r.answers) {
			return false
		}
	}
	return true
}

// withoutSeen returns the line without when the item was seen, which is no part of it.
func withoutSeen(line []byte) []byte {
	at := bytes.LastIndex(line, []byte(`,"seen":"`))
	if at < 0 {
		return line
	}
	rest := line[at+len(`,"seen":"`):]
	return append(append([]byte{}, line[:at]...), rest[bytes.IndexByte(rest, '"')+1:]...)
}

func compareWant(t *testing.T, file string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Fatalf("%s was written; read whether it is right, and run the test again:\n%s", file, got)
	}
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := "", ""
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Errorf("%s, line %d:\n got %s\nwant %s", file, i+1, g, w)
		}
	}
}
