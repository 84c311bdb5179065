package public

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// hasty is quick for what tabs and hubs say to each other. No answer of a worker is
// awaited in less time: a browser that is busy needs seconds to start one.
const hasty = `{"tick":20,"connect":1500,"retry":500,"backoffMin":50,"backoffMax":400,"gap":20,"offline":600,` +
	`"grow":50,"shrink":500,"ping":600,"answer":8000,"slow":100}`

// sharer is a tab on testdata/share.html, which reads types and writes down what it
// was given.
type sharer struct {
	*tab
	f     *fake
	types string
	close func() // the tab
}

// told is what a sharer was given.
type told struct {
	States, Begins []string
	Lives, Twice   int
	Snapshot       []string // data, of the last one
	From           string   // the position that it stands for
	Got            []string // ids since then
	Hints          []string
}

// sibling opens one more tab in the browser context of p, and returns what closes it.
func (p *tab) sibling() (*tab, func()) {
	p.t.Helper()
	ctx, cancel := chromedp.NewContext(p.ctx)
	p.t.Cleanup(cancel)
	s := &tab{t: p.t, ctx: ctx}
	s.run(chromedp.EmulateViewport(400, 300))
	if err := chromedp.Listen(ctx, s.note); err != nil {
		p.t.Fatal(err)
	}
	return s, cancel
}

// share opens a sharer in a tab of its own, without waiting for it. base is the
// address of f, or of a cable to it.
func (p *tab) share(f *fake, base, how, types, more string) *sharer {
	p.t.Helper()
	one, cancel := p.sibling()
	s := &sharer{tab: one, f: f, types: types, close: cancel}
	s.open(base + "/testdata/share.html?share=" + how + "&type=" + url.QueryEscape(types) + "&timing=" + url.QueryEscape(hasty) + more)
	return s
}

// told is what it was given so far.
func (s *sharer) told() told {
	s.t.Helper()
	return eval[told](s.tab, `(({ states, begins, lives, twice, snapshot, from, got, hints }) => ({ States: states, Begins: begins,
		Lives: lives, Twice: twice, Snapshot: snapshot, From: from, Got: got, Hints: hints }))(told)`)
}

// has waits until it is live and holds all that was printed, and fails the test if
// anything is missing, or came twice, or is not its own.
func (s *sharer) has() told {
	s.t.Helper()
	s.wait(live)
	s.f.mu.Lock()
	log, epoch := slices.Clone(s.f.log), s.f.epoch
	s.f.mu.Unlock()
	wants := wanted(s.types)
	last := 0 // place of its last event
	for i, e := range log {
		if wants(e.topic, e.key) {
			last = i + 1
		}
	}
	s.wait(fmt.Sprintf(`((at) => at.startsWith('%s-') && Number(at.split('-')[1]) >= %d)(told.got.at(-1) ?? told.from)`, epoch, last))
	got := s.told()
	place := 0
	if _, err := fmt.Sscanf(got.From, epoch+"-%d", &place); err != nil {
		s.t.Fatalf("%s: its snapshot stands for %q: %v", s.types, got.From, err)
	}
	var want []string
	for i, e := range log[place:] {
		if wants(e.topic, e.key) {
			want = append(want, fmt.Sprint(epoch, "-", place+i+1))
		}
	}
	if !slices.Equal(got.Got, want) {
		s.t.Errorf("%s, from %d on, was given %d events, want %d:\n%q\n%q", s.types, place, len(got.Got), len(want), got.Got, want)
	}
	if snapshot := values(log[:place], wants); !slices.Equal(got.Snapshot, snapshot) {
		s.t.Errorf("%s: its snapshot at %d is %q, want %q", s.types, place, got.Snapshot, snapshot)
	}
	if got.Twice > 0 {
		s.t.Errorf("%s: %d events came twice", s.types, got.Twice)
	}
	return got
}

// values are what a snapshot of a log holds.
func values(log []line, wants func(topic, key string) bool) []string {
	var all []string
	for i, e := range log {
		over := e.retract != "" || !wants(e.topic, e.key)
		for _, later := range log[i+1:] {
			over = over || later.topic == e.topic && later.key == e.key && (e.key != "" || e.topic != "tides")
		}
		if !over {
			all = append(all, e.data)
		}
	}
	return all
}

// streamsAre waits until so many streams are open.
func (f *fake) streamsAre(t *testing.T, want int) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		f.mu.Lock()
		n, changed := f.open, f.changed
		f.mu.Unlock()
		if n == want {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%d streams are open, want %d", n, want)
		}
	}
}

// flow prints events, one each few milliseconds, until the function that it returns
// is called, which waits for its end.
func (f *fake) flow() (stop func()) {
	ask, done := make(chan struct{}), make(chan struct{})
	go func() { // ends when ask is closed; stop waits for it
		defer close(done)
		tick := time.NewTicker(4 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-ask:
				return
			case <-tick.C:
				f.item("news", fmt.Sprint("flow", i), map[string]any{"id": fmt.Sprint("flow", i)})
				f.item("stock", []string{"ACME", "ZINC"}[i%2], map[string]any{"symbol": []string{"ACME", "ZINC"}[i%2], "price": fmt.Sprint(i)})
				f.put("tides", "", fmt.Sprintf(`{"text":"%d"}`, i))
			}
		}
	}()
	return func() {
		close(ask)
		<-done
	}
}
