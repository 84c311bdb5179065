package alpaca

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
	"tickertape/feeds/market/markettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	key    = "key-of-nobody"
	secret = "s3cret-of-nobody"
)

const snapshots = `{
	"AAPL":{"latestTrade":{"t":"2026-11-20T11:59:30.123456789Z","x":"V","p":187.42,"s":100,"c":["@"],"i":1,"z":"C"},"minuteBar":null,
		"dailyBar":{"t":"2026-11-20T05:00:00Z","o":188.6,"h":189.2,"l":186.9,"c":187.42,"v":120403,"n":900,"vw":187.9},
		"prevDailyBar":{"t":"2026-11-19T05:00:00Z","o":188,"h":190,"l":187,"c":188.55,"v":220403,"n":900,"vw":188.9}},
	"ZZZZ":null}`

func rest(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Apca-Api-Key-Id") != key || r.Header.Get("Apca-Api-Secret-Key") != secret {
		http.Error(w, `{"message":"forbidden."}`, http.StatusForbidden)
		return
	}
	if r.URL.Path != "/v2/stocks/snapshots" || r.URL.Query().Get("feed") != iex {
		http.NotFound(w, r)
		return
	}
	fmt.Fprint(w, snapshots)
}

// greet does what Alpaca does before trades come, and reports whether the client did
// its part in time.
func greet(c *markettest.Conn) bool {
	began := time.Now()
	c.Say(`[{"T":"success","msg":"connected"}]`)
	auth := c.Hear()
	if auth["action"] != "auth" || auth["key"] != key || auth["secret"] != secret || time.Since(began) > time.Second {
		c.Say(`[{"T":"error","code":402,"msg":"auth failed"}]`)
		return false
	}
	c.Say(`[{"T":"success","msg":"authenticated"}]`)
	subscribe := c.Hear()
	if subscribe["action"] != "subscribe" {
		c.Say(`[{"T":"error","code":410,"msg":"invalid subscribe action for this feed"}]`)
		return false
	}
	return c.Say(`[{"T":"subscription","trades":["AAPL"],"quotes":[],"bars":[]}]`)
}

func trade(symbol, price string, at time.Time) string {
	return fmt.Sprintf(`{"T":"t","S":%q,"i":52983525,"x":"V","p":%s,"s":4,"c":["@"],"t":%q,"z":"C"}`, symbol, price, at.UTC().Format(time.RFC3339Nano))
}

// quiet is a market that is closed.
func quiet(c *markettest.Conn) {
	if greet(c) {
		_ = c.Wait()
	}
}

func newRun(t *testing.T, server *markettest.Server, o Options) (feeds.Feed, *feedtest.Recorder) {
	t.Helper()
	spec := Spec()
	env := spec.Complete(feeds.Env{ID: "test"})
	o.Key, o.Secret = key, secret
	feed, err := spec.New(&o, env)
	if err != nil {
		t.Fatal(err)
	}
	rec := feedtest.NewRecorder(t, spec, env)
	rec.SetHTTP(server.Client(spec, env))
	return feed, rec
}

func bubble(t *testing.T, test func(t *testing.T, ctx context.Context)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(feedtest.Recorded))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		test(t, ctx)
	})
}

func TestContract(t *testing.T) {
	server := &markettest.Server{Socket: func(c *markettest.Conn) {
		if c.Path != "/v2/test" || !greet(c) {
			t.Errorf("path %s", c.Path)
			return
		}
		c.Listen()
		for i := range 10 {
			c.Say("[" + trade(testSymbol, fmt.Sprint(133+i), time.Now()) + "]")
			if !c.Sleep(2 * time.Second) {
				return
			}
		}
		<-c.Gone()
	}}
	spec := Spec()
	feedtest.Run(t, spec, feedtest.Config{
		Options: &Options{Key: key, Secret: secret, Symbols: []string{testSymbol}, Feed: test, Plan: basic},
		HTTP:    server.Client(spec, spec.Complete(feeds.Env{ID: "test"})),
	})
}

func TestTrades(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		server := &markettest.Server{
			REST: http.HandlerFunc(rest),
			Socket: func(c *markettest.Conn) {
				if !greet(c) {
					return
				}
				c.Listen()
				c.Sleep(5 * time.Second)
				now := time.Now().Add(-time.Second)
				c.Say("[" + trade("AAPL", "188.10", now) + "," + trade("AAPL", "189.00", now.Add(time.Millisecond)) + "," +
					trade("SPY", "1", now) + `,{"T":"q","S":"AAPL"},{"T":"c","S":"AAPL","t":"2026-11-20T14:30:00Z"}]`)
				<-c.Gone()
			},
		}
		feed, rec := newRun(t, server, Options{Symbols: []string{"AAPL", "ZZZZ"}, Companies: map[string]string{"AAPL": "Apple"}})
		if _, err := rec.Collect(ctx, feed, 2); err != nil {
			t.Fatal(err)
		}
		want := []string{
			`{"symbol":"AAPL","company":"Apple","price":"187.42","increase":-0.6,"change":"-1.13","currency":"USD","previous_close":"188.55","delay":"IEX only","source":"Alpaca (IEX)","time":"2026-11-20T11:59:30.123456789Z","attribution":"Alpaca"}`,
			`{"symbol":"AAPL","company":"Apple","price":"189.00","increase":0.24,"change":"0.45","currency":"USD","previous_close":"188.55","delay":"IEX only","source":"Alpaca (IEX)","time":"2026-11-20T12:00:04.001Z","attribution":"Alpaca"}`,
		}
		for i, line := range rec.Lines() {
			if i >= len(want) || string(line) != want[i] {
				t.Errorf("line %d: %s", i, line)
			}
		}
		if notes := rec.Notes(); len(notes) != 1 || !strings.HasPrefix(notes[0], "ZZZZ: ") {
			t.Errorf("an unknown symbol is told once: %q", notes)
		}
	})
}

func TestClosedMarketIsFine(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		feed, rec := newRun(t, &markettest.Server{REST: http.HandlerFunc(rest), Socket: quiet}, Options{Symbols: []string{"AAPL"}})
		items, err := rec.Collect(ctx, feed, 100)
		if err != nil || len(items) != 1 {
			t.Errorf("%d items, %v; want the last price alone", len(items), err)
		}
		if oks := rec.OKs(); len(oks) < 170 || oks[0] != "market closed or no trades" {
			t.Errorf("%d signs of life: %q", len(oks), oks[:min(len(oks), 1)])
		}
	})
}

// A test feed is invented, and says so.
func TestTestFeedIsSimulated(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		server := &markettest.Server{Socket: func(c *markettest.Conn) {
			if greet(c) {
				c.Say("[" + trade(testSymbol, "133.85", time.Now()) + "]")
				_ = c.Wait()
			}
		}}
		feed, rec := newRun(t, server, Options{Symbols: []string{testSymbol}, Feed: test})
		if _, err := rec.Collect(ctx, feed, 1); err != nil {
			t.Fatal(err)
		}
		if line := string(rec.Lines()[0]); !strings.Contains(line, `"simulated":true`) || !strings.Contains(line, `"delay":"test data"`) {
			t.Error(line)
		}
	})
}

// Alpaca counts a connection that was not closed, and refuses the next one.
func TestSocketIsClosedOnStop(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		heard := make(chan error, 1)
		server := &markettest.Server{REST: http.HandlerFunc(rest), Socket: func(c *markettest.Conn) {
			greet(c)
			c.Sleep(10 * time.Second) // the snapshot is printed
			c.Say("[" + trade("AAPL", "1", time.Now()) + "]")
			heard <- c.Wait()
		}}
		feed, rec := newRun(t, server, Options{Symbols: []string{"AAPL"}})
		if _, err := rec.Collect(ctx, feed, 2); err != nil {
			t.Fatal(err)
		}
		if err := <-heard; !strings.Contains(fmt.Sprint(err), "StatusNormalClosure") {
			t.Errorf("the server heard %v, not a close", err)
		}
	})
}

func TestFailures(t *testing.T) {
	says := func(frames ...string) *markettest.Server {
		return &markettest.Server{REST: http.HandlerFunc(rest), Socket: func(c *markettest.Conn) {
			c.Listen()
			for _, frame := range frames {
				c.Say(frame)
			}
			<-c.Gone()
		}}
	}
	failing := func(code int) *markettest.Server {
		return &markettest.Server{REST: http.HandlerFunc(rest), Socket: func(c *markettest.Conn) {
			c.Say(`[{"T":"success","msg":"connected"}]`)
			c.Hear()
			c.Say(fmt.Sprintf(`[{"T":"error","code":%d,"msg":"no"}]`, code))
			_ = c.Wait()
		}}
	}
	for _, tt := range []struct {
		name   string
		server *markettest.Server
		want   string
		hint   string        // "" where it is not a person's to mend
		after  time.Duration // that the source asks for
		within time.Duration
	}{
		{"connection limit", failing(406), "error 406", "", 30 * time.Second, time.Second},
		{"auth failed", failing(402), "error 402", "check key and secret", 0, time.Second},
		{"symbol limit", failing(405), "error 405", "list fewer", 0, time.Second},
		{"no such plan", failing(409), "error 409", "set feed: iex", 0, time.Second},
		{"slow client", failing(407), "error 407", "", 0, time.Second},
		{"limit at once", says(`[{"T":"error","code":406,"msg":"connection limit exceeded"}]`), "connection limit exceeded", "", 30 * time.Second, time.Second},
		{"slow greeting", says(), "does not answer in time", "", 0, 11 * time.Second},
		{"endless chatter in place of a greeting", &markettest.Server{REST: http.HandlerFunc(rest), Socket: func(c *markettest.Conn) {
			for c.Sleep(time.Second) && c.Say(`[{"T":"success","msg":"soon"}]`) {
			}
		}}, "does not answer in time", "", 0, 11 * time.Second},
		{"garbage", says(`{"T":"success"}`), "no frame of its stream", "", 0, time.Second},
		{"cut", &markettest.Server{REST: http.HandlerFunc(rest), Socket: func(c *markettest.Conn) { greet(c) }}, "read from Alpaca", "", 0, time.Second},
		{"hung", &markettest.Server{REST: http.HandlerFunc(rest), Socket: func(c *markettest.Conn) { greet(c); <-c.Gone() }}, "the connection hangs", "", 0, time.Minute},
		{"no symbol known", &markettest.Server{Socket: quiet, REST: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })},
			"none of the symbols is known", "BRK.B", 0, time.Second},
		{"snapshots refused", &markettest.Server{Socket: quiet, REST: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"message":"forbidden."}`, http.StatusForbidden)
		})}, "403 Forbidden", "your plan has feed iex", 30 * time.Minute, time.Second},
		{"upgrade refused", &markettest.Server{REST: http.HandlerFunc(rest), Refuse: map[string]int{"stream.": 429}}, "429", "", 15 * time.Minute, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, ctx context.Context) {
				feed, rec := newRun(t, tt.server, Options{Symbols: []string{"AAPL"}})
				began := time.Now()
				_, err := rec.Collect(ctx, feed, 100)
				if took := time.Since(began); took > tt.within {
					t.Errorf("took %s, want %s", took, tt.within)
				}
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("%v; want %q", err, tt.want)
				}
				if text := fmt.Sprintf("%+v", err); strings.Contains(text, secret) || strings.Contains(text, key) {
					t.Errorf("a key is shown: %s", text)
				}
				if hint, _ := feeds.Hint(err); (hint == "") != (tt.hint == "") || !strings.Contains(hint, tt.hint) {
					t.Errorf("hint %q; want %q", hint, tt.hint)
				}
				if after, _ := feeds.RetryDelay(err); after != tt.after {
					t.Errorf("retry after %s, want %s", after, tt.after)
				}
			})
		})
	}
}

// Snapshots that fail are asked for again, while prices flow.
func TestSnapshotsAreAskedForAgain(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		asked := 0
		server := &markettest.Server{
			REST: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked++; asked < 3 {
					http.Error(w, "", http.StatusBadGateway)
					return
				}
				rest(w, r)
			}),
			Socket: func(c *markettest.Conn) {
				if !greet(c) {
					return
				}
				c.Listen()
				for i := 0; c.Sleep(50*time.Second) && c.Say("["+trade("AAPL", fmt.Sprint(180+i), time.Now())+"]"); i++ {
				}
			},
		}
		feed, rec := newRun(t, server, Options{Symbols: []string{"AAPL"}})
		if _, err := rec.Collect(ctx, feed, 4); err != nil {
			t.Fatal(err)
		}
		first, last := string(rec.Lines()[0]), string(rec.Lines()[3])
		if !strings.Contains(first, `"increase":null`) || !strings.Contains(last, `"previous_close":"188.55"`) || asked != 3 {
			t.Errorf("%d requests\n%s\n%s", asked, first, last)
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	spec := Spec()
	many := make([]string, 31)
	for i := range many {
		many[i] = fmt.Sprintf("S%d", i)
	}
	for want, o := range map[string]Options{
		"lists 31, plan basic allows 30": {Symbols: many},
		"symbols is empty":               {},
		"feed sip needs plan plus":       {Symbols: many[:1], Feed: sip},
		"symbols: [FAKEPACA]":            {Symbols: many[:1], Feed: test},
		"is of feed test alone":          {Symbols: []string{testSymbol}},
		`feed "nyse"`:                    {Symbols: many[:1], Feed: "nyse"},
		`plan "gold"`:                    {Symbols: many[:1], Plan: "gold"},
	} {
		o.Key, o.Secret = key, secret
		if _, err := spec.New(&o, feeds.Env{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want %q", o, err, want)
		}
	}
	if _, err := spec.New(&Options{Key: key, Secret: secret, Symbols: many, Feed: sip, Plan: plus}, feeds.Env{}); err != nil {
		t.Error(err)
	}
	if _, err := spec.New(&Options{Key: key, Symbols: many[:1]}, feeds.Env{}); err == nil {
		t.Error("a feed without a secret is made")
	}
}
