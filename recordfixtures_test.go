package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
)

// gauge is a kind that fetches JSON with a key.
func gauge() feeds.Spec {
	spec := fakeKind("gauge", &tideOptions{}, nil)
	spec.New = func(options any, _ feeds.Env) (feeds.Feed, error) {
		o := options.(*tideOptions)
		return feeds.Poll(func(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
			var got struct{ Level float64 }
			if _, err := feeds.GetJSON(ctx, c, o.URL+"?key="+o.Token, nil, &got); err != nil {
				return nil, err
			}
			return []feeds.Item{{Data: map[string]any{"location": "pier", "temperature": got.Level}}}, nil
		}), nil
	}
	return spec
}

// What is recorded is what the suite replays, without the secrets.
func TestRecordedAnswersAreFixtures(t *testing.T) {
	status := http.StatusOK
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"a1"`)
		w.Header().Set("Set-Cookie", "session=abc")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"level":3.9,"you":%q}`, r.URL.Query().Get("key"))
	}))
	defer source.Close()
	t.Chdir(t.TempDir())
	record := func(args ...string) (code int, stdout, stderr string) {
		s := start{args: append([]string{"feeds", "record", "t.yaml"}, args...), kinds: []feeds.Spec{gauge()}, env: []string{"GAUGE_KEY=s3cret-key"}}
		s.files = map[string]string{"t.yaml": "private_sources: true\nfeeds:\n- {kind: gauge, url: '" + source.URL + "/now', token: '${GAUGE_KEY}'}\n"}
		return runCommand(s)
	}
	code, stdout, stderr := record("--into", "testdata/ok")
	if code != 0 || !strings.Contains(stdout, "wrote testdata/ok/response01: 200 OK, ") {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	text, err := os.ReadFile("testdata/ok/response01")
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(source.URL, "http://")
	for _, want := range []string{"HTTP/1.1 200 OK\r\n", "Etag: \"a1\"\r\n", "Content-Location: " + host + "/now\r\n", `"you":"***"`} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if bytes.Contains(text, []byte("s3cret")) || bytes.Contains(text, []byte("Cookie")) || strings.Contains(stdout+stderr, "s3cret") {
		t.Errorf("a secret is kept:\n%s%s%s", text, stdout, stderr)
	}
	feedtest.Replay(t, gauge(), replayed(t), feedtest.Config{Options: &tideOptions{URL: source.URL + "/now"}})

	if code, stdout, _ := record("--into", "testdata/ok"); code != 0 || !strings.Contains(stdout, "response02") {
		t.Errorf("once more: exit %d\n%s", code, stdout)
	}
	if code, stdout, _ := record("--into", "testdata/ok", "--replace"); code != 0 || !strings.Contains(stdout, "response01") {
		t.Errorf("anew: exit %d\n%s", code, stdout)
	}
	if files, _ := filepath.Glob("testdata/ok/*"); len(files) != 1 {
		t.Errorf("left are %q", files)
	}
	status = http.StatusForbidden
	if code, stdout, stderr := record("--into", "testdata/refused"); code != 1 || !strings.Contains(stdout, "403 Forbidden") || !strings.Contains(stderr, "hint: ") {
		t.Errorf("a failure: exit %d\n%s%s", code, stdout, stderr)
	}
	if code, _, stderr := record(); code != 2 || !strings.Contains(stderr, "say --into") {
		t.Errorf("without a folder: exit %d: %s", code, stderr)
	}
}

// replayed puts what is wanted beside the answers and returns their folder.
func replayed(t *testing.T) string {
	t.Helper()
	write(t, "testdata/ok/want", `{"location":"pier","temperature":3.9,"time":null}`+"\n")
	return "testdata"
}

func TestRecordOfAKindThatAsksNobody(t *testing.T) {
	t.Chdir(t.TempDir())
	code, stdout, stderr := runHere(t, here("feeds", "record", "clock", "--into", "x"))
	if code != 1 || stdout != "" || !strings.Contains(stderr, "it asked nobody by HTTP") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	if _, err := os.Stat("x"); err == nil {
		t.Error("a folder was made for nothing")
	}
}
