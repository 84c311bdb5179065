package feedtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/feeds"
	"tickertape/topics"
)

// A badAnswer is what a source does to a kind that passes the suite.
type badAnswer struct {
	name   string
	answer Answer
	fails  bool // the kind must notice: it is no success without news
}

var badAnswers = []badAnswer{
	{"304 to a request without validators", Answer{Status: 304}, false},
	{"429 with Retry-After", Answer{Status: 429, Header: map[string]string{"Retry-After": "3600"}}, true},
	{"500", Answer{Status: 500, Body: "out of order"}, true},
	{"403", Answer{Status: 403, Body: "no robots"}, true},
	{"a truncated answer", Answer{Body: `{"half": `, Cut: true}, true},
	{"an oversized answer", Answer{Fill: 6 << 20}, true},
	{"HTML in place of data", Answer{Body: "<!DOCTYPE html><html><body>Sign in</body></html>"}, true},
	{"an empty answer", Answer{}, true},
	{"a slow body", Answer{Body: strings.Repeat("{\n", 3600), Pace: time.Second}, true},
	{"no answer", Answer{Wait: 24 * time.Hour}, true},
}

// webRules are those for kinds that are tested with a source.
func (s *suite) webRules() []rule {
	list := []rule{
		{"it says who it is, and keeps its floor", s.checkManners},
		{"secrets are in no log and no status", s.checkSecrets},
	}
	for _, bad := range badAnswers {
		list = append(list, rule{"it survives " + bad.name, func(*testing.T) error { return s.checkBad(bad) }})
	}
	return list
}

// A webRun is a feed under a supervisor, on a source, in a bubble.
type webRun struct {
	source *Source
	bus    *countingBus
	logs   *lockedBuffer
	sup    *feeds.Supervisor
	cancel func()
	done   chan error
}

// runWeb starts a feed; the source gives bad alone unless that is nil.
func (s *suite) runWeb(bad *Answer) (*webRun, error) {
	feed, err := s.make()
	if err != nil {
		return nil, err
	}
	w := &webRun{source: s.conf.Source.fresh(), bus: &countingBus{}, logs: &lockedBuffer{}, done: make(chan error, 1)}
	w.source.override(bad)
	log := slog.New(slog.NewJSONHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.sup = feeds.NewSupervisor(feeds.Options{Bus: w.bus, Logger: log, Fetcher: w.source.fetcher()})
	if err := w.sup.Add(s.spec, feed, s.env); err != nil {
		return nil, err
	}
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(context.Background())
	go func() { w.done <- w.sup.Run(ctx) }()
	return w, nil
}

// after lets time pass and returns the feed's status.
func (w *webRun) after(d time.Duration) feeds.Status {
	time.Sleep(d)
	synctest.Wait()
	return w.sup.Status()[0]
}

// streams reports whether the kind reads answers as they come, however slowly.
func (w *webRun) streams() bool {
	return slices.ContainsFunc(w.source.Requests(), func(r Request) bool {
		return strings.Contains(r.Header.Get("Accept"), "text/event-stream")
	})
}

func (w *webRun) stop() error {
	w.cancel()
	return <-w.done
}

func (s *suite) checkManners(*testing.T) error {
	w, err := s.runWeb(nil)
	if err != nil {
		return err
	}
	w.after(max(6*s.env.Every.Max, 20*s.spec.Floor, 10*time.Minute))
	errs := []error{w.stop()}
	last := make(map[string]time.Time)
	for _, r := range w.source.Requests() {
		if agent := r.Header.Get("User-Agent"); !strings.HasPrefix(agent, "tickertape/") {
			errs = append(errs, fmt.Errorf("a request says that it is %q: the agent is the client's business", agent))
		}
		address := r.Method + " " + r.URL + r.Body
		if before, again := last[address]; again && r.Time.Sub(before) < s.spec.Floor {
			errs = append(errs, fmt.Errorf("%s was asked again after %s: want at least the floor of %s", r.URL, r.Time.Sub(before), s.spec.Floor))
		}
		last[address] = r.Time
	}
	if len(last) == 0 {
		errs = append(errs, errors.New("nothing was asked: does the kind use its publisher's client?"))
	}
	return errors.Join(errs...)
}

// checkBad lets a source be bad, and then good again.
func (s *suite) checkBad(bad badAnswer) error {
	w, err := s.runWeb(&bad.answer)
	if err != nil {
		return err
	}
	began := time.Now()
	status := w.after(5*s.env.Timeout + 20*time.Second) // a kind may ask for several documents, one after the other
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if strings.Contains(status.LastError, "panic") {
		fail("the feed panics: %s", status.LastError)
	}
	if bad.fails && (bad.answer.Pace == 0 || !w.streams()) && status.LastError == "" && !strings.Contains(w.logs.String(), `"level":"WARN"`) {
		fail("nobody is told: its state is %s, and there is no error", status.State)
	}
	if n := w.bus.count(); n > 0 {
		fail("%d items are printed all the same", n)
	}
	if status.State == feeds.Stopped {
		fail("the feed gives up for good: %s", status.LastError)
	}
	if bad.answer.Header["Retry-After"] != "" {
		w.after(time.Hour - time.Since(began) - 10*time.Second)
		asked := make(map[string]int)
		for _, r := range w.source.Requests() {
			if asked[r.URL]++; asked[r.URL] == 2 {
				fail("%s was asked again before its time", r.URL)
			}
		}
	}
	w.source.override(nil)
	for range 8 { // the longest pause after such an answer is an hour and a tenth
		if w.bus.count() > 0 {
			break
		}
		status = w.after(max(15*time.Minute, s.env.Every.Max))
	}
	if w.bus.count() == 0 {
		fail("nothing is printed for hours after the source is well again; its state is %s, its error %q", status.State, status.LastError)
	}
	return errors.Join(append(errs, w.stop())...)
}

// checkSecrets looks for the secrets of the options in what people see.
func (s *suite) checkSecrets(*testing.T) error {
	secrets := secretsOf(reflect.ValueOf(s.opts))
	var errs []error
	for _, bad := range []*Answer{nil, {Status: 500}, {Status: 401}, {Cut: true}} {
		w, err := s.runWeb(bad)
		if err != nil {
			return err
		}
		status, err := json.Marshal(w.after(time.Minute))
		seen := string(status) + w.logs.String()
		errs = append(errs, err, w.stop())
		for _, secret := range secrets {
			if strings.Contains(seen, secret) {
				errs = append(errs, fmt.Errorf("%.3s... of a secret option is in a status or a log", secret))
			}
		}
	}
	return errors.Join(errs...)
}

// secretsOf returns the texts of secret options; of an address what is secret in it.
func secretsOf(options reflect.Value) []string {
	if options.Kind() != reflect.Pointer || options.Elem().Kind() != reflect.Struct {
		return nil
	}
	var texts []string
	for _, field := range reflect.VisibleFields(options.Elem().Type()) {
		if field.Tag.Get("secret") != "true" || !field.IsExported() {
			continue
		}
		switch v := options.Elem().FieldByIndex(field.Index).Interface().(type) {
		case string:
			texts = append(texts, v)
		case map[string]string:
			for _, value := range v {
				texts = append(texts, value)
			}
		}
	}
	var secrets []string
	for _, text := range texts {
		if u, err := url.Parse(text); err == nil && u.Host != "" {
			for _, values := range u.Query() {
				secrets = append(secrets, values...)
			}
			password, _ := u.User.Password()
			text = password
		}
		secrets = append(secrets, text)
	}
	long := secrets[:0]
	for _, secret := range secrets {
		if len(secret) >= 6 { // a shorter one may be anywhere by chance
			long = append(long, secret)
		}
	}
	return long
}

// override makes the source give one answer to everything; nil ends that.
func (s *Source) override(a *Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.only = a
}

// A countingBus takes everything and counts the items.
type countingBus struct {
	mu sync.Mutex
	n  int
}

func (b *countingBus) Publish(_ context.Context, _ string, drafts ...topics.Draft) ([]topics.ID, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range drafts {
		if d.Topic != feeds.StatusTopic {
			b.n++
		}
	}
	return make([]topics.ID, len(drafts)), nil
}

func (b *countingBus) Retract(context.Context, string, string) (topics.ID, error) {
	return topics.ID{}, nil
}

func (b *countingBus) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}

// A lockedBuffer is written to by any goroutine.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
