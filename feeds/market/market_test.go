package market

import (
	"context"
	"encoding/json"
	"errors"
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

func TestDecimal(t *testing.T) {
	for _, tt := range []struct{ json, want string }{
		{`187.42`, "187.42"},
		{`"187.420"`, "187.420"},
		{`0.1`, "0.1"},
		{`-3`, "-3"},
		{`1e-05`, "0.00001"},
		{`1.25E+3`, "1250"},
		{`1.255e1`, "12.55"},
		{`null`, ""},
		{`""`, ""},
	} {
		var d Decimal
		if err := json.Unmarshal([]byte(tt.json), &d); err != nil || string(d) != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.json, d, err, tt.want)
		}
	}
	for _, bad := range []string{`"N/D"`, `true`, `"NaN"`, `"Inf"`, `1e999999999`, `"1,5"`, `"0x10"`, `" 1"`, `{}`, `"` + strings.Repeat("9", 41) + `"`} {
		d := Decimal("7")
		if err := json.Unmarshal([]byte(bad), &d); err == nil || d != "7" {
			t.Errorf("%s: %q, %v; want an error", bad, d, err)
		}
	}
}

func FuzzDecimal(f *testing.F) {
	for _, seed := range []string{"187.42", "1e-05", "-0", "9e30", "1E", "0.0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDecimal(text)
		if err != nil {
			return
		}
		if len(d) > maxDigits+2*maxExponent || strings.ContainsAny(string(d), "eE") || !json.Valid([]byte(d)) {
			t.Errorf("%q becomes %q", text, d)
		}
		Quote{Price: d}.Since(d)
	})
}

func TestQuoteSincePreviousClose(t *testing.T) {
	for _, tt := range []struct {
		price, previous Decimal
		want            string
	}{
		{"187.42", "188.55", `"increase":-0.6,"change":"-1.13","previous_close":"188.55"`},
		{"1.1", "1", `"increase":10,"change":"0.1","previous_close":"1"`},
		{"2", "2.00", `"increase":0,"change":"0.00","previous_close":"2.00"`},
		{"99.9999", "100", `"increase":0,"change":"-0.0001","previous_close":"100"`},
		{"5", "", `"increase":null`},
		{"5", "0", `"increase":null`},
	} {
		got, err := json.Marshal(Quote{Symbol: "A", Price: tt.price}.Since(tt.previous))
		if want := `{"symbol":"A","price":"` + string(tt.price) + `",` + tt.want + `}`; err != nil || string(got) != want {
			t.Errorf("%s since %s:\n got %s, %v\nwant %s", tt.price, tt.previous, got, err, want)
		}
	}
}

func TestPreviousClose(t *testing.T) {
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	friday := Reference{Close: "11", Previous: "10", At: at("2026-11-20T21:00:00Z"), Fetched: at("2026-11-20T21:10:00Z")}
	monday := friday
	monday.Fetched = at("2026-11-23T09:30:00Z") // before the first trade of the day
	for _, tt := range []struct {
		name     string
		ref      Reference
		trade    string
		want     Decimal
		outdated bool
	}{
		{"same day", friday, "2026-11-20T15:00:00Z", "10", false},
		{"evening in New York", friday, "2026-11-21T00:59:00Z", "10", false},
		{"next trading day", friday, "2026-11-23T14:30:00Z", "", true},
		{"next trading day, asked again", monday, "2026-11-23T14:30:00Z", "11", false},
		{"older than the reference", friday, "2026-11-19T15:00:00Z", "", false},
		{"nothing known", Reference{}, "2026-11-19T15:00:00Z", "", true},
		{"nothing to know", Reference{Fetched: at("2026-11-19T15:00:00Z")}, "2026-11-19T15:00:00Z", "", false},
	} {
		if got, outdated := tt.ref.PreviousClose(at(tt.trade)); got != tt.want || outdated != tt.outdated {
			t.Errorf("%s: %q, %v; want %q, %v", tt.name, got, outdated, tt.want, tt.outdated)
		}
	}
}

func TestCheckSymbols(t *testing.T) {
	if err := CheckSymbols([]string{"AAPL", "BRK.B", "BINANCE:BTCUSDT", "EUR/USD"}, 4, "a plan"); err != nil {
		t.Error(err)
	}
	for want, symbols := range map[string][]string{
		"is empty":               nil,
		"listed twice":           {"A", "B", "A"},
		"lists 3, a plan allows": {"A", "B", "C"},
		"want up to 32":          {"A B"},
	} {
		if err := CheckSymbols(symbols, 2, "a plan"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; want %q", symbols, err, want)
		}
	}
}

var spec = feeds.Spec{Kind: "prices", Topics: []string{"stock"}}

// A busy symbol is printed once a pace with its newest price, a quiet one at once.
func TestConflator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := feedtest.NewRecorder(t, spec, feeds.Env{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c := NewConflator(time.Second, []string{"A", "B"})
		rec.Go(func() error { return c.Run(ctx, rec) })
		price := func(symbol, text string) {
			c.Put(symbol, feeds.Item{Data: Quote{Symbol: symbol, Price: Decimal(text)}})
		}
		price("C", "1") // not one of its symbols
		price("A", "1")
		synctest.Wait()
		for _, text := range []string{"2", "3", "4"} {
			price("A", text)
			time.Sleep(200 * time.Millisecond)
		}
		price("B", "9")
		synctest.Wait()
		time.Sleep(5 * time.Second)
		price("A", "5")
		synctest.Wait()
		var got []string
		for _, it := range rec.Items() {
			q := it.Data.(Quote)
			got = append(got, q.Symbol+string(q.Price))
		}
		if text := strings.Join(got, " "); text != "A1 B9 A4 A5" {
			t.Errorf("printed %s", text)
		}
	})
}

func TestKeysLetOneFeedAtATime(t *testing.T) {
	var keys Keys
	release, err := keys.Take("k", "first")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Take("other", "second"); err != nil {
		t.Error(err)
	}
	_, err = keys.Take("k", "second")
	if _, attention := feeds.Hint(err); !attention || !strings.Contains(err.Error(), `"first"`) {
		t.Errorf("%v; want one that names the first feed and needs attention", err)
	}
	release()
	if _, err := keys.Take("k", "second"); err != nil {
		t.Error(err)
	}
}

const secret = "s3cret"

// use runs one session against a server and returns how it ended.
func use(t *testing.T, ctx context.Context, server *markettest.Server, alive func(), talk func(*Session) error) error {
	t.Helper()
	rec := feedtest.NewRecorder(t, spec, feeds.Env{})
	rec.SetHTTP(server.Client(spec, feeds.Env{}))
	source := Source{Name: "the exchange", URL: "wss://stream.example/v1?token=" + secret, Alive: alive}
	err := Use(ctx, rec, source, talk)
	if err != nil && strings.Contains(err.Error(), secret) {
		t.Errorf("the error shows the key: %v", err)
	}
	return err
}

func readAll(s *Session) error {
	for {
		if _, err := s.Read(0); err != nil {
			return err
		}
	}
}

func TestSessionsThatEnd(t *testing.T) {
	for _, tt := range []struct {
		name   string
		server *markettest.Server
		talk   func(*Session) error
		want   string
		after  time.Duration // at the latest
	}{
		{"cut", &markettest.Server{Socket: func(c *markettest.Conn) { c.Say("x"); _ = c.CloseNow() }}, readAll, "read from the exchange", 0},
		{"closed with a reason", &markettest.Server{Socket: func(c *markettest.Conn) { _ = c.Close(1013, "later\nplease") }}, readAll, `closed the connection (1013 "later\nplease")`, 0},
		{"oversized", &markettest.Server{Socket: func(c *markettest.Conn) { c.Say(strings.Repeat("x", maxMessage+1)); _ = c.Wait() }}, readAll, "read from the exchange", time.Second},
		{"hung", &markettest.Server{Socket: func(c *markettest.Conn) { c.Say("x"); <-c.Gone() }}, readAll, "the connection hangs", 31 * time.Second},
		{"slow", &markettest.Server{Socket: func(c *markettest.Conn) { _ = c.Wait() }}, func(s *Session) error { _, err := s.Read(5 * time.Second); return err }, "does not answer in time", 6 * time.Second},
		{"no socket", &markettest.Server{Refuse: map[string]int{"": 200}}, readAll, "answered 200 in place", 0},
		{"refused", &markettest.Server{Refuse: map[string]int{"": 401}}, readAll, "401 Unauthorized", 0},
		{"quiet", &markettest.Server{Socket: func(c *markettest.Conn) { _ = c.Wait() }}, readAll, ErrQuiet.Error(), time.Hour + time.Minute},
		{"its own error", &markettest.Server{Socket: func(c *markettest.Conn) { <-c.Gone() }}, func(*Session) error { return errors.New("no such word") }, "no such word", time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				err := use(t, t.Context(), tt.server, nil, tt.talk)
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v; want %q", err, tt.want)
				}
				if took := time.Since(began); took > tt.after {
					t.Errorf("took %s, want %s", took, tt.after)
				}
			})
		})
	}
}

func TestUnreachableSourceShowsNoKey(t *testing.T) {
	rec := feedtest.NewRecorder(t, spec, feeds.Env{})
	client := feeds.NewFetcher(feeds.FetchOptions{}).Client(spec, feeds.Env{})
	defer client.CloseIdleConnections()
	rec.SetHTTP(client)
	err := Use(t.Context(), rec, Source{Name: "the exchange", URL: "ws://127.0.0.1:1/?token=" + secret}, readAll)
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("%v; want an error without the key", err)
	}
}

// A source that says nothing but answers pings is alive: its market is closed.
func TestClosedMarketIsNoHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &markettest.Server{Socket: func(c *markettest.Conn) { _ = c.Wait() }}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
		defer cancel()
		pings := 0
		err := use(t, ctx, server, func() { pings++ }, readAll)
		if !errors.Is(err, context.DeadlineExceeded) || pings < 89 {
			t.Errorf("%v after %d pings", err, pings)
		}
	})
}

// A session that is told to stop says so to the other side, and does not wait for one
// that is deaf.
func TestSessionIsClosedProperly(t *testing.T) {
	for name, deaf := range map[string]bool{"answered": false, "deaf": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				heard := make(chan error, 1)
				server := &markettest.Server{Socket: func(c *markettest.Conn) {
					if c.Say("x"); deaf {
						<-c.Gone()
						heard <- nil
						return
					}
					heard <- c.Wait()
				}}
				ctx, cancel := context.WithCancel(t.Context())
				var told time.Time
				err := use(t, ctx, server, nil, func(s *Session) error {
					if _, err := s.Read(0); err != nil {
						return err
					}
					told = time.Now()
					cancel()
					return readAll(s)
				})
				took := time.Since(told)
				if !errors.Is(err, context.Canceled) || took > time.Second || (!deaf && took > 0) {
					t.Errorf("%v after %s", err, took)
				}
				if err := <-heard; !deaf && !strings.Contains(err.Error(), "StatusNormalClosure") {
					t.Errorf("the server heard %v, not a close", err)
				}
			})
		})
	}
}
