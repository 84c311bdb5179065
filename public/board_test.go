package public

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// click clicks what a selector finds, as a mouse does.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.run(chromedp.Click(selector))
}

// enter puts a text into a field, as a reader who has typed it.
func (p *tab) enter(selector, text string) {
	p.t.Helper()
	p.do(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.value = %q; e.dispatchEvent(new Event('input', { bubbles: true })); e.dispatchEvent(new Event('change', { bubbles: true })); })()`, selector, text))
}

// loads does what makes the page load anew, and waits until it has.
func (p *tab) loads(act func()) {
	p.t.Helper()
	loaded := make(chan struct{}, 1)
	ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
	defer cancel()
	err := chromedp.Listen(ctx, func(event any) {
		if _, ok := event.(*page.EventLoadEventFired); ok {
			select {
			case loaded <- struct{}{}:
			default:
			}
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
	act()
	select {
	case <-loaded:
	case <-ctx.Done():
		p.t.Fatal("the page was not loaded anew")
	}
}

// want compares what expressions say with what they should.
func (p *tab) want(what, expression, want string) {
	p.t.Helper()
	if got := eval[string](p, "String("+expression+")"); got != want {
		p.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

const (
	symbols = `[...document.querySelectorAll('.stock tbody .symbol')].map((e) => e.textContent).join()`
	ready   = live + ` && document.querySelectorAll('.headline').length >= 3`
)

func openBoard(t *testing.T, query string) (*tab, *fake) {
	t.Helper()
	p, f := newTab(t), newFake(t)
	full(f)
	p.open(f.URL + "/" + query)
	p.wait(live + ` && document.querySelector('.card')`)
	return p, f
}

// Nothing serious keeps anybody out, in any look, with any panel.
func TestBoardIsForAll(t *testing.T) {
	eachView(t, func(t *testing.T, p *tab, f *fake, v view) {
		full(f)
		panels := []string{"none"}
		if (v.scheme == "dark") == (v.width > 1000) && !v.still { // each panel large and small, dark and light
			panels = append(panels, "alerts", "stream", "settings")
		}
		for _, panel := range panels {
			theme := "auto"
			if panel == "stream" && v.scheme == "dark" {
				theme = "black"
			}
			p.open(f.URL + "/?panel=" + panel + "&theme=" + theme)
			p.wait(ready + ` && document.querySelector('#feedsum').textContent`)
			p.do(`document.querySelector('#feeds').open = true`)
			p.wait(`document.getAnimations().filter((a) => a.animationName !== 'wait').every((a) => a.playState === 'finished')`)
			p.axe(t)
			for _, text := range eval[[]string](p, contrasts) {
				t.Errorf("%s: poor contrast: %s", panel, text)
			}
			if w := eval[int](p, "document.scrollingElement.scrollWidth"); w > int(v.width) {
				t.Errorf("%s: the page is %d wide", panel, w)
			}
			p.shoot(panel)
		}
		if v.still {
			p.do(`globalThis.moved = []; for (const name of ['animationstart', 'transitionrun']) document.addEventListener(name, (e) => moved.push(e.target.className), true)`)
			f.item("news", "new", map[string]any{"id": "new", "title": "New"})
			f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "1.00", "increase": 1})
			p.wait(titles + `[0] === 'New' && document.querySelector('.stock tbody .value').textContent === '1.00'`)
			p.click("#pause")
			p.want("what moved", "moved.join()", "")
		}
		p.clean()
	})
}

func TestSearch(t *testing.T) {
	p, f := openBoard(t, "")
	p.wait(ready)
	p.enter("#search", "ferry  HOURLY")
	p.wait(titles + `.length === 1`)
	p.want("found", titles, "Night ferry to run hourly over the holidays")
	p.want("marked", `[...CSS.highlights.get('found')].map((r) => r.toString()).sort()`, "ferry,hourly")
	p.want("prices", `document.querySelector('.stock .empty').textContent`, "Nothing here matches what you search for.")
	p.want("the one value of a topic", `document.querySelector('.random .figure').textContent`, "417")
	p.want("address", "location.search", "?q=ferry++HOURLY")
	f.item("news", "late", map[string]any{"id": "late", "title": "No boats today"})
	f.item("news", "later", map[string]any{"id": "later", "title": "Hourly ferry is late"})
	p.wait(titles + `.length === 2`)
	p.enter("#search", "reykjavik")
	p.wait(`document.querySelectorAll('.city').length === 1`)
	p.want("accents do not count", `document.querySelector('.city h3').textContent`, "Reykjavík")
	p.open(f.URL + "/?q=brewery")
	p.wait(live + ` && ` + titles + `.length === 1`)
	p.want("field", `document.querySelector('#search').value`, "brewery")
	p.enter("#search", "")
	p.wait(titles + `.length > 10`)
	p.want("address without", "location.search", "")
	p.clean()
}

func TestFiltersAndOrder(t *testing.T) {
	p, f := openBoard(t, "")
	p.wait(ready)
	f.item("news", "real", map[string]any{"id": "real", "title": "A real one", "source": "Pier Log"})
	p.wait(titles + `[0] === 'A real one'`)
	p.enter(".sources", "Pier Log")
	p.wait(`[...document.querySelectorAll('.headline .source')].every((e) => e.textContent === 'Pier Log')`)
	p.want("address", "location.search", "?source=Pier+Log")
	const today = `.stock thead th:last-child .sorter`
	p.click(today)
	p.wait(`[...document.querySelectorAll('.stock .change > span:last-child')].map((e) => parseFloat(e.textContent.replace('\u2212', '-'))).every((n, i, all) => i === 0 || all[i - 1] >= n)`)
	p.want("told to screen readers", `document.querySelector('.stock thead th:last-child').getAttribute('aria-sort')`, "descending")
	p.click(today)
	p.wait(`document.querySelector('.stock thead th:last-child').getAttribute('aria-sort') === 'ascending'`)
	p.want("first of the falling", symbols+`.split(',')[0]`, "BXr")
	p.want("address", "location.search", "?sort=fall&source=Pier+Log")
	p.open(f.URL + "/") // a habit stays, a filter does not
	p.wait(ready)
	p.want("kept", "location.search", "?sort=fall")
	p.open(f.URL + "/?sort=name&simulated=0")
	p.wait(live + ` && ` + titles + `.join() === 'A real one'`)
	p.want("the address wins", symbols, "")
	p.clean()
}

func TestPause(t *testing.T) {
	p, f := openBoard(t, "")
	p.wait(ready)
	before := eval[int](p, `document.querySelectorAll('.headline').length`)
	p.click("#pause")
	p.want("address", "location.search", "?paused=1")
	for i := range 12 {
		id := fmt.Sprint("later", i)
		f.item("news", id, map[string]any{"id": id, "title": fmt.Sprint("Later ", i)})
	}
	f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "999.00", "increase": 9})
	p.wait(`document.querySelector('#pause').textContent === '12 newer'`)
	p.want("name", `document.querySelector('#pause').getAttribute('aria-label')`, "Resume the board: 12 newer")
	p.wait(`document.getAnimations().length === 0`)
	for _, text := range eval[[]string](p, contrasts) {
		t.Errorf("poor contrast: %s", text)
	}
	p.want("headlines", `document.querySelectorAll('.headline').length`, fmt.Sprint(before))
	p.want("price", `document.querySelector('.stock tbody .value').textContent`, "123.40")
	p.enter("#search", "later")
	p.wait(titles + `.length === 0`)
	p.enter("#search", "")
	p.wait(titles + fmt.Sprintf(`.length === %d`, before))
	p.shoot("")
	p.click("#pause")
	p.wait(titles + `[0] === 'Later 11' && document.querySelector('.stock tbody .value').textContent === '999.00'`)
	p.want("name", `document.querySelector('#pause').getAttribute('aria-label')`, "Pause the board")

	p.open(f.URL + "/?paused=1&type=stock") // what is shown first is held
	p.wait(live + ` && document.querySelector('.stock tbody .value')?.textContent === '999.00'`)
	f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "1.00", "increase": 9})
	p.wait(`document.querySelector('#pause').textContent === '1 newer'`)
	p.want("price", `document.querySelector('.stock tbody .value').textContent`, "999.00")
	p.clean()
}

func TestInspector(t *testing.T) {
	p, f := openBoard(t, "?type=news,tides&panel=stream")
	p.wait(live)
	const names = `[...document.querySelectorAll('.event .name')].map((e) => e.textContent)`
	p.wait(names + `.includes('live') && ` + names + `.at(-1) === 'stream'`)
	p.want("command", `document.querySelector('.command code').textContent`, "curl -N '"+f.URL+"/latest?type=feeds,news,tides'")
	f.put("tides", "", `{"text":"<b>High</b>  water"}`)
	p.wait(names + `[0] === 'tides'`)
	p.want("as it came", `document.querySelector('.event code').textContent`, `{"text":"<b>High</b>  water"}`)
	p.want("id", `document.querySelector('.event .id').textContent.startsWith('aaaa-')`, "true")
	p.do(`navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }`)
	p.click(".command .button")
	p.wait(`document.querySelector('.command .button').textContent === 'Copied'`)
	p.do(`navigator.clipboard.writeText = async () => { throw new Error('not here'); }; document.querySelector('.command .button').textContent = ''; globalThis.old = ''; document.execCommand = (what) => { old = what + ' ' + getSelection(); return true; }`)
	p.click(".command .button")
	p.wait(`document.querySelector('.command .button').textContent === 'Copied'`)
	p.want("copied the old way", "old", "copy curl -N '"+f.URL+"/latest?type=feeds,news,tides'")
	p.want("copied", "copied", "curl -N '"+f.URL+"/latest?type=feeds,news,tides'")
	p.want("label", `document.querySelector('.inspector .tools button').textContent`, "Pause")
	p.click(".inspector .tools button")
	f.put("tides", "", `{"text":"held"}`)
	p.wait(`document.querySelector('.inspector .tools button').textContent === 'Resume · 1 newer'`)
	p.want("held", `document.querySelector('.event code').textContent`, `{"text":"<b>High</b>  water"}`)
	p.click(".inspector .tools button")
	p.wait(`document.querySelector('.event code').textContent === '{"text":"held"}'`)
	p.enter(".inspector .input", "HELD")
	p.wait(`document.querySelectorAll('.event').length === 1`)
	p.enter(".inspector .input", "")
	for i := range 400 {
		f.put("tides", "", fmt.Sprintf(`{"n":%d}`, i))
	}
	p.wait(`document.querySelector('.event code').textContent === '{"n":399}'`)
	p.want("bounded", `document.querySelectorAll('.event').length`, "200")
	p.click(".inspector .tools button:last-child")
	p.wait(`document.querySelectorAll('.event').length === 0 && document.querySelector('.events .empty').checkVisibility()`)
	p.clean()
}

func TestAlerts(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.open(f.URL + "/?type=news")
	p.wait(ready)
	p.do(`globalThis.asked = 0; globalThis.notes = []; globalThis.Notification = class {
		static permission = 'default';
		static async requestPermission() { asked++; Notification.permission = 'granted'; return 'granted'; }
		constructor(title, options) { notes.push(title + '|' + options.tag + '|' + options.body); }
		close() {}
	}`)
	p.click("#alerts")
	p.want("not asked before a click on it", "asked", "0")
	p.click(".alerts .leave .button")
	p.wait(`document.querySelector('.leave .button').hidden`)
	p.want("asked", "asked", "1")
	rule := func(topic, key, words string) {
		p.do(fmt.Sprintf(`(() => { const f = document.querySelector('.rule-form'); f.topic.value = %q; f.key.value = %q; f.words.value = %q; f.requestSubmit(); })()`, topic, key, words))
	}
	rule("", "", "") // asks for nothing, and is none
	rule("stock", "zinc", "")
	rule("", "", "storm coast")
	p.wait(`document.querySelectorAll('.rule').length === 2`)
	p.want("rules", `[...document.querySelectorAll('.rule bdi')].map((e) => e.textContent).join('; ')`, "Stocks · zinc; Any topic · “storm coast”")
	p.wait(live + ` && document.querySelectorAll('.headline').length >= 3`)
	if got := f.seen()[len(f.seen())-1].types; got != "feeds,news,stock" {
		t.Errorf("the stream reads %s; want the topics of rules too", got)
	}
	p.click(".panel > header .button")
	f.item("news", "no", map[string]any{"id": "no", "title": "Storm over the hills"})
	f.item("news", "s", map[string]any{"id": "s", "title": "STORM on the Coast"})
	f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "1", "increase": 0})
	p.wait(`notes.length === 1`)
	p.want("note", "notes[0]", "News: STORM on the Coast|news/s|")
	for i := range 5 {
		f.item("stock", "ZINC", map[string]any{"symbol": "ZINC", "price": fmt.Sprint(i, ".00"), "increase": 0})
	}
	f.item("news", "s2", map[string]any{"id": "s2", "title": "Coast: storm ends"})
	p.wait(`notes.length === 2`)
	p.want("many are one", "notes[1]", "News: Coast: storm ends|news/s2|and 1 more")
	p.want("count", `document.querySelector('.count').textContent`, "7")
	p.click("#alerts")
	p.wait(`document.querySelectorAll('.hit').length === 7 && document.querySelector('.count').hidden`)
	p.do(`Notification.permission = 'denied'; document.querySelector('#alerts').click(); document.querySelector('#alerts').click()`)
	p.want("refused", `document.querySelector('.leave p').textContent.split(' ').slice(0, 3).join(' ') + document.querySelector('.leave .button').hidden`, "Notifications are blockedtrue")
	p.do(`globalThis.Notification = undefined; document.querySelector('#alerts').click(); document.querySelector('#alerts').click()`)
	p.want("not possible", `document.querySelector('.leave p').textContent.split(' ').slice(0, 3).join(' ')`, "Browsers show notifications")
	p.open(f.URL + "/?panel=alerts")
	p.wait(live + ` && document.querySelectorAll('.rule').length === 2`) // kept
	p.click(".rule .button")
	p.wait(`document.querySelectorAll('.rule').length === 1`)
	p.want("name of the button", `document.querySelector('.rule .button').getAttribute('aria-label')`, "Remove the rule Any topic · “storm coast”")
	p.clean()
}

func TestSettings(t *testing.T) {
	p, _ := openBoard(t, "?panel=settings&lang=en-GB&theme=light")
	p.wait(ready)
	p.enter("select[name=theme]", "black")
	p.want("theme", `document.documentElement.dataset.theme + getComputedStyle(document.documentElement).backgroundColor`, "blackrgb(0, 0, 0)")
	p.enter("select[name=rise]", "red")
	p.want("red rises", `document.documentElement.dataset.rise`, "red")
	p.want("address", "location.search", "?lang=en-GB&panel=settings")
	p.enter("input[name=tz]", "Mars/Base")
	p.want("no such zone", `document.querySelector('.problem').checkVisibility()`, "true")
	p.loads(func() { p.enter("input[name=tz]", "Asia/Tokyo") })
	p.wait(ready)
	p.loads(func() { p.enter("select[name=lang]", "de") })
	p.wait(`document.documentElement.lang === 'de' && ` + ready)
	for what, tt := range map[string][2]string{
		"title":   {`document.querySelector('.news h2').textContent`, "Nachrichten"},
		"zone":    {`document.querySelector('.clock .meta').textContent.endsWith('Asia/Tokyo')`, "true"},
		"number":  {`document.querySelector('.stock tbody .value').textContent`, "123,40"},
		"address": {"location.search", "?panel=settings"},
		"theme":   {`document.documentElement.dataset.theme`, "black"},
	} {
		p.want(what, tt[0], tt[1])
	}
	p.shoot("")
	p.loads(func() { p.click(".preferences > .button") })
	p.wait(`document.documentElement.lang === 'en' && ` + ready)
	p.want("back", `document.documentElement.dataset.theme + location.search`, "auto")
	p.click("#settings")
	p.enter("select[name=announce]", "off")
	p.click("input[name=simulated]")
	p.wait(`document.querySelectorAll('.headline').length === 0`)
	p.want("address", "location.search", "?announce=off&simulated=0&panel=settings")
	p.clean()
}

// A panel is reached, left, and its button found again by keyboard.
func TestPanelsByKeyboard(t *testing.T) {
	p, _ := openBoard(t, "")
	p.do(`document.querySelector('#stream').focus()`)
	p.run(chromedp.KeyEvent("\r"))
	p.wait(`document.activeElement.id === 'panel-title' && document.querySelector('#stream').getAttribute('aria-expanded') === 'true'`)
	p.want("title", `document.activeElement.textContent`, "Raw stream")
	p.click("#settings")
	p.wait(`document.activeElement.textContent === 'Settings' && document.querySelector('#stream').getAttribute('aria-expanded') === 'false'`)
	if _, err := chromedp.Call(p.ctx, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: "keyDown", Key: "Escape", Code: "Escape"}); err != nil {
		t.Fatal(err)
	}
	p.wait(`document.querySelector('#panel').hidden && document.activeElement.id === 'settings'`)
	p.want("address", "location.search", "")
	p.clean()
}

// What a finger or a pointer aims at is large enough.
func TestTargets(t *testing.T) {
	for _, tt := range []struct {
		name  string
		least int
		how   []chromedp.EmulateViewportOption
	}{
		{"pointer", 24, nil},
		{"finger", 44, []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			p.run(chromedp.EmulateViewport(390, 844, tt.how...))
			full(f)
			for _, panel := range []string{"alerts", "stream", "settings"} {
				p.open(f.URL + "/?panel=" + panel)
				p.wait(ready)
				small := eval[[]string](p, fmt.Sprintf(`[...document.querySelectorAll('button, select, .input, .chip, .check, summary, nav a')].filter((e) => e.checkVisibility())
					.map((e) => [e, e.getBoundingClientRect()]).filter(([e, b]) => b.height < %d || b.width < 24).map(([e, b]) => (e.id || e.className || e.tagName) + ' ' + e.textContent.slice(0, 20) + ' ' + b.width + 'x' + b.height)`, tt.least))
				for _, text := range small {
					t.Errorf("%s: too small: %s", panel, text)
				}
			}
			p.clean()
		})
	}
}

// What of the address is not understood is said, can be put away, and changes nothing.
func TestAddressMistakes(t *testing.T) {
	p, _ := openBoard(t, "?units=furlong&nope=1&q=divers")
	p.wait(live + ` && ` + titles + `.length === 1`)
	p.want("notice", `document.querySelector('#noticetext').textContent`, "“furlong” is no value for “units”. This page knows no parameter “nope”.")
	p.click("#noticeclose")
	p.want("gone", `document.querySelector('#notice').checkVisibility() + location.search`, "false?q=divers")
	p.open(eval[string](p, "location.origin") + "/?type=news,sport")
	p.wait(live + ` && document.querySelector('#notice').checkVisibility()`)
	p.click("#noticeclose")
	p.want("forgotten", `document.querySelector('#notice').checkVisibility() + location.search`, "false?type=news")
	p.clean()
}

func TestPricesFlashAtMostThrice(t *testing.T) {
	p, f := openBoard(t, "?type=stock")
	p.wait(`document.querySelectorAll('.stock tbody tr').length === 10`)
	p.do(`globalThis.flashes = []; document.addEventListener('animationstart', (e) => { if (/^(rose|fell)/.test(e.animationName)) flashes.push(performance.now()); }, true)`)
	for n := 0; n < 60 || (n < 5000 && eval[int](p, `flashes.length`) < 4); n++ { // four take more than a second
		for i := range 8 {
			symbol := string(rune('B'+i)) + "X" + []string{"r", "b", "l", "b", "t", "a", "r", "l"}[i]
			f.item("stock", symbol, map[string]any{"symbol": symbol, "price": fmt.Sprintf("%d.00", 500+n*(1-2*(n%2))), "increase": 1})
		}
		p.wait(fmt.Sprintf(`document.querySelector('.stock tbody tr:nth-child(9) .value').textContent === '%d.00'`, 500+n*(1-2*(n%2))))
	}
	p.wait(`flashes.length >= 4`)
	if most := eval[int](p, `Math.max(...flashes.map((at) => flashes.filter((other) => other >= at && other < at + 950).length))`); most > 3 {
		t.Errorf("%d flashes in a second", most)
	}
	p.want("told without colour", `['▲', '▼'].includes(document.querySelector('.stock tbody tr:nth-child(2) .move').textContent)`, "true")
	p.clean()
}

// The small lines begin with the server's history and go on live.
func TestTrends(t *testing.T) {
	p, f := newTab(t), newFake(t)
	for i := range 40 {
		f.item("stock", "ACME", map[string]any{
			"symbol": "ACME", "price": fmt.Sprintf("%d.00", 100+i%7), "increase": 1, "time": soon((i - 45) * 30_000),
		})
	}
	p.open(f.URL + "/?type=stock")
	const points = `(document.querySelector('.spark path').getAttribute('d') ?? '').split('L').length`
	p.wait(live + ` && document.querySelector('.spark') && ` + points + ` >= 38`)
	p.want("shown", `document.querySelector('.spark').checkVisibility({ visibilityProperty: true })`, "true")
	before := eval[int](p, points)
	f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "107.00", "increase": 1, "time": soon(0)})
	f.item("stock", "NEW", map[string]any{"symbol": "NEW", "price": "1.00", "increase": 1, "time": soon(0)})
	p.wait(points + fmt.Sprintf(` === %d && document.querySelectorAll('.spark').length === 2`, before+1))
	p.want("none of one value", `document.querySelectorAll('.spark')[1].checkVisibility({ visibilityProperty: true })`, "false")
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.histories != 1 {
		t.Errorf("%d requests of history, want 1", f.histories)
	}
	p.clean()
}

// A feed that went silent: its values show their age, and then that they are stale.
func TestFeedGoneSilent(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.item("weather", "Oslo", map[string]any{"location": "Oslo", "temperature": 1, "time": soon(-110 * 60_000)})
	f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "1.00", "increase": 1, "time": soon(-298_000)})
	p.open(f.URL)
	p.wait(live + ` && document.querySelector('.city') && document.querySelector('.stock .newest').textContent`)
	p.want("age", `document.querySelector('.city time').textContent`, "1 hr ago")
	p.want("not yet", `document.querySelector('.stock').classList.contains('stale')`, "false")
	p.wait(`document.querySelector('.stock').classList.contains('stale')`)
	at := time.Now().Add(-300 * time.Second).UTC()
	got := eval[string](p, `document.querySelector('.stock .newest').textContent`)
	if !strings.HasPrefix(got, "as of "+at.Format("15:")) {
		t.Errorf("the card says %q", got)
	}
	p.want("badge", `document.querySelector('.stock > header .trouble').textContent`, "stale")
	p.wait(`document.querySelector('.stock tbody tr').classList.contains('stale')`)
	for _, text := range eval[[]string](p, contrasts) {
		t.Errorf("poor contrast: %s", text)
	}
	p.axe(t)
	p.clean()
}

// Topics of one's own: lines, keys, one value, a text, a number.
func TestAnyTopic(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.topics = append(f.topics,
		topic{Name: "berths", Mode: "latest", Key: "berth", Public: true}, topic{Name: "pump", Mode: "latest", Public: true},
		topic{Name: "level", Mode: "latest", Public: true}, topic{Name: "motto", Mode: "latest", Public: true})
	f.item("berths", "south", map[string]any{"berth": "south", "ship": "Borealis"})
	f.put("pump", "", `{"rpm":1480.5,"oil":"low","open":true,"valves":[1,2]}`)
	f.put("level", "", `12.25`)
	f.put("motto", "", `Slow <b>but</b> steady`)
	p.open(f.URL + "/?type=berths,pump,level,motto")
	p.wait(live + ` && document.querySelector('[data-topic=motto] .said')?.textContent`)
	p.want("keys", `document.querySelector('[data-topic=berths] .entry').innerText.replace(/\s+/g, ' ').trim()`, "south ship Borealis")
	p.want("object", `document.querySelector('[data-topic=pump] .fields').innerText.replace(/\s+/g, ' ')`, "rpm 1,480.5 oil low open true valves [1,2]")
	p.want("number", `document.querySelector('[data-topic=level] .figure').textContent`, "12.25")
	p.want("text", `document.querySelector('[data-topic=motto] .said').textContent`, "Slow <b>but</b> steady")
	p.shoot("")
	p.clean()
}

// A newer version of the page is told, not forced.
func TestNewerVersionIsTold(t *testing.T) {
	p, f := openBoard(t, "")
	p.wait(ready)
	for range 3 {
		f.change(func() { f.build = "v9" })
		f.cutAll()
		p.wait(`document.documentElement.dataset.link !== 'live' || document.querySelector('#newer').checkVisibility()`)
		p.wait(live)
	}
	p.wait(`document.querySelector('#newer').checkVisibility()`)
	p.want("says", `document.querySelector('#newer p').textContent`, "A newer version of this page is there.")
	p.loads(func() { p.click("#reload") })
	p.wait(ready + ` && !document.querySelector('#newer').checkVisibility()`)
	p.clean()
}

// Who listens hears a summary now and then, and what is severe at once, each once.
func TestAnnouncements(t *testing.T) {
	p, f := openBoard(t, "?announce=summary")
	p.wait(ready)
	p.want("nothing of what was there", `document.querySelector('#said').textContent`, "")
	p.want("no live region among the cards", `document.querySelectorAll('main [aria-live], main [role=status], main [role=log]').length`, "0")
	f.item("news", "a", map[string]any{"id": "a", "title": "Bridge opens"})
	p.wait(`document.querySelector('#said').textContent === '1 new headline: Bridge opens'`)
	f.item("news", "b", map[string]any{"id": "b", "title": "Bridge closes"})
	f.item("tides", "", map[string]any{"text": "Storm surge", "severity": "extreme"})
	p.wait(`document.querySelector('#alarm').textContent === 'extreme: Storm surge'`)
	p.want("not again so soon", `document.querySelector('#said').textContent`, "1 new headline: Bridge opens")
	p.clean()
}

// At 200 % and more nothing is cut off and nothing needs scrolling in two directions.
func TestZoomed(t *testing.T) {
	p, f := newTab(t), newFake(t)
	full(f)
	for _, v := range []view{{960, 540, "light", false}, {720, 450, "dark", false}, {320, 640, "light", false}} {
		p.look(v)
		for _, query := range []string{"", "?lang=de&panel=settings", "?lang=ar", "?lang=en-US&panel=stream"} {
			p.open(f.URL + "/" + query)
			p.wait(ready)
			if w := eval[int](p, "document.scrollingElement.scrollWidth"); w > int(v.width) {
				t.Errorf("%s %s: the page is %d wide", v, query, w)
			}
			outside := eval[[]string](p, `[...document.querySelectorAll('.site *, .bar .hands *, .find *, .card > header *')].filter((e) => e.checkVisibility() && !e.closest('svg, nav, .unseen, .skip, option, #choice'))
				.filter((e) => { const b = e.getBoundingClientRect(); return b.right > innerWidth + 1 || b.left < -1; }).map((e) => e.className || e.tagName)`)
			for _, what := range outside {
				t.Errorf("%s %s: %s sticks out", v, query, what)
			}
		}
	}
	p.clean()
}

// Twenty thousand events later the page is as large as before.
func TestBoardStaysSmall(t *testing.T) {
	p, f := newTab(t), newFake(t)
	full(f)
	p.open(f.URL + "/?panel=stream")
	p.wait(ready)
	rounds := 0
	load := func() (nodes int, heap float64) {
		f.change(func() {
			for i := range 5000 {
				f.log = append(f.log,
					line{topic: "news", key: fmt.Sprint(rounds, "-", i), data: fmt.Sprintf(`{"id":"%d-%d","title":"Headline %d of a long run","source":"Source %d"}`, rounds, i, i, i%90)},
					line{topic: "stock", key: fmt.Sprint("S", i%300), data: fmt.Sprintf(`{"symbol":"S%d","price":"%d.50","increase":%d}`, i%300, i, i%5-2)})
			}
			rounds++
			f.log = append(f.log, line{topic: "random", data: fmt.Sprintf(`{"value":%d}`, 1000+rounds)})
		})
		p.wait(fmt.Sprintf(`document.querySelector('.random .figure').textContent === '1,00%d'`, rounds))
		return eval[int](p, `document.querySelectorAll('*').length`), p.metrics()["JSHeapUsedSize"]
	}
	load()
	nodes, before := load()
	load()
	after, heap := load()
	t.Logf("%d elements, then %d; heap %.1f MiB, then %.1f MiB", nodes, after, before/(1<<20), heap/(1<<20))
	if after > nodes+nodes/50 || heap > before+1<<20 {
		t.Errorf("%d elements became %d, a heap of %.0f bytes %.0f", nodes, after, before, heap)
	}
	p.clean()
}
