package feeds_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
	"tickertape/topics"
)

// webBus keeps what feeds print; somebody listens unless deaf.
type webBus struct {
	mu    sync.Mutex
	items []string // ids, in order
	fail  error    // of each publish
	deaf  bool
}

func (b *webBus) Publish(_ context.Context, _ string, drafts ...topics.Draft) ([]topics.ID, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range drafts {
		if d.Topic == feeds.StatusTopic {
			continue
		}
		if b.fail != nil {
			return nil, b.fail
		}
		var item struct{ ID string }
		if err := json.Unmarshal(d.Data, &item); err != nil {
			return nil, err
		}
		b.items = append(b.items, item.ID)
	}
	return make([]topics.ID, len(drafts)), nil
}

func (b *webBus) Retract(context.Context, string, string) (topics.ID, error) {
	return topics.ID{}, nil
}

func (b *webBus) Listening(...string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.deaf
}

func (b *webBus) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

func (b *webBus) printed() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.items, " ")
}

const page = "https://news.example/feed?key=SECRET"

// lines is a fetch of a kind of some lines: each line of the document is an item.
func lines(address string) func(context.Context, *http.Client) ([]feeds.Item, error) {
	return func(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
		d, err := feeds.Get(ctx, c, address, nil)
		if err != nil {
			return nil, err
		}
		var items []feeds.Item
		for line := range strings.FieldsSeq(string(d.Body)) {
			items = append(items, feeds.Item{ID: line, Title: line})
		}
		return items, nil
	}
}

var webSpec = feeds.Spec{Kind: "web", Topics: []string{"news"}, Floor: 5 * time.Minute, Default: feeds.Interval{Min: 30 * time.Minute, Max: 30 * time.Minute}}

// A web is a supervisor on a source, in a bubble.
type web struct {
	t       *testing.T
	source  *feedtest.Source
	bus     *webBus
	options feeds.FetchOptions
	memory  []byte // of the last save

	sup    *feeds.Supervisor
	cancel func()
	done   chan error
}

func newWeb(t *testing.T, answers ...feedtest.Answer) *web {
	time.Sleep(time.Until(feedtest.Recorded.Add(17 * time.Minute)))
	return &web{t: t, source: feedtest.NewSource(answers...), bus: &webBus{}, options: feeds.FetchOptions{Version: "1.2", Contact: "tape@example.org"}}
}

// start runs feeds with these fetches, under the ids a, b and so on.
func (w *web) start(fetches ...func(context.Context, *http.Client) ([]feeds.Item, error)) {
	w.t.Helper()
	w.options.Transport = w.source
	w.sup = feeds.NewSupervisor(feeds.Options{
		Bus: w.bus, Fetcher: feeds.NewFetcher(w.options),
		Save: func(memory []byte) error { w.memory = memory; return nil },
	})
	for i, fetch := range fetches {
		env := feeds.Env{ID: string(rune('a' + i)), Seed: 1}
		if err := w.sup.Add(webSpec, feeds.Poll(fetch), env); err != nil {
			w.t.Fatal(err)
		}
	}
	if w.memory != nil {
		if err := w.sup.Recall(w.memory); err != nil {
			w.t.Fatal(err)
		}
	}
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(context.Background())
	w.done = make(chan error, 1)
	go func() { w.done <- w.sup.Run(ctx) }()
}

func (w *web) stop() {
	w.t.Helper()
	w.cancel()
	if err := <-w.done; err != nil {
		w.t.Error(err)
	}
}

// after lets time pass and returns the requests so far.
func (w *web) after(d time.Duration) []feedtest.Request {
	time.Sleep(d)
	synctest.Wait()
	return w.source.Requests()
}

func (w *web) status() feeds.Status { return w.sup.Status()[0] }

func TestFeedSaysWhoItIsAndAsksConditionally(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const etag = `W/"odd ""tag"`
		w := newWeb(t, feedtest.Answer{Body: "one two", Header: map[string]string{"ETag": etag, "Last-Modified": "not even a date"}})
		w.start(lines(page))
		asked := w.after(100 * time.Minute)
		w.stop()
		if len(asked) != 4 {
			t.Fatalf("asked %d times in 100 minutes", len(asked))
		}
		first, second := asked[0].Header, asked[1].Header
		if agent := first.Get("User-Agent"); agent != "tickertape/1.2 (+tape@example.org)" {
			t.Errorf("agent %q", agent)
		}
		if first.Get("If-None-Match") != "" || second.Get("If-None-Match") != etag || second.Get("If-Modified-Since") != "not even a date" {
			t.Errorf("validators: first %v, second %v", first, second)
		}
		if s := w.status(); s.Detail != "not modified" || s.LastError != "" || s.Restarts != 0 || w.bus.printed() != "one two" {
			t.Errorf("%+v, printed %s", s, w.bus.printed())
		}
	})
}

func TestDocumentIsKnownOnlyOnceItsItemsAreStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWeb(t, feedtest.Answer{Body: "one", Header: map[string]string{"ETag": `"1"`, "Cache-Control": "max-age=86400"}})
		w.bus.fail = errors.New("no room")
		w.start(lines(page))
		if asked := w.after(10 * time.Minute); len(asked) < 2 || asked[1].Header.Get("If-None-Match") != "" {
			t.Errorf("%+v", asked)
		}
		w.bus.set(func() { w.bus.fail = nil })
		w.after(10 * time.Minute)
		w.stop()
		if w.bus.printed() != "one" {
			t.Errorf("printed %q", w.bus.printed())
		}
	})
}

func TestMemorySurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWeb(t, feedtest.Answer{Body: "one two", Header: map[string]string{"ETag": `"1"`}})
		w.start(lines(page))
		w.after(time.Second)
		w.stop()
		if text := string(w.memory); strings.Contains(text, "SECRET") || strings.Contains(text, "news.example") || text == "" {
			t.Errorf("kept: %s", text)
		}
		w.start(lines(page))
		if asked := w.after(3 * time.Second); len(asked) != 1 || w.status().State != feeds.Running {
			t.Errorf("asked %d times within seconds of the first, over a restart; %+v", len(asked), w.status())
		}
		asked := w.after(time.Hour)
		if w.stop(); len(asked) < 2 || asked[1].Header.Get("If-None-Match") != `"1"` {
			t.Errorf("%+v", asked)
		}
		w.source.On("", feedtest.Answer{Body: "two one three", Header: map[string]string{"ETag": `"2"`}})
		w.after(time.Minute)
		w.start(lines(page))
		w.after(time.Second)
		if w.stop(); w.bus.printed() != "one two three" {
			t.Errorf("printed %q", w.bus.printed())
		}
	})
}

func TestRetryAfterIsObeyedOverARestart(t *testing.T) {
	for name, tt := range map[string]struct {
		header map[string]string
		wait   time.Duration
	}{
		"seconds": {map[string]string{"Retry-After": "7200"}, 2 * time.Hour},
		"date":    {map[string]string{"Retry-After": feedtest.Recorded.Add(2*time.Hour + 17*time.Minute).Format(http.TimeFormat)}, 2 * time.Hour},
		"nothing": {nil, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWeb(t, feedtest.Answer{Status: 429, Header: tt.header}, feedtest.Answer{Body: "one"})
				w.start(lines(page))
				w.after(tt.wait / 2)
				if s := w.status(); s.State != feeds.Backoff || !strings.Contains(s.LastError, "429") || strings.Contains(s.LastError, "SECRET") {
					t.Errorf("%+v", s)
				}
				w.stop()
				w.start(lines(page))
				if asked := w.after(tt.wait/2 - time.Minute); len(asked) != 1 {
					t.Errorf("asked %d times before its time", len(asked))
				}
				asked := w.after(tt.wait/5 + 2*time.Minute)
				if w.stop(); len(asked) != 2 || w.bus.printed() != "one" {
					t.Errorf("asked %d times, printed %q", len(asked), w.bus.printed())
				}
			})
		})
	}
}

func TestSourceLengthensTheInterval(t *testing.T) {
	date := feedtest.Recorded.Add(17 * time.Minute)
	for name, tt := range map[string]struct {
		header   map[string]string
		least    time.Duration
		nextSoon bool
	}{
		"max-age":            {map[string]string{"Cache-Control": "public, max-age=10800"}, 3 * time.Hour, false},
		"max-age less age":   {map[string]string{"Cache-Control": "max-age=10800", "Age": "3600"}, 2 * time.Hour, false},
		"Expires":            {map[string]string{"Expires": date.Add(2 * time.Hour).Format(http.TimeFormat)}, 2 * time.Hour, false},
		"never shortens":     {map[string]string{"Cache-Control": "max-age=1"}, 27 * time.Minute, true},
		"a year is a day":    {map[string]string{"Cache-Control": "max-age=31536000"}, 24 * time.Hour, false},
		"no-cache":           {map[string]string{"Cache-Control": "no-cache, max-age=10800"}, 27 * time.Minute, true},
		"nonsense":           {map[string]string{"Cache-Control": "max-age=x", "Expires": "0"}, 27 * time.Minute, true},
		"the floor of a day": {map[string]string{"Cache-Control": `max-age="99999999999999999999999"`}, 27 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWeb(t, feedtest.Answer{Body: "one", Header: tt.header})
				w.start(lines(page))
				asked := w.after(tt.least + 45*time.Minute)
				state := w.status()
				w.stop()
				if len(asked) < 2 {
					t.Fatalf("asked %d times", len(asked))
				}
				gap := asked[1].Time.Sub(asked[0].Time)
				if gap < tt.least || gap > tt.least+time.Hour || tt.nextSoon && gap > 45*time.Minute {
					t.Errorf("asked again after %s", gap)
				}
				if state.State != feeds.Running {
					t.Errorf("a feed that waits as long as it was told is %s", state.State)
				}
			})
		})
	}
}

func TestIntervalsAreSpreadAndAvoidTheFullHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWeb(t, feedtest.Answer{Body: "one"})
		w.start(lines(page))
		asked := w.after(14 * time.Hour)
		w.stop()
		gaps := map[time.Duration]bool{}
		for i := 1; i < len(asked); i++ {
			gap := asked[i].Time.Sub(asked[i-1].Time)
			gaps[gap.Round(time.Second)] = true
			if gap < 27*time.Minute || gap > 43*time.Minute {
				t.Errorf("gap %s", gap)
			}
			if m := asked[i].Time.Minute(); m < 2 || m > 57 {
				t.Errorf("asked at minute %d", m)
			}
		}
		if len(gaps) < len(asked)/4 {
			t.Errorf("%d gaps of %d are different", len(gaps), len(asked))
		}
	})
}

func TestFewerRequestsWhileNobodyListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWeb(t, feedtest.Answer{Body: "one"})
		w.bus.deaf = true
		w.start(lines(page))
		asked := w.after(40 * time.Minute)
		if len(asked) != 1 || w.status().State != feeds.Running {
			t.Errorf("asked %d times; %+v", len(asked), w.status())
		}
		w.bus.set(func() { w.bus.deaf = false })
		if asked = w.after(2 * time.Second); len(asked) != 2 {
			t.Errorf("asked %d times when somebody came", len(asked))
		}
		w.bus.set(func() { w.bus.deaf = true })
		w.after(30 * time.Minute) // the pause that was planned before
		before := len(w.after(0))
		asked = w.after(10 * time.Hour)
		if n := len(asked) - before; n < 4 || n > 7 {
			t.Errorf("asked %d times in 10 hours", n)
		}
		w.stop()
	})
}

func TestFeedsOfOneAddressAskOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWeb(t, feedtest.Answer{Body: "one", Wait: time.Second})
		w.start(lines(page), lines(page), lines(page))
		if asked := w.after(time.Minute); len(asked) != 1 {
			t.Errorf("three feeds asked %d times", len(asked))
		}
		for _, s := range w.sup.Status() {
			if s.Events != 1 {
				t.Errorf("feed %s printed %d items", s.ID, s.Events)
			}
		}
		w.stop()
	})
}

// A feed takes what another one was told a little before, and never an answer older
// than its own last one.
func TestFeedsOfOneAddressShareAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		w := newWeb(t, feedtest.Answer{Handler: func(rw http.ResponseWriter, _ *http.Request) {
			n++
			fmt.Fprintf(rw, "n%d", n)
		}})
		w.start(lines(page), lines(page), lines(page))
		asked := w.after(5 * time.Hour)
		w.stop()
		for _, s := range w.sup.Status() {
			if s.Repeated > 0 || s.Events < 7 {
				t.Errorf("feed %s printed %d items, and the same %d times", s.ID, s.Events, s.Repeated)
			}
		}
		if len(asked) > 24 {
			t.Errorf("three feeds asked %d times in five hours", len(asked))
		}
		t.Logf("asked %d times", len(asked))
	})
}

func TestNoDocumentIsNotAskedForAtOnceAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWeb(t, feedtest.Answer{Body: "<!DOCTYPE html><html>Sign in</html>"})
		w.start(func(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
			var into any
			_, err := feeds.GetJSON(ctx, c, page, nil, &into)
			return nil, err
		})
		if asked := w.after(webSpec.Floor - time.Second); len(asked) != 1 {
			t.Errorf("asked %d times within the floor", len(asked))
		}
		if s := w.status(); s.State != feeds.Backoff || !strings.Contains(s.LastError, `an HTML page, and no JSON: it begins "<!DOCTYPE html><html>Sign in`) {
			t.Errorf("%+v", s)
		}
		if asked := w.after(30 * time.Minute); len(asked) < 3 {
			t.Errorf("asked %d times: nothing follows", len(asked))
		}
		w.stop()
	})
}

func TestTwoRequestsAHostAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWeb(t)
		var mu sync.Mutex
		running, most := 0, 0
		w.source.On("one.example", feedtest.Answer{Handler: func(http.ResponseWriter, *http.Request) {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(20 * time.Second)
			mu.Lock()
			running--
			mu.Unlock()
		}})
		var fetches []func(context.Context, *http.Client) ([]feeds.Item, error)
		for i := range 6 {
			fetches = append(fetches, lines(fmt.Sprintf("https://one.example/%d", i)))
		}
		w.start(fetches...)
		asked := w.after(65 * time.Second)
		if most != 2 || len(asked) != 6 {
			t.Errorf("%d at a time, %d in all", most, len(asked))
		}
		for _, s := range w.sup.Status() {
			if s.State != feeds.Running || s.LastError != "" {
				t.Errorf("waiting for its turn is no failure: %+v", s)
			}
		}
		w.stop()
	})
}

func TestMoveForGoodIsRememberedAndTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWeb(t)
		w.source.On("news.example/feed", feedtest.Answer{Status: 301, Header: map[string]string{"Location": "https://new.example/feed?key=SECRET"}}).
			On("new.example", feedtest.Answer{Body: "one", Header: map[string]string{"ETag": `"1"`}}, feedtest.Answer{Status: 404}, feedtest.Answer{Body: "two"})
		w.start(lines(page))
		asked := w.after(40 * time.Minute)
		var urls []string
		for _, r := range asked {
			urls = append(urls, r.URL)
			if r.Header.Get("Referer") != "" {
				t.Errorf("the new host is told %q", r.Header.Get("Referer"))
			}
		}
		if len(urls) != 3 || !strings.Contains(urls[2], "new.example") {
			t.Errorf("asked %q", urls)
		}
		if asked[2].Header.Get("If-None-Match") != `"1"` {
			t.Errorf("the new address is asked without its validator")
		}
		w.after(70 * time.Minute) // it is not there, so the old one is asked again
		w.stop()
		n := 0
		for _, r := range w.source.Requests() {
			if strings.Contains(r.URL, "//news.example") {
				n++
			}
		}
		if n != 2 {
			t.Errorf("the old address was asked %d times, want again after a failure", n)
		}
		if hint := w.status().Hint; !strings.Contains(hint, "https://new.example/feed") || strings.Contains(hint, "SECRET") {
			t.Errorf("hint %q", hint)
		}
	})
}

func TestEndOfARedirectSaysWhenToComeBack(t *testing.T) {
	for _, status := range []int{301, 302, 307} {
		synctest.Test(t, func(t *testing.T) {
			w := newWeb(t)
			w.source.On("/feed", feedtest.Answer{Status: status, Header: map[string]string{"Location": "/other"}}).
				On("/other", feedtest.Answer{Body: "one", Header: map[string]string{"Cache-Control": "max-age=10800"}})
			w.start(lines(page))
			w.after(time.Second)
			if s := w.status(); s.NextRun.Sub(s.Time) < 2*time.Hour {
				t.Errorf("after %d: next in %s", status, s.NextRun.Sub(s.Time))
			}
			if asked := w.after(7 * time.Hour); len(asked) < 4 || len(asked) > 6 {
				t.Errorf("after %d: asked %d times in seven hours", status, len(asked))
			}
			w.stop()
		})
	}
}

func TestHeadersStayWithTheirHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for target, kept := range map[string]bool{
			"/other": true, "https://news.example/other": true, "http://news.example/other": false,
			"https://news.example:8443/other": false, "https://evil.example/other": false,
		} {
			w := newWeb(t)
			w.source.On("/feed", feedtest.Answer{Status: 302, Header: map[string]string{"Location": target}}).On("/other", feedtest.Answer{Body: "one"})
			w.start(func(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
				_, err := feeds.Get(ctx, c, page, http.Header{"X-Api-Key": {"k"}, "Authorization": {"Bearer k"}, "Accept": {"text/xml"}})
				return nil, err
			})
			asked := w.after(time.Second)
			w.stop()
			if len(asked) != 2 {
				t.Fatalf("%s: %+v", target, asked)
			}
			h := asked[1].Header
			if (h.Get("X-Api-Key") == "k") != kept || (h.Get("Authorization") != "") != kept {
				t.Errorf("%s is told %v", target, h)
			}
			if h.Get("Accept") != "text/xml" || !strings.HasPrefix(h.Get("User-Agent"), "tickertape/") {
				t.Errorf("%s is not told %v", target, h)
			}
		}
	})
}

func TestPersonCanAskNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWeb(t, feedtest.Answer{Body: "one", Header: map[string]string{"ETag": `"1"`, "Cache-Control": "max-age=10800"}})
		w.start(lines(page))
		w.after(time.Second)
		if !w.sup.Retry("a") {
			t.Error("there is no such feed")
		}
		if asked := w.after(time.Second); len(asked) != 1 {
			t.Error("asked twice within seconds")
		}
		w.after(time.Minute)
		w.sup.Retry("a")
		asked := w.after(time.Second)
		if len(asked) != 2 || asked[1].Header.Get("If-None-Match") != `"1"` {
			t.Errorf("%+v", asked)
		}
		if s := w.status(); s.NextRun.Sub(s.Time) < 2*time.Hour {
			t.Errorf("next at %s", s.NextRun)
		}
		w.stop()
	})
}

func TestChangedConfigurationForgetsDocuments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := feedtest.NewSource(feedtest.Answer{Body: "one", Header: map[string]string{"ETag": `"1"`}})
		var memory []byte
		for i, env := range []feeds.Env{{ID: "a", Fingerprint: "x"}, {ID: "a", Fingerprint: "x"}, {ID: "a", Fingerprint: "y"}} {
			time.Sleep(time.Hour)
			sup := feeds.NewSupervisor(feeds.Options{
				Bus: &webBus{}, Fetcher: feeds.NewFetcher(feeds.FetchOptions{Transport: source}),
				Save: func(m []byte) error { memory = m; return nil },
			})
			if err := sup.Add(webSpec, feeds.Poll(lines(page)), env); err != nil {
				t.Fatal(err)
			}
			if memory != nil {
				if err := sup.Recall(memory); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			sup.Run(ctx)
			cancel()
			asked := source.Requests()
			if etag := asked[i].Header.Get("If-None-Match"); (etag != "") != (i == 1) {
				t.Errorf("run %d asks with %q", i, etag)
			}
		}
		sup := feeds.NewSupervisor(feeds.Options{Bus: &webBus{}})
		if err := sup.Recall([]byte("{")); err == nil {
			t.Error("half a memory is no error")
		}
	})
}

// The table of the package comment.
func TestEachStatusHasItsAnswer(t *testing.T) {
	for _, tt := range []struct {
		answer feedtest.Answer
		state  feeds.State
		says   string
		next   time.Duration // at least, and at most a tenth more
	}{
		{feedtest.Answer{Status: 203, Body: "one"}, feeds.Running, "", 0},
		{feedtest.Answer{Status: 401}, feeds.Attention, "401", 30 * time.Minute},
		{feedtest.Answer{Status: 403, Body: "no\nbots"}, feeds.Attention, "no bots", 30 * time.Minute},
		{feedtest.Answer{Status: 404}, feeds.Attention, "404", time.Hour},
		{feedtest.Answer{Status: 410}, feeds.Stopped, "410", 0},
		{feedtest.Answer{Status: 400, Body: `{"error":true}`}, feeds.Attention, `{"error":true}`, 30 * time.Minute},
		{feedtest.Answer{Status: 429}, feeds.Backoff, "429", 15 * time.Minute},
		{feedtest.Answer{Status: 503, Header: map[string]string{"Retry-After": "600"}}, feeds.Backoff, "503", 10 * time.Minute},
		{feedtest.Answer{Status: 500, Body: strings.Repeat("x", 1000)}, feeds.Backoff, strings.Repeat("x", 200), 0},
		{feedtest.Answer{Body: "half", Cut: true}, feeds.Backoff, "unexpected EOF", 0},
		{feedtest.Answer{Fill: 6 << 20}, feeds.Backoff, "over 5 MiB", 15 * time.Minute},
		{feedtest.Answer{Status: 302, Header: map[string]string{"Location": "/feed?again"}}, feeds.Attention, "more than five redirects", 0},
		{feedtest.Answer{Status: 301, Header: map[string]string{"Location": page}}, feeds.Attention, "more than five redirects", 0},
		{feedtest.Answer{Status: 302, Header: map[string]string{"Location": "ftp://news.example/x"}}, feeds.Attention, "want http or https", 0},
		{feedtest.Answer{Status: 302, Header: map[string]string{"Location": "http://169.254.169.254/latest/meta-data"}}, feeds.Attention, "private address", 0},
	} {
		t.Run(fmt.Sprint(tt.answer.Status, tt.says), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWeb(t, tt.answer)
				w.start(lines(page))
				w.after(3 * time.Second)
				s := w.status()
				w.stop()
				if s.State != tt.state || !strings.Contains(s.LastError, tt.says) || strings.Contains(fmt.Sprint(s), "SECRET") {
					t.Errorf("%+v", s)
				}
				if wait := s.NextRun.Sub(s.Time); tt.next > 0 && (wait < tt.next-4*time.Second || wait > tt.next*11/10) {
					t.Errorf("next after %s", wait)
				}
				if s.State != feeds.Stopped && s.NextRun.IsZero() {
					t.Error("nothing is planned next")
				}
				if s.State == feeds.Attention && s.Hint == "" {
					t.Error("no hint")
				}
			})
		})
	}
}

func TestSlowAnswerEndsAtTheTimeout(t *testing.T) {
	for name, answer := range map[string]feedtest.Answer{
		"no head":   {Wait: time.Hour},
		"slow body": {Body: strings.Repeat("x\n", 100), Pace: time.Second},
		"open body": {Body: "x", Open: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWeb(t, answer)
				w.start(lines(page))
				w.after(31 * time.Second)
				if s := w.status(); s.State != feeds.Backoff || !strings.Contains(s.LastError, "no whole answer within 30s") {
					t.Errorf("%+v", s)
				}
				if asked := w.after(10 * time.Minute); len(asked) < 3 {
					t.Errorf("asked %d times: nothing follows the timeout", len(asked))
				}
				w.stop()
			})
		})
	}
}

func TestStreamHasNoLimitsButABegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := feedtest.NewSource(feedtest.Answer{Body: strings.Repeat("x\n", 100), Pace: time.Second, Fill: 6 << 20}, feedtest.Answer{Wait: time.Hour})
		client := source.Client(webSpec, feeds.Env{ID: "a"})
		get := func() (*http.Response, error) {
			req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, page, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Accept", "text/event-stream")
			return client.Do(req)
		}
		var open []*http.Response
		for range 1 {
			res, err := get()
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, res)
		}
		if _, err := get(); err == nil || !strings.Contains(err.Error(), "no answer within 30s") {
			t.Errorf("a stream that does not begin: %v", err)
		}
		body, err := io.ReadAll(open[0].Body)
		if err != nil || len(body) != 200+6<<20 {
			t.Errorf("%d bytes, %v", len(body), err)
		}
		open[0].Body.Close()
	})
}
