package handlers

import (
	"context"
	"io"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"
)

// checkRefused makes the three kinds of request that a full server refuses.
func checkRefused(t *testing.T, s *site, target string, headers ...string) {
	t.Helper()
	c := s.open(target, headers...) // an EventSource: 200, or it would give up for ever
	if got := checkBye(t, c.next(), "overload"); got < 2500*time.Millisecond || got > 10*time.Second {
		t.Errorf("the pause is %v; want 2.5s to 10s", got)
	}
	c.ended()
	for _, accept := range []string{"*/*", "application/x-ndjson"} {
		a := s.get(target, append(headers, "Accept: "+accept)...)
		seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
		if a.problem(t).Status != 503 || err != nil || seconds < 3 || seconds > 10 {
			t.Errorf("Accept %s: %d, Retry-After %q", accept, a.StatusCode, a.Header.Get("Retry-After"))
		}
	}
}

// checkAdmitted opens a stream and leaves it open.
func checkAdmitted(t *testing.T, s *site, target string, headers ...string) *client {
	t.Helper()
	c := s.open(target, headers...)
	if o := c.opening(); o.State == "" {
		t.Error("no stream")
	}
	c.live()
	return c
}

func (s *site) admitted() int {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	return s.streams.admitted
}

func testMaxStreams(t *testing.T, via way) {
	s := start(t, setup{via: via, options: Options{MaxStreams: 3}})
	var clients []*client
	for range 3 {
		clients = append(clients, checkAdmitted(t, s, "/latest?type=news"))
	}
	for range 5 { // those who are refused leave nothing behind
		checkRefused(t, s, "/latest?type=stock")
	}
	// what is no stream is not counted, and not refused
	for _, accept := range []string{"application/json", "text/event-stream"} {
		method := map[bool]string{true: "GET", false: "HEAD"}[accept == "application/json"]
		if a := s.do(method, "/latest?type=news", "", "Accept: "+accept); a.StatusCode != 200 {
			t.Errorf("%s %s: %d", method, accept, a.StatusCode)
		}
	}
	if a := s.get("/latest?typ=news", "Accept: text/event-stream"); a.StatusCode != 400 {
		t.Errorf("a request that can never work: %d", a.StatusCode)
	}
	if got := metricsOf(t, s)[`tickertape_streams_refused_total{reason="overload"}`]; got != 15 {
		t.Errorf("%v refusals counted; want 15", got)
	}
	clients[1].close()
	eventually(t, "there is room", func() bool { return s.admitted() == 2 })
	checkAdmitted(t, s, "/latest?type=news")
	checkRefused(t, s, "/latest?type=news")
}

// Long-polls wait beside the streams.
func TestLongPollIsNotCounted(t *testing.T) {
	s := start(t, setup{options: Options{MaxStreams: 1}})
	got := make(chan int, 1)
	go func() { // ends with the answer
		got <- s.get("/latest?type=chat&wait=60s&last_event_id=mem-0", "Accept: application/json").StatusCode
	}()
	eventually(t, "the poll waits", func() bool { return s.bus.Usage().Cohorts == 1 })
	checkAdmitted(t, s, "/latest?type=news")
	s.publish(draft("chat", `"x"`))
	if status := <-got; status != 200 {
		t.Errorf("%d", status)
	}
}

// The bound of one address counts a customer's /64 as one, IPv4 in the form of IPv6 as
// IPv4, and nobody else.
func testPerAddress(t *testing.T, via way) {
	s := start(t, setup{via: via, options: Options{PerAddress: 2, Proxies: []string{"127.0.0.1"}}})
	from := func(a string) string { return "X-Forwarded-For: " + a }
	const target = "/latest?type=news"
	var first *client
	for i, tt := range []struct {
		address string
		full    bool
	}{
		{"2001:db8:1:1::1", false},
		{"2001:db8:1:1:ffff::2", false},
		{"2001:db8:1:1::3", true},
		{"2001:db8:1:2::1", false},
		{"192.0.2.1", false},
		{"::ffff:192.0.2.1", false},
		{"192.0.2.1", true},
		{"192.0.2.2", false},
		{"2001:db8:1:2::9", false},
		{"2001:db8:1:2::9", true},
	} {
		if tt.full {
			checkRefused(t, s, target, from(tt.address))
			continue
		}
		c := checkAdmitted(t, s, target, from(tt.address))
		if i == 0 {
			first = c
		}
	}
	first.close()
	eventually(t, "there is room", func() bool { return s.admitted() == 6 })
	checkAdmitted(t, s, target, from("2001:db8:1:1::77"))
	checkRefused(t, s, target, from("2001:db8:1:1::78"))
}

func testConnectRate(t *testing.T, via way) {
	s := start(t, setup{via: via, options: Options{ConnectRate: 3}})
	began := time.Now()
	admitted, refused := 0, 0
	for range 12 {
		c := s.open("/latest?type=news")
		if e := c.next(); e.Type == eventBye {
			refused++
		} else {
			admitted++
		}
		c.close()
	}
	if most := 4 + int(3*time.Since(began).Seconds()); admitted < 3 || admitted > most || admitted+refused != 12 {
		t.Errorf("%d admitted, %d refused in %v; want 3 at once and then 3 a second", admitted, refused, time.Since(began))
	}
	eventually(t, "another one is admitted", func() bool {
		c := s.open("/latest?type=news")
		defer c.close()
		return c.next().Type == eventStream
	})
}

// One that another limit refuses takes nothing from the rate.
func TestRefusedDoNotUseTheRate(t *testing.T) {
	l := newStreams()
	limit := limits{total: 1, rate: rate.NewLimiter(0.001, 1)}
	a, b := &reader{}, &reader{}
	if !l.admit(a, limits{total: 1}) {
		t.Fatal("refused")
	}
	for range 3 {
		if l.admit(b, limit) {
			t.Fatal("over the total")
		}
	}
	l.dismiss(a)
	if !l.admit(b, limit) {
		t.Error("those who were refused used up the rate")
	}
}

func TestPrefixOf(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7":             "192.0.2.7/32",
		"::ffff:192.0.2.7":      "192.0.2.7/32",
		"2001:db8:1:2:3:4:5:6":  "2001:db8:1:2::/64",
		"fe80::1%eth0":          "fe80::/64",
		"2001:db8:1:2:ffff::":   "2001:db8:1:2::/64",
		"::1":                   "::/64",
		"2001:db8:0:0:1::%zone": "2001:db8::/64",
	} {
		if got := prefixOf(netip.MustParseAddr(in)).String(); got != want {
			t.Errorf("%s counts as %s; want %s", in, got, want)
		}
	}
	if got := prefixOf(netip.Addr{}); got != (netip.Prefix{}) {
		t.Errorf("no address counts as %v", got)
	}
}

// Streams that come, are refused, become too old, fall behind and go in all ways at
// once, while events are published: at the end nothing is left of them.
func testChurn(t *testing.T, via way) {
	s := start(t, setup{via: via, smallBuffers: true, options: Options{
		MaxStreams: 15, ConnectRate: 2000, MaxAge: 300 * time.Millisecond, Stall: 500 * time.Millisecond, Heartbeat: 20 * time.Millisecond,
	}})
	stop := s.flood()
	targets := []string{"/latest?type=news", "/latest", "/latest/stock", "/latest?every=100ms", "/latest?type=news&last_event_id=mem-3", "/latest?type=note&snapshot=false"}
	var group sync.WaitGroup
	for worker := range 20 {
		group.Go(func() {
			for round := range 5 {
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				res, err := s.client.Do(s.request(ctx, "GET", targets[(worker+round)%len(targets)], nil, "Accept: text/event-stream"))
				if err != nil || res.StatusCode != 200 {
					t.Errorf("%v, %v", res, err)
					cancel()
					return
				}
				if keep := []int64{0, 500, 20_000, 200_000}[(worker+round)%4]; keep > 0 {
					_, _ = io.CopyN(io.Discard, res.Body, keep) // or to the end of its age
				}
				cancel()
				res.Body.Close()
			}
		})
	}
	group.Wait()
	stop()
	eventually(t, "all have ended", func() bool { return s.admitted() == 0 && s.streams.count() == 0 && s.bus.Usage().Cohorts == 0 })
	checkAdmitted(t, s, "/latest?type=news")
}

// A panic in the middle of an admission gives it back.
func TestPanicGivesTheAdmissionBack(t *testing.T) {
	s := start(t, setup{})
	bus := s.Handlers.bus
	s.Handlers.bus = nil // Subscribe panics, after the requests' own uses of the bus
	defer func() { s.Handlers.bus = bus }()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		c := gin.CreateTestContextOnly(httptest.NewRecorder(), gin.New())
		c.Request = httptest.NewRequest("GET", "/latest", nil)
		s.serveStream(c, &params{}, faceStream, s.stream)
	}()
	if n := s.admitted(); n != 0 {
		t.Errorf("%d admitted", n)
	}
}
