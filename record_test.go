package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tickertape/feeds/eventsource"
)

// recordFor runs the command record until enough says of the file that it is.
func recordFor(t *testing.T, address, file string, enough func(lines []string) bool) (code int, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	var running sync.WaitGroup
	running.Go(func() {
		code = run(ctx, Inputs{Args: []string{"record", address, "--type", "lines", "-o", file}, ReadFile: os.ReadFile}, &out, &errs)
	})
	for ctx.Err() == nil && !enough(linesOf(t, file)) {
		time.Sleep(2 * time.Millisecond)
	}
	timedOut := ctx.Err() != nil
	cancel()
	running.Wait()
	if timedOut || out.Len() > 0 {
		t.Fatalf("the file has %q\n%s%s", linesOf(t, file), out.String(), errs.String())
	}
	return code, errs.String()
}

func linesOf(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func numbersOf(t *testing.T, lines []string) (numbers []int) {
	t.Helper()
	for _, line := range lines {
		var e eventsource.Envelope
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if e.Topic == "lines" {
			var data struct{ N int }
			if err := json.Unmarshal(e.Data, &data); err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, data.N)
		}
	}
	return numbers
}

// A file that is recorded to again goes on where it was, whatever a crash left at its
// end; where events are missing, a line says so.
func TestRecord(t *testing.T) {
	ctx := testContext(t)
	cfg := testConfig(t, nil)
	address, stop := startServer(t, cfg)
	print := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			if _, err := publish(ctx, address, "lines", "", fmt.Sprintf(`{"n":%d}`, i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	has := func(n int) func([]string) bool {
		return func(lines []string) bool { return strings.Contains(lines[len(lines)-1], fmt.Sprintf(`{"n":%d}`, n)) }
	}
	file := filepath.Join(t.TempDir(), "record.ndjson")
	print(0, 3)
	if code, stderr := recordFor(t, address, file, has(2)); code != exitOK || !strings.Contains(stderr, "1 event") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	print(3, 10)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"id":"` + "x-99" + `","topic":"lin`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	recordFor(t, address, file, has(9))
	if got := fmt.Sprint(numbersOf(t, linesOf(t, file))); got != "[2 3 4 5 6 7 8 9]" { // a snapshot of one, and what followed
		t.Errorf("recorded %s", got)
	}

	stop()
	if err := os.RemoveAll(cfg.Data); err != nil {
		t.Fatal(err)
	}
	address, _ = startServer(t, cfg)
	print(20, 22)
	_, stderr := recordFor(t, address, file, has(21))
	lines := linesOf(t, file)
	if got := fmt.Sprint(numbersOf(t, lines)); got != "[2 3 4 5 6 7 8 9 21]" || !strings.Contains(strings.Join(lines, "\n"), `"state":"reset","reason":"epoch"`) {
		t.Errorf("recorded %s\n%s", got, strings.Join(lines, "\n"))
	}
	if !strings.Contains(stderr, "1 place where events are missing") {
		t.Errorf("it says %s", stderr)
	}
}

func TestRecordMistakes(t *testing.T) {
	address, _ := startServer(t, testConfig(t, nil))
	other := filepath.Join(t.TempDir(), "letter.txt")
	write(t, other, "Dear harbour,\nyours")
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"localhost:8080"}, exitUsage, "want the address of a server"},
		{[]string{address, "-o", other}, exitUsage, "line 1 is none of a recording"},
		{[]string{address, "--type", "lynes"}, exitFailed, `did you mean \"lines\"`},
		{[]string{"http://127.0.0.1:1"}, exitFailed, "refused"},
		{[]string{address, "--for", "soon"}, exitUsage, "--for"},
	} {
		var out, errs bytes.Buffer
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		code := run(ctx, Inputs{Args: append([]string{"record"}, tt.args...), ReadFile: os.ReadFile}, &out, &errs)
		cancel()
		if code != tt.code || !strings.Contains(errs.String(), tt.want) {
			t.Errorf("%q: exit %d, %s; want %d, %s", tt.args, code, errs.String(), tt.code, tt.want)
		}
	}
	if text, err := os.ReadFile(other); err != nil || string(text) != "Dear harbour,\nyours" {
		t.Errorf("a file that is no recording was changed: %q, %v", text, err)
	}
}

// The recording among the examples is one, and its kind prints it.
func TestRecordingIsReplayed(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(context.Background(), Inputs{
		Args:     []string{"feeds", "try", "replay", "file=examples/recording.ndjson", "speed=100x", "-n", "30"},
		ReadFile: os.ReadFile, Kinds: feedKinds(),
	}, &out, &errs)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if code != exitOK || len(lines) != 30 {
		t.Fatalf("exit %d, %d lines\n%s", code, len(lines), errs.String())
	}
	for _, line := range lines {
		if !strings.Contains(line, `"replayed":true`) || !strings.Contains(line, `"simulated":true`) {
			t.Errorf("%s is not flagged", line)
		}
	}
}
