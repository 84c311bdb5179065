package handlers

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"tickertape/topics"
)

var sample = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^}]*\})?) (\S+)$`)

// metricsOf reads the text format of Prometheus.
func metricsOf(t testing.TB, s *site) map[string]float64 {
	t.Helper()
	a := s.getAdmin("/metrics")
	if a.StatusCode != 200 || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %s", a.StatusCode, a.Header.Get("Content-Type"))
	}
	all := map[string]float64{}
	for line := range strings.Lines(a.body) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("line %q", line)
			continue
		}
		v, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			t.Errorf("line %q: %v", line, err)
		}
		all[m[1]] = v
	}
	return all
}

func testMetrics(t *testing.T, via way) {
	s := start(t, setup{via: via})
	idsOf(t, s.post("/latest/news", "application/json", `[{"id":"a"},{"id":"b"}]`), 201)
	s.post("/latest/news", "application/json", `oops`)
	s.do("POST", "/latest/news", `{"id":"c"}`) // no key
	if err := s.bus.Await(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	c := s.open("/latest?type=news")
	c.live()
	m := metricsOf(t, s)
	for name, want := range map[string]float64{
		`tickertape_events_total{topic="news"}`: 2,
		`tickertape_events_total{topic="chat"}`: 0,
		`tickertape_subscribers{topic="news"}`:  1,
		`tickertape_values{topic="news"}`:       2,
		"tickertape_streams":                    1,
		"tickertape_cohorts":                    1,
		"tickertape_tape_events":                2,
		"tickertape_head":                       2,
		"tickertape_publish_refused_total":      2,
		"tickertape_publish_seconds_count":      1,
	} {
		if got, ok := m[name]; !ok || got != want {
			t.Errorf("%s is %v; want %v", name, got, want)
		}
	}
	if m["tickertape_sent_bytes_total"] < 100 || m["tickertape_sent_batches_total"] < 1 || m["tickertape_tape_bytes"] < 20 || m["go_goroutines"] < 1 {
		t.Errorf("sent %v, tape %v, goroutines %v", m["tickertape_sent_bytes_total"], m["tickertape_tape_bytes"], m["go_goroutines"])
	}
	c.close()
	eventually(t, "the stream leaves", func() bool { return metricsOf(t, s)["tickertape_streams"] == 0 })
}

func testStreamsList(t *testing.T, via way) {
	s := start(t, setup{via: via})
	s.publish(draft("news", `{"id":"a"}`))
	if a := s.getAdmin("/streams"); strings.TrimSpace(a.body) != `{"streams":[]}` {
		t.Errorf("nobody is connected: %s", a.body)
	}
	c := s.open("/latest?type=stock.A,news&screen=Hall%20%C3%B6")
	c.live()
	s.open("/latest/stock/EUR%2FUSD").live()
	var list streamList
	strict(t, []byte(s.getAdmin("/streams").body), &list)
	if len(list.Streams) != 2 {
		t.Fatalf("%+v", list)
	}
	first, second := list.Streams[0], list.Streams[1]
	if at, err := time.Parse(time.RFC3339, first.Since); err != nil || time.Since(at) > time.Minute {
		t.Errorf("since %q", first.Since)
	}
	first.Since = ""
	if want := (streamStatus{ID: "1", Screen: "Hall ö", Address: "127.0.0.1", Topics: "news,stock.A", Position: "mem-1"}); first != want {
		t.Errorf("%+v; want %+v", first, want)
	}
	if second.ID != "2" || second.Topics != "stock.EUR/USD" || second.Screen != "" {
		t.Errorf("%+v", second)
	}
	if a := s.get("/streams"); a.problem(t).Status != 404 {
		t.Errorf("the public address tells who is connected: %d", a.StatusCode)
	}
	for _, path := range []string{"/metrics", "/readyz", "/debug/pprof/"} {
		if a := s.get(path); a.StatusCode != 404 {
			t.Errorf("the public address has %s: %d", path, a.StatusCode)
		}
	}
}

func TestCatalogue(t *testing.T) {
	s := start(t, setup{options: Options{Feeds: func() []Feed {
		return []Feed{{ID: "wire", Topics: []string{"news", "stock"}, Status: map[string]string{"id": "wire", "state": "live"}}, {ID: "idle"}}
	}}})
	s.publish(draft("news", `{"id":"a"}`))
	s.open("/latest/news").live()
	var list topicList
	a := s.get("/topics")
	strict(t, []byte(a.body), &list)
	byName := map[string]topicInfo{}
	for _, info := range list.Topics {
		byName[info.Name] = info
	}
	if len(byName) != 8 {
		t.Errorf("%d topics", len(byName))
	}
	news := byName["news"]
	if news.Mode != topics.Every || news.Key != "id" || news.Snapshot != 5 || !news.Public || news.Publish != "key" || news.Values != 1 || news.Events != 1 ||
		news.Last == nil || news.Rate <= 0 || news.Subscribers != 1 || len(news.Feeds) != 1 || news.Feeds[0] != "wire" || news.Description == "" {
		t.Errorf("news: %+v", news)
	}
	if stock := byName["stock"]; stock.Snapshot != 0 || stock.Last != nil || stock.Mode != topics.Latest {
		t.Errorf("stock: %+v", stock)
	}
	if byName["secret"].Public || byName["chat"].Publish != topics.ByAnyone || byName["clock"].Publish != topics.ByNobody || !byName["old"].Retired || len(byName["form"].Schema) == 0 {
		t.Errorf("%s", a.body)
	}
	if !strings.Contains(a.body, `"last_event":null`) || !strings.Contains(a.body, `"feeds":[]`) {
		t.Errorf("what is missing is not null or []: %s", a.body)
	}
	if got := strings.TrimSpace(s.get("/feeds").body); got != `{"feeds":[{"id":"wire","state":"live"},null]}` {
		t.Errorf("feeds: %s", got)
	}
}

func TestHealth(t *testing.T) {
	s := start(t, setup{})
	for _, body := range []string{s.get("/healthz").body, s.getAdmin("/healthz").body} {
		if strings.TrimSpace(body) != `{"status":"ok","build":"v0.0.0+test"}` {
			t.Errorf("%s", body)
		}
	}
	if a := s.getAdmin("/readyz"); a.StatusCode != 200 || strings.TrimSpace(a.body) != `{"status":"ready","head":"mem-0"}` {
		t.Errorf("readyz: %d %s", a.StatusCode, a.body)
	}
	if a := s.getAdmin("/nothing"); a.problem(t).Status != 404 {
		t.Errorf("%d", a.StatusCode)
	}
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/goroutine?debug=1", "/debug/pprof/cmdline", "/debug/pprof/symbol"} {
		if a := s.getAdmin(path); a.StatusCode != 200 || a.body == "" && !strings.Contains(path, "cmdline") {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
}

func TestPanic(t *testing.T) {
	s := start(t, setup{options: Options{Feeds: func() []Feed { panic("deep inside: /srv/secret-path") }}})
	for _, path := range []string{"/feeds", "/topics"} {
		a := s.get(path)
		if p := a.problem(t); p.Status != 500 || strings.Contains(a.body, "secret-path") {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
	if log := s.lines.String(); !strings.Contains(log, "secret-path") || !strings.Contains(log, "getFeeds") {
		t.Errorf("the log does not say what and where: %s", log)
	}
	if a := s.get("/healthz"); a.StatusCode != 200 {
		t.Errorf("afterwards: %d", a.StatusCode)
	}
}

// A client must not take the first half of an answer for all of it.
func TestPanicInTheMiddleOfAnAnswer(t *testing.T) {
	h, err := New(Options{Catalogue: testCatalogue(t)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h.newRouter([]route{{method: "GET", path: "/", handle: func(c *gin.Context) {
		_, _ = c.Writer.WriteString("first half")
		c.Writer.Flush()
		panic("no second half")
	}}}))
	defer server.Close()
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err == nil || string(body) != "first half" {
		t.Errorf("read %q, %v; want an error after the first half", body, err)
	}
}

// Errors and lines of the log tell no secrets; start checks it for the publish key of
// every test, this one asks for it.
func TestKeyStaysSecret(t *testing.T) {
	s := start(t, setup{})
	s.log.set(func(l *memLog) { l.refuse = topics.ErrUnavailable })
	s.post("/latest/news", "application/json", `{"id":"a"}`)
	s.post("/latest/news?key="+"x", "application/json", `oops`)
	s.do("DELETE", "/latest/news/a", "", "Authorization: Bearer "+publishKey)
	for _, path := range []string{"/topics", "/feeds", "/openapi.json", "/asyncapi.json"} {
		s.get(path)
	}
	for _, path := range []string{"/metrics", "/streams", "/debug/pprof/goroutine?debug=2"} {
		if strings.Contains(s.getAdmin(path).body, publishKey) {
			t.Errorf("%s tells the key", path)
		}
	}
	if s.lines.String() == "" {
		t.Error("nothing was logged: the test sees nothing")
	}
	b, err := json.Marshal(s.opts.PublishKey)
	if err != nil || len(b) < 10 {
		t.Error("no key")
	}
}
