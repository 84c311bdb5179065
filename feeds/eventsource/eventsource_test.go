package eventsource

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
	"tickertape/feeds/jsonmap"
	"tickertape/topics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var streamType = map[string]string{"Content-Type": "text/event-stream; charset=utf-8"}

// harbour is a feed of a stream of anybody's.
func harbour() *Options {
	return &Options{
		URL: "https://harbour.example/events?key=hush", Data: dataJSON, Idle: time.Minute,
		Options: jsonmap.Options{
			Map:        map[string]string{"id": "first(@.id, $.id)", "title": "@.ship", "time": "@.at", "what": "$.event"},
			TimeFormat: "rfc3339", Zone: "UTC",
		},
	}
}

const ships = "retry: 2000\nid: 1\nevent: arrival\ndata: {\"ship\":\"Aurora\",\"at\":\"2026-11-20T08:00:00Z\"}\n\n" +
	"id: 2\nevent: departure\ndata: {\"ship\":\"Borealis\"}\n\n" +
	": still here\n\n" +
	"id: 3\ndata: {\"ship\":\"Corona\",\ndata: \"id\":\"c-1\"}\n\n"

func TestContract(t *testing.T) {
	feedtest.Run(t, Spec(testWire), feedtest.Config{
		Options: harbour(), Items: 3,
		Source: feedtest.NewSource(feedtest.Answer{Header: streamType, Body: ships, Open: true}),
	})
}

// run runs a feed for a while on the answers of a source.
func run(t *testing.T, o *Options, source *feedtest.Source, during time.Duration) (*feedtest.Recorder, error) {
	t.Helper()
	env := Spec(testWire).Complete(feeds.Env{ID: "test", Timeout: 10 * time.Second})
	feed, err := newFeed(testWire, o, env)
	if err != nil {
		t.Fatal(err)
	}
	rec := feedtest.NewRecorder(t, Spec(testWire), env)
	rec.SetHTTP(source.Client(Spec(testWire), env))
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	_, err = rec.Collect(ctx, feed, 1000)
	return rec, err
}

func titles(rec *feedtest.Recorder) string {
	var list []string
	for _, it := range rec.Items() {
		list = append(list, it.Title)
	}
	return strings.Join(list, " ")
}

// A connection that is cut goes on where it was, after the pause that the source asked
// for, and nobody hears of it.
func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := feedtest.NewSource(
			feedtest.Answer{Header: streamType, Body: ships, Wait: 0, Cut: true},
			feedtest.Answer{Header: streamType, Body: "id: 4\ndata: {\"ship\":\"Dora\"}\n\nid: 5\ndata: {\"ship\":\"Em", Cut: true},
			feedtest.Answer{Header: streamType, Body: "id: 5\ndata: {\"ship\":\"Emma\"}\n\n", Open: true},
		)
		rec, err := run(t, harbour(), source, time.Minute)
		if err != nil || titles(rec) != "Aurora Borealis Corona Dora Emma" {
			t.Fatalf("%s; %v", titles(rec), err)
		}
		asked := source.Requests()
		for i, want := range []string{"", "3", "4"} {
			if got := asked[i].Header.Get("Last-Event-ID"); got != want {
				t.Errorf("request %d resumes after %q; want %q", i, got, want)
			}
		}
		if wait := asked[1].Time.Sub(asked[0].Time); wait < time.Second || wait > 2*time.Second {
			t.Errorf("it came back after %s; the source asked for 2s", wait)
		}
		if asked[0].Header.Get("Accept") != "text/event-stream" || !strings.Contains(asked[0].Header.Get("User-Agent"), "contact.example") {
			t.Errorf("headers %v", asked[0].Header)
		}
	})
}

func TestFiltersAndBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := func(body string) *feedtest.Source {
			return feedtest.NewSource(feedtest.Answer{Header: streamType, Body: body, Open: true})
		}
		o := harbour()
		o.Events = []string{"departure", "message"}
		o.Where = "$.event != 'message' || @.id == 'c-1'"
		if rec, err := run(t, o, open(ships+"id: 4\ndata: {\"ship\":\"Dora\"}\n\n"), time.Second); err != nil || titles(rec) != "Borealis Corona" {
			t.Errorf("filtered: %s; %v", titles(rec), err)
		}
		o = harbour()
		o.Sample = 5 * time.Second
		if rec, err := run(t, o, open(ships), time.Second); err != nil || titles(rec) != "Aurora" {
			t.Errorf("sampled: %s; %v", titles(rec), err)
		}
		o = harbour()
		o.Data, o.Map = dataText, map[string]string{"title": "$.data"}
		if rec, err := run(t, o, open("data: Ice on\ndata: the quay\n\n"), time.Second); err != nil || titles(rec) != "Ice on\nthe quay" {
			t.Errorf("text: %q; %v", titles(rec), err)
		}
		rec, err := run(t, harbour(), open("data: no json\n\ndata: {\"ship\":{}}\n\n"+ships), time.Second)
		if err != nil || titles(rec) != "Aurora Borealis Corona" || len(rec.Notes()) != 2 || !strings.Contains(rec.Notes()[0], "the data is no JSON") {
			t.Errorf("bad events: %s; %q; %v", titles(rec), rec.Notes(), err)
		}
	})
}

func TestBadStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			name   string
			answer feedtest.Answer
			want   string
			wait   bool // the error says when to come back
		}{
			{"html", feedtest.Answer{Body: "<!doctype html><p>login"}, "an HTML page, and no text/event-stream", true},
			{"json", feedtest.Answer{Body: `{"error":"no"}`}, `begins "{\"error\":\"no\"}"`, true},
			{"another type", feedtest.Answer{Body: ships, Header: map[string]string{"Content-Type": "text/plain"}}, `its type is "text/plain"`, true},
			{"silent", feedtest.Answer{Header: streamType, Open: true}, "went silent for 1m0s", true},
			{"long line", feedtest.Answer{Header: streamType, Body: "data: ", Fill: 3 << 20}, "too long", true},
			{"cut at once", feedtest.Answer{Header: streamType, Cut: true}, "unexpected EOF", true},
			{"too many", feedtest.Answer{Status: 429, Header: map[string]string{"Retry-After": "120"}}, "429", true},
			{"refused", feedtest.Answer{Status: 403}, "403", true},
			{"no head", feedtest.Answer{Header: streamType, Wait: time.Minute}, "no answer within 10s", true},
		} {
			rec, err := run(t, harbour(), feedtest.NewSource(tt.answer), 10*time.Minute)
			after, told := feeds.RetryDelay(err)
			if err == nil || !strings.Contains(err.Error(), tt.want) || told != tt.wait || len(rec.Items()) > 0 {
				t.Errorf("%s: %v, %d items; want %q", tt.name, err, len(rec.Items()), tt.want)
			}
			if tt.name == "too many" && after != 2*time.Minute {
				t.Errorf("%s: back after %s", tt.name, after)
			}
			if err != nil && strings.Contains(err.Error(), "hush") && !strings.Contains(err.Error(), "Get \"https://") {
				t.Errorf("%s: a secret stands in %v", tt.name, err)
			}
		}
		if _, err := run(t, harbour(), feedtest.NewSource(feedtest.Answer{Status: 204}), time.Minute); !errors.Is(err, feeds.ErrFinished) {
			t.Errorf("204: %v; want the feed finished", err)
		}
	})
}

// A stream that goes silent after it was of use is made anew, and one that sends
// nothing but comments is not silent.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := feedtest.NewSource(
			feedtest.Answer{Header: streamType, Body: ships, Open: true},
			feedtest.Answer{Header: streamType, Body: strings.Repeat(":\n\n", 20), Pace: 25 * time.Second, Open: true},
		)
		rec, err := run(t, harbour(), source, 10*time.Minute)
		if n := len(source.Requests()); err != nil || n != 2 || len(rec.OKs()) < 10 {
			t.Errorf("%d requests, %d signs of life, %v", n, len(rec.OKs()), err)
		}
	})
}

func TestWikimedia(t *testing.T) {
	body, err := os.ReadFile("testdata/wikimedia.txt")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(feedtest.Recorded))
		source := feedtest.NewSource(feedtest.Answer{Header: streamType, Body: string(body), Pace: time.Second, Open: true},
			feedtest.Answer{Header: streamType, Open: true})
		rec, err := run(t, &Options{Preset: wikimedia, Since: "15m", Options: jsonmap.Options{TimeFormat: "rfc3339", Zone: "UTC"}}, source, 3*time.Minute)
		if err != nil || titles(rec) != "Lighthouse (en.wikipedia.org, by Ann) Boje (de.wikipedia.org, by Uwe)" {
			t.Fatalf("%s; %v", titles(rec), err)
		}
		const want = `{"change":"edit","size":9188,"size_before":9120,"summary":"/* Lens */ typo","id":"b7f0","title":"Lighthouse (en.wikipedia.org, by Ann)","url":"https://en.wikipedia.org/w/index.php?diff=1&oldid=2","source":"en.wikipedia.org","time":"2026-11-20T08:15:00.123Z","attribution":"Wikimedia contributors, CC BY-SA 4.0"}`
		if got := string(rec.Lines()[0]); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		asked := source.Requests()
		if len(asked) != 2 || asked[0].URL != "https://stream.wikimedia.org/v2/stream/recentchange?since=2026-11-20T11%3A45%3A00Z" {
			t.Errorf("asked %v", asked)
		}
		if id := asked[1].Header.Get("Last-Event-ID"); !strings.HasPrefix(id, `[{"topic":"eqiad`) || strings.Contains(asked[1].URL, "since") {
			t.Errorf("resumed at %s after %q", asked[1].URL, id)
		}
	})
}

// A relay of what has no positions for it says why it cannot be.
func TestRelayNeedsPositions(t *testing.T) {
	catalogue, err := topics.NewCatalogue(topics.Topic{Name: "news"})
	if err != nil {
		t.Fatal(err)
	}
	env := feeds.Env{ID: "test", Catalogue: catalogue}
	feed, err := newFeed(testWire, &Options{Preset: tickertape, URL: "http://tape.example"}, env)
	if err != nil {
		t.Fatal(err)
	}
	if err := feed.Run(t.Context(), feedtest.NewRecorder(t, Spec(testWire), env)); !feeds.IsFatal(err) || !strings.Contains(err.Error(), "ttl") {
		t.Errorf("%v; want the option that is in the way", err)
	}
}

func TestMistakesOfAnEntry(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    Options
		env  feeds.Env
		want string
	}{
		{"no address", Options{}, feeds.Env{}, "url is missing"},
		{"half an address", Options{URL: "tape.example/?key=hush"}, feeds.Env{}, "url (not shown)"},
		{"preset", Options{Preset: "rss", URL: "http://x"}, feeds.Env{}, `preset "rss"`},
		{"every", Options{URL: "http://x"}, feeds.Env{Every: feeds.Interval{Min: 1, Max: 1}}, "every: a stream"},
		{"text without a map", Options{URL: "http://x", Data: dataText}, feeds.Env{}, "needs a map"},
		{"condition", Options{URL: "http://x", Options: jsonmap.Options{Where: "@.a ="}}, feeds.Env{}, "where:"},
		{"since", Options{Preset: wikimedia, Since: "yesterday"}, feeds.Env{}, `since "yesterday"`},
		{"since elsewhere", Options{URL: "http://x", Since: "1h"}, feeds.Env{}, "since: for the preset wikimedia"},
		{"topics elsewhere", Options{URL: "http://x", Topics: map[string]string{"a": "b"}}, feeds.Env{}, "topics: for the preset tickertape"},
		{"cursor", Options{URL: "http://x", Headers: map[string]string{"Last-Event-ID": "1"}}, feeds.Env{}, "Last-Event-ID"},
		{"relay of all", Options{Preset: tickertape, URL: "http://x"}, feeds.Env{}, "topics: say which"},
		{"relay of a stream", Options{Preset: tickertape, URL: "http://x/latest?type=a", Topics: map[string]string{"a": "b"}}, feeds.Env{}, "without /latest"},
		{"relay with a map", Options{Preset: tickertape, URL: "http://x", Options: jsonmap.Options{Map: map[string]string{"a": "@.b"}}}, feeds.Env{}, "map: a relay passes on"},
		{"relay with a topic", Options{Preset: tickertape, URL: "http://x"}, feeds.Env{Topic: "wires"}, "topics: {news: wires}"},
	} {
		_, err := newFeed(testWire, &tt.o, tt.env)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.want)
		}
	}
}
