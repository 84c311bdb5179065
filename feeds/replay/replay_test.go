package replay

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
	"tickertape/topics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func catalogue(t *testing.T) *topics.Catalogue {
	t.Helper()
	c, err := topics.NewCatalogue(
		topics.Topic{Name: "news", Key: "id"}, topics.Topic{Name: "gauges", Mode: topics.Latest, Key: "name"}, topics.Topic{Name: "notices"},
	)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func options() *Options {
	return &Options{File: "testdata/recording.ndjson", Speed: 1, Shift: true}
}

func TestContract(t *testing.T) {
	feedtest.Run(t, Spec(), feedtest.Config{Options: options(), Env: feeds.Env{Topic: "news"}, Items: 2})
	looping := options()
	looping.Loop, looping.Speed = true, 100
	feedtest.Run(t, Spec(), feedtest.Config{Options: looping, Env: feeds.Env{Topic: "news"}, Items: 5})
}

// play runs a feed for a while and returns each item with when it came.
func play(t *testing.T, o *Options, during time.Duration) (*feedtest.Recorder, []string, error) {
	t.Helper()
	env := feeds.Env{ID: "test", Catalogue: catalogue(t)}
	feed, err := New(o, env)
	if err != nil {
		t.Fatal(err)
	}
	rec := feedtest.NewRecorder(t, Spec(), env)
	began := time.Now()
	var came []string
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	_, err = rec.Collect(ctx, noting{feed, func(it feeds.Item) {
		came = append(came, fmt.Sprintf("%s@%s", it.Topic, time.Since(began).Round(time.Second)))
	}}, 1000)
	return rec, came, err
}

// noting tells of each item before it is published.
type noting struct {
	feeds.Feed
	note func(feeds.Item)
}

func (n noting) Run(ctx context.Context, pub feeds.Publisher) error {
	return n.Feed.Run(ctx, notingPublisher{pub, n.note})
}

type notingPublisher struct {
	feeds.Publisher
	note func(feeds.Item)
}

func (p notingPublisher) Publish(ctx context.Context, items ...feeds.Item) error {
	for _, it := range items {
		p.note(it)
	}
	return p.Publisher.Publish(ctx, items...)
}

func TestReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)))
		rec, came, err := play(t, options(), 2*time.Hour)
		if !errors.Is(err, feeds.ErrFinished) {
			t.Errorf("the end: %v", err)
		}
		if got, want := strings.Join(came, " "), "gauges@0s news@0s gauges@10s news@1h0m0s"; got != want {
			t.Errorf("came %s; want %s", got, want)
		}
		want := []string{
			`{"name":"g1","replayed":true,"time":"2029-12-31T23:59:59.5Z","value":1.50,"simulated":true}`,
			`{"expires":"2030-01-01T01:00:00Z","id":"a","replayed":true,"time":"2029-12-31T23:59:50Z","title":"Ferry late","simulated":true}`,
			`{"name":"g1","replayed":true,"seen":"2030-01-01T00:00:10Z","time":null,"value":12345678901234567890.10,"simulated":true}`,
		}
		for i, line := range rec.Lines()[:3] {
			if string(line) != want[i] {
				t.Errorf("item %d is %s\nwant %s", i, line, want[i])
			}
		}
		if r := rec.Retractions(); len(r) != 1 || r[0] != (feedtest.Retraction{Topic: "news", Key: "a"}) {
			t.Errorf("retracted %v", r)
		}
		oks := rec.OKs()
		if last := oks[len(oks)-1]; last != "the recording is over: round 1, 4 printed; recorded at 2026-11-20T10:00:00Z; 2 lines are none of a recording; 1 events that are no objects are left out; 1 topics are left out" {
			t.Errorf("the state says %q", last)
		}
	})
}

func TestSpeedLoopAndTopics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options()
		o.Speed, o.Longest, o.Loop, o.Shift = 10, 5*time.Second, true, false
		o.Topics = map[string]string{"news": "news", "gauges": "gauges"}
		rec, came, err := play(t, o, 20*time.Second)
		if got, want := strings.Join(came, " "), "gauges@0s news@0s gauges@1s news@8s gauges@10s news@10s gauges@11s news@18s gauges@20s news@20s"; err != nil || !strings.HasPrefix(want, got) || len(came) < 8 {
			t.Errorf("came %s; %v; want %s", got, err, want)
		}
		var ids []string
		for _, line := range rec.Lines() {
			var item struct{ ID, Time string }
			if err := json.Unmarshal(line, &item); err != nil {
				t.Fatal(err)
			}
			if item.ID != "" {
				ids = append(ids, item.ID)
			}
			if item.Time > "2027" {
				t.Errorf("%s: its time was moved", line)
			}
		}
		if got := strings.Join(ids[:4], " "); got != "a b a~2 b~2" {
			t.Errorf("ids %s", got)
		}
		if r := rec.Retractions(); len(r) < 2 || r[1].Key != "a~2" {
			t.Errorf("retracted %v", r)
		}
	})
}

func TestWhatCannotBeReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options()
		o.File = "testdata/absent.ndjson"
		_, _, err := play(t, o, time.Minute)
		if hint, ok := feeds.Hint(err); !ok || !strings.Contains(hint, "tickertape record") {
			t.Errorf("no file: %v", err)
		}
		o = options()
		o.Topics = map[string]string{"stock": "gauges"}
		if _, _, err = play(t, o, time.Minute); err == nil || !strings.Contains(err.Error(), "nothing in it could be printed") {
			t.Errorf("no topics: %v", err)
		}
		o.File = "run.go"
		if _, _, err = play(t, o, time.Minute); err == nil || !strings.Contains(err.Error(), "lines are none of a recording") {
			t.Errorf("no recording: %v", err)
		}
	})
	for text, want := range map[string]string{"0x": "want 0.01x", "fast": "want 0.01x", "-1": "want 0.01x", "NaN": "want 0.01x", "1e9x": "want 0.01x"} {
		var s Speed
		if err := s.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("speed %s: %v", text, err)
		}
	}
	if _, err := New(&Options{File: "x", Speed: 1}, feeds.Env{Every: feeds.Interval{Min: 1, Max: 1}}); err == nil {
		t.Error("every is taken")
	}
}

func TestCompressed(t *testing.T) {
	plain, err := os.ReadFile("testdata/recording.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	o := options()
	o.File = filepath.Join(t.TempDir(), "recording.ndjson.gz")
	f, err := os.Create(o.File)
	if err != nil {
		t.Fatal(err)
	}
	w := gzip.NewWriter(f)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		if _, came, err := play(t, o, 2*time.Hour); len(came) != 4 || !errors.Is(err, feeds.ErrFinished) {
			t.Errorf("%v, %v", came, err)
		}
	})
}
