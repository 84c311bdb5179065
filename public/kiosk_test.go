package public

import (
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

var layouts = []string{"split", "wall", "lower-third", "ticker"}

// story is the headline that is read.
const story = `document.querySelector('.lead .story .title').textContent`

// filled is true when a layout shows what full has printed.
const filled = live + ` && (document.querySelector('.story .title, .listed .title') || document.documentElement.dataset.layout === 'ticker')
	&& (document.documentElement.dataset.layout === 'wall' || document.documentElement.dataset.tape === 'yes')`

// watched puts clocks that can be moved on (skew), and hiding (hide), into all pages of the tab.
func (p *tab) watched() {
	p.t.Helper()
	script, err := os.ReadFile("testdata/watch.js")
	if err != nil {
		p.t.Fatal(err)
	}
	p.before(string(script))
}

// before puts a script before all others on the pages that are opened from now on.
func (p *tab) before(script string) {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}); err != nil {
		p.t.Fatal(err)
	}
}

// lobby prints what a display shows on an ordinary day.
func lobby(f *fake) {
	full(f)
	f.item("news", "lead", map[string]any{
		"id": "lead", "title": "Harbour bridge opens to the public on Saturday, a month early", "source": "Harbour Gazette",
		"summary": "The first trams cross at six in the morning. Ferries keep their winter times until the end of the month.",
		"time":    time.Now().Add(-4 * time.Minute).UTC().Format(time.RFC3339), "simulated": true,
	})
}

func kioskViews() []view {
	return append(views(), view{1920, 1080, "black", false})
}

// sticking lists what cannot be seen whole: what leaves the window or its panel, and texts that are cut in their box.
const sticking = `(() => {
	const bad = [];
	const round = 1.5;
	for (const e of document.querySelectorAll('#clock *, #told > p:not([hidden]), .panel .kicker, .panel .badge:not([hidden]), .story > *:not([hidden]), .rows > li, .next > li, .figure, .change, #takeover:not([hidden]) *')) {
		if (!e.checkVisibility({ visibilityProperty: true }) || e.closest('svg')) continue;
		const b = e.getBoundingClientRect();
		if (b.width === 0) continue;
		const list = e.closest('.listed .body')?.getBoundingClientRect();
		if (list && b.bottom > list.bottom + round) continue; // the next one, which waits below to glide up
		const name = (e.closest('[data-topic], [id]')?.id || e.closest('[data-topic]')?.dataset.topic) + ' ' + (e.className.baseVal ?? e.className) + ' "' + e.textContent.slice(0, 30) + '"';
		if (b.left < -round || b.right > innerWidth + round || b.top < -round || b.bottom > innerHeight + round) bad.push(name + ' leaves the window');
		const body = e.closest('.body')?.getBoundingClientRect();
		if (body && !e.closest('.listed') && (b.bottom > body.bottom + round || b.right > body.right + round)) bad.push(name + ' leaves its panel: ' + [b.top, b.bottom, body.top, body.bottom, e.parentElement.childElementCount].map(Math.round));
		if (e.closest('.story') && (e.scrollHeight > e.clientHeight + 6) && e.clientHeight > 0) bad.push(name + ' is cut');
		if (e.matches('.figure, .change, #time, .kicker') && e.scrollWidth > e.clientWidth + round) bad.push(name + ' is cut');
	}
	const boxes = ['#clock', '#slots .lead', '#slots .slot:not(.lead)', '#told', '#tape'].map((s) => [s, document.querySelector(s)])
		.filter(([, e]) => e && e.checkVisibility()).map(([s, e]) => [s, e.getBoundingClientRect()]).filter(([, b]) => b.width > 0 && b.height > 0);
	boxes.forEach(([s, a], i) => boxes.slice(0, i).forEach(([o, b]) => {
		if (a.right > b.left + round && b.right > a.left + round && a.bottom > b.top + round && b.bottom > a.top + round) bad.push(s + ' covers ' + o);
	}));
	if (document.scrollingElement.scrollWidth > innerWidth || document.scrollingElement.scrollHeight > innerHeight) bad.push('the page scrolls');
	return bad;
})()`

// sticks returns what sticking lists once the page has been laid out.
func (p *tab) sticks() []string {
	p.t.Helper()
	p.do(`globalThis.laid = 0; requestAnimationFrame(() => requestAnimationFrame(() => { laid = 1; }))`)
	p.wait(`laid === 1`)
	return eval[[]string](p, sticking)
}

func TestKioskPictures(t *testing.T) {
	for _, v := range kioskViews() {
		t.Run(v.String(), func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			lobby(f)
			theme := ""
			if v.scheme == "black" {
				theme, v.scheme = "&theme=black", "dark"
			}
			p.look(v)
			for _, layout := range layouts {
				p.open(f.URL + "/kiosk?layout=" + layout + "&type=news,weather,stock,tides" + theme)
				p.wait(filled)
				p.do(`globalThis.t0 = performance.now()`)
				p.wait(`performance.now() - t0 > 900 && document.getAnimations().every((a) => a.playState !== 'running')`)
				p.shoot(layout)
				for _, bad := range p.sticks() {
					t.Errorf("%s: %s", layout, bad)
				}
				for _, text := range eval[[]string](p, contrasts) {
					t.Errorf("%s: poor contrast: %s", layout, text)
				}
				p.axe(t)
			}
			p.clean()
		})
	}
}

func (p *tab) kiosk(f *fake, query string) {
	p.t.Helper()
	p.open(f.URL + "/kiosk?" + query)
	p.wait(live)
}

// Whoever asks to be named is named: below the panel, and on the tape.
func TestKioskNamesItsSources(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.item("weather", "Oslo", map[string]any{"location": "Oslo", "temperature": 4, "time": stamp(), "attribution": "Weather by the Institute, CC BY 4.0"})
	f.item("weather", "Rome", map[string]any{"location": "Rome", "temperature": 14, "time": stamp(), "attribution": "Weather by the Institute, CC BY 4.0"})
	f.item("news", "n1", map[string]any{"id": "n1", "title": "Headline", "time": stamp(), "attribution": "Harbour Gazette"})
	f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "1.00", "increase": 1, "time": stamp(), "attribution": "Prices by the Exchange"})
	p.open(f.URL + "/kiosk")
	p.wait(live + ` && document.querySelectorAll('.panel .credit:not(:empty)').length === 2`)
	p.want("below the panels", `[...document.querySelectorAll('.panel .credit')].filter((e) => e.checkVisibility() && e.textContent).map((e) => e.textContent).sort().join(' | ')`,
		"Harbour Gazette | Weather by the Institute, CC BY 4.0")
	p.wait(`document.querySelector('#tape').shadowRoot.textContent.includes('Prices by the Exchange')`)
	f.retract("weather", "Oslo")
	f.retract("weather", "Rome")
	p.wait(`document.querySelectorAll('.panel .credit:not(:empty)').length === 1`)
	p.clean()
}
