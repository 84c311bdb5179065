package public

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Over HTTP/1.1 a browser opens six connections to a host: seven tabs are live and get
// all of their events only if they share one stream.
func TestSevenTabsShareOneStream(t *testing.T) {
	for _, how := range []string{"worker", "locks"} {
		t.Run(how, func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			seed(f)
			var tabs []*sharer
			for _, types := range []string{"news", "news", "stock", "news,stock", "stock.ACME", "*", "news,weather"} {
				tabs = append(tabs, p.share(f, f.URL, how, types, ""))
			}
			for i := range 20 {
				f.item("news", fmt.Sprint("s", i), map[string]any{"id": fmt.Sprint("s", i)})
				f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": fmt.Sprint(i)})
				f.item("stock", "ZINC", map[string]any{"symbol": "ZINC", "price": fmt.Sprint(i)})
				f.item("weather", "Oslo", map[string]any{"location": "Oslo", "temperature": i})
			}
			for _, s := range tabs {
				s.has()
			}
			f.streamsAre(t, 1)
			f.item("news", "last", map[string]any{"id": "last"})
			f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "last"})
			for _, s := range tabs {
				if got := s.has(); len(got.Begins) != 1 {
					t.Errorf("%s: its stream began %q, want once", s.types, got.Begins)
				}
				s.clean()
			}
			f.streamsAre(t, 1)
		})
	}
}

// Each way of sharing by itself, and what auto picks.
func TestTransports(t *testing.T) {
	for _, tt := range []struct{ how, without, want string }{
		{"worker", "", "worker"},
		{"locks", "", "locks"},
		{"off", "", "direct"},
		{"auto", "", "worker"},
		{"auto", "worker", "locks"},
		{"auto", "script", "locks"},
		{"auto", "worker,locks", "direct"},
	} {
		t.Run(tt.how+" without "+tt.without, func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			seed(f)
			want, more := tt.want, "&without="+tt.without
			a, b := p.share(f, f.URL, tt.how, "news", more), p.share(f, f.URL, tt.how, "stock,tides", more)
			f.put("tides", "", `{"text":"a"}`)
			f.item("news", "b", map[string]any{"id": "b"})
			for _, s := range []*sharer{a, b} {
				s.has()
				if got := eval[string](s.tab, "reader.sharing"); got != want {
					t.Errorf("shares by %q, want %q", got, want)
				}
			}
			if want == "direct" {
				f.streamsAre(t, 2)
			} else {
				f.streamsAre(t, 1)
			}
			a.run(chromedp.Evaluate[chromedp.Void](`reader.close();0`))
			b.run(chromedp.Evaluate[chromedp.Void](`reader.close();0`))
			f.streamsAre(t, 0)
			if tt.without != "script" { // which the browser remarks on
				a.clean()
				b.clean()
			}
		})
	}
}

// Tabs that come, and want more, while events flow: nothing is lost, nothing comes
// twice, and who is there already notices nothing.
func TestUnionGrowsInAFlow(t *testing.T) {
	for _, how := range []string{"worker", "locks"} {
		t.Run(how, func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			seed(f)
			stop := f.flow()
			first := p.share(f, f.URL, how, "news", "")
			first.wait(live + ` && told.got.length > 3`)
			tabs := []*sharer{first}
			for _, types := range []string{"news", "tides", "stock.ZINC", "news,stock"} {
				s := p.share(f, f.URL, how, types, "")
				s.wait(live + ` && told.got.length > 3`)
				tabs = append(tabs, s)
			}
			stop()
			for _, s := range tabs {
				if got := s.has(); !slices.Equal(got.Begins, []string{"fresh"}) || got.States[len(got.States)-1] != "live" || slices.Contains(got.States, "reconnecting") {
					t.Errorf("%s: begins %q, states %q", s.types, got.Begins, got.States)
				}
				s.clean()
			}
			f.streamsAre(t, 1)
		})
	}
}

// The hub dies with its worker or its tab; another takes over, and resumes.
func TestHubDies(t *testing.T) {
	for _, tt := range []struct {
		name, how string
		kill      func(t *testing.T, first *sharer)
	}{
		{"worker ends", "worker", closeWorker},
		{"leader is closed", "locks", func(_ *testing.T, first *sharer) { first.close() }},
		{"leader is frozen", "locks", func(_ *testing.T, first *sharer) { first.freeze() }},
		{"leader is put away", "locks", func(_ *testing.T, first *sharer) {
			first.run(chromedp.Evaluate[chromedp.Void](`dispatchEvent(new Event('pagehide'));0`))
		}},
		{"leader is hidden for long", "locks", func(_ *testing.T, first *sharer) {
			first.run(chromedp.Evaluate[chromedp.Void](`Object.defineProperty(document, 'visibilityState', { value: 'hidden' });0`))
		}},
		{"leader hangs", "locks", func(_ *testing.T, first *sharer) {
			// It comes back later, finds that another leads, and reads on.
			first.run(chromedp.Evaluate[chromedp.Void](`setTimeout(() => { for (const end = performance.now() + 4000; performance.now() < end;); }, 0);0`))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			seed(f)
			first := p.share(f, f.URL, tt.how, "news,stock", "")
			first.has()
			tabs := []*sharer{p.share(f, f.URL, tt.how, "news", ""), p.share(f, f.URL, tt.how, "stock,tides", "")}
			for _, s := range tabs {
				s.has()
			}
			stop := f.flow()
			tabs[0].wait(`told.got.length > 5`)
			n := len(f.seen())
			// On a machine that stands still another may have taken over already.
			still := eval[bool](tabs[0].tab, `told.begins.length === 1`)
			tt.kill(t, first)
			for _, s := range tabs {
				if still {
					s.wait(`told.begins.length > 1`)
				}
				s.wait(live)
			}
			stop()
			for _, s := range tabs {
				if got := s.has(); slices.Contains(got.Begins[1:], "fresh") || slices.Contains(got.Begins, "reset") {
					t.Errorf("%s: begins %q, want that it resumed", s.types, got.Begins)
				}
				s.clean()
			}
			for _, r := range f.seen()[n:] {
				if r.last == "" {
					t.Errorf("request %v does not resume", r)
				}
			}
			switch tt.name { // it is still there, and reads on
			case "leader hangs", "worker ends", "leader is hidden for long":
				first.has()
			}
			f.streamsAre(t, 1)
		})
	}
}

// closeWorker ends the SharedWorker of the browser context.
func closeWorker(t *testing.T, s *sharer) {
	t.Helper()
	all, err := chromedp.Targets(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	c := chromedp.FromContext(s.ctx)
	for _, info := range all {
		if info.Type != "shared_worker" || info.BrowserContextID != c.BrowserContextID {
			continue
		}
		ctx, cancel := chromedp.NewContext(s.ctx, chromedp.WithTargetID(info.TargetID))
		defer cancel()
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void]("close();0")); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("there is no worker")
}

func (s *sharer) freeze() {
	s.t.Helper()
	s.run(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		return cdp.Call(ctx, target, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: page.SetWebLifecycleStateStateFrozen})
	})
}

func TestServerKilledAndBack(t *testing.T) {
	for _, how := range []string{"worker", "locks", "off"} {
		t.Run(how, func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			seed(f)
			tabs := []*sharer{p.share(f, f.URL, how, "news", ""), p.share(f, f.URL, how, "news,tides", "")}
			for _, s := range tabs {
				s.has()
			}
			f.change(func() { f.status = 503 })
			f.cutAll()
			for i := range 5 {
				f.item("news", fmt.Sprint("k", i), map[string]any{"id": fmt.Sprint("k", i)})
			}
			for _, s := range tabs {
				s.wait(`document.documentElement.dataset.link === 'offline'`)
			}
			f.change(func() { f.status = 200 })
			for _, s := range tabs {
				if got := s.has(); !slices.Equal(got.Begins, []string{"fresh", "resumed"}) {
					t.Errorf("%s: begins %q", s.types, got.Begins)
				}
				s.clean()
			}
		})
	}
}

// A network that swallows everything and closes nothing.
func TestNetworkCutWithoutFIN(t *testing.T) {
	for _, how := range []string{"worker", "locks", "off"} {
		t.Run(how, func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			f.heartbeat = 300 * time.Millisecond
			seed(f)
			c := newCable(t, f.URL)
			tabs := []*sharer{p.share(f, c.URL, how, "news", ""), p.share(f, c.URL, how, "news,tides", "")}
			for _, s := range tabs {
				s.has()
			}
			c.sever()
			for i := range 5 {
				f.item("news", fmt.Sprint("c", i), map[string]any{"id": fmt.Sprint("c", i)})
			}
			for _, s := range tabs {
				s.wait(`told.states.includes('quiet')`)
			}
			c.restore()
			for _, s := range tabs {
				s.has()
				s.clean()
			}
		})
	}
}

// A tab that was put away and comes back has what it missed; alone it lets go of the
// stream meanwhile.
func TestPutAwayAndTakenUp(t *testing.T) {
	for _, how := range []string{"worker", "locks", "off"} {
		t.Run(how, func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			seed(f)
			s := p.share(f, f.URL, how, "news,tides", "")
			s.has()
			s.run(chromedp.Evaluate[chromedp.Void](`dispatchEvent(new Event('pagehide'));0`))
			f.streamsAre(t, 0)
			f.put("tides", "", `{"text":"missed"}`)
			s.run(chromedp.Evaluate[chromedp.Void](`dispatchEvent(new Event('pageshow'));0`))
			if got := s.has(); !slices.Equal(got.Begins, []string{"fresh", "resumed"}) || len(got.Got) != 1 {
				t.Errorf("begins %q, events %q", got.Begins, got.Got)
			}
			s.clean()
		})
	}
}

// A page of another origin imports the client in two lines.
func TestForeignOrigin(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		f.Config.Handler.ServeHTTP(w, r)
	}))
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>elsewhere</title><link rel="icon" href="data:,"><body><script type="module">
			import { subscribe } from '%s/js/latest.js';
			globalThis.items = [];
			globalThis.reading = subscribe('news,stock.ACME', { event: (topic, item, { snapshot }) => items.push([topic, item.id ?? item.symbol, snapshot].join(' ')),
				state: (name) => { document.documentElement.dataset.link = name; } });
		</script>`, server.URL)
	}))
	t.Cleanup(other.Close)
	t.Cleanup(func() {
		f.change(func() { close(f.cut); f.cut = make(chan struct{}); f.status = http.StatusServiceUnavailable })
		server.CloseClientConnections()
		server.Close()
	})
	var tabs []*tab
	for range 2 {
		s, _ := p.sibling()
		s.open(other.URL)
		tabs = append(tabs, s)
	}
	f.item("news", "n9", map[string]any{"id": "n9"})
	for _, s := range tabs {
		s.wait(live + ` && items.some((item) => item.startsWith('news n9'))`)
		if got := strings.Join(eval[[]string](s, "items.slice(0, 4)"), ", "); got != "news n0 true, news n1 true, news n2 true, stock ACME true" {
			t.Errorf("items %q", got)
		}
		s.clean()
	}
	f.streamsAre(t, 1)
	for _, s := range tabs {
		s.run(chromedp.Evaluate[chromedp.Void](`reading.close();0`))
	}
	f.streamsAre(t, 0)
}

func TestHintWhereConnectionsAreShort(t *testing.T) {
	p, f := newTab(t), newFake(t)
	c := newCable(t, f.URL)
	s := p.share(f, c.URL, "off", "news", "&wait")
	s.wait("globalThis.start")
	c.sever()
	s.run(chromedp.Evaluate[chromedp.Void](`start();0`))
	s.wait("told.hints.length > 0")
	c.restore()
	s.wait(live)
	if hints := s.told().Hints; len(hints) != 1 || !strings.Contains(hints[0], "HTTP/1.1") {
		t.Errorf("hints %q", hints)
	}
}

// A page that asks for it is loaded anew when the server runs another build, and a
// second time not so soon.
func TestReloadsForAnotherBuild(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.heartbeat = 200 * time.Millisecond
	inner, loads := f.Config.Handler, make(chan struct{}, 10) // of the page, as its script tells
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			return
		}
		if r.URL.Path == "/testdata/share.js" {
			loads <- struct{}{}
		}
		inner.ServeHTTP(w, r)
	})
	s := p.share(f, f.URL, "auto", "news", "&reload")
	<-loads
	s.wait(live)
	f.change(func() { f.build = "next" })
	select {
	case <-loads:
	case <-time.After(10 * time.Second):
		t.Fatal("the page was not loaded anew")
	}
	s.wait(`globalThis.told && ` + live)
	f.change(func() { f.build = "over next" })
	s.run(chromedp.Evaluate[chromedp.Void](`globalThis.since = performance.now();0`))
	s.wait(`performance.now() - since > 900`) // several heartbeats
	if len(loads) > 0 {
		t.Error("the page was loaded anew twice")
	}
	s.has()
	s.clean()
}
