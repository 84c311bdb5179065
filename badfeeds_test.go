package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/exec"
	"tickertape/topics"
)

// badKinds misbehave in every way that a feed can. Those that do not end with their
// context do so when released is closed.
func badKinds(released <-chan struct{}) []feeds.Spec {
	gauge := func(kind string, run func(context.Context, feeds.Publisher) error) feeds.Spec {
		spec := fakeKind(kind, nil, run)
		spec.Topics = []string{"gauges"}
		spec.Default, spec.Floor = feeds.Interval{Min: time.Second, Max: time.Second}, 0
		return spec
	}
	item := func(name string, n int) feeds.Item {
		return feeds.Item{ID: name, Data: map[string]any{"name": name, "n": n}}
	}
	return []feeds.Spec{
		exec.Spec(),
		gauge("good", func(ctx context.Context, pub feeds.Publisher) error {
			for n := 0; ; n++ {
				if err := pub.Publish(ctx, item("good", n)); err != nil {
					return err
				}
				if err := feeds.Pause(ctx, pub, feeds.Interval{Min: 20 * time.Millisecond, Max: 20 * time.Millisecond}); err != nil {
					return err
				}
			}
		}),
		gauge("panics", func(context.Context, feeds.Publisher) error { panic("index out of sea") }),
		gauge("panics_beside", func(ctx context.Context, pub feeds.Publisher) error {
			pub.Go(func() error { panic("adrift") })
			return idle(ctx, pub)
		}),
		gauge("exits", func(context.Context, feeds.Publisher) error { runtime.Goexit(); return nil }),
		gauge("leaks", func(_ context.Context, pub feeds.Publisher) error {
			pub.Go(func() error { <-released; return nil })
			return errors.New("gone, and left something behind")
		}),
		gauge("blocks", func(context.Context, feeds.Publisher) error { <-released; return nil }),
		gauge("changes", func(ctx context.Context, pub feeds.Publisher) error {
			for n := 0; ; n++ {
				if err := pub.Publish(ctx, item("changes", n)); err != nil {
					return err
				}
			}
		}),
		gauge("misfits", func(ctx context.Context, pub feeds.Publisher) error {
			_ = pub.Publish(ctx, feeds.Item{ID: "misfits", Severity: "huge", Data: map[string]any{"name": "misfits"}})
			return idle(ctx, pub)
		}),
	}
}

const badConfig = `feeds:
- {kind: good}
- {kind: panics}
- {kind: panics_beside}
- {kind: exits}
- {kind: leaks}
- {kind: blocks}
- {kind: changes}
- {kind: misfits}
- {kind: exec, id: garbage, topic: gauges, command: [sh, -c, 'while :; do echo "%&/ no JSON at all"; done']}
- {kind: exec, id: dies, topic: gauges, command: [sh, -c, 'echo "out of tea" >&2; exit 3']}
- {kind: exec, id: absent, topic: gauges, command: [no-such-program]}
`

// Whatever the others do, a feed prints on, its readers get all of it in order, and the
// states tell the truth.
func TestBadFeedsHarmNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds, after which a feed that leaks is told of")
	}
	released := make(chan struct{})
	kinds := badKinds(released)
	cfg := testConfig(t, nil)
	file := filepath.Join(t.TempDir(), "bad.yaml")
	write(t, file, badConfig+openTopics)
	inv, err := parse(Inputs{Args: []string{"--config", file}, ReadFile: os.ReadFile, Kinds: kinds, Environ: []string{"PATH=" + os.Getenv("PATH")}})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Feeds = inv.Config.Feeds
	address, stop := startServer(t, cfg)
	t.Cleanup(func() { close(released); stop() })

	reader := &client{t: t, url: address + "/latest?type=gauges.good"}
	if err := reader.open(testContext(t)); err != nil {
		t.Fatal(err)
	}
	defer reader.close()
	reader.until("live")
	last := -1
	readOn := func(count int) {
		t.Helper()
		for range count {
			var got struct{ N int }
			if err := json.Unmarshal(reader.until("gauges").Data, &got); err != nil {
				t.Fatal(err)
			}
			if last >= 0 && got.N <= last {
				t.Fatalf("%d came after %d", got.N, last)
			}
			last = got.N
		}
	}
	readOn(50)
	want := map[string]func(feeds.Status) bool{
		"good": func(s feeds.Status) bool { return s.State == feeds.Running && s.Restarts == 0 && s.LastError == "" },
		"panics": func(s feeds.Status) bool {
			return down(s) && s.LastError == "panic: index out of sea" && s.Restarts > 0
		},
		"panics_beside": func(s feeds.Status) bool { return down(s) && s.LastError == "panic: adrift" },
		"exits":         func(s feeds.Status) bool { return down(s) && strings.Contains(s.LastError, "Goexit") },
		"leaks": func(s feeds.Status) bool {
			return s.State == feeds.Attention && strings.Contains(s.LastError, "did not end within 10s")
		},
		"blocks":  func(s feeds.Status) bool { return s.State == feeds.Stale },
		"changes": func(s feeds.Status) bool { return s.State == feeds.Running && s.Events > 100 },
		"misfits": func(s feeds.Status) bool { return s.Refused == 1 && strings.Contains(s.LastError, "severity") },
		"garbage": func(s feeds.Status) bool { return s.Events == 0 && strings.Contains(s.Detail, "no JSON at all") },
		"dies": func(s feeds.Status) bool {
			return down(s) && strings.HasSuffix(s.LastError, "exit status 3: out of tea")
		},
		"absent": func(s feeds.Status) bool {
			return s.State == feeds.Attention && strings.Contains(s.Hint, "there is no such program")
		},
	}
	var states struct{ Feeds []feeds.Status }
	for end := time.Now().Add(30 * time.Second); len(want) > 0; {
		readOn(10) // which is also the pause between two looks
		getJSON(t, address+"/feeds", &states)
		for _, s := range states.Feeds {
			if ok := want[s.ID]; ok != nil && ok(s) {
				delete(want, s.ID)
			}
		}
		if time.Now().After(end) {
			t.Fatalf("not as they should be: %s", untrue(states.Feeds, want))
		}
	}
	// What is printed of the states is what is answered.
	printed := 0
	watcher := &client{t: t, url: address + "/latest/feeds"}
	if err := watcher.open(testContext(t)); err != nil {
		t.Fatal(err)
	}
	defer watcher.close()
	for {
		e, err := watcher.next()
		if err != nil || e.Type == "live" {
			break
		}
		var s feeds.Status
		if e.Type == "feeds" && json.Unmarshal(e.Data, &s) == nil && s.ID != "" {
			printed++
			if (s.ID == "good") != (s.State == feeds.Running && s.Events > 0 && s.ID != "changes") && s.ID != "changes" {
				t.Errorf("printed of %s: %s", s.ID, e.Data)
			}
		}
	}
	if printed != len(states.Feeds) {
		t.Errorf("%d states are printed, of %d feeds", printed, len(states.Feeds))
	}
}

func down(s feeds.Status) bool {
	return s.State == feeds.Backoff || s.State == feeds.Open || s.State == feeds.Starting
}

func untrue(states []feeds.Status, want map[string]func(feeds.Status) bool) string {
	var b strings.Builder
	for _, s := range states {
		if want[s.ID] != nil {
			fmt.Fprintf(&b, "\n%s: %s, %q, %q, hint %q, %d events", s.ID, s.State, s.LastError, s.Detail, s.Hint, s.Events)
		}
	}
	return b.String()
}

// A topic of one's own is as good as a built-in one: filters, snapshot, schema, docs.
func TestTopicOfOnesOwn(t *testing.T) {
	quays := fakeKind("quays", nil, func(ctx context.Context, pub feeds.Publisher) error {
		for _, quay := range []string{"north", "south"} {
			if err := pub.Publish(ctx, feeds.Item{Data: map[string]any{"quay": quay, "ships": 2}}); err != nil {
				return err
			}
		}
		_ = pub.Publish(ctx, feeds.Item{Data: map[string]any{"quay": "east", "ships": "many"}}) // does not fit
		return idle(ctx, pub)
	})
	quays.Topics = []string{"quays"}
	quays.Brings = quaysTopic()
	cfg := testConfig(t, nil)
	file := filepath.Join(t.TempDir(), "own.yaml")
	write(t, file, "feeds: [{kind: quays}]\n")
	inv, err := parse(Inputs{Args: []string{"--config", file}, ReadFile: os.ReadFile, Kinds: []feeds.Spec{quays}})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Feeds, cfg.Topics, cfg.Catalogue = inv.Config.Feeds, inv.Config.Topics, inv.Config.Catalogue
	address, _ := startServer(t, cfg)

	whole := &client{t: t, url: address + "/latest?type=quays"}
	if err := whole.open(testContext(t)); err != nil {
		t.Fatal(err)
	}
	defer whole.close()
	for seen := map[string]bool{}; len(seen) < 2; {
		var got struct{ Quay string }
		if err := json.Unmarshal(whole.until("quays").Data, &got); err != nil {
			t.Fatal(err)
		}
		seen[got.Quay] = true
	}
	one := &client{t: t, url: address + "/latest?type=quays.south"}
	if err := one.open(testContext(t)); err != nil {
		t.Fatal(err)
	}
	defer one.close()
	if e := one.until("quays"); !strings.Contains(string(e.Data), `"quay":"south"`) {
		t.Errorf("the snapshot of one key: %s", e.Data)
	}
	var catalogue struct {
		Topics []struct {
			Name, Description, Key string
			Schema                 json.RawMessage
			Feeds                  []string
		}
	}
	getJSON(t, address+"/topics", &catalogue)
	for _, topic := range catalogue.Topics {
		if topic.Name == "quays" {
			if topic.Key != "quay" || topic.Description != "Ships, by quay." || len(topic.Schema) == 0 || len(topic.Feeds) != 1 {
				t.Errorf("%+v", topic)
			}
		}
	}
	if _, err := publish(testContext(t), address, "quays", "", `{"quay":"west","ships":"many"}`); err == nil || !strings.Contains(err.Error(), "422") {
		t.Errorf("what does not fit the schema: %v", err)
	}
	if ids, err := publish(testContext(t), address, "quays", "", `{"quay":"west","ships":1}`); err != nil || len(ids) != 1 {
		t.Errorf("%v, %v", ids, err)
	}
	var states struct{ Feeds []feeds.Status }
	getJSON(t, address+"/feeds", &states)
	if s := states.Feeds[0]; s.Events != 2 || s.Refused != 1 || !strings.Contains(s.LastError, "ships") {
		t.Errorf("%+v", s)
	}
}

func quaysTopic() []topics.Topic {
	return []topics.Topic{{
		Name: "quays", Mode: topics.Latest, Key: "quay", Description: "Ships, by quay.",
		Schema: json.RawMessage(`{"type":"object","required":["quay"],"properties":{"quay":{"type":"string"},"ships":{"type":"integer"}}}`),
	}}
}
