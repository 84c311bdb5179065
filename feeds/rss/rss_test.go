package rss

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
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

const address = "https://me:word@news.example/feed.xml?key=SECRETKEY"

func options() *Options { return &Options{URL: address, First: 5, Summary: true} }

func TestContract(t *testing.T) {
	feedtest.Run(t, Spec(), feedtest.Config{Options: options(), Source: feedtest.Fixtures(t, "testdata/rss2")})
}

func TestReplay(t *testing.T) {
	feedtest.Replay(t, Spec(), "testdata", feedtest.Config{Options: options()})
}

// fetch runs a feed on a source for some time, in a bubble.
func fetch(t *testing.T, o *Options, source *feedtest.Source, d time.Duration) (*feedtest.Recorder, error) {
	t.Helper()
	env := Spec().Complete(feeds.Env{ID: "test", Seed: 1})
	rec := feedtest.NewRecorder(t, Spec(), env)
	var err error
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(feedtest.Recorded))
		rec.SetHTTP(source.Client(Spec(), env))
		feed, made := New(o, env)
		if made != nil {
			t.Fatal(made)
		}
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		err = feed.Run(ctx, rec)
	})
	if errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "answer") {
		err = nil
	}
	return rec, err
}

// Each is refused, or cut off, and the error says which.
func TestAttacksAreRefused(t *testing.T) {
	item := `<item><title>x</title></item></channel></rss>`
	for name, tt := range map[string]struct {
		answer feedtest.Answer
		says   string
	}{
		"entity bomb":                         {feedtest.Answer{Body: `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]><rss version="2.0"><channel><title>&lol2;</title>` + item}, "declares entities"},
		"external entity":                     {feedtest.Answer{Body: `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><title>&x;</title>` + item}, "declares entities"},
		"nested without end":                  {feedtest.Answer{Body: `<rss version="2.0"><channel><item>` + strings.Repeat("<a:b>", 200_000)}, "nested more than"},
		"items without end":                   {feedtest.Answer{Body: `<rss version="2.0"><channel>` + strings.Repeat("<item/>", 60_000)}, "more than 50000 items"},
		"elements without end":                {feedtest.Answer{Body: `<rss version="2.0"><channel>` + strings.Repeat("<d:a/>", 400_000)}, "far more elements"},
		"objects without end":                 {feedtest.Answer{Body: `{"version":"https://jsonfeed.org/version/1","items":[{}` + strings.Repeat(",{}", 300_000) + `]}`}, "far more elements"},
		"5 GB of body":                        {feedtest.Answer{Body: `<rss version="2.0"><channel>`, Fill: 5 << 30}, "over 5 MiB"},
		"redirect to the metadata of a cloud": {feedtest.Answer{Status: 302, Header: map[string]string{"Location": "http://169.254.169.254/latest/meta-data/"}}, "private address"},
		"HTML in place of a feed":             {feedtest.Answer{Body: `<!DOCTYPE html><html><head><link rel="alternate" type="application/rss+xml" href="/real.xml"></head><body>Sign in</body></html>`}, "an HTML page, and no news feed"},
		"nothing":                             {feedtest.Answer{}, "no news feed: it is empty"},
		"other JSON":                          {feedtest.Answer{Body: `{"status":"ok"}`}, "the kind http_json reads any"},
		"cut":                                 {feedtest.Answer{Body: `<rss version="2.0"><channel><item><title>x</ti`, Cut: true}, "unexpected EOF"},
		"bytes":                               {feedtest.Answer{Body: "\x00\xff\xfe\x1b<rss"}, "no news feed"},
		"over":                                {feedtest.Answer{Body: `{"version":"https://jsonfeed.org/version/1","title":"x","expired":true,"items":[]}`}, "ended this feed"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			rec, err := fetch(t, options(), feedtest.NewSource(tt.answer), time.Minute)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(withoutURL(err), "SECRETKEY") {
				t.Errorf("%v; want an error with %q", err, tt.says)
			}
			if n := len(rec.Items()); n > 0 {
				t.Errorf("%d items printed", n)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
				t.Errorf("%d MiB allocated", used>>20)
			}
		})
	}
}

// withoutURL is the text of an error without the address that http.Client puts in
// front; the status leaves its query out.
func withoutURL(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}

func TestPageThatNamesItsFeedIsAHint(t *testing.T) {
	_, err := fetch(t, options(), feedtest.NewSource(feedtest.Answer{Body: `<!DOCTYPE html><html><link rel="alternate" type="application/atom+xml" href="/real.xml">`}), time.Minute)
	if hint, ok := feeds.Hint(err); !ok || !strings.Contains(hint, "set url to https://news.example/real.xml") {
		t.Errorf("hint %q", hint)
	}
}

func rssOf(channel string, items ...string) feedtest.Answer {
	return feedtest.Answer{Body: `<rss version="2.0"><channel><title>T</title><link>https://news.example/</link>` + channel + strings.Join(items, "") + `</channel></rss>`}
}

func itemOf(id int) string {
	return fmt.Sprintf(`<item><title>n %d</title><guid isPermaLink="false">%d</guid></item>`, id, id)
}

func titles(rec *feedtest.Recorder) string {
	var list []string
	for _, it := range rec.Items() {
		list = append(list, strings.TrimPrefix(it.Title, "n "))
	}
	return strings.Join(list, " ")
}

func TestStartIsNoBurstAndOldItemsStayOld(t *testing.T) {
	var all []string
	for i := 20; i > 0; i-- {
		all = append(all, itemOf(i))
	}
	source := feedtest.NewSource(rssOf("", all...), rssOf("", itemOf(21), itemOf(3), itemOf(2)))
	o := options()
	o.First = 3
	rec, err := fetch(t, o, source, 40*time.Minute)
	if err != nil || titles(rec) != "18 19 20 21" {
		t.Errorf("printed %s, %v", titles(rec), err)
	}
}

func TestPublisherLengthensTheInterval(t *testing.T) {
	for name, tt := range map[string]struct {
		channel string
		next    string // request at the earliest
	}{
		"ttl":       {"<ttl>180</ttl>", "15:00"},
		"short ttl": {"<ttl>1</ttl>", "12:27"},
		"skipHours": {"<skipHours><hour>12</hour><hour>13</hour></skipHours>", "14:00"},
		"skipDays":  {"<skipDays><day>Friday</day></skipDays>", "00:00"},
		"always":    {"<skipDays><day>Friday</day><day>Saturday</day><day>Sunday</day></skipDays>", "12:27"},
	} {
		t.Run(name, func(t *testing.T) {
			source := feedtest.NewSource(rssOf(tt.channel, itemOf(1)))
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(feedtest.Recorded))
				sup := feeds.NewSupervisor(feeds.Options{Bus: nowhere{}, Fetcher: feeds.NewFetcher(feeds.FetchOptions{Transport: source})})
				env := feeds.Env{ID: "a", Seed: 1}
				feed, err := New(options(), Spec().Complete(env))
				if err != nil {
					t.Fatal(err)
				}
				if err := sup.Add(Spec(), feed, env); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(context.Background())
				done := make(chan error, 1)
				go func() { done <- sup.Run(ctx) }()
				time.Sleep(time.Second)
				synctest.Wait()
				next := sup.Status()[0].NextRun
				cancel()
				<-done
				want, err := time.Parse("15:04", tt.next)
				if err != nil {
					t.Fatal(err)
				}
				least := time.Date(2026, 11, 20, want.Hour(), want.Minute(), 0, 0, time.UTC)
				if tt.next == "00:00" {
					least = least.AddDate(0, 0, 1)
				}
				if next.Before(least) || next.After(least.Add(15*time.Minute)) {
					t.Errorf("next at %s, want %s or a little later", next, least)
				}
			})
		})
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []*Options{{URL: "ftp://x.example/"}, {URL: "news.example/feed"}, {URL: "https://"}, {URL: "https://x.example/%zz?key=SECRETKEY"}, {URL: address, Headers: map[string]string{"User-Agent": "Browser"}}} {
		if _, err := New(o, feeds.Env{}); err == nil || strings.Contains(err.Error(), "SECRETKEY") {
			t.Errorf("%+v: %v", o, err)
		}
	}
	o := options()
	o.Title, o.Attribution, o.Summary = "Mine", "© T", false
	o.Headers = map[string]string{"authorization": "Bearer x"}
	source := feedtest.NewSource(feedtest.Answer{Body: `<rss version="2.0"><channel><title>T</title><item><title>n</title><description>d</description></item></channel></rss>`})
	rec, err := fetch(t, o, source, time.Minute)
	items := rec.Items()
	if err != nil || len(items) != 1 || items[0].Source != "Mine" || items[0].Attribution != "© T" || items[0].Data.(story).Summary != "" {
		t.Errorf("%+v, %v", items, err)
	}
	if h := source.Requests()[0].Header; h.Get("Authorization") != "Bearer x" || !strings.Contains(h.Get("Accept"), "rss") {
		t.Errorf("%v", h)
	}
}

func TestCharsets(t *testing.T) {
	const text = "Fähre – Öl"
	latin := "F\xe4hre \x96 \xd6l"
	for name, tt := range map[string]struct{ kind, declared, body string }{
		"utf-8":                      {"text/xml; charset=utf-8", "utf-8", text},
		"utf-8 declared as latin":    {"text/xml; charset=iso-8859-1", "iso-8859-1", text},
		"latin declared":             {"", "windows-1252", latin},
		"latin by header":            {"text/xml; charset=iso-8859-1", "", latin},
		"latin declared as utf-8":    {"text/xml; charset=utf-8", "utf-8", latin},
		"latin with an unknown name": {"text/xml; charset=klingon", "klingon", latin},
	} {
		t.Run(name, func(t *testing.T) {
			decl := ""
			if tt.declared != "" {
				decl = `<?xml version="1.0" encoding="` + tt.declared + `"?>`
			}
			body := decl + `<rss version="2.0"><channel><title>T</title><item><title>` + tt.body + `</title></item></channel></rss>`
			d, err := parse(&feeds.Document{Body: []byte(body), Header: http.Header{"Content-Type": {tt.kind}}})
			if err != nil || len(d.entries) != 1 || d.entries[0].title != text {
				t.Errorf("%+v, %v", d, err)
			}
		})
	}
	var wide []byte
	for _, r := range "\ufeff" + `<?xml version="1.0" encoding="utf-16"?><rss version="2.0"><channel><title>T</title><item><title>` + text + `</title></item></channel></rss>` {
		wide = append(wide, byte(r), byte(r>>8))
	}
	d, err := parse(&feeds.Document{Body: wide})
	if err != nil || len(d.entries) != 1 || d.entries[0].title != text {
		t.Errorf("utf-16: %+v, %v", d, err)
	}
}

// nowhere is a bus without a log.
type nowhere struct{}

func (nowhere) Publish(_ context.Context, _ string, drafts ...topics.Draft) ([]topics.ID, error) {
	return make([]topics.ID, len(drafts)), nil
}

func (nowhere) Retract(context.Context, string, string) (topics.ID, error) { return topics.ID{}, nil }
