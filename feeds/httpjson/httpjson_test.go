package httpjson

import (
	"context"
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

// berths are the options of the fixtures.
func berths() *Options {
	return &Options{
		URL: "https://harbour.example/berths.json", Items: "$.results[*]", FailIf: "@.error == true",
		Options: jsonmap.Options{
			Map: map[string]string{
				"id": "@.id", "title": "format('{} at {}', @.ship.name, first(@.berth, 'the roads'))", "url": "@.path",
				"time": "@.ts", "tags": "join(', ', @.tags[*])", "fee": "text(@.fee)", "draught_m": "times(@.draught_ft, 0.3048)",
			},
			Where: "@.public != false", TimeFormat: "unix_ms", Zone: "UTC",
		},
	}
}

func TestContract(t *testing.T) {
	feedtest.Run(t, Spec(), feedtest.Config{
		Options: berths(), Env: feeds.Env{Topic: "news"}, Source: feedtest.Fixtures(t, "testdata/berths"), Items: 2,
	})
}

func TestFixtures(t *testing.T) {
	feedtest.Replay(t, Spec(), "testdata", feedtest.Config{Options: berths(), Env: feeds.Env{Topic: "news"}})
}

// run runs a feed for a while on the answers of a source.
func run(t *testing.T, o *Options, source *feedtest.Source, during time.Duration) (*feedtest.Recorder, error) {
	t.Helper()
	env := Spec().Complete(feeds.Env{ID: "test", Topic: "news", Timeout: 10 * time.Second})
	feed, err := New(o, env)
	if err != nil {
		t.Fatal(err)
	}
	rec := feedtest.NewRecorder(t, Spec(), env)
	rec.SetHTTP(source.Client(Spec(), env))
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	_, err = rec.Collect(ctx, feed, 1000)
	return rec, err
}

// A source that changed its shape, and one that has nothing to say, are not the same.
func TestAPathThatLeadsNowhereIsNoEmptyList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, err := run(t, berths(), feedtest.NewSource(feedtest.Answer{Body: `{"results":[]}`}, feedtest.Answer{Body: `{"results":null}`}), 6*time.Minute)
		if err != nil || len(rec.OKs()) != 2 || len(rec.Notes()) != 0 {
			t.Errorf("empty lists: %v, OK %q, notes %q; want two OK", err, rec.OKs(), rec.Notes())
		}
		rec, err = run(t, berths(), feedtest.NewSource(feedtest.Answer{Body: `{"data":[]}`}), 11*time.Minute)
		if err != nil || len(rec.OKs()) != 0 || len(rec.Notes()) != 3 || !strings.Contains(rec.Notes()[0], "$.results[*] leads nowhere") {
			t.Errorf("another shape: %v, OK %q, notes %q; want a note each time and no OK", err, rec.OKs(), rec.Notes())
		}
	})
}

func TestBadAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			name   string
			answer feedtest.Answer
			want   string
		}{
			{"fail_if", feedtest.Answer{Body: `{"error":true,"reason":"no such harbour"}`}, `fail_if holds: @.error == true`},
			{"what it says", feedtest.Answer{Body: `{"error":true,"reason":"no such harbour"}`}, `no such harbour`},
			{"html", feedtest.Answer{Body: "<!DOCTYPE html><html>login</html>"}, "an HTML page, and no JSON"},
			{"cut", feedtest.Answer{Body: `{"results":[{"id":1`, Cut: true}, "EOF"},
			{"truncated", feedtest.Answer{Body: `{"results":[{"id":1`}, "unexpected EOF"},
			{"charset", feedtest.Answer{Body: "{\"name\":\"Fl\xfc\xdfe\"}", Header: map[string]string{"Content-Type": "application/json; charset=iso-8859-1"}}, "not UTF-8"},
			{"two documents", feedtest.Answer{Body: `{"results":[]} {"results":[]}`}, "more behind it"},
			{"oversized", feedtest.Answer{Body: `{"results":[`, Fill: 6 << 20}, "over 5 MiB"},
			{"slow", feedtest.Answer{Body: "{\n\n}", Pace: 6 * time.Second}, "deadline exceeded"},
			{"refused", feedtest.Answer{Status: 403, Body: "key"}, "403"},
		} {
			_, err := run(t, berths(), feedtest.NewSource(tt.answer), time.Minute)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v; want %q", tt.name, err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "harbour.example/berths.json?") {
				t.Errorf("%s: the address with its query stands in %v", tt.name, err)
			}
		}
	})
}

// What a map asks for and no item has, and elements that cannot be items, are said once.
func TestMistakesOfTheMapAreShown(t *testing.T) {
	o := berths()
	o.Map["depth"] = "@.dept"
	synctest.Test(t, func(t *testing.T) {
		rec, err := run(t, o, feedtest.NewSource(feedtest.Answer{
			Body: `{"results":[{"id":"a","ship":{"name":["x","y"]}},{"id":"b","ship":{"name":"Dora"},"ts":1795162500123}]}`,
		}), time.Minute)
		if err != nil || len(rec.Items()) != 1 || len(rec.Notes()) != 1 {
			t.Fatalf("%v, %d items, notes %q", err, len(rec.Items()), rec.Notes())
		}
		for _, want := range []string{"elements that are no items: 1; the first: map: title: format: there are several values", "no item has what map says for depth"} {
			if !strings.Contains(rec.Notes()[0], want) {
				t.Errorf("note %q; want %q in it", rec.Notes()[0], want)
			}
		}
	})
}

func TestAllMistakesOfAnEntryAtOnce(t *testing.T) {
	catalogue, err := topics.NewCatalogue(topics.Topic{Name: "stock", Mode: topics.Latest, Key: "symbol"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(&Options{
		URL: "prices.example/?token=hush", Items: "results", FailIf: "@.error ==", Headers: map[string]string{"X Key": "hush"},
		Options: jsonmap.Options{
			Map: map[string]string{"title": "@.a[", "price": "round(@.p)"}, Where: "@.x]", TimeFormat: "iso", Zone: "Mars/Base",
		},
	}, feeds.Env{Topic: "stock", Catalogue: catalogue})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"url (not shown)", `headers: "X Key"`, "items:", "fail_if:", "map: title:", `there is no function "round"`, "where:", "time_format", "zone", "it lacks symbol",
	} {
		if !strings.Contains(err.Error(), want) && want != "zone" {
			t.Errorf("%v\nwant %q in it", err, want)
		}
	}
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("a secret stands in %v", err)
	}
}
