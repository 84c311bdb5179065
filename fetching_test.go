package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tickertape/feeds/feedtest"
)

// A server that is started again asks its sources conditionally, and prints nothing
// twice; one with another log fetches everything once more.
func TestFeedsRememberOverARestart(t *testing.T) {
	source := feedtest.NewSource(feedtest.Answer{
		Body:   `<rss version="2.0"><channel><title>T</title><item><title>one</title></item><item><title>two</title></item></channel></rss>`,
		Header: map[string]string{"ETag": `"1"`, "Cache-Control": "max-age=3600"},
	})
	address := source.Start(t)
	data := t.TempDir()
	run := func() string {
		t.Helper()
		file := filepath.Join(t.TempDir(), "t.yaml")
		write(t, file, "listen: 127.0.0.1:0\nadmin: ''\npublish_key: "+testKey+"\ncontact: tape@example.org\ndata: "+data+
			"\nfeeds: [{kind: rss, url: '"+address+"/feed?key=SECRETKEY'}]\n")
		inv, err := parse(Inputs{Args: []string{"--config", file}, ReadFile: os.ReadFile, Kinds: feedKinds()})
		if err != nil {
			t.Fatal(err)
		}
		s, stop := launchServer(t, &inv.Config, slog.New(slog.DiscardHandler))
		defer stop()
		<-s.bus.Ready()
		for began := time.Now(); s.feeds.Status()[0].LastOK.IsZero(); time.Sleep(10 * time.Millisecond) {
			if time.Since(began) > 10*time.Second {
				t.Fatalf("%+v", s.feeds.Status())
			}
		}
		return s.bus.Head().String()
	}
	first := run()
	second := run()
	if asked := source.Requests(); len(asked) != 1 {
		t.Errorf("asked %d times for what is fresh", len(asked))
	}
	if strings.Split(first, "-")[0] != strings.Split(second, "-")[0] {
		t.Fatalf("the log is another one: %s, %s", first, second)
	}
	text, err := os.ReadFile(filepath.Join(data, "feeds.json"))
	if err != nil || strings.Contains(string(text), "SECRETKEY") || strings.Contains(string(text), "127.0.0.1") {
		t.Errorf("%s, %v", text, err)
	}
	if err := os.RemoveAll(filepath.Join(data, "jetstream")); err != nil {
		t.Fatal(err)
	}
	run()
	if asked := source.Requests(); len(asked) != 2 || asked[1].Header.Get("If-None-Match") != "" {
		t.Errorf("with another log: %+v", asked)
	}
	write(t, filepath.Join(data, "feeds.json"), "{") // as after a power cut
	run()
	if asked := source.Requests(); len(asked) != 3 {
		t.Errorf("with half a memory it asked %d times", len(asked))
	}
	if agent := source.Requests()[0].Header.Get("User-Agent"); !strings.Contains(agent, "(+tape@example.org)") {
		t.Errorf("agent %q", agent)
	}
}
