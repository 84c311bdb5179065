package twelvedata

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "k3y-of-nobody"

func options(symbols ...string) *Options {
	return &Options{Key: key, Symbols: symbols, Minute: 8, Day: 800}
}

const one = `{"symbol":"AAPL","name":"Apple Inc","currency":"USD","timestamp":1795168800,"last_quote_at":1795168740,"close":"187.42","previous_close":"188.55","is_market_open":false}`

func TestContract(t *testing.T) {
	feedtest.Run(t, Spec(), feedtest.Config{Options: options("AAPL"), Source: feedtest.NewSource(feedtest.Answer{Body: one}), Items: 1})
}

func TestRecorded(t *testing.T) {
	feedtest.Replay(t, Spec(), "testdata", feedtest.Config{Options: options("AAPL", "APPL", "EUR/USD")})
}

// run runs a feed on the answers for some time.
func run(t *testing.T, o *Options, d time.Duration, answers ...feedtest.Answer) (rec *feedtest.Recorder, source *feedtest.Source, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(feedtest.Recorded))
		spec := Spec()
		env := spec.Complete(feeds.Env{ID: "test"})
		var feed feeds.Feed
		if feed, err = spec.New(o, env); err != nil {
			t.Fatal(err)
		}
		rec = feedtest.NewRecorder(t, spec, env)
		source = feedtest.NewSource(answers...)
		rec.SetHTTP(source.Client(spec, env))
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		_, err = rec.Collect(ctx, feed, 1000)
	})
	return rec, source, err
}

// A closed market is no failure, and its prices are printed once.
func TestClosedMarketIsPrintedOnce(t *testing.T) {
	rec, source, err := run(t, options("AAPL"), 61*time.Minute, feedtest.Answer{Body: one})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(rec.Items()); n != 1 {
		t.Errorf("%d items, want 1", n)
	}
	if oks := rec.OKs(); len(oks) < 4 || oks[0] != "market closed" {
		t.Errorf("%q", oks)
	}
	asked := source.Requests()
	if got := asked[0].Header.Get("Authorization"); got != "apikey "+key {
		t.Errorf("authorization %q", got)
	}
	for _, r := range asked {
		if strings.Contains(r.URL, key) {
			t.Errorf("the key stands in the address %s", r.URL)
		}
	}
}

func TestFailures(t *testing.T) {
	day := `You have run out of API credits for the day. 801 API credits were used, with the current limit being 800.`
	body := func(code int, text string) string {
		return fmt.Sprintf(`{"code":%d,"message":%q,"status":"error"}`, code, text)
	}
	for _, tt := range []struct {
		name   string
		answer feedtest.Answer
		want   string
		hint   string
		after  time.Duration
	}{
		{"key refused under 200", feedtest.Answer{Body: body(401, "**apikey** parameter is incorrect or not specified.")}, "error 401", "check key", 0},
		{"key refused", feedtest.Answer{Status: 401, Body: body(401, "**apikey** parameter is incorrect.")}, "error 401", "check key", 0},
		{"minute used up under 200", feedtest.Answer{Body: body(429, "You have run out of API credits for the current minute.")}, "current minute", "", 61 * time.Second},
		{"day used up", feedtest.Answer{Status: 429, Body: body(429, day)}, "for the day", "", 12*time.Hour + time.Minute},
		{"unknown symbol", feedtest.Answer{Status: 404, Body: body(404, "symbol is missing or invalid")}, "404", "", time.Hour},
		{"unknown symbol under 200", feedtest.Answer{Body: body(404, "symbol is missing or invalid")}, "error 404", "check symbols", 0},
		{"server error under 200", feedtest.Answer{Body: body(500, "oops")}, "error 500", "", 0},
		{"no price", feedtest.Answer{Body: `{"symbol":"AAPL","close":null}`}, "no price", "check symbols", 0},
		{"not a number", feedtest.Answer{Body: `{"symbol":"AAPL","close":"N/A"}`}, "is no price", "", 0},
		{"an array", feedtest.Answer{Body: `[]`}, "no JSON of a quote", "", 0},
		{"HTML", feedtest.Answer{Body: `<!doctype html><p>Maintenance`}, "HTML page", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := run(t, options("AAPL"), time.Second, tt.answer)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), key) {
				t.Fatalf("%v; want %q", err, tt.want)
			}
			if hint, _ := feeds.Hint(err); tt.hint != "" && !strings.Contains(hint, tt.hint) {
				t.Errorf("hint %q; want %q", hint, tt.hint)
			}
			if after, _ := feeds.RetryDelay(err); after != tt.after {
				t.Errorf("retry after %s, want %s", after, tt.after)
			}
		})
	}
}

func TestBudgetIsCheckedWhenTheFileIsRead(t *testing.T) {
	every := func(d time.Duration) feeds.Interval { return feeds.Interval{Min: d, Max: d} }
	symbols := func(n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("S%d", i))
		}
		return list
	}
	for _, tt := range []struct {
		n, minute, day int
		every          time.Duration
		want           string // "" for no error
	}{
		{8, 8, 800, 15 * time.Minute, ""},
		{3, 8, 800, 324 * time.Second, ""},
		{3, 8, 800, 323 * time.Second, "set every: 5m24s or longer"},
		{3, 8, 800, time.Minute, "800 credits (credits_per_day) last for a request for 3 symbols each 5m24s"},
		{1, 8, 800, 108 * time.Second, ""},
		{7, 8, 799, 757 * time.Second, ""},
		{7, 8, 799, 756 * time.Second, "12m37s"},
		{9, 8, 800, time.Hour, "list at most 8 symbols"},
		{50, 55, 0, 30 * time.Second, "set every: 55s or longer"},
		{50, 55, 0, 55 * time.Second, ""},
		{121, 600, 0, time.Hour, "one request allows 120"},
	} {
		o := &Options{Key: key, Symbols: symbols(tt.n), Minute: tt.minute, Day: tt.day}
		_, err := Spec().New(o, feeds.Env{Every: every(tt.every)})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%d symbols, %d a minute, %d a day, every %s: %v; want %q", tt.n, tt.minute, tt.day, tt.every, err, tt.want)
		}
	}
	if _, err := Spec().New(&Options{Symbols: symbols(1)}, feeds.Env{}); err == nil || errors.Is(err, feeds.ErrItem) {
		t.Errorf("a feed without a key is made: %v", err)
	}
}
