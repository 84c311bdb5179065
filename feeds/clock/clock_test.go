package clock

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) { feedtest.Run(t, Spec(), feedtest.Config{}) }

type tick struct {
	Time   time.Time
	Unix   int64
	Zone   string
	Offset int
}

func ticks(t *testing.T, r *feedtest.Recorder) []tick {
	t.Helper()
	list := make([]tick, len(r.Lines()))
	for i, line := range r.Lines() {
		if err := json.Unmarshal(line, &list[i]); err != nil {
			t.Fatalf("line %s: %v", line, err)
		}
	}
	return list
}

func make1(t *testing.T, options any, env feeds.Env) feeds.Feed {
	t.Helper()
	feed, err := Spec().New(options, env)
	if err != nil {
		t.Fatal(err)
	}
	return feed
}

func TestTicksOnTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(437 * time.Millisecond)
		r := feedtest.NewRecorder(t, Spec(), feeds.Env{})
		if _, err := r.Collect(t.Context(), make1(t, nil, feeds.Env{}), 50); err != nil {
			t.Fatal(err)
		}
		list := ticks(t, r)
		if got := list[0].Time.Nanosecond(); got != 437e6 {
			t.Errorf("the first reading is at %d ns, want it at once", got)
		}
		for i, k := range list[1:] {
			if k.Time.Nanosecond() != 0 || k.Time.Unix() != k.Unix {
				t.Errorf("tick %d is %v with unix %d, want a whole second and its number", i, k.Time, k.Unix)
			}
			if step := k.Unix - list[i].Unix; step != 1 {
				t.Errorf("tick %d comes %d s after the one before, want 1", i, step)
			}
		}
	})
}

// slow takes its time to store.
type slow struct {
	*feedtest.Recorder
	takes time.Duration
}

func (s slow) Publish(ctx context.Context, items ...feeds.Item) error {
	time.Sleep(s.takes)
	return s.Recorder.Publish(ctx, items...)
}

func TestSkipsMissedTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := feedtest.NewRecorder(t, Spec(), feeds.Env{})
		ctx, cancel := context.WithTimeout(t.Context(), 20500*time.Millisecond)
		defer cancel()
		if err := make1(t, nil, feeds.Env{}).Run(ctx, slow{r, 2500 * time.Millisecond}); ctx.Err() == nil {
			t.Fatal(err)
		}
		list := ticks(t, r)
		if len(list) < 6 || len(list) > 7 {
			t.Errorf("%d ticks in 20 s of stores that take 2.5 s, want one every 3 s", len(list))
		}
		for i, k := range list[1:] {
			if k.Time.Nanosecond() != 0 {
				t.Errorf("tick %d is at %v, want a whole second", i, k.Time)
			}
			if step := k.Unix - list[i].Unix; step != 3 {
				t.Errorf("tick %d comes %d s after the one before, want 3", i, step)
			}
		}
	})
}

func TestZone(t *testing.T) {
	at := time.Date(2026, 7, 4, 12, 0, 0, 250e6, time.UTC)
	for _, tt := range []struct {
		zone string
		want face
	}{
		{"Asia/Kolkata", face{"2026-07-04T17:30:00.250+05:30", at.Unix(), "Asia/Kolkata", 19800}},
		{"America/New_York", face{"2026-07-04T08:00:00.250-04:00", at.Unix(), "America/New_York", -14400}},
		{"UTC", face{"2026-07-04T12:00:00.250Z", at.Unix(), "UTC", 0}},
	} {
		c := make1(t, &Options{Zone: tt.zone}, feeds.Env{}).(*clock)
		if got := c.read(at); got != tt.want {
			t.Errorf("in %s: %+v, want %+v", tt.zone, got, tt.want)
		}
	}
}

func TestRefusesUnknownZones(t *testing.T) {
	for _, zone := range []string{"Europe/Atlantis", "Local", "../etc/passwd"} {
		if _, err := Spec().New(&Options{Zone: zone}, feeds.Env{}); err == nil {
			t.Errorf("zone %q is accepted", zone)
		}
	}
	if _, err := Spec().New("text", feeds.Env{}); err == nil {
		t.Error("options of a foreign type are accepted")
	}
}

func TestLongerIntervalsAreAligned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(7 * time.Second)
		env := feeds.Env{Every: feeds.Interval{Min: 15 * time.Second, Max: 15 * time.Second}}
		r := feedtest.NewRecorder(t, Spec(), env)
		if _, err := r.Collect(t.Context(), make1(t, nil, env), 5); err != nil {
			t.Fatal(err)
		}
		for _, k := range ticks(t, r)[1:] {
			if k.Unix%15 != 0 {
				t.Errorf("tick at %v, want a multiple of 15 s", k.Time)
			}
		}
	})
}
