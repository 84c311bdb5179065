package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"tickertape/feeds"
)

// doctor runs feeds doctor on a configuration, with free ports unless it names some.
func doctor(t *testing.T, config string, kinds []feeds.Spec, args ...string) (code int, stdout string) {
	t.Helper()
	if !strings.Contains(config, "listen:") {
		config += "listen: \"127.0.0.1:0\"\n"
	}
	if !strings.Contains(config, "admin:") {
		config += "admin: \"\"\n"
	}
	s := start{args: append([]string{"feeds", "doctor", "t.yaml"}, args...), files: map[string]string{"t.yaml": config}, kinds: kinds}
	code, stdout, stderr := runCommand(s)
	if stderr != "" {
		t.Errorf("standard error: %s", stderr)
	}
	return code, stdout
}

func wantLines(t *testing.T, stdout string, want ...string) {
	t.Helper()
	for _, line := range want {
		if !strings.Contains(stdout, line) {
			t.Errorf("%q is not in\n%s", line, stdout)
		}
	}
}

func TestDoctorFindsAllWell(t *testing.T) {
	t.Chdir(t.TempDir())
	prints := fakeKind("prints", nil, func(ctx context.Context, pub feeds.Publisher) error {
		if err := pub.Publish(ctx, feeds.Item{Data: map[string]any{"location": "x"}}); err != nil {
			return err
		}
		return idle(ctx, pub)
	})
	calm := fakeKind("calm", nil, func(ctx context.Context, pub feeds.Publisher) error {
		pub.OK("market closed")
		return idle(ctx, pub)
	})
	code, stdout := doctor(t, "feeds: [{kind: prints}, {kind: calm}]\n", []feeds.Spec{prints, calm})
	if code != 0 {
		t.Errorf("exit %d", code)
	}
	wantLines(t, stdout, "ok    configuration: t.yaml, 2 feeds\n", "ok    data folder: ./tickertape-data is made at the first start\n",
		"ok    publish key: made at the first start\n", "ok    listen: 127.0.0.1:0 is free\n", "ok    admin: turned off\n",
		"ok    feed prints (prints): prints after ", "ok    feed calm (calm): answers in ", ", nothing new: market closed\n", "note  clock: not compared", " 1 note, 0 failures\n")
}

func TestDoctorSaysWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir())
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) // answers /healthz as ours does
	defer server.Close()
	if err := os.Mkdir("data", 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, "data/publish-key", "k\n")
	if err := os.Chmod("data/publish-key", 0o644); err != nil {
		t.Fatal(err)
	}
	go func() { // ends when taken is closed
		for {
			c, err := taken.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	program := fakeKind("program", nil, nil)
	program.New = func(any, feeds.Env) (feeds.Feed, error) { return &checkedFeed{fakeFeed{run: idle}}, nil }
	refused := fakeKind("refused", nil, func(context.Context, feeds.Publisher) error {
		return feeds.NeedsAttention(fmt.Errorf("401 Unauthorized"), "check the key")
	})
	misfit := fakeKind("misfit", nil, func(ctx context.Context, pub feeds.Publisher) error {
		_ = pub.Publish(ctx, feeds.Item{Data: map[string]any{"temperature": 3}})
		return idle(ctx, pub)
	})
	code, stdout := doctor(t, "data: data\nlisten: \""+taken.Addr().String()+"\"\nadmin: \""+strings.TrimPrefix(server.URL, "http://")+"\"\nnats: nats://127.0.0.1:1\n"+
		"feeds: [{kind: program}, {kind: refused}, {kind: misfit}, {kind: tides, url: x}]\n", append(fakeKinds(), program, refused, misfit), "--timeout", "3s")
	if code != 1 {
		t.Errorf("exit %d", code)
	}
	wantLines(t, stdout,
		"note  configuration: t.yaml:5: feed program: there is no program tidegauge; install it\n",
		"FAIL  publish key: data/publish-key can be read by others (-rw-r--r--)\n   -> chmod 600 data/publish-key\n",
		" is taken by another program\n   -> stop that, or set listen to another address\n",
		" is that of a tickertape that runs\n",
		"FAIL  nats: ",
		"FAIL  feed program (program): there is no program tidegauge\n   -> install it\n",
		"FAIL  feed refused (refused): 401 Unauthorized\n   -> check the key\n",
		"FAIL  feed misfit (misfit): publish: 1 of 1: ",
		"note  feed tides (tides): said nothing in 3s\n",
	)
}

func TestDoctorWithMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	code, stdout := doctor(t, "feeds: [{kind: tydes}]\n", nil)
	if code != 1 {
		t.Errorf("exit %d", code)
	}
	wantLines(t, stdout, `FAIL  configuration: t.yaml:1:16: unknown kind of feed "tydes"; did you mean "tides"?`, "note  sources: not asked\n   -> mend the configuration first\n")
	if code, stdout = doctor(t, "feeds: [{kind: clock}]\n", nil, "--offline"); code != 0 || !strings.Contains(stdout, "not asked, because of --offline") {
		t.Errorf("exit %d\n%s", code, stdout)
	}
}

func TestDoctorComparesTheClock(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		date, age string
		want      examination
	}{
		{now.UTC().Format(http.TimeFormat), "", examination{good, "clock", "within 1s of the sources'", ""}},
		{now.Add(-time.Hour).UTC().Format(http.TimeFormat), "", examination{grade: poor, found: "1h0m"}},
		{now.Add(-time.Hour).UTC().Format(http.TimeFormat), "3600", examination{grade: fair}},
		{"yesterday", "", examination{grade: fair}},
	} {
		h := http.Header{"Date": {tt.date}}
		if tt.age != "" {
			h.Set("Age", tt.age)
		}
		w := &skewWatch{}
		w.note("api.example", h, now)
		if got := w.examine(); got.grade != tt.want.grade || !strings.HasPrefix(got.found, tt.want.found) {
			t.Errorf("%s: %+v", tt.date, got)
		}
	}
}
