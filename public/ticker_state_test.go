package public

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Less motion is a list, at once and without another load, and back.
func TestTickerReducedMotion(t *testing.T) {
	p, f := newTab(t), newFake(t)
	headlines(f, 0, 6)
	p.look(view{1600, 900, "light", true})
	p.blank(f)
	p.awayMouse()
	p.do(`pace(16)`)
	p.add(`mode="crawl" speed="300"`, "")
	p.wait(tops + `.length === 6`)
	still := func() {
		t.Helper()
		if got := eval[string](p, `root.querySelector('.tape').dataset.mode + ' ' + tape.mode + ' ' + document.getAnimations().length`); got != "list crawl 0" {
			t.Errorf("shown, asked for, animations: %q", got)
		}
	}
	still()
	f.item("news", "new", map[string]any{"id": "new", "title": "Just in"})
	p.wait(tops + `[0] === 'Just in'`)
	still()
	p.look(view{1600, 900, "light", false})
	p.wait(`root.querySelector('.tape').dataset.mode === 'crawl' && ` + place + ` > 10`)
	p.look(view{1600, 900, "light", true})
	p.wait(`root.querySelector('.tape').dataset.mode === 'list' && ` + tops + `.length === 7`)
	still()
	p.do(`tape.next()`)
	p.clean()
}

func TestTickerRightToLeft(t *testing.T) {
	p, f := newTab(t), newFake(t)
	for i, title := range []string{"العبارة تبحر كل ساعة", "Tide tables, corrected", "מזג האוויר מחר", "\u202eevil\u202c"} {
		f.item("news", fmt.Sprint(i), map[string]any{"id": fmt.Sprint(i), "title": title})
	}
	p.blank(f)
	p.awayMouse()
	p.do(`pace(16)`)
	p.add(`mode="crawl" speed="100" dir="rtl" lang="ar"`, "")
	p.wait(tops + `.length === 4`)
	p.wait(place + ` < -30`) // to the right
	edges := eval[[]float64](p, `(() => { const b = [...root.querySelectorAll('.item')].map((e) => e.getBoundingClientRect()); return b.slice(1).map((c, i) => Math.abs(c.right - b[i].left)); })()`)
	if slices.Max(edges) > 1 {
		t.Errorf("items stand %v px apart", edges)
	}
	if got := eval[[]string](p, `[...root.querySelectorAll('.item .title')].slice(0, 4).map((e) => getComputedStyle(e).direction)`); !slices.Equal(got, []string{"ltr", "rtl", "ltr", "rtl"}) {
		t.Errorf("titles, newest first, run %q", got)
	}
	p.shoot("")
	p.do(`tape.dir = 'ltr'`)
	p.wait(place + ` > 30`)
	p.do(`tape.dir = 'rtl'; tape.mode = 'flip'`)
	p.wait(`root.querySelector('.controls').getBoundingClientRect().left < root.querySelector('.tape').getBoundingClientRect().left`)
	p.clean()
}

// The link and the data are two things: each is told when it is not fine.
func TestTickerTellsWhatIsOld(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "1.00", "time": stamp()})
	p.blank(f)
	p.do(`globalThis.states = []; addEventListener('ticker-state', ({ detail, target }) => states.push([target.localName, detail.link, detail.data].join(' ')))`)
	p.add(`type="stock" mode="flip" share="off" tz="UTC"`, "")
	p.wait(shown + `.length === 1 && ` + status + ` === ''`)
	p.wait(`states.includes('ticker-tape live current')`)
	f.change(func() { f.status = 503 })
	f.cutAll()
	p.wait(`states.at(-1) === 'ticker-tape reconnecting current'`)
	if got := eval[string](p, status); got != "" {
		t.Errorf("a link that is lost for a moment is told: %q", got)
	}
	p.do(`skew(6000)`)
	p.wait(`root.querySelector('.old') && /^Reconnecting … · as of \d\d:\d\d$/.test(` + status + `)`)
	p.do(`skew(60000)`)
	p.wait(`/^Offline since \d\d:\d\d$/.test(` + status + `)`)
	p.shoot("offline")
	p.axeTape(t)
	f.change(func() { f.status = 200 })
	f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "2.00", "time": stamp()})
	p.do(`skew(30000); dispatchEvent(new Event('online'))`)
	p.wait(`states.at(-1) === 'ticker-tape live current' && !root.querySelector('.old') && ` + status + ` === ''`)
	// The source is silent, the link is fine.
	price := func(age time.Duration) {
		f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "3.00", "time": time.Now().Add(-age).UTC().Format(time.RFC3339)})
	}
	price(301 * time.Second)
	p.wait(`states.at(-1) === 'ticker-tape live stale' && ` + status + ` === 'stale' && /as of \d\d:\d\d$/.test(` + shown + `[0])`)
	p.shoot("stale")
	price(901 * time.Second)
	p.wait(`states.at(-1) === 'ticker-tape live empty' && ` + shown + `.length === 0`)
	p.clean()
}

// A wrong clock on the reader's machine makes nothing old.
func TestTickerGoesByTheServersClock(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "1.00", "time": stamp()})
	f.item("news", "a", map[string]any{"id": "a", "title": "Now", "time": stamp()})
	p.blank(f)
	p.do(`const { now } = Date; Date.now = () => now() - 4e10`)
	p.add(`type="stock,news" mode="list"`, "")
	p.wait(shown + `.join() === 'ACME 1.00,Now now'`)
	p.clean()
}

func TestTickerSlots(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.hold = true
	children := `<b slot="before">Now</b><i slot="empty">Nothing today</i><a href="/">Latest headlines</a>`
	p.tape(f, `share="off"`, children)
	visible := func(want string) {
		t.Helper()
		p.wait(fmt.Sprintf(`[...tape.children].filter((e) => e.checkVisibility()).map((e) => e.textContent).join() === %q`, want))
	}
	visible("Now,Latest headlines") // until the first data, and for readers without scripts
	f.change(func() { f.hold = false })
	f.cutAll()
	visible("Now,Nothing today")
	seed(f)
	visible("Now")
	p.do(`tape.remove()`)
	f.change(func() { f.status = 503 })
	f.cutAll()
	p.do(`document.querySelector('#here').append(tape)`)
	p.do(`skew(31000)`)
	visible("Now,Latest headlines") // on a page anew, without data
	p.do(`tape.remove(); globalThis.tape = null`)
	p.do(`document.querySelector('#here').textContent = ''`)
	p.add(`share="off"`, `<i slot="error">Try later</i><a href="/">Latest headlines</a>`)
	visible("Latest headlines")
	p.do(`skew(31000)`)
	visible("Try later")
	p.do(`tape.querySelector('i').remove()`)
	visible("Latest headlines")
	p.do(`tape.querySelector('a').remove()`)
	p.wait(`root.querySelector('.still').innerText.trim() === 'Not reachable at the moment.'`)
	p.clean()
}

// What screen readers are told: little, seldom, nothing twice, and never the tape itself.
func TestTickerAnnounces(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.tape(f, `type="news,stock,weather" mode="crawl" fallback="none" label="News"`, "")
	p.wait(tops + `.length > 0`)
	if n := eval[int](p, `root.querySelectorAll('.bar [aria-live], .bar [role=status], .bar [role=alert], .bar [role=log]').length`); n != 0 {
		t.Errorf("%d live regions in the tape", n)
	}
	said := func(what, want string) {
		t.Helper()
		p.wait(fmt.Sprintf(`root.querySelector('[role=%s]').textContent === %q`, what, want))
	}
	p.do(`globalThis.came = new Set(); tape.addEventListener('ticker-item', ({ detail }) => came.add(detail.key))`)
	said("status", "")
	f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "7.00"})
	headlines(f, 10, 11)
	said("status", "1 new headline: Headline 10")
	headlines(f, 11, 14)
	f.item("news", "alarm", map[string]any{"id": "alarm", "title": "Bridge closed", "breaking": true})
	said("alert", "breaking: Bridge closed")
	said("status", "1 new headline: Headline 10") // not again within 25 s
	p.do(`globalThis.told = 0; new MutationObserver(() => told++).observe(root.querySelector('[role=alert]'), { childList: true, characterData: true, subtree: true })`)
	f.item("news", "alarm", map[string]any{"id": "alarm", "title": "Bridge closed", "breaking": true})
	f.item("weather", "Oslo", map[string]any{"location": "Oslo", "temperature": 3, "condition": "storm", "severity": "severe"})
	said("alert", "severe: Oslo, storm")
	if n := eval[int](p, `told`); n != 1 {
		t.Errorf("%d alerts for one that is new", n)
	}
	p.do(`skew(26000)`)
	said("status", "3 new headlines; newest: Headline 13")
	p.do(`tape.announce = 'all'; skew(26000)`)
	headlines(f, 20, 25)
	p.wait(`/^Headline \d+(\. Headline \d+)*(\. and \d more)?$/.test(root.querySelector('[role=status]').textContent)`)
	p.do(`tape.announce = 'off'; globalThis.was = root.querySelector('[role=status]').textContent; skew(60000)`)
	headlines(f, 30, 31)
	f.item("news", "alarm2", map[string]any{"id": "alarm2", "title": "Bridge open", "breaking": true})
	p.wait(`came.has('alarm2')`)
	p.do(`tape.announce = 'summary'; skew(60000)`)
	headlines(f, 31, 32)
	said("status", "1 new headline: Headline 31")
	said("alert", "severe: Oslo, storm")
	p.clean()
}

// Whoever listens gets each item that comes live, once, through any shadow around it.
func TestTickerEvents(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.blank(f)
	p.do(`globalThis.items = []; addEventListener('ticker-item', (event) => items.push(event));
		const outer = document.querySelector('#here').attachShadow({ mode: 'open' });
		outer.append(document.createElement('ticker-tape'));
		globalThis.tape = outer.firstChild; globalThis.root = tape.shadowRoot`)
	p.wait(tops + `.length === 1`)
	f.item("news", "x", map[string]any{"id": "x", "title": "X"})
	p.wait(`items.length === 1`)
	if got := eval[string](p, `JSON.stringify(items[0].detail) + items[0].bubbles + items[0].composed`); !strings.HasPrefix(got, `{"topic":"news","key":"x","id":"aaaa-`) || !strings.HasSuffix(got, `"data":{"id":"x","title":"X"}}truetrue`) {
		t.Errorf("ticker-item %s", got)
	}
	p.do(`addEventListener('ticker-item', () => tape.remove())`) // from within
	f.item("news", "y", map[string]any{"id": "y", "title": "Y"})
	p.wait(`items.length === 2 && !tape.isConnected`)
	p.clean()
}

// Keys alone reach every link and button; what has the focus is in sight and holds still.
func TestCrawlByKeys(t *testing.T) {
	p, f := newTab(t), newFake(t)
	for i := range 8 {
		f.item("news", fmt.Sprint(i), map[string]any{"id": fmt.Sprint(i), "title": fmt.Sprint("A headline of some length ", i), "url": fmt.Sprint("https://news.example/", i), "time": time.Now().UTC().Format(time.RFC3339)})
	}
	p.run(chromedp.EmulateViewport(500, 800))
	p.blank(f)
	p.awayMouse()
	p.do(`pace(16)`)
	p.add(`mode="crawl" speed="50"`, "")
	p.wait(place + ` > 10`)
	p.run(chromedp.KeyEvent("\t"))
	for i := range 2 {
		p.run(chromedp.KeyEvent("\t"))
		p.wait(`root.activeElement?.matches('a[href]')`)
		if !eval[bool](p, `(() => { const a = root.activeElement.getBoundingClientRect(), b = root.querySelector('.tape').getBoundingClientRect(); return a.left >= b.left - 1 && a.left < b.right; })()`) {
			t.Errorf("link %d has the focus and is out of sight", i)
		}
	}
	p.do(`globalThis.was = ` + place + `; globalThis.frames = 0; (function count() { frames++; requestAnimationFrame(count); })()`)
	p.wait(`frames > 20`)
	if moved := eval[float64](p, place+` - was`); moved != 0 {
		t.Errorf("a tape with the focus has moved by %v", moved)
	}
	p.run(chromedp.KeyEvent("p"))
	p.wait(`tape.paused`)
	p.clean()
}

// Text of twice the size, and spaced as WCAG 1.4.12 asks: nothing is cut off, the tape grows.
func TestTickerEnlarged(t *testing.T) {
	for _, mode := range []string{"flip", "crawl", "list"} {
		t.Run(mode, func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			p.run(chromedp.EmulateViewport(640, 900))
			seed(f)
			p.tape(f, `type="news,stock" fallback="none" controls="all" dwell="600" speed="5" mode="`+mode+`"`, "")
			p.wait(tops + `.length > 0`)
			before := eval[int](p, `tape.offsetHeight`)
			p.do(`document.styleSheets[0].insertRule('html { font-size: 200%; }'); document.styleSheets[0].insertRule('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }')`)
			p.wait(fmt.Sprintf(`tape.offsetHeight > %d || %v`, before, mode == "list"))
			out := eval[[]string](p, `(() => {
				const tape = root.querySelector('.tape').getBoundingClientRect();
				const texts = [...root.querySelectorAll('.item:not([hidden], [inert], .unmeasured) :is(.title, .price, .change, .meta)')].filter((e) => e.checkVisibility());
				const high = texts.filter((e) => { const b = e.getBoundingClientRect(); return '`+mode+`' !== 'list' && (b.top < tape.top || b.bottom > tape.bottom); });
				const cut = [...root.querySelectorAll('.item:not([hidden], [inert], .unmeasured) :is(.price, .change), button')].filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0);
				return [...high, ...cut].map((e) => e.className + ' ' + e.textContent);
			})()`)
			if len(out) > 0 {
				t.Errorf("cut off: %q", out)
			}
			p.shoot("")
			p.clean()
		})
	}
}
