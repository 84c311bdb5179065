//go:build unix

package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	osexec "os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
	"tickertape/topics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// program returns a feed that runs testdata/name with sh, and a recorder for it.
func program(t *testing.T, name string, env feeds.Env, change func(*Options)) (*feed, *feedtest.Recorder) {
	t.Helper()
	opts := &Options{Command: []string{"sh", "testdata/" + name}}
	if change != nil {
		change(opts)
	}
	if env.Topic == "" {
		env.Topic = "news"
	}
	f, err := New(opts, env)
	if err != nil {
		t.Fatal(err)
	}
	f.(*feed).grace = 300 * time.Millisecond
	return f.(*feed), feedtest.NewRecorder(t, Spec(), env)
}

func TestContract(t *testing.T) {
	feedtest.Run(t, Spec(), feedtest.Config{
		Options: &Options{Command: []string{"sh", "-c", `n=0; while n=$((n+1)); do echo "{\"title\":\"line $n\"}"; sleep 0.02; done`}},
		Env:     feeds.Env{Topic: "news"},
		Real:    true,
	})
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// ids of the items that were published.
func ids(items []feeds.Item) string {
	var list []string
	for _, it := range items {
		list = append(list, it.ID)
	}
	return strings.Join(list, " ")
}

func TestEveryTypeOfLine(t *testing.T) {
	f, rec := program(t, "protocol.sh", feeds.Env{}, func(o *Options) {
		o.Config = json.RawMessage("{\"port\": {\"name\": \"Den Haag\", \"berths\": [3, 4.50]},\n \"open\": true}")
	})
	items, err := rec.Collect(deadline(t), f, 9)
	if !errors.Is(err, feeds.ErrFinished) {
		t.Errorf("the run ended with %v, want ErrFinished", err)
	}
	if len(items) != 3 {
		t.Fatalf("%d items, want 3: %+v", len(items), items)
	}
	if data, ok := items[0].Data.(json.RawMessage); !ok || string(data) != `{"config":{"port":{"name":"Den Haag","berths":[3,4.50]},"open":true}}` {
		t.Errorf("data %s", data)
	}
	if items[0].Time.Format(time.RFC3339) != "2026-11-20T12:40:00Z" || items[0].Title != "High water" || items[2].Title != "last line without an end" {
		t.Errorf("items %+v", items)
	}
	if got := rec.Retractions(); len(got) != 1 || got[0].Key != "a" {
		t.Errorf("retractions %v", got)
	}
	if got := rec.OKs(); len(got) != 1 || got[0] != "nothing new" {
		t.Errorf("OKs %q", got)
	}
	if note := rec.Notes()[len(rec.Notes())-1]; !strings.HasPrefix(note, "lines that are no JSON objects: 2;") || !strings.Contains(note, `no field "level"`) {
		t.Errorf("note %q", note)
	}
}

func TestIDsAreStableAndOnlyWhereTheTopicHasThem(t *testing.T) {
	catalogue, err := topics.NewCatalogue(topics.Topic{Name: "news", Key: "id"}, topics.Topic{Name: "stock", Key: "symbol", Mode: topics.Latest})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ line, topic, want string }{
		{`{"title":"x"}`, "news", "h"},
		{`{"id":"a"}`, "news", "a"},
		{`{"id":5}`, "news", "5"},
		{`{"type":"item","data":{"id":"b"}}`, "news", ""},
		{`{"type":"item","title":"x"}`, "news", "h"},
		{`{"symbol":"ACME","price":"1"}`, "stock", ""},
		{`{"type":"Feature","symbol":"ACME"}`, "stock", ""},
	} {
		s := &session{feed: &feed{env: feeds.Env{Topic: tt.topic, Catalogue: catalogue}}}
		var got [2]string
		for i := range got {
			m, err := parse([]byte(tt.line), false)
			if err != nil {
				t.Fatal(err)
			}
			got[i] = m.item(s.keyIsID).ID
		}
		if got[0] != got[1] || (tt.want == "h") != (len(got[0]) == 16) || (tt.want != "h" && got[0] != tt.want) {
			t.Errorf("%s on %s: id %q, then %q; want %q", tt.line, tt.topic, got[0], got[1], tt.want)
		}
	}
}

func TestGarbageIsCountedAndReadingGoesOn(t *testing.T) {
	f, rec := program(t, "garbage.sh", feeds.Env{}, nil)
	items, _ := rec.Collect(deadline(t), f, 9)
	if len(items) != 1 || items[0].Title != "good" {
		t.Errorf("items %+v, want the good one", items)
	}
	notes := rec.Notes()
	if len(notes) != 5 || !strings.HasPrefix(notes[4], "lines that are no JSON objects: 5;") || !strings.Contains(notes[4], "the last straw") {
		t.Errorf("notes %q", notes)
	}
}

func TestGiantLineIsDroppedAndReadingGoesOn(t *testing.T) {
	f, rec := program(t, "giant.sh", feeds.Env{}, nil)
	items, _ := rec.Collect(deadline(t), f, 9)
	if len(items) != 2 || items[1].Title != "after" {
		t.Errorf("items %+v, want the two good ones", items)
	}
	if notes := rec.Notes(); len(notes) != 1 || !strings.HasPrefix(notes[0], "lines over 256 KiB: 1;") {
		t.Errorf("notes %q", notes)
	}
}

func TestExitStatus(t *testing.T) {
	for _, tt := range []struct {
		status string
		every  time.Duration
		check  func(error) bool
	}{
		{"0", 0, func(err error) bool { return errors.Is(err, feeds.ErrFinished) }},
		{"0", time.Hour, func(err error) bool { return err == nil }},
		{"75", 0, func(err error) bool { d, ok := feeds.RetryDelay(err); return ok && d == time.Minute }},
		{"78", 0, func(err error) bool { _, ok := feeds.Hint(err); return ok }},
		{"1", 0, func(err error) bool { return err != nil && err.Error() == "sh: exit status 1: out of tea" }},
	} {
		f, rec := program(t, "exit.sh", feeds.Env{Every: feeds.Interval{Min: tt.every, Max: tt.every}},
			func(o *Options) { o.Env = map[string]string{"STATUS": tt.status} })
		_, err := rec.Collect(deadline(t), f, 1)
		if !tt.check(err) {
			t.Errorf("status %s, every %s: %v", tt.status, tt.every, err)
		}
		var traced interface{ Trace() string }
		if tt.status != "0" && (!errors.As(err, &traced) || traced.Trace() != "one\nout of tea") {
			t.Errorf("status %s: the log is not kept", tt.status)
		}
	}
}

func TestErrorLineThatAsksForAPauseEndsTheRun(t *testing.T) {
	f, rec := program(t, "quota.sh", feeds.Env{}, nil)
	_, err := rec.Collect(deadline(t), f, 1)
	if d, ok := feeds.RetryDelay(err); !ok || d != 15*time.Minute {
		t.Errorf("%v: retry after %s, %v; want 15 minutes", err, d, ok)
	}
	if notes := rec.Notes(); len(notes) != 1 || notes[0] != "harmless" {
		t.Errorf("notes %q", notes)
	}
}

func TestErrorLineThatAsksForAPerson(t *testing.T) {
	f, rec := program(t, "attention.sh", feeds.Env{}, nil)
	_, err := rec.Collect(deadline(t), f, 1)
	hint, ok := feeds.Hint(err)
	if wait, said := feeds.RetryDelay(err); !ok || hint != "correct the city" || !said || wait != 2*time.Hour || err.Error() != "sh: no such city" {
		t.Errorf("%v, hint %q, retry after %s", err, hint, wait)
	}
}

func TestProgramOfAnotherVersionNeedsAttention(t *testing.T) {
	f, rec := program(t, "newer.sh", feeds.Env{}, nil)
	_, err := rec.Collect(deadline(t), f, 1)
	if hint, ok := feeds.Hint(err); !ok || hint == "" || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("%v", err)
	}
}

func TestLastLinesOfTheLogAreKept(t *testing.T) {
	f, rec := program(t, "chatty.sh", feeds.Env{}, nil)
	_, err := rec.Collect(deadline(t), f, 1)
	var traced interface{ Trace() string }
	if !errors.As(err, &traced) {
		t.Fatal(err)
	}
	lines := strings.Split(traced.Trace(), "\n")
	if len(lines) != 20 || lines[0] != "line 11" || lines[19] != "line 30" {
		t.Errorf("%d lines, from %q to %q", len(lines), lines[0], lines[len(lines)-1])
	}
}

func TestProgramGetsNamedVariablesOnly(t *testing.T) {
	t.Setenv("TICKERTAPE_PUBLISH_KEY", "secret")
	f, rec := program(t, "environment.sh", feeds.Env{}, func(o *Options) { o.Env = map[string]string{"CITY": "Den Haag"} })
	items, _ := rec.Collect(deadline(t), f, 99)
	got := " " + ids(items) + " "
	if strings.Contains(got, "TICKERTAPE") || !strings.Contains(got, " CITY ") || !strings.Contains(got, " PATH ") || len(items) > 8 {
		t.Errorf("it has%s", got)
	}
}

func TestProgramThatIsNotThereNeedsAttention(t *testing.T) {
	for _, change := range []func(*Options){
		func(o *Options) { o.Command = []string{"no-such-program"} },
		func(o *Options) { o.Command = []string{"testdata/no-such-program"} },
		func(o *Options) { o.Command = []string{"testdata/exit.sh"} }, // not executable
		func(o *Options) { o.Dir = "testdata/nowhere" },
	} {
		f, rec := program(t, "exit.sh", feeds.Env{}, change)
		_, err := rec.Collect(deadline(t), f, 1)
		if _, ok := feeds.Hint(err); !ok {
			t.Errorf("command %q in %q: %v, want one that needs attention", f.opts.Command, f.opts.Dir, err)
		}
	}
}

// child returns the process that a program said it started.
func child(t *testing.T, items []feeds.Item) int {
	t.Helper()
	var data struct{ Pid int }
	if len(items) == 0 || json.Unmarshal(items[0].Data.(json.RawMessage), &data) != nil || data.Pid == 0 {
		t.Fatalf("the program did not name its child: %+v", items)
	}
	return data.Pid
}

// wantGone waits until a process is no more than a zombie.
func wantGone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if alive(pid) {
			continue
		}
		return
	}
	syscall.Kill(pid, syscall.SIGKILL)
	t.Errorf("process %d is still there", pid)
}

func TestStubbornProgramIsKilledWithItsChildren(t *testing.T) {
	f, rec := program(t, "stubborn.sh", feeds.Env{}, nil)
	began := time.Now()
	items, err := rec.Collect(deadline(t), f, 1)
	if took := time.Since(began); err != nil || took < f.grace || took > 10*f.grace {
		t.Errorf("stopped after %s with %v, want a little over %s", took, err, f.grace)
	}
	wantGone(t, child(t, items))
}

func TestWhatAProgramLeavesBehindIsKilled(t *testing.T) {
	if !killsLeftovers {
		t.Skip("only where a child can be awaited without being reaped")
	}
	f, rec := program(t, "orphan.sh", feeds.Env{}, nil)
	items, err := rec.Collect(deadline(t), f, 9)
	if !errors.Is(err, feeds.ErrFinished) {
		t.Errorf("the run ended with %v", err)
	}
	wantGone(t, child(t, items))
}

func TestChildThatHoldsTheOutputDoesNotHoldTheFeed(t *testing.T) {
	if _, err := osexec.LookPath("setsid"); err != nil {
		t.Skip("needs setsid")
	}
	f, rec := program(t, "escaped.sh", feeds.Env{}, nil)
	began := time.Now()
	items, err := rec.Collect(deadline(t), f, 9)
	if took := time.Since(began); !errors.Is(err, feeds.ErrFinished) || took > 3*time.Second {
		t.Errorf("the run ended after %s with %v", took, err)
	}
	child(t, items)
}

func TestEmptyLineMeansPollAndEndOfInputMeansStop(t *testing.T) {
	every := 20 * time.Millisecond
	f, rec := program(t, "poll.sh", feeds.Env{Every: feeds.Interval{Min: every, Max: every}}, nil)
	f.grace = 5 * time.Second // the end of input ends it, not the signal
	began := time.Now()
	items, err := rec.Collect(deadline(t), f, 3)
	if err != nil || !strings.HasPrefix(ids(items), "1 2 3") {
		t.Errorf("items %q, %v; want 1 2 3", ids(items), err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("stopped after %s: it was killed", took)
	}
}

func TestOnceRunsWithTheInputEnded(t *testing.T) {
	f, rec := program(t, "poll.sh", feeds.Env{Every: feeds.Interval{Min: time.Hour, Max: time.Hour}}, func(o *Options) { o.Mode = once })
	items, err := rec.Collect(deadline(t), f, 9)
	if err != nil || ids(items) != "end of input" {
		t.Errorf("items %q, %v", ids(items), err)
	}
}

func TestOnceIsBounded(t *testing.T) {
	hour := feeds.Interval{Min: time.Hour, Max: time.Hour}
	f, rec := program(t, "stubborn.sh", feeds.Env{Every: hour, Timeout: 200 * time.Millisecond}, func(o *Options) { o.Mode = once })
	_, err := rec.Collect(deadline(t), f, 9)
	if err == nil || !strings.Contains(err.Error(), "did not end within the timeout of 200ms") {
		t.Errorf("a program that does not end: %v", err)
	}
	f, rec = program(t, "giant.sh", feeds.Env{Every: hour, Max: 1}, func(o *Options) { o.Mode = once })
	items, err := rec.Collect(deadline(t), f, 9)
	if err != nil || len(items) != 1 || items[0].Title != "before" {
		t.Errorf("with max_items 1: %+v, %v", items, err)
	}
	if notes := rec.Notes(); len(notes) == 0 || !strings.HasPrefix(notes[len(notes)-1], "items beyond max_items: 1;") {
		t.Errorf("notes %q", notes)
	}
}

func TestEnvironmentIsClean(t *testing.T) {
	t.Setenv("TICKERTAPE_SECRET", "x")
	got := environment([]string{"PATH=/bin", "TICKERTAPE_SECRET=x", "HOME=/h", "LANG=C"}, map[string]string{"LANG": "nl", "A": "b"})
	if all := fmt.Sprint(got); len(got) != 4 || strings.Contains(all, "SECRET") || strings.Contains(all, "LANG=C") {
		t.Errorf("environment %q", got)
	}
}

// slow is a publisher that takes its time.
type slow struct {
	*feedtest.Recorder
	pause time.Duration
}

func (s slow) Publish(ctx context.Context, items ...feeds.Item) error {
	time.Sleep(s.pause)
	return s.Recorder.Publish(ctx, items...)
}

// A program that prints at full speed is stopped by its pipe: what it printed is at
// most a pipe, a buffer and a batch ahead of what was published.
func TestFloodIsSlowedByThePipe(t *testing.T) {
	f, rec := program(t, "flood.sh", feeds.Env{}, nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	s := slow{rec, 50 * time.Millisecond}
	p, err := launch(&f.opts)
	if err != nil {
		t.Fatal(err)
	}
	run := &session{feed: f, pub: s, process: p, over: make(chan struct{})}
	if err := run.run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the run ended with %v", err)
	}
	var printed int
	if _, err := fmt.Sscanf(run.log.last(), "printed %d", &printed); err != nil {
		t.Fatalf("log %q: %v", run.log.text(), err)
	}
	published := len(rec.Items())
	// A line has 28 bytes or more; the pipe and the buffer have 64 KiB each.
	if ahead := printed - published; published < 100 || ahead > 2*(64<<10)/28+maxItems+10 {
		t.Errorf("printed %d, published %d", printed, published)
	}
	t.Logf("printed %d, published %d", printed, published)
}

// The supervisor and a program that dies each time: the circuit opens, nothing else.
func TestProgramThatDiesEachTimeOpensTheCircuit(t *testing.T) {
	f, _ := program(t, "exit.sh", feeds.Env{}, func(o *Options) { o.Env = map[string]string{"STATUS": "3"} })
	spec := Spec()
	spec.Floor = 0
	s := feeds.NewSupervisor(feeds.Options{Bus: nowhere{}})
	if err := s.Add(spec, f, feeds.Env{ID: "dies", Topic: "news"}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	for end := time.Now().Add(20 * time.Second); s.Status()[0].State != feeds.Open; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("status %+v", s.Status()[0])
		}
		if s.Status()[0].State == feeds.Backoff {
			s.Retry("dies")
		}
	}
	if got := s.Status()[0]; got.Restarts != 4 || got.LastError != "sh: exit status 3: out of tea" {
		t.Errorf("status %+v", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// nowhere is a bus that takes everything.
type nowhere struct{}

func (nowhere) Publish(_ context.Context, _ string, drafts ...topics.Draft) ([]topics.ID, error) {
	return make([]topics.ID, len(drafts)), nil
}
func (nowhere) Retract(context.Context, string, string) (topics.ID, error) { return topics.ID{}, nil }
