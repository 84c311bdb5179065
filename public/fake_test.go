package public

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// policy is the strictest one that the pages promise to work under.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"worker-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// fake is a server that speaks the wire of /latest and /topics and does what a
// test tells it: cut connections, refuse them, fall silent, forget its log.
type fake struct {
	*httptest.Server
	heartbeat time.Duration // told to pages, and kept; immutable after the first request
	timing    string        // JSON for data-timing

	mu       sync.Mutex // guards all below
	epoch    string
	log      []line        // every event so far; its place is its index + 1
	changed  chan struct{} // closed and replaced when anything below or the log changes
	cut      chan struct{} // closed and replaced to end the streams
	status   int           // other than 200: the answer to /latest
	mute     bool          // streams are opened and nothing is said
	hold     bool          // snapshots stop before live
	requests []request
	topics   []topic
	origins  []string // that may embed

	histories int // requests of the JSON face
	build     string
	open      int // streams
	published []message
	refuse    int // other than 0: the answer to what is published
}

type line struct{ topic, key, data, retract, once string }

type request struct{ types, last string }

type topic struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Mode        string   `json:"mode"`
	Key         string   `json:"key"`
	Public      bool     `json:"public"`
	Values      *int     `json:"values,omitempty"`
	Feeds       []string `json:"feeds,omitzero"` // nil: not told
}

func catalogue() []topic {
	return []topic{
		{Name: "news", Description: "Headlines.", Mode: "every", Key: "id", Public: true},
		{Name: "weather", Description: "The weather in several cities.", Mode: "latest", Key: "location", Public: true},
		{Name: "stock", Description: "Share prices.", Mode: "latest", Key: "symbol", Public: true},
		{Name: "random", Description: "A number from 1 to 1,000.", Mode: "latest", Public: true},
		{Name: "clock", Description: "The server's time.", Mode: "latest", Public: true},
		{Name: "system", Description: "The machine that serves this page.", Mode: "latest", Public: true},
		{Name: "feeds", Description: "The state of every feed.", Mode: "latest", Key: "id", Public: true},
		{Name: "tides", Description: "High and low water.", Mode: "every", Public: true},
	}
}

// quick are times for tests: real ones divided, but a slow machine keeps up.
const quick = `{"tick":20,"connect":1500,"retry":500,"backoffMin":50,"backoffMax":400,"gap":20,"offline":600,"page":50}`

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{
		heartbeat: 15 * time.Second, timing: quick, epoch: "aaaa", topics: catalogue(),
		build: "test", changed: make(chan struct{}), cut: make(chan struct{}), status: http.StatusOK,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /latest", f.serveLatest)
	mux.HandleFunc("POST /latest/chat", f.servePublish)
	mux.HandleFunc("GET /topics", f.serveTopics)
	mux.HandleFunc("GET /settings.json", f.serveSettings)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	for _, page := range pages() {
		mux.HandleFunc("GET /"+strings.TrimSuffix(page, ".html"), f.servePage(page))
	}
	mux.HandleFunc("GET /{$}", f.servePage("index.html"))
	mux.Handle("GET /testdata/", http.FileServerFS(os.DirFS(".")))
	mux.Handle("GET /", http.FileServerFS(Files()))
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		f.change(func() { close(f.cut); f.cut = make(chan struct{}); f.status = http.StatusServiceUnavailable })
		f.Close()
	})
	return f
}

// change does something under the lock and wakes the streams.
func (f *fake) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
	close(f.changed)
	f.changed = make(chan struct{})
}

// put prints an event; data is JSON.
func (f *fake) put(topic, key, data string) {
	f.change(func() { f.log = append(f.log, line{topic: topic, key: key, data: data}) })
}

// item is put with an object, its strings encoded.
func (f *fake) item(topic, key string, data map[string]any) {
	text, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	f.put(topic, key, string(text))
}

func (f *fake) retract(topic, key string) {
	f.change(func() {
		f.log = append(f.log, line{topic: topic, key: key, retract: fmt.Sprintf(`{"topic":%q,"key":%q}`, topic, key)})
	})
}

// cutAll ends every stream in the middle of the chunked body.
func (f *fake) cutAll() {
	f.change(func() { close(f.cut); f.cut = make(chan struct{}) })
}

func (f *fake) seen() []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]request(nil), f.requests...)
}

func (f *fake) streams() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open
}

// pages are the names of all pages.
func pages() []string {
	names, err := fs.Glob(Files(), "*.html")
	if err != nil {
		panic(err)
	}
	return names
}

// servePage serves a page with the times of the test.
func (f *fake) servePage(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		page, err := fs.ReadFile(Files(), name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, strings.Replace(string(page), `<html lang="en"`, `<html lang="en" data-timing='`+f.timing+`'`, 1))
	}
}

func (f *fake) serveSettings(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	origins := append([]string{}, f.origins...)
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"build": f.buildNow(), "origins": origins})
}

// buildNow is what the server calls its build.
func (f *fake) buildNow() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.build
}

func (f *fake) serveTopics(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	status, topics := f.status, f.topics
	f.mu.Unlock()
	if status != http.StatusOK {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"topics": topics})
}

// serveHistory answers the JSON face: every event of the types, as if all were within since.
func (f *fake) serveHistory(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	status, all := f.status, f.log[:len(f.log):len(f.log)]
	f.histories++
	f.mu.Unlock()
	if status != http.StatusOK {
		w.WriteHeader(status)
		return
	}
	wants, events := wanted(r.URL.Query().Get("type")), []any{}
	for i, e := range all {
		if e.retract == "" && wants(e.topic, e.key) {
			events = append(events, map[string]any{
				"id": fmt.Sprintf("%s-%d", f.epoch, i+1), "topic": e.topic, "key": e.key, "time": stamp(), "data": json.RawMessage(e.data),
			})
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"state": "resumed", "time": stamp(), "events": events, "cursor": "aaaa-1", "more": false})
}

func (f *fake) serveLatest(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Accept") == "application/json" {
		f.serveHistory(w, r)
		return
	}
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = r.URL.Query().Get("last_event_id")
	}
	f.mu.Lock()
	f.requests = append(f.requests, request{r.URL.Query().Get("type"), last})
	status, cut := f.status, f.cut
	if status == http.StatusOK && f.unknown(r.URL.Query().Get("type")) {
		status = http.StatusBadRequest
	}
	f.open++
	f.mu.Unlock()
	defer func() { f.change(func() { f.open-- }) }()
	if status != http.StatusOK {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Connection", "close") // as the server does; a browser drains what it may use again, for seconds
	s := &stream{fake: f, w: w, r: r, cut: cut, wants: wanted(r.URL.Query().Get("type"))}
	s.run(last)
}

// unknown reports whether the types name a topic that the catalogue lacks.
func (f *fake) unknown(types string) bool {
	for _, t := range strings.Split(types, ",") {
		name, _, _ := strings.Cut(t, ".")
		if t != "*" && !slices.ContainsFunc(f.topics, func(k topic) bool { return k.Name == name }) {
			return true
		}
	}
	return false
}

func wanted(types string) func(topic, key string) bool {
	return func(topic, key string) bool {
		for _, t := range strings.Split(types, ",") {
			if t == "*" || t == topic || t == topic+"."+key {
				return true
			}
		}
		return false
	}
}

// stream is one connection; owned by its handler's goroutine.
type stream struct {
	*fake
	w     http.ResponseWriter
	r     *http.Request
	cut   chan struct{}
	wants func(topic, key string) bool
	at    int // events considered
}

func (s *stream) run(last string) {
	if !s.begin(last) {
		return
	}
	heartbeat := time.NewTicker(s.heartbeat)
	defer heartbeat.Stop()
	for {
		s.mu.Lock()
		events, changed, mute := s.log[min(s.at, len(s.log)):], s.changed, s.mute
		s.mu.Unlock()
		if !mute {
			s.send(events)
		}
		select {
		case <-changed:
		case <-heartbeat.C:
			if !mute {
				s.write(fmt.Sprintf("id: %s-%d\nevent: heartbeat\ndata: {\"time\":%q,\"build\":%q}\n\n", s.epoch, s.at, stamp(), s.buildNow()))
			}
		case <-s.cut:
			panic(http.ErrAbortHandler)
		case <-s.r.Context().Done():
			return
		}
	}
}

func stamp() string { return time.Now().UTC().Format(time.RFC3339Nano) }

// begin says stream, sends what the reader lacks, and says live.
func (s *stream) begin(last string) bool {
	s.mu.Lock()
	mute, hold := s.mute, s.hold
	state, place := "fresh", 0
	if last != "" {
		if n, err := fmt.Sscanf(last, s.epoch+"-%d", &place); err == nil && n == 1 && place <= len(s.log) {
			state = "resumed"
		} else {
			state = `reset","reason":"epoch`
		}
	}
	all := s.log[:len(s.log):len(s.log)]
	names := make([]string, 0, len(s.topics))
	for _, t := range s.topics {
		names = append(names, fmt.Sprintf("%q", t.Name))
	}
	s.mu.Unlock()
	if mute {
		s.write(": hello\n\n")
		return true
	}
	s.write(fmt.Sprintf("retry: 100\nevent: stream\ndata: {\"state\":\"%s\",\"time\":%q,\"build\":%q,\"heartbeat\":%g,\"topics\":[%s]}\n\n",
		state, stamp(), s.buildNow(), s.heartbeat.Seconds(), strings.Join(names, ",")))
	if state == "resumed" {
		s.at = place
		s.send(all[place:])
	} else {
		s.snapshot(all)
		s.at = len(all)
	}
	if hold {
		select {
		case <-s.cut:
			panic(http.ErrAbortHandler)
		case <-s.r.Context().Done():
			return false
		}
	}
	s.write(fmt.Sprintf("id: %s-%d\nevent: live\ndata: {\"time\":%q}\n\n", s.epoch, s.at, stamp()))
	return true
}

// snapshot sends the values that stand, oldest first, without ids.
func (s *stream) snapshot(all []line) {
	for i, e := range all {
		over := e.retract != ""
		for _, later := range all[i+1:] {
			over = over || later.topic == e.topic && later.key == e.key && (e.key != "" || e.topic != "tides")
		}
		if !over && s.wants(e.topic, e.key) {
			s.write(block("", e.topic, e.data))
		}
	}
}

func (s *stream) send(events []line) {
	for _, e := range events {
		s.at++
		if !s.wants(e.topic, e.key) {
			continue
		}
		id := fmt.Sprintf("id: %s-%d\n", s.epoch, s.at)
		if e.retract != "" {
			s.write(block(id, "retract", e.retract))
			continue
		}
		s.write(block(id, e.topic, e.data))
	}
}

func block(id, event, data string) string {
	return id + "event: " + event + "\ndata: " + strings.ReplaceAll(data, "\n", "\ndata: ") + "\n\n"
}

func (s *stream) write(text string) {
	_, _ = io.WriteString(s.w, text)
	_ = http.NewResponseController(s.w).Flush()
}
