package public

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// tape opens the page for tests of the element and puts one there with attributes
// and, as HTML, children.
func (p *tab) tape(f *fake, attributes, children string) {
	p.t.Helper()
	p.blank(f)
	p.add(attributes, children)
}

// blank opens that page without an element.
func (p *tab) blank(f *fake) {
	p.t.Helper()
	p.open(f.URL + "/testdata/ticker.html")
	p.wait(`customElements.get('ticker-tape')`)
}

// add puts one more element on the page; scripts know the first as tape, and its
// shadow root as root.
func (p *tab) add(attributes, children string) {
	p.t.Helper()
	p.do(fmt.Sprintf(`document.querySelector('#here').insertAdjacentHTML('beforeend', %q)`,
		"<ticker-tape "+attributes+">"+children+"</ticker-tape>"))
	p.do(`globalThis.tape = document.querySelector('ticker-tape'); globalThis.root = tape.shadowRoot`)
}

func (p *tab) do(script string) {
	p.t.Helper()
	p.run(chromedp.Evaluate[chromedp.Void](script + ";0"))
}

// press clicks with the mouse in the middle of an element of the first tape.
func (p *tab) press(selector string) {
	p.t.Helper()
	at := eval[[]float64](p, fmt.Sprintf(`(({ x, y, width, height }) => [x + width / 2, y + height / 2])(root.querySelector(%q).getBoundingClientRect())`, selector))
	p.run(chromedp.MouseClickXY(at[0], at[1]))
}

// awayMouse puts the pointer where no tape is.
func (p *tab) awayMouse() {
	p.t.Helper()
	p.run(chromedp.MouseEvent("mouseMoved", 5, 5))
}

// shown is the text of the items that can be seen, as a list.
const shown = `[...root.querySelectorAll('.item:not([hidden], [inert], .unmeasured, .gone)')].map((e) => e.innerText.replace(/\s+/g, ' ').trim())`

// tops are the titles alone.
const tops = `[...root.querySelectorAll('.item:not([hidden], [inert], .unmeasured, .gone) .title')].map((e) => e.textContent)`

// status is what a tape says of itself.
const status = `root.querySelector('.status').innerText.replace(/\s+/g, ' ').trim()`

func headlines(f *fake, from, to int) {
	for i := from; i < to; i++ {
		f.item("news", fmt.Sprint("n", i), map[string]any{"id": fmt.Sprint("n", i), "title": fmt.Sprint("Headline ", i)})
	}
}

func TestTickerPictures(t *testing.T) {
	ready := `[...document.querySelectorAll('ticker-tape')].every((e) => e.shadowRoot.querySelector('.item:not([hidden], .unmeasured)'))`
	eachView(t, func(t *testing.T, p *tab, f *fake, _ view) {
		full(f)
		p.tape(f, `type="news,weather,stock" mode="crawl" fallback="none" label="All"`, "")
		p.add(`type="news" mode="flip" label="Headlines" controls="all"`, `<b slot="before">&nbsp; News</b>`)
		p.add(`type="weather" mode="crawl" fallback="none" label="Weather" theme="black"`, "")
		p.wait(ready)
		p.shoot("moving")
		p.axeTape(t)
		p.tape(f, `type="stock" mode="flip" label="Prices" theme="dark"`, "")
		p.add(`type="news,stock,weather" mode="list" label="Everything"`, "")
		p.add(`type="news" mode="flip" label="German" lang="de" paused`, "")
		p.wait(ready)
		p.shoot("still")
		p.axeTape(t)
		p.clean()
	})
}

// axeTape is axe, told in terms that it knows that what is beside a tape is not seen.
func (p *tab) axeTape(t *testing.T) {
	t.Helper()
	overflow := `for (const { shadowRoot } of document.querySelectorAll('ticker-tape')) shadowRoot.querySelector('.tape').style.overflow = '%s'`
	p.do(fmt.Sprintf(overflow, "hidden"))
	p.axe(t)
	p.do(fmt.Sprintf(overflow, ""))
}

func TestTickerReadsAnyTopic(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	f.item("tides", "", map[string]any{"text": "Low water 18:55"})
	f.topics = append(f.topics, topic{Name: "level", Mode: "latest", Key: "station", Public: true})
	f.item("level", "Pier", map[string]any{"station": "Pier", "metres": 3.2})
	f.item("level", "Pier", map[string]any{"station": "Pier", "metres": 3.4})
	f.item("news", "b", map[string]any{"id": "b", "title": "Bridge closed", "breaking": true, "seen": stamp()})
	f.item("stock", "OLD", map[string]any{"symbol": "OLD", "price": "9.00", "increase": 0, "time": time.Now().Add(-10 * time.Minute).UTC().Format(time.RFC3339)})
	f.item("stock", "DEAD", map[string]any{"symbol": "DEAD", "price": "1.00", "time": time.Now().Add(-16 * time.Minute).UTC().Format(time.RFC3339)})
	p.tape(f, `mode="list" type="news,stock,weather,random,clock,system,feeds,tides,level" units="imperial" tz="UTC"`, "")
	p.wait(shown + `.length > 14`)
	got := eval[[]string](p, shown)
	for i, s := range got {
		got[i] = strings.NewReplacer("\u00a0", " ", "\u2212", "-").Replace(s)
	}
	want := []string{
		"breaking Bridge closed seen now", "Headline 2 Harbour Gazette now simulated", "Headline 1 Harbour Gazette now simulated",
		"Headline 0 Harbour Gazette now simulated", "ACME 123.40USD ▼-1.10 % simulated",
		"OLD 9.00 0.00 % as of " + time.Now().Add(-10*time.Minute).UTC().Format("15:04"),
		"ZINC 1,042.05EUR ▲+2.25 % simulated", "Oslo 29°F light snow simulated", "Random 417 simulated",
		"This machine CPU 12% Memory 38%", "news running simulated", "prices stale", "Low water 18:55", "High water 12:40", "Pier metres 3.4",
	}
	for _, text := range want {
		if !slices.Contains(got, text) {
			t.Errorf("%q is not shown", text)
		}
	}
	for _, text := range got {
		if strings.HasPrefix(text, "DEAD") || strings.HasPrefix(text, "Clock") {
			t.Errorf("%q is far too old to be shown", text)
		}
	}
	if t.Failed() {
		t.Logf("shown: %q", got)
	}
	for _, tt := range []struct{ what, expression, want string }{
		{"link", `root.querySelector('.title[href]').href`, "https://news.example/2"},
		{"rel", `root.querySelector('.title[href]').rel + ' ' + root.querySelector('.title[href]').target`, "noopener noreferrer _blank"},
		{"time", `root.querySelectorAll('time')[1].dateTime.slice(0, 2)`, "20"},
		{"list", `root.querySelector('.item').parentElement.localName`, "ul"},
		{"what is old is dimmed", `[...root.querySelectorAll('.item.stale .title')].map((e) => e.textContent).join()`, "OLD"},
	} {
		if got := eval[string](p, tt.expression); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.what, got, tt.want)
		}
	}
	p.clean()
}

func TestTickerAttributesAreProperties(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.blank(f)
	// What was set before the element was defined, or put on a page, is honoured.
	p.do(`globalThis.tape = document.createElement('ticker-tape'); tape.mode = 'list'; tape.max = 1; document.querySelector('#here').append(tape); globalThis.root = tape.shadowRoot`)
	p.wait(shown + `.length === 1`)
	p.do(`globalThis.early = document.createElement('early-tape'); early.speed = 99; early.paused = true;
		customElements.define('early-tape', class extends customElements.get('ticker-tape') {});
		document.querySelector('#here').append(early)`)
	if got := eval[string](p, `early.outerHTML`); !strings.Contains(got, `speed="99"`) || !strings.Contains(got, `paused=""`) {
		t.Errorf("set before the definition: %s", got)
	}
	p.do(`early.remove()`)
	for _, tt := range []struct{ script, want string }{
		{`tape.mode = 'scroll'; [tape.mode, tape.getAttribute('mode')]`, `["crawl","scroll"]`},
		{`tape.mode = 'nonsense'; tape.mode`, `"flip"`},
		{`tape.removeAttribute('mode'); tape.mode`, `"flip"`},
		{`tape.setAttribute('dwell', '20'); tape.dwell`, `20`},
		{`tape.dwell = 0; tape.dwell`, `1`},
		{`tape.dwell = 'x'; tape.dwell`, `8`},
		{`tape.dwell = null; [tape.dwell, tape.hasAttribute('dwell')]`, `[8,false]`},
		{`tape.setAttribute('paused', ''); tape.paused`, `true`},
		{`tape.resume(); [tape.paused, tape.hasAttribute('paused')]`, `[false,false]`},
		{`tape.pause(); [tape.paused, tape.getAttribute('paused')]`, `[true,""]`},
		{`tape.lang = 'de'; tape.getAttribute('lang')`, `"de"`},
		{`tape.theme = 'DARK'; tape.theme`, `"dark"`},
	} {
		if got := eval[string](p, `JSON.stringify(eval?.('0') ?? 0) && JSON.stringify((() => { `+strings.Replace(tt.script, "; ", "; return ", 1)+` })())`); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.script, got, tt.want)
		}
	}
	p.wait(`root.querySelector('.toggle').ariaLabel === 'Laufband fortsetzen'`)
	p.clean()
}

// Another language, another topic: what is shown follows.
func TestTickerFollowsItsAttributes(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.tape(f, `type="news" mode="list"`, "")
	p.wait(shown + `.length === 3`)
	p.do(`tape.type = 'stock'`)
	p.wait(shown + `.some((s) => s.startsWith('ACME')) && !` + shown + `.some((s) => s.startsWith('Headline'))`)
	p.do(`tape.lang = 'de'`)
	p.wait(shown + `.some((s) => s.startsWith('ZINC 1.042,05'))`)
	p.do(`tape.mode = 'crawl'`)
	p.wait(`root.querySelector('.tape[role=marquee]') && ` + shown + `.length >= 2`)
	p.do(`tape.type = '*'; tape.mode = 'list'`)
	p.wait(shown + `.length > 8`)
	p.do(`tape.src = 'javascript:alert(1)'`)
	p.wait(shown + `.length > 8`)
	p.do(`tape.src = '/nowhere/'`)
	p.wait(shown + `.length === 0`)
	p.clean()
}

func TestTickerControls(t *testing.T) {
	p, f := newTab(t), newFake(t)
	headlines(f, 0, 5)
	p.tape(f, `mode="flip" controls="all" dwell="600" label="Headlines"`, "")
	first := func(want string) {
		t.Helper()
		p.wait(tops + fmt.Sprintf(`.join() === %q`, want))
	}
	first("Headline 4")
	name := func() string { return eval[string](p, `root.querySelector('.toggle').ariaLabel`) }
	if got := name(); got != "Pause Headlines" {
		t.Errorf("the button is called %q", got)
	}
	p.press(".next")
	first("Headline 3")
	p.press(".previous")
	first("Headline 4")
	p.press(".previous")
	first("Headline 0")
	p.press(".next")
	first("Headline 4")
	p.press(".toggle")
	p.wait(`tape.paused`)
	headlines(f, 5, 17)
	f.item("news", "n4", map[string]any{"id": "n4", "title": "Headline 4"}) // the same again is no news
	p.wait(`root.querySelector('.newer').textContent === '12 newer'`)
	first("Headline 4")
	if got := name(); got != "Resume Headlines, 12 newer" {
		t.Errorf("the button is called %q", got)
	}
	p.press(".toggle")
	p.wait(`!tape.paused`)
	first("Headline 4")

	// Keys count while the focus is in the tape, and only then.
	p.do(`root.activeElement?.blur(); document.body.focus()`)
	p.run(chromedp.KeyEvent("p"))
	p.run(chromedp.KeyEvent(" "))
	if eval[bool](p, `tape.paused`) {
		t.Error("a key pressed elsewhere has paused the tape")
	}
	p.do(`root.querySelector('.toggle').focus()`)
	for i, key := range []string{"p", "p", " ", " ", "\r", "\r"} {
		p.run(chromedp.KeyEvent(key))
		if got := eval[bool](p, `tape.paused`); got != (i%2 == 0) {
			t.Errorf("after key %d (%q) paused is %v", i+1, key, got)
		}
	}
	p.do(`globalThis.was = ` + tops + `.join()`)
	p.run(chromedp.KeyEvent("\u0303")) // arrow right
	p.wait(tops + `.join() !== was`)
	p.run(chromedp.KeyEvent("\u0302")) // arrow left
	p.wait(tops + `.join() === was`)
	p.do(`tape.next()`)
	p.wait(tops + `.join() !== was`)
	p.do(`tape.previous()`)
	p.wait(tops + `.join() === was`)
	if got := eval[[]float64](p, `[...root.querySelectorAll('button')].map((b) => Math.min(b.offsetWidth, b.offsetHeight))`); slices.Min(got) < 24 {
		t.Errorf("targets of %v CSS pixels", got)
	}
	p.do(`tape.controls = 'none'`)
	p.wait(`root.querySelector('.controls').hidden`)
	p.clean()
}

// Sources that ask for it are named, once for all that they gave.
func TestTickerNamesItsSources(t *testing.T) {
	p, f := newTab(t), newFake(t)
	for _, symbol := range []string{"ACME", "ZINC"} {
		f.item("stock", symbol, map[string]any{"symbol": symbol, "price": "1", "attribution": "Prices by Example"})
	}
	f.item("weather", "Oslo", map[string]any{"location": "Oslo", "temperature": 3, "condition": "rain", "attribution": "Weather by Example (CC BY 4.0)"})
	f.item("news", "n1", map[string]any{"id": "n1", "title": "Ferry times change", "source": "Gazette", "attribution": "Gazette"})
	f.item("news", "n2", map[string]any{"id": "n2", "title": "Hostile", "attribution": map[string]any{"a": 1}})
	for _, mode := range []string{"list", "crawl"} {
		p.tape(f, `type="stock,weather,news" mode="`+mode+`"`, "")
		p.wait(`root.querySelectorAll('.item:not([aria-hidden])').length >= 5`)
		p.want(mode, `[...root.querySelectorAll('.item:not([aria-hidden])')].slice(0, 5).map((e) => e.querySelector('.credit').checkVisibility() ? e.querySelector('.credit').textContent : '').join('|')`,
			"|Prices by Example|Weather by Example (CC BY 4.0)||")
	}
	p.clean()
}
