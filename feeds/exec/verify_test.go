//go:build unix

package exec

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tickertape/feeds"
)

// verify looks at testdata/name with little patience.
func verify(t *testing.T, name string, change func(*VerifyOptions)) []Finding {
	t.Helper()
	o := VerifyOptions{
		Options: Options{Command: []string{"sh", "testdata/" + name}},
		Env:     feeds.Env{ID: "verify", Topic: "news"},
		Wait:    2 * time.Second, Quiet: 100 * time.Millisecond, Input: 500 * time.Millisecond, Grace: 300 * time.Millisecond,
	}
	if change != nil {
		change(&o)
	}
	findings, err := Verify(deadline(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

func TestVerifyFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	once := func(o *VerifyOptions) {
		o.Options.Mode, o.Env.Every = once, feeds.Interval{Min: time.Minute, Max: time.Minute}
	}
	patient := func(o *VerifyOptions) { o.Wait, o.Grace = time.Second, 10*time.Second } // its pipe is full
	for _, tt := range []struct {
		name   string
		change func(*VerifyOptions)
		state  Verdict
		rule   string
		detail string
	}{
		{"nope.sh", nil, Broken, "it starts", "there is no"},
		{"silent.sh", func(o *VerifyOptions) { o.Options.Command = []string{"sleep", "60"}; o.Wait = 200 * time.Millisecond }, Broken, "it says something", "nothing came in 200ms"},
		{"holds.sh", func(o *VerifyOptions) { o.Wait = 200 * time.Millisecond }, Broken, "it flushes each line", "told to end"},
		{"garbage.sh", nil, Broken, "each line is a JSON object of the protocol", "line 1: Traceback (most recent call last): (not a JSON object)"},
		{"protocol.sh", nil, Broken, "each line is a JSON object of the protocol", `unknown type "itme"`},
		{"giant.sh", nil, Broken, "a line has at most 256 KiB", "line 2 begins xxx"},
		{"tomorrow.sh", nil, Broken, "hello comes first, with version 1 and topics that are configured", "line 4 is a hello"},
		{"tomorrow.sh", nil, Broken, "items are as their topic wants them", "severity"},
		{"tomorrow.sh", nil, Broken, "items are for topics that are configured", `line 2: topic "stock"`},
		{"tomorrow.sh", nil, Broken, "no item is from the future", "line 1: 2999-01-01T00:00:00Z"},
		{"topics.sh", nil, Broken, "hello comes first, with version 1 and topics that are configured", "add topics: [tides]"},
		{"topics.sh", func(o *VerifyOptions) { o.Options.Topics = []string{"tides"} }, Kept, "hello comes first, with version 1 and topics that are configured", ""},
		{"counter.sh", nil, Broken, "an item keeps its id over restarts", `"the same" was `},
		{"counter.sh", nil, Kept, `it answers "poll now"`, ""},
		{"quota.sh", nil, Noted, "it reports errors", "quota"},
		{"stubborn.sh", nil, Broken, "it ends when it is told to", "had to be killed"},
		{"topics.sh", nil, Kept, "it ends when it is told to", ""},
		{"topics.sh", nil, Noted, `it answers "poll now"`, "no answer"},
		{"flood.sh", patient, Noted, "it ends when it is told to", "on SIGTERM"},
		{"flood.sh", patient, Noted, "it prints at a moderate pace", "lines in a few seconds"},
		{"exit.sh", func(o *VerifyOptions) { o.Options.Env = map[string]string{"STATUS": "3"} }, Broken, "it runs until it is told to end", "exit status 3"},
		{"orphan.sh", nil, Noted, "it runs until it is told to end", "ended by itself, with status 0"},
		{"garbage.sh", once, Kept, "it ends by itself in mode once", ""},
		{"quota.sh", func(o *VerifyOptions) { once(o); o.Wait = 200 * time.Millisecond }, Broken, "it ends by itself in mode once", "still running after 200ms"},
		{"exit.sh", func(o *VerifyOptions) { once(o); o.Options.Env = map[string]string{"STATUS": "78"} }, Broken, "it ends by itself in mode once", "out of tea"},
		{"counter.sh", func(o *VerifyOptions) {
			o.Accept = func(context.Context, string, []byte) error { return errors.New("the topic has no room") }
		}, Broken, "items are as their topic wants them", "line 2: the topic has no room"},
	} {
		t.Run(tt.name+" "+tt.rule, func(t *testing.T) {
			t.Parallel()
			findings := verify(t, tt.name, tt.change)
			for _, f := range findings {
				if f.Rule != tt.rule {
					continue
				}
				if f.State != tt.state || !strings.Contains(f.Detail, tt.detail) || (f.State == Broken && f.Remedy == "") {
					t.Errorf("%+v; want %s with %q", f, tt.state, tt.detail)
				}
				return
			}
			t.Errorf("no such rule in %+v", findings)
		})
	}
}

func TestVerifyEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := Verify(ctx, VerifyOptions{Options: Options{Command: []string{"sleep", "600"}}, Env: feeds.Env{Topic: "news"}, Wait: time.Minute})
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > 10*time.Second {
		t.Errorf("%v after %s", err, took)
	}
}

func TestHelloWithTopicsThatAreNotConfigured(t *testing.T) {
	f, rec := program(t, "topics.sh", feeds.Env{}, nil)
	_, err := rec.Collect(deadline(t), f, 1)
	hint, ok := feeds.Hint(err)
	if !ok || !strings.Contains(err.Error(), "prints on tides; its entry has topic news") || !strings.Contains(hint, "topics: [tides]") {
		t.Errorf("%v, hint %q", err, hint)
	}

	f, rec = program(t, "topics.sh", feeds.Env{}, func(o *Options) { o.Topics = []string{"tides"} })
	items, err := rec.Collect(deadline(t), f, 1)
	if err != nil || len(items) != 1 || items[0].Topic != "tides" {
		t.Errorf("%+v, %v", items, err)
	}
	if got := f.Topics(); len(got) != 1 || got[0] != "tides" {
		t.Errorf("topics %q", got)
	}
	only, err := New(&Options{Command: []string{"true"}, Topics: []string{"tides"}}, feeds.Env{})
	if err != nil || only.(*feed).env.Topic != "tides" {
		t.Errorf("without topic the first of topics counts: %v, %+v", err, only)
	}
}

func TestCheckFindsWhatIsNotThere(t *testing.T) {
	for _, tt := range []struct {
		opts Options
		want string // "" for nothing
	}{
		{Options{Command: []string{"sh", "-c", "echo"}}, ""},
		{Options{Command: []string{"sh", "testdata/exit.sh"}}, ""},
		{Options{Command: []string{"sh", "exit.sh"}, Dir: "testdata"}, ""},
		{Options{Command: []string{"sh", "-x", "exit.sh", "other.py"}, Dir: "testdata"}, ""},
		{Options{Command: []string{"no-such-program"}}, "no-such-program"},
		{Options{Command: []string{"./exit.sh"}, Dir: "testdata"}, "permission"},
		{Options{Command: []string{"./nope"}, Dir: "testdata"}, "no such"},
		{Options{Command: []string{"sh", "exit.sh"}}, `there is no "exit.sh"`},
		{Options{Command: []string{"sh"}, Dir: "nowhere"}, `"nowhere" is no directory`},
	} {
		f, err := New(&tt.opts, feeds.Env{Topic: "news"})
		if err != nil {
			t.Fatal(err)
		}
		err = f.(feeds.Checker).Check()
		hint, _ := feeds.Hint(err)
		if (tt.want == "") != (err == nil) || (err != nil && (!strings.Contains(err.Error(), tt.want) || hint == "")) {
			t.Errorf("%q in %q: %v, hint %q; want %q", tt.opts.Command, tt.opts.Dir, err, hint, tt.want)
		}
	}
}
