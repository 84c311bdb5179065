package finnhub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
	"tickertape/feeds/market/markettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "t0ken-of-nobody"

// rest answers as Finnhub's REST interface does; now is of the quotes.
func rest(quotes map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Finnhub-Token") != token {
			http.Error(w, `{"error":"Invalid API key."}`, http.StatusUnauthorized)
			return
		}
		symbol := r.URL.Query().Get("symbol")
		switch {
		case r.URL.Path == "/api/v1/stock/profile2" && symbol == "AAPL":
			fmt.Fprint(w, `{"country":"US","currency":"USD","exchange":"NASDAQ NMS - GLOBAL MARKET","name":"Apple Inc","ticker":"AAPL"}`)
		case r.URL.Path == "/api/v1/stock/profile2":
			fmt.Fprint(w, `{}`)
		case quotes[symbol] != "":
			fmt.Fprint(w, quotes[symbol])
		default:
			fmt.Fprint(w, `{"c":0,"d":null,"dp":null,"h":0,"l":0,"o":0,"pc":0,"t":0}`)
		}
	})
}

func quoteAt(at time.Time) string {
	return fmt.Sprintf(`{"c":187.42,"d":-1.13,"dp":-0.5993,"h":189.2,"l":186.9,"o":188.6,"pc":188.55,"t":%d}`, at.Unix())
}

func trades(list ...string) string {
	return `{"type":"trade","data":[` + strings.Join(list, ",") + `]}`
}

func tradeAt(symbol, price string, at time.Time) string {
	return fmt.Sprintf(`{"s":%q,"p":%s,"v":100,"t":%d,"c":["1","12"]}`, symbol, price, at.UnixMilli())
}

// newRun returns a feed of a new kind and a recorder for it.
func newRun(t *testing.T, server *markettest.Server, symbols ...string) (feeds.Feed, *feedtest.Recorder) {
	t.Helper()
	spec := Spec()
	env := spec.Complete(feeds.Env{ID: "test"})
	feed, err := spec.New(&Options{Token: token, Symbols: symbols}, env)
	if err != nil {
		t.Fatal(err)
	}
	rec := feedtest.NewRecorder(t, spec, env)
	rec.SetHTTP(server.Client(spec, env))
	return feed, rec
}

// bubble runs a test at the time of the recorded answers.
func bubble(t *testing.T, test func(t *testing.T)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(feedtest.Recorded))
		test(t)
	})
}

// bounded is a context for what goes on for ever if it goes wrong.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 48*time.Hour)
	t.Cleanup(cancel)
	return ctx
}

func noSecret(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, token) {
		t.Errorf("the token is shown: %s", text)
	}
}

func TestContract(t *testing.T) {
	server := &markettest.Server{
		REST: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rest(map[string]string{"AAPL": quoteAt(time.Now().Add(-time.Hour))}).ServeHTTP(w, r)
		}),
		Socket: func(c *markettest.Conn) {
			c.Hear()
			c.Listen()
			for i := range 10 {
				c.Say(trades(tradeAt("AAPL", fmt.Sprint(188+i), time.Now())))
				if !c.Sleep(2 * time.Second) {
					return
				}
			}
			<-c.Gone()
		},
	}
	spec := Spec()
	feedtest.Run(t, spec, feedtest.Config{
		Options: &Options{Token: token, Symbols: []string{"AAPL"}},
		HTTP:    server.Client(spec, spec.Complete(feeds.Env{ID: "test"})),
	})
}

// A quote comes first, then trades: at most one price a symbol and second, the newest.
func TestTradesAreConflated(t *testing.T) {
	bubble(t, func(t *testing.T) {
		start := time.Now()
		subscribed := make(chan any, 2)
		server := &markettest.Server{
			REST: rest(map[string]string{"AAPL": quoteAt(start.Add(-time.Minute)), "MSFT": quoteAt(start.Add(-time.Minute))}),
			Socket: func(c *markettest.Conn) {
				subscribed <- c.Hear()["symbol"]
				subscribed <- c.Hear()["symbol"]
				if c.Query != "token="+token {
					t.Errorf("asked for %q", c.Query)
				}
				c.Listen()
				c.Sleep(10 * time.Second) // the look-ups are done
				now := time.Now().Add(-time.Second)
				c.Say(trades(tradeAt("AAPL", "188.10", now.Add(-2*time.Second)), tradeAt("AAPL", "189.00", now), tradeAt("AAPL", "188.20", now.Add(-time.Second))))
				c.Say(`{"type":"ping"}`)
				c.Sleep(100 * time.Millisecond)
				c.Say(trades(tradeAt("AAPL", "190", now.Add(time.Millisecond)), tradeAt("GOOG", "7", now)))
				c.Say(trades(tradeAt("AAPL", "191.5", now.Add(2*time.Millisecond))))
				c.Say(trades(tradeAt("AAPL", "1", now.Add(-time.Hour)), tradeAt("MSFT", "1e-05", now)))
				c.Sleep(time.Minute)
				c.Say(trades(tradeAt("AAPL", "192", time.Now().Add(time.Hour)))) // its clock is wrong
				<-c.Gone()
			},
		}
		feed, rec := newRun(t, server, "AAPL", "MSFT")
		if _, err := rec.Collect(bounded(t), feed, 6); err != nil {
			t.Fatal(err)
		}
		if a, b := <-subscribed, <-subscribed; a != "AAPL" || b != "MSFT" {
			t.Errorf("subscribed to %v and %v", a, b)
		}
		want := []string{
			`{"symbol":"AAPL","price":"187.42","increase":-0.6,"change":"-1.13","previous_close":"188.55","source":"Finnhub","time":"2026-11-20T11:59:00Z","attribution":"Finnhub"}`,
			`{"symbol":"MSFT","price":"187.42","increase":-0.6,"change":"-1.13","previous_close":"188.55","source":"Finnhub","time":"2026-11-20T11:59:00Z","attribution":"Finnhub"}`,
			`{"symbol":"AAPL","company":"Apple Inc","price":"189.00","increase":0.24,"change":"0.45","currency":"USD","previous_close":"188.55","source":"Finnhub","time":"2026-11-20T12:00:09Z","attribution":"Finnhub"}`,
			`{"symbol":"MSFT","price":"0.00001","increase":-100,"change":"-188.54999","previous_close":"188.55","source":"Finnhub","time":"2026-11-20T12:00:09Z","attribution":"Finnhub"}`,
			`{"symbol":"AAPL","company":"Apple Inc","price":"191.5","increase":1.56,"change":"2.95","currency":"USD","previous_close":"188.55","source":"Finnhub","time":"2026-11-20T12:00:09.002Z","attribution":"Finnhub"}`,
			`{"symbol":"AAPL","company":"Apple Inc","price":"192","increase":1.83,"change":"3.45","currency":"USD","previous_close":"188.55","source":"Finnhub","time":"2026-11-20T12:01:10.1Z","attribution":"Finnhub"}`,
		}
		for i, line := range rec.Lines() {
			if i < len(want) && string(line) != want[i] {
				t.Errorf("line %d:\n got %s\nwant %s", i, line, want[i])
			}
		}
	})
}

// After the close the previous close is yesterday's; on the next day it is asked anew.
func TestPreviousCloseMovesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var mu sync.Mutex
		quote := quoteAt(time.Now())
		server := &markettest.Server{
			REST: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				rest(map[string]string{"AAPL": quote}).ServeHTTP(w, r)
			}),
			Socket: func(c *markettest.Conn) {
				c.Hear()
				if time.Since(feedtest.Recorded) < 20*time.Hour {
					_ = c.Wait()
					return
				}
				c.Say(trades(tradeAt("AAPL", "200", time.Now())))
				c.Sleep(10 * time.Second)
				c.Say(trades(tradeAt("AAPL", "201", time.Now())))
				_ = c.Wait()
			},
		}
		feed, rec := newRun(t, server, "AAPL")
		if _, err := rec.Collect(bounded(t), feed, 3); err != nil {
			t.Fatal(err)
		}
		lines := rec.Lines()
		if text := string(lines[1]); !strings.Contains(text, `"increase":null`) {
			t.Errorf("the first trade of a day: %s", text)
		}
		if text := string(lines[2]); !strings.Contains(text, `"previous_close":"187.42"`) {
			t.Errorf("the second trade of a day: %s", text)
		}
		sockets := 0
		for _, address := range server.Asked() {
			if strings.HasPrefix(address, "ws.") {
				sockets++
			}
		}
		if sockets < 20 {
			t.Error("a session that was quiet for an hour was not renewed")
		}
	})
}

func TestClosedMarketIsFine(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server := &markettest.Server{
			REST:   rest(map[string]string{"AAPL": quoteAt(time.Now().Add(-60 * time.Hour))}),
			Socket: func(c *markettest.Conn) { _ = c.Wait() },
		}
		feed, rec := newRun(t, server, "AAPL", "APPL")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		items, err := rec.Collect(ctx, feed, 100)
		if err != nil || len(items) != 1 {
			t.Errorf("%d items, %v; want the last price alone", len(items), err)
		}
		oks := rec.OKs()
		if len(oks) < 29 || !strings.HasPrefix(oks[0], "market closed or no trades; APPL: Finnhub knows no such symbol") {
			t.Errorf("%q", oks)
		}
		if notes := rec.Notes(); len(notes) != 1 || !strings.HasPrefix(notes[0], "APPL: ") {
			t.Errorf("an unknown symbol is told once: %q", notes)
		}
		for _, address := range server.Asked() {
			if !strings.HasPrefix(address, "ws.") {
				noSecret(t, address)
			}
		}
	})
}

func TestFailures(t *testing.T) {
	good := map[string]string{"AAPL": quoteAt(feedtest.Recorded)}
	for _, tt := range []struct {
		name   string
		server *markettest.Server
		want   string
		hint   string        // "" where it is not a person's to mend
		after  time.Duration // that the source asks for
	}{
		{"key refused", &markettest.Server{Refuse: map[string]int{"ws.": 401}}, "401 Unauthorized", "check the token", 30 * time.Minute},
		{"key refused by REST", &markettest.Server{Socket: func(c *markettest.Conn) { _ = c.Wait() }, REST: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":"Invalid API key"}`, http.StatusUnauthorized)
		})}, "401 Unauthorized", "check the token", 30 * time.Minute},
		{"too many", &markettest.Server{Refuse: map[string]int{"ws.": 429}}, "429 Too Many", "", 15 * time.Minute},
		{"no symbol known", &markettest.Server{REST: rest(nil), Socket: func(c *markettest.Conn) { _ = c.Wait() }}, "none of the symbols", "BINANCE", 0},
		{"cut", &markettest.Server{REST: rest(good), Socket: func(c *markettest.Conn) { c.Hear(); _ = c.CloseNow() }}, "read from Finnhub", "", 0},
		{"garbage", &markettest.Server{REST: rest(good), Socket: func(c *markettest.Conn) { c.Hear(); c.Say("<html>"); _ = c.Wait() }}, "no frame of its stream", "", 0},
		{"hung", &markettest.Server{REST: rest(good), Socket: func(c *markettest.Conn) { c.Hear(); <-c.Gone() }}, "the connection hangs", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				feed, rec := newRun(t, tt.server, "AAPL")
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				_, err := rec.Collect(ctx, feed, 100)
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("%v; want %q", err, tt.want)
				}
				noSecret(t, fmt.Sprintf("%+v %#v", err, err))
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

// Look-ups keep the budget of 60 a minute and go on after trouble, while prices flow.
func TestLookUpsKeepTheBudget(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var symbols []string
		for i := range maxSymbols {
			symbols = append(symbols, fmt.Sprintf("S%d", i))
		}
		var mu sync.Mutex
		var calls []time.Time
		server := &markettest.Server{
			Socket: func(c *markettest.Conn) { _ = c.Wait() },
			REST: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				switch calls = append(calls, time.Now()); len(calls) {
				case 3:
					http.Error(w, "{}", http.StatusTooManyRequests)
				case 5:
					http.Error(w, "{}", http.StatusBadGateway)
				case 7:
					fmt.Fprint(w, "<html>")
				default:
					fmt.Fprint(w, quoteAt(time.Now()))
				}
			}),
		}
		feed, rec := newRun(t, server, symbols...)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		items, err := rec.Collect(ctx, feed, 1000)
		if err != nil || len(items) != maxSymbols {
			t.Errorf("%d items, %v; want one a symbol", len(items), err)
		}
		if len(calls) != 2*maxSymbols+3 {
			t.Errorf("%d calls, want two a symbol and three again", len(calls))
		}
		for i := 60; i < len(calls); i++ {
			if gap := calls[i].Sub(calls[i-60]); gap < time.Minute {
				t.Errorf("61 calls within %s", gap)
			}
		}
	})
}

func TestOneFeedAKey(t *testing.T) {
	bubble(t, func(t *testing.T) {
		spec := Spec()
		server := &markettest.Server{REST: rest(map[string]string{"AAPL": quoteAt(time.Now())}), Socket: func(c *markettest.Conn) { _ = c.Wait() }}
		run := func(id string, n int) error {
			env := spec.Complete(feeds.Env{ID: id})
			feed, err := spec.New(&Options{Token: token, Symbols: []string{"AAPL"}}, env)
			if err != nil {
				t.Fatal(err)
			}
			rec := feedtest.NewRecorder(t, spec, env)
			rec.SetHTTP(server.Client(spec, env))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err = rec.Collect(ctx, feed, n)
			return err
		}
		first := make(chan error)
		go func() { first <- run("first", 100) }()
		synctest.Wait()
		err := run("second", 1)
		if _, attention := feeds.Hint(err); !attention || !strings.Contains(err.Error(), `"first"`) {
			t.Errorf("the second feed: %v", err)
		}
		if err := errors.Join(<-first, run("second", 1)); err != nil {
			t.Errorf("one after the other: %v", err)
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	spec := Spec()
	for want, o := range map[string]*Options{
		"token is empty":  {Symbols: []string{"A"}},
		"symbols is empt": {Token: "t"},
		"listed twice":    {Token: "t", Symbols: []string{"A", "A"}},
	} {
		if _, err := spec.New(o, feeds.Env{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want %q", o, err, want)
		}
	}
}
