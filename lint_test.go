package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"tickertape/feeds"
	"tickertape/topics"
)

// checkedFeed is a feed whose program is not there.
type checkedFeed struct{ fakeFeed }

func (*checkedFeed) Check() error {
	return feeds.NeedsAttention(errors.New("there is no program tidegauge"), "install it")
}

func TestLint(t *testing.T) {
	foreign := fakeKind("gauge", &tideOptions{}, idle)
	foreign.Terms, foreign.Attribution = "Ask before use.", "Somebody"
	program := fakeKind("program", nil, idle)
	program.New = func(any, feeds.Env) (feeds.Feed, error) { return &checkedFeed{fakeFeed{run: idle}}, nil }
	page := fakeKind("page", &struct {
		URL string `option:"url" secret:"true" doc:"Where it is."`
	}{}, idle)
	kinds := append(fakeKinds(), foreign, program, page)
	for _, tt := range []struct {
		name, file string
		want       []string // lines in order
		code       int
	}{
		{"nothing", "feeds: [{kind: clock}]\n", []string{"0 mistakes, 0 warnings in 1 good feed"}, 0},
		{"contact", "feeds:\n- {kind: gauge, url: x}\n- {kind: gauge, id: b, url: y}\n", []string{
			"t.yaml:2:3: warning: kind gauge asks a source that is not yours, and the option contact is empty: ",
			"0 mistakes, 1 warning in 2 good feeds",
		}, 0},
		{"contact is there", "contact: tape@example.org\nfeeds: [{kind: gauge, url: x}]\n", []string{"0 mistakes, 0 warnings"}, 0},
		{"often", "contact: tape@example.org\nfeeds:\n- {kind: gauge, url: x, every: 30s}\n", []string{
			"t.yaml:3:32: warning: every: 30s is more often than usual for kind gauge (1m)", "0 mistakes, 1 warning",
		}, 0},
		{"short life", "feeds:\n- {kind: tides, url: x, ttl: 30s}\n", []string{"t.yaml:2:30: warning: ttl: items expire after 30s, before the next ones come (every: 1m)", "0 "}, 0},
		{"twice", "feeds:\n- {kind: tides, id: a, url: x}\n- {kind: tides, id: b, url: x}\n", []string{"t.yaml:3:3: warning: feed b has the same options as feed a on line 2", "0 "}, 0},
		{"one value", "topics: [{name: level, mode: latest}]\nfeeds:\n- {kind: tides, id: a, url: x, topic: level}\n- {kind: tides, id: b, url: y, topic: level}\n",
			[]string{`t.yaml:4:3: warning: feeds a and b print on topic "level", which keeps one value`, "0 "}, 0},
		{"no secret", "feeds:\n- {kind: tides, url: x, token: 'https://news.example/feed'}\n", []string{"0 mistakes, 0 warnings"}, 0},
		{"an address with a key", "feeds:\n- {kind: tides, url: x, token: 'https://news.example/feed?key=1'}\n", []string{"t.yaml:2:32: warning: token: the secret itself", "0 "}, 0},
		{"secret", "feeds:\n- {kind: tides, url: x, token: abc}\n", []string{"t.yaml:2:32: warning: token: the secret itself stands in the file; write ${NAME}", "0 "}, 0},
		{"address without a scheme", "feeds:\n- {kind: page, url: 'localhost:8000/feed.xml'}\n", []string{"0 mistakes, 0 warnings in 1 good feed"}, 0},
		{"address with a key", "feeds:\n- {kind: page, url: 'localhost:8000/feed.xml?key=abc'}\n", []string{"t.yaml:2:21: warning: url: the secret itself stands in the file", "0 "}, 0},
		{"no YAML", "feeds:\n\t- kind: clock\n", []string{"t.yaml:2: mistake: not YAML: ", "1 mistake, 0 warnings"}, 1},
		{"machine", "feeds:\n- {kind: program}\n", []string{"t.yaml:2: warning: feed program: there is no program tidegauge; install it", "0 "}, 0},
		{"both", "feeds:\n- {kind: tides, url: x, token: abc}\n- {kind: tydes}\n", []string{
			`t.yaml:3:10: mistake: unknown kind of feed "tydes"; did you mean "tides"?`, "t.yaml:2:32: warning: ", "1 mistake, 1 warning in 1 good feed",
		}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := runCommand(start{args: []string{"feeds", "lint", "t.yaml"}, files: map[string]string{"t.yaml": tt.file}, kinds: kinds})
			lines := strings.Split(strings.TrimSpace(stdout), "\n")
			if code != tt.code || len(lines) != len(tt.want) || stderr != "" {
				t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("line %d: %s\nwant %s", i+1, lines[i], want)
				}
			}
			if strings.Contains(stdout, "abc") {
				t.Errorf("a secret is shown:\n%s", stdout)
			}
		})
	}
}

// A kind may bring topics; they are there when it is configured, and the file may
// change them. One that prints on a topic that nobody has is told so.
func TestTopicsThatKindsBring(t *testing.T) {
	quay := fakeKind("quay", nil, idle)
	quay.Topics = []string{"quays"}
	quay.Brings = []topics.Topic{{Name: "quays", Mode: topics.Latest, Key: "quay"}}
	rival := quay
	rival.Kind = "rival"
	lost := fakeKind("lost", nil, idle)
	lost.Topics = []string{"nowhere"}
	s := start{args: []string{"--config", "t.yaml"}, kinds: append(fakeKinds(), quay, rival, lost)}
	with := func(text string) start {
		s := s
		s.files = map[string]string{"t.yaml": text}
		return s
	}
	cfg := mustParse(t, with("feeds: [{kind: quay}, {kind: quay, id: b}, {kind: clock, topic: quays}]\n"))
	if topic, err := cfg.Catalogue.Lookup("quays"); err != nil || topic.Key != "quay" || len(cfg.Feeds) != 3 {
		t.Errorf("%+v, %v", topic, err)
	}
	cfg = mustParse(t, with("topics: [{name: quays, description: Ours.}]\nfeeds: [{kind: quay}]\n"))
	if topic, err := cfg.Catalogue.Lookup("quays"); err != nil || topic.Key != "quay" || topic.Description != "Ours." {
		t.Errorf("%+v, %v", topic, err)
	}
	if _, err := mustParse(t, with("feeds: [{kind: clock}]\n")).Catalogue.Lookup("quays"); err == nil {
		t.Error("a topic is there without the kind that brings it")
	}
	wantMistakes(t, with("feeds:\n- {kind: quay}\n- {kind: rival}\n"), `t.yaml:3:3: kinds quay and rival both bring the topic "quays"; leave one of them out`)
	if _, err := parse(with("feeds:\n- {kind: lost}\n").inputs()); err == nil || !strings.Contains(err.Error(), `t.yaml:2:3: kind lost prints on a topic that it does not bring (Spec.Brings): unknown topic "nowhere"; `) {
		t.Errorf("a topic that nobody has: %v", err)
	}

	quay.New = func(any, feeds.Env) (feeds.Feed, error) {
		return &fakeFeed{run: func(ctx context.Context, pub feeds.Publisher) error {
			return pub.Publish(ctx, feeds.Item{Data: map[string]any{"quay": "north"}})
		}}, nil
	}
	code, stdout, stderr := runCommand(start{args: []string{"feeds", "try", "quay", "-n", "1"}, kinds: []feeds.Spec{quay}})
	if code != 0 || !strings.Contains(stdout, `"topic":"quays","key":"north"`) {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
}

func TestContacts(t *testing.T) {
	for text, good := range map[string]bool{
		"": true, "tape@example.org": true, "https://example.org/tape": true, "mailto:tape@example.org": true,
		"somebody": false, "@example.org": false, "tape@": false, "https://example.org/(a)": false, "a b@example.org": false, "a\r\nX: y@z": false,
	} {
		if want := forms["contact?"](text); (want == "") != good {
			t.Errorf("%q: %q", text, want)
		}
	}
}
