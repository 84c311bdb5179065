package public

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func TestTickerHostileText(t *testing.T) {
	bad := []string{
		`<script>document.title='owned'</script>`, `<img src=x onerror="document.title='owned'">`,
		strings.Repeat("long", 2500), strings.Repeat("W\u0336\u0337\u0338", 3000), "before \u202e after \u2066 more",
		`"><svg onload=alert(1)>`, "line\r\nbreak\u2028and\u2029more", "\ufeff\u200b", strings.Repeat("😀", 300), "${alert(1)}", "__proto__",
	}
	for _, mode := range []string{"flip", "crawl", "list"} {
		t.Run(mode, func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			p.run(chromedp.EmulateViewport(390, 844))
			for i, text := range bad {
				f.item("news", fmt.Sprint(i), map[string]any{"id": fmt.Sprint(i), "title": text, "source": text, "lang": text, "severity": text, "breaking": text, "url": "javascript:document.title='owned'", "time": text, "seen": text})
				f.item("weather", text, map[string]any{"location": text, "condition": text, "symbol": text, "temperature": text})
				f.item("stock", text, map[string]any{"symbol": text, "company": text, "price": text, "increase": text, "currency": text})
				f.item("tides", "", map[string]any{"text": text})
			}
			for _, shape := range []string{`null`, `[]`, `{}`, `5`, `"text"`, `{"title":{"a":1},"url":["x"],"time":5,"expires":{},"source":null,"lang":7}`, `{"__proto__":{"x":1},"constructor":1}`, "not JSON\nat all"} {
				for _, topic := range catalogue() {
					f.put(topic.Name, "", shape)
				}
			}
			p.tape(f, `type="news,weather,stock,tides,system,feeds,random,clock" speed="1000" fallback="none" controls="all" announce="all" mode="`+mode+`"`, "")
			p.wait(tops + `.length > 0`)
			height := eval[int](p, `tape.offsetHeight`)
			for i, text := range bad {
				f.item("news", fmt.Sprint("live", i), map[string]any{"id": fmt.Sprint("live", i), "title": text, "source": text, "severity": "extreme", "url": "data:text/html,x"})
				p.do(`tape.next()`)
			}
			f.item("news", "end", map[string]any{"id": "end", "title": "The end", "url": "https://news.example/end"})
			p.wait(`(tape.next(), tops = ` + tops + `).includes('The end')`)
			if got := eval[string](p, "document.title"); got != "ticker" {
				t.Errorf("the title is %q", got)
			}
			if n := eval[int](p, `root.querySelectorAll('script, img, iframe, style, svg:not(.icon), [onload], [onerror]').length`); n != 0 {
				t.Errorf("%d elements came from text", n)
			}
			if got := eval[[]string](p, `[...root.querySelectorAll('a[href]')].map((a) => a.href).filter((href) => !href.startsWith('https://news.example/'))`); len(got) > 0 {
				t.Errorf("hostile links: %q", got)
			}
			if n := eval[int](p, `Math.max(...[...root.querySelectorAll('.item *')].map((e) => e.textContent.length))`); n > 900 {
				t.Errorf("a text of %d characters", n)
			}
			if w := eval[int](p, "document.scrollingElement.scrollWidth"); w > 390 {
				t.Errorf("the page is %d wide", w)
			}
			if got := eval[int](p, `tape.offsetHeight`); got != height {
				t.Errorf("the height was %d and is %d", height, got)
			}
			p.clean()
		})
	}
}

// The height is the same from the first paint on, whatever comes.
func TestTickerKeepsItsHeight(t *testing.T) {
	for _, width := range []int64{1600, 390} {
		for _, mode := range []string{"flip", "crawl", "list"} {
			t.Run(fmt.Sprint(mode, width), func(t *testing.T) {
				p, f := newTab(t), newFake(t)
				p.run(chromedp.EmulateViewport(width, 844))
				f.hold = true
				p.blank(f)
				p.awayMouse()
				p.do(`globalThis.heights = new Set(); globalThis.sizes = new ResizeObserver((list) => list.forEach(({ contentRect: { height } }) => heights.add(height)))`)
				p.add(`type="news,stock" mode="`+mode+`" speed="1000" fallback="none" dwell="600"`, `<a href="/">Latest headlines</a>`)
				p.do(`sizes.observe(tape)`)
				p.wait(`heights.size === 1 && !root.querySelector('.still').hidden`)
				f.change(func() { f.hold = false })
				f.cutAll()
				p.wait(`!root.querySelector('slot[name=empty]').hidden`)
				seed(f)
				p.wait(tops + `.length > 0`)
				for i := range 12 {
					f.item("news", "long", map[string]any{"id": "long", "title": strings.Repeat("Long words ", 4*i) + strings.Repeat("W", 9*i), "breaking": i%2 == 0})
					p.do(`tape.next()`)
					if i == 6 {
						p.do(`tape.pause()`)
					}
				}
				p.wait(`root.querySelector('.newer').textContent !== ''`)
				p.do(`tape.resume()`)
				f.change(func() { f.status = 503 })
				f.cutAll()
				p.wait(`root.querySelector('.bar')`)
				p.do(`skew(6000)`)
				p.wait(status + `.includes('as of') || ` + status + `.includes('Offline')`)
				if got := eval[[]float64](p, `[...heights]`); len(got) != 1 {
					t.Errorf("heights %v, want one", got)
				}
				p.clean()
			})
		}
	}
}

// Put on a page and taken off a hundred times: streams, timers, frames, listeners, nodes
// and memory are as before.
func TestTickerLeavesNothing(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.blank(f)
	p.do(`globalThis.cycles = async (n, keep) => {
		const frame = () => new Promise((done) => requestAnimationFrame(done));
		let tape = document.createElement('ticker-tape');
		for (let i = 0; i < n; i++) {
			if (!keep) tape = document.createElement('ticker-tape');
			Object.assign(tape, { type: 'news,stock', mode: ['crawl', 'flip', 'list'][i % 3], share: 'off', fallback: 'none' });
			document.querySelector('#here').append(tape);
			if (i % 10 === 0) while (!tape.shadowRoot.querySelector('.item:not(.unmeasured)')) await frame();
			else if (i % 4 === 0) await frame();
			tape.remove();
		}
		globalThis.done = true;
	}`)
	round := func(n int, keep bool) map[string]float64 {
		p.do(fmt.Sprintf(`globalThis.done = false; cycles(%d, %v)`, n, keep))
		p.wait(`done`)
		p.wait(`Object.values(pending()).join() === '1,1,0'`) // this wait's own
		return p.metrics()
	}
	round(20, true)
	before := round(20, false)
	round(100, true)
	after := round(100, false)
	for name, most := range map[string]float64{"JSEventListeners": 30, "Nodes": 400, "JSHeapUsedSize": 512 << 10, "Documents": 1} {
		if grown := after[name] - before[name]; grown > most {
			t.Errorf("%s has grown by %v from %v in 200 rounds", name, grown, before[name])
		}
	}
	t.Logf("listeners %v to %v, nodes %v to %v, heap %v to %v", before["JSEventListeners"], after["JSEventListeners"],
		before["Nodes"], after["Nodes"], before["JSHeapUsedSize"], after["JSHeapUsedSize"])
	for limit := time.Now().Add(10 * time.Second); f.streams() > 0; p.breathe() {
		if time.Now().After(limit) {
			t.Fatalf("%d streams are open", f.streams())
		}
	}
	p.clean()
}

// breathe lets the browser do what it has to do, between two looks at the server.
func (p *tab) breathe() {
	p.t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](`new Promise((done) => setTimeout(done, 20, true))`, chromedp.EvalAwaitPromise)); err != nil {
		p.t.Fatal(err)
	}
}

// Taken off, put back, and moved within the page: it goes on.
func TestTickerComesBack(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.tape(f, `mode="list"`, "")
	p.wait(tops + `.length === 3`)
	p.do(`document.querySelector('main').prepend(tape)`)
	headlines(f, 10, 11)
	p.wait(tops + `.length === 4`)
	p.do(`tape.remove()`)
	headlines(f, 11, 12)
	p.do(`tape.mode = 'flip'; tape.paused = true; document.querySelector('#here').append(tape)`)
	p.wait(tops + `.join() === 'Headline 11'`)
	p.clean()
}

// The script, the stream and the catalogue from another origin, in two lines.
func TestTickerOnAForeignOrigin(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	shared := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Vary", "Origin")
		f.Config.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { shared.CloseClientConnections(); shared.Close() })
	page, err := os.ReadFile("testdata/foreign.html")
	if err != nil {
		t.Fatal(err)
	}
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		// What the page's own policy must allow, and no more.
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src "+shared.URL+"; connect-src "+shared.URL+"; require-trusted-types-for 'script'")
		_, _ = fmt.Fprint(w, strings.ReplaceAll(string(page), "https://ticker.example", shared.URL))
	}))
	t.Cleanup(foreign.Close)
	p.open(foreign.URL)
	p.wait(`document.querySelector('ticker-tape')?.shadowRoot`)
	p.do(`globalThis.tape = document.querySelector('ticker-tape'); globalThis.root = tape.shadowRoot`)
	p.wait(tops + `.includes('Headline 2')`)
	f.item("news", "live", map[string]any{"id": "live", "title": "From afar"})
	p.wait(tops + `.includes('From afar')`)
	if got := eval[string](p, `document.cookie + Object.keys(localStorage).join() + Object.keys(sessionStorage).join()`); got != "" {
		t.Errorf("it has stored %q on a foreign page", got)
	}
	if got := eval[string](p, `[document.documentElement.lang, document.documentElement.dir, Object.keys(document.documentElement.dataset).join()].join('|')`); got != "en||" {
		t.Errorf("it has changed the page: %q", got)
	}
	p.clean()
}

// The same in a frame: the address says what the attributes would.
func TestEmbedInAFrame(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.run(chromedp.EmulateViewport(800, 300))
	query := "type=news,stock&mode=list&lang=de&theme=dark&label=Kurse&tz=UTC&max=2&paused=1&controls=all&announce=off&dwell=20&speed=80&units=metric&dir=rtl&rise=red&fallback=none&zoom=1.5&screen=lobby"
	p.open(f.URL + "/testdata/frame.html?" + strings.ReplaceAll(query, "&", "%26"))
	p.do(`globalThis.wanted = () => {
		const page = document.querySelector('iframe').contentDocument;
		globalThis.tape = page?.querySelector('ticker-tape');
		globalThis.root = tape?.shadowRoot;
		return Boolean(root);
	}`)
	p.wait(`wanted() && ` + tops + `.length === 4`)
	p.do(`globalThis.get = (names) => names.map((name) => tape[name]).join('|')`)
	want := "news,stock|list|de|dark|Kurse|UTC|2|true|all|off|20|80|metric|red|none"
	if got := eval[string](p, `get(['type','mode','lang','theme','label','tz','max','paused','controls','announce','dwell','speed','units','rise','fallback'])`); got != want {
		t.Errorf("attributes %q, want %q", got, want)
	}
	if got := eval[[]int](p, `[tape.offsetHeight, tape.ownerDocument.documentElement.scrollHeight, parseFloat(getComputedStyle(tape).fontSize)]`); !slices.Equal(got, []int{240, 240, 24}) {
		t.Errorf("height of the tape, height of its page, size of its font: %v", got)
	}
	if got := eval[string](p, `getComputedStyle(root.querySelector('.bar')).direction`); got != "rtl" {
		t.Errorf("direction %q", got)
	}
	p.shoot("frame")
	p.clean()
}

func TestEmbedAlone(t *testing.T) {
	eachView(t, func(t *testing.T, p *tab, f *fake, v view) {
		full(f)
		p.open(f.URL + "/embed?mode=crawl&type=news,stock,weather&label=Headlines&fallback=none&nonsense=1")
		p.do(`globalThis.tape = document.querySelector('ticker-tape'); globalThis.root = tape?.shadowRoot`)
		p.wait(`(globalThis.tape = document.querySelector('ticker-tape')) && (globalThis.root = tape.shadowRoot) && ` + tops + `.length > 0`)
		p.shoot("")
		p.axeTape(t)
		if got := eval[[]int](p, `[document.scrollingElement.scrollWidth, document.scrollingElement.scrollHeight]`); !slices.Equal(got, []int{int(v.width), int(v.height)}) {
			t.Errorf("the page is %v large", got)
		}
		p.clean()
	})
}

// All tapes of a page read one stream.
func TestTickersShareAStream(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.tape(f, `type="news" mode="flip"`, "")
	for _, topic := range []string{"news", "stock", "weather", "random", "clock", "tides", "news,stock"} {
		p.add(`type="`+topic+`" mode="flip"`, "")
	}
	p.wait(`[...document.querySelectorAll('ticker-tape')].every((e) => e.shadowRoot.querySelector('.item') || e.type === 'clock')`)
	for limit := time.Now().Add(10 * time.Second); f.streams() != 1; p.breathe() {
		if time.Now().After(limit) {
			t.Fatalf("%d streams are open for eight tapes", f.streams())
		}
	}
	p.clean()
}

// A day of events leaves as much on the page as a minute of them.
func TestTickerManyEvents(t *testing.T) {
	const burst, bursts = 500, 10
	p, f := newTab(t), newFake(t)
	p.tape(f, `type="news,stock" mode="crawl" fallback="none" announce="all"`, "")
	p.do(`globalThis.last = ''; tape.addEventListener('ticker-item', ({ detail }) => { last = detail.data.title ?? last; })`)
	p.wait(`!root.querySelector('slot[name=empty]').hidden`)
	var first map[string]float64
	for b := range bursts {
		for i := range burst {
			n := b*burst + i
			f.item("news", fmt.Sprint("n", n), map[string]any{"id": fmt.Sprint("n", n), "title": fmt.Sprint("Headline ", n), "breaking": n%50 == 0})
			f.item("stock", fmt.Sprint("S", n%300), map[string]any{"symbol": fmt.Sprint("S", n%300), "price": fmt.Sprint(n), "increase": n % 7})
		}
		p.wait(fmt.Sprintf(`last === 'Headline %d'`, (b+1)*burst-1))
		if b == 1 {
			first = p.metrics()
		}
	}
	then := p.metrics()
	for name, most := range map[string]float64{"JSEventListeners": 20, "Nodes": 1500, "JSHeapUsedSize": 1 << 20} {
		if grown := then[name] - first[name]; grown > most {
			t.Errorf("%s has grown by %v from %v with %d events", name, grown, first[name], 2*burst*(bursts-2))
		}
	}
	t.Logf("nodes %v to %v, heap %v to %v", first["Nodes"], then["Nodes"], first["JSHeapUsedSize"], then["JSHeapUsedSize"])
	p.clean()
}
