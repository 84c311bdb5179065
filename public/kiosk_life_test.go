package public

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// listed are the headlines of a kiosk in mode list, as they stand there.
const listed = `[...document.querySelectorAll('.listed .headline .title')].map((e) => e.textContent)`

// freshness is what a kiosk says of link and data, or empty.
const freshness = `[...document.querySelectorAll('#told > p:not([hidden])')].map((e) => e.textContent).join(' | ')`

func ago(age time.Duration) string { return time.Now().Add(-age).UTC().Format(time.RFC3339) }

// A server that was killed and is started again: nothing lost, nothing twice, nobody needed.
func TestKioskReturns(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.watched()
	p.kiosk(f, "mode=list&type=news,stock&tz=UTC")
	p.wait(listed + `.length === 3 && /^Prices as of \d\d:\d\d, feed stale$/.test(` + freshness + `)`)
	f.item("feeds", "prices", map[string]any{"id": "prices", "state": "running", "topics": []string{"stock"}})
	p.wait(freshness + ` === ''`)
	p.do(`sessionStorage.setItem('tickertape.reloaded', String(Date.now()))`) // or it would load the page anew
	f.change(func() { f.status = 503 })
	f.cutAll()
	p.wait(`/^Reconnecting since \d\d:\d\d/.test(` + freshness + `)`)
	if eval[bool](p, `document.documentElement.classList.contains('old')`) {
		t.Error("what is shown is called old though the link has just been lost")
	}
	p.do(`skew(70000)`)
	p.wait(`document.documentElement.classList.contains('old') && /^(Reconnecting|Offline) since \d\d:\d\d \| Showing data of \d\d:\d\d, 1 min ago$/.test(` + freshness + `)`)
	p.wait(`document.documentElement.dataset.link === 'offline'`)
	p.shoot("offline")
	for _, text := range eval[[]string](p, contrasts) {
		t.Errorf("poor contrast while offline: %s", text)
	}
	p.axe(t)
	if got := eval[int](p, listed+`.length`); got != 3 {
		t.Errorf("%d headlines while offline", got)
	}
	f.item("news", "m", map[string]any{"id": "m", "title": "Missed"})
	f.change(func() { f.status = 200 })
	p.wait(live + ` && ` + listed + `.join() === 'Missed,Headline 2,Headline 1,Headline 0' && ` + freshness + ` === ''`)
	if eval[bool](p, `document.documentElement.classList.contains('old')`) {
		t.Error("what is shown is still called old")
	}
	if got := f.seen(); got[len(got)-1].last == "" {
		t.Errorf("the last request %v does not resume", got[len(got)-1])
	}
	p.clean()
}

// A network that swallows everything and closes nothing.
func TestKioskNoticesADeadNetwork(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.heartbeat = 300 * time.Millisecond
	seed(f)
	cable := newCable(t, f.URL)
	p.open(cable.URL + "/kiosk?mode=list&type=news")
	p.wait(live + ` && ` + listed + `.length === 3`)
	cable.sever()
	p.wait(`/^(Nothing heard|Reconnecting|Offline) since \d\d:\d\d/.test(` + freshness + `)`)
	f.item("news", "later", map[string]any{"id": "later", "title": "Later"})
	cable.restore()
	p.wait(live + ` && ` + listed + `.join() === 'Later,Headline 2,Headline 1,Headline 0' && ` + freshness + ` === ''`)
	p.clean()
}

// A feed that is silent while the link is fine: its age, then stale, then nothing.
func TestKioskFeedGoesSilent(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "1.00", "increase": 1, "time": stamp()})
	f.item("news", "a", map[string]any{"id": "a", "title": "Headline", "source": "Pier Log", "time": stamp()})
	p.watched()
	p.kiosk(f, "layout=wall&type=news,stock&tz=UTC")
	const quote = `document.querySelector('.quote')`
	p.wait(quote + ` && ` + freshness + ` === '' && document.querySelector('.story time').textContent === 'now'`)
	printed := eval[string](p, `document.querySelector('#time').textContent`)
	p.do(`skew(120000)`)
	p.wait(`document.querySelector('.story time').textContent === '2 min ago' && ` + freshness + ` === ''`)
	p.do(`skew(181000)`)
	p.wait(quote + `.matches('.stale') && /as of \d\d:\d\d$/.test(` + quote + `.innerText.split('\n').find((line) => line.includes('as of'))) && ` + freshness + `.startsWith('Prices as of ')`)
	if got := eval[string](p, freshness); got != "Prices as of "+printed && !strings.HasPrefix(got, "Prices as of ") {
		t.Errorf("told %q", got)
	}
	f.item("feeds", "prices", map[string]any{"id": "prices", "state": "down", "topics": []string{"stock"}})
	p.wait(`/^Prices as of \d\d:\d\d, feed down$/.test(` + freshness + `)`)
	p.shoot("stale")
	for _, text := range eval[[]string](p, contrasts) {
		t.Errorf("poor contrast while stale: %s", text)
	}
	p.do(`skew(601000)`)
	p.wait(`!` + quote + ` && document.querySelector('[data-topic=stock] .none').textContent === 'No current data'`)
	f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "2.00", "increase": 1, "time": soon(903_000)})
	p.wait(quote + ` && !` + quote + `.matches('.stale')`)
	p.clean()
}

// Before the first byte, and while the server is away: what was there last, dimmed, with its age.
func TestKioskIsNeverBlank(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.timing = strings.Replace(quick, "{", `{"save":50,`, 1)
	seed(f)
	const kept = `Object.keys(localStorage).filter((key) => key.startsWith('tickertape.kiosk.snapshot'))`
	for _, types := range []string{"clock", "random", "system", "tides", "news,weather,stock"} {
		p.kiosk(f, "type="+types)
		p.wait(kept + `.some((key) => key.endsWith('` + types[:4] + `') || key.includes('` + types[:4] + `'))`)
	}
	if got := eval[[]string](p, kept); len(got) != 4 {
		t.Errorf("%d snapshots are kept, want the last 4 sets: %q", len(got), got)
	}
	p.watched()
	f.change(func() { f.status = 503 })
	f.cutAll()
	p.do(`localStorage.setItem('tickertape.kiosk.snapshot feeds,tides', '{"version":1,"at":"x","topics":5}')`)
	p.open(f.URL + "/kiosk?type=news,weather,stock")
	p.wait(story + ` === 'Headline 2' && document.querySelector('.city') && !document.querySelector('#tape').hidden && document.documentElement.classList.contains('old')`)
	p.wait(`/ \| Showing data of \d\d:\d\d, (now|\d+ sec ago)$/.test(' | ' + ` + freshness + `)`)
	p.do(`skew(180000)`)
	p.wait(`/Showing data of \d\d:\d\d, 3 min ago$/.test(` + freshness + `)`)
	p.shoot("")
	for _, text := range eval[[]string](p, contrasts) {
		t.Errorf("poor contrast: %s", text)
	}
	p.open(f.URL + "/kiosk?type=tides") // what was kept is damaged
	p.wait(`document.querySelector('.none').textContent === 'Waiting for Tides …' && document.querySelector('#time').textContent !== ''`)
	f.change(func() { f.status = 200 })
	p.open(f.URL + "/kiosk?type=news,weather,stock")
	p.wait(live + ` && ` + freshness + `.startsWith('Prices') && !document.documentElement.classList.contains('old')`)
	p.clean()
}

// A page that was hidden goes on with the newest, at once.
func TestKioskHiddenForMinutes(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.watched()
	p.kiosk(f, "type=news,stock&dwell=600")
	p.wait(story + ` === 'Headline 2'`)
	p.do(`hide(true); globalThis.turns = []; new MutationObserver(() => turns.push(` + story + `)).observe(document.querySelector('.story .title'), { childList: true, characterData: true, subtree: true })`)
	for i := range 400 {
		f.item("news", fmt.Sprint("w", i), map[string]any{"id": fmt.Sprint("w", i), "title": fmt.Sprint("While away ", i)})
	}
	f.item("feeds", "last", map[string]any{"id": "last", "state": "running"})
	p.do(`skew(600000); globalThis.t0 = performance.now()`)
	p.wait(`performance.now() - t0 > 700`)
	p.do(`hide(false)`)
	p.wait(story + ` === 'While away 399'`)
	p.do(`globalThis.t0 = performance.now()`)
	p.wait(`performance.now() - t0 > 500`)
	if got := eval[[]string](p, "turns"); len(got) > 2 {
		t.Errorf("a burst of %d turns: %q", len(got), got)
	}
	p.clean()
}

func TestKioskHostileText(t *testing.T) {
	bad := []string{
		`<script>document.title='owned'</script>`, `<img src=x onerror="document.title='owned'">`,
		strings.Repeat("long", 2500), strings.Repeat("W\u0336\u0337\u0338", 3000), strings.Repeat("Many words ", 900), "before \u202e after \u2066 more",
		`"><svg onload=alert(1)>`, "line\r\nbreak\u2028and\u2029more", "\ufeff\u200b", strings.Repeat("😀", 300), "__proto__",
	}
	p, f := newTab(t), newFake(t)
	f.timing = strings.Replace(quick, "{", `{"hold":150,"rest":0,`, 1)
	for i, text := range bad {
		f.item("news", fmt.Sprint(i), map[string]any{"id": fmt.Sprint(i), "title": text, "summary": text, "source": text, "lang": text, "url": "javascript:document.title='owned'", "time": text})
		f.item("weather", text, map[string]any{"location": text, "condition": text, "symbol": text, "temperature": text, "wind": text, "rain": text})
		f.item("stock", text, map[string]any{"symbol": text, "company": text, "price": text, "increase": text, "currency": text})
		f.item("tides", "", map[string]any{"text": text, "source": text})
		f.item("feeds", text, map[string]any{"id": text, "state": text, "topics": []any{text, nil, "news"}, "hint": text})
	}
	for _, shape := range []string{`null`, `[]`, `{}`, `5`, `"text"`, `{"title":{"a":1},"summary":[],"url":["x"],"time":5,"expires":{},"source":null,"lang":7,"severity":{},"breaking":"x"}`, `{"__proto__":{"x":1}}`, "not JSON\nat all"} {
		for _, topic := range catalogue() {
			f.put(topic.Name, "", shape)
		}
	}
	for _, v := range []view{{1920, 1080, "dark", false}, {390, 844, "light", false}} {
		p.look(v)
		for _, query := range []string{"layout=split", "layout=wall&mode=list", "layout=wall&mode=scroll", "layout=lower-third", "layout=ticker"} {
			p.kiosk(f, query+"&debug=1&type=news,weather,stock,tides,random,system,feeds")
			p.wait(filled)
			for i := range bad {
				id := fmt.Sprint("b", v, query, i)
				f.item("news", id, map[string]any{"id": id, "title": bad[i], "summary": bad[i], "breaking": i%2 == 0, "severity": []string{"", "extreme"}[i%2]})
				p.do(`dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }))`)
			}
			p.wait(`document.querySelector('#takeover:not([hidden])')`)
			for _, bad := range p.sticks() {
				if strings.HasSuffix(bad, "is cut") {
					continue
				}
				t.Errorf("%v %s: %s", v, query, bad)
			}
			if n := eval[int](p, `document.querySelectorAll('body script, img, iframe, body svg:not(.icon), [onload], [onerror], #stage a').length`); n != 0 {
				t.Errorf("%s: %d elements came from text", query, n)
			}
			if n := eval[int](p, `Math.max(...[...document.querySelectorAll('.title, .more')].map((e) => e.textContent.length))`); n > 401 {
				t.Errorf("%s: a text of %d characters", query, n)
			}
			if got := eval[string](p, "document.title"); !strings.HasSuffix(got, "tickertape") {
				t.Errorf("the title is %q", got)
			}
		}
	}
	p.shoot("")
	p.clean()
}

// What takes over does so once, for a bounded time, and leaves room for the rest.
func TestKioskTakeover(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.timing = strings.Replace(quick, "{", `{"hold":400,"rest":1500,`, 1)
	seed(f)
	f.item("news", "old", map[string]any{"id": "old", "title": "Yesterday's alarm", "breaking": true, "time": ago(24 * time.Hour)})
	f.item("news", "force", map[string]any{"id": "force", "title": "Gale warning", "severity": "severe", "summary": "Stay away from the quay.", "source": "Met office", "time": ago(time.Hour), "expires": soon(3_600_000)})
	p.kiosk(f, "type=news,stock")
	const over = `document.querySelector('#takeover:not([hidden])')`
	p.wait(over + `?.querySelector('.title').textContent === 'Gale warning' && ` + over + `.querySelector('.kicker').textContent === 'Warning: severe'`)
	p.do(`globalThis.taken = []; new MutationObserver(() => {
		const words = ` + over + `?.querySelector('.title').textContent ?? '';
		if (taken.at(-1) !== words) taken.push(words);
	}).observe(document.querySelector('#takeover'), { attributes: true, childList: true, subtree: true, characterData: true })`)
	p.wait(`!` + over)
	f.item("news", "b", map[string]any{"id": "b", "title": "Bridge closed", "breaking": true, "source": "Pier Log", "time": stamp()})
	p.wait(over + `?.querySelector('.title').textContent === 'Bridge closed' && document.querySelector('#alarm').textContent === 'Breaking news: Bridge closed'`)
	for _, bad := range p.sticks() {
		t.Error(bad)
	}
	f.item("news", "b", map[string]any{"id": "b", "title": "Bridge closed", "breaking": true, "source": "Pier Log", "time": stamp()})
	p.wait(`!` + over)
	for i := range 40 {
		f.item("news", fmt.Sprint("x", i), map[string]any{"id": fmt.Sprint("x", i), "title": fmt.Sprint("Alarm ", i), "breaking": true})
	}
	p.wait(over)
	p.wait(`!` + over)
	p.do(`globalThis.t0 = performance.now()`)
	p.wait(`performance.now() - t0 > 1000`) // the third in a row: a rest
	if got := eval[string](p, `taken.filter(Boolean).join()`); strings.Count(got, "Alarm") != 1 || strings.Count(got, "Bridge closed") != 1 {
		t.Errorf("taken over by %q, want the bridge once, one alarm, and a rest", got)
	}
	p.wait(over)
	f.retract("news", "x39")
	f.retract("news", "x38")
	f.retract("news", "x37")
	p.wait(`!` + over)
	p.kiosk(f, "type=news,stock")
	p.wait(story)
	p.do(`globalThis.t0 = performance.now()`)
	p.wait(`performance.now() - t0 > 500`)
	if eval[bool](p, `Boolean(`+over+`) && `+over+`.querySelector('.title').textContent.includes('Gale')`) {
		t.Error("after a reload the same alert took over again")
	}
	p.clean()
}

// The chat is open to everybody in demo mode, and not on the display unless it is asked for.
func TestKioskTakeoverOfShownTopicsOnly(t *testing.T) {
	for query, want := range map[string]string{"": "Bridge closed", "type=chat,news": "Look at me"} {
		p, f := newTab(t), newFake(t)
		f.timing = strings.Replace(quick, "{", `{"hold":60000,`, 1)
		seed(f)
		newChat(f)
		p.kiosk(f, query)
		p.wait(story)
		f.item("chat", "", map[string]any{"text": "Look at me", "breaking": true})
		f.item("news", "b", map[string]any{"id": "b", "title": "Bridge closed", "breaking": true, "time": stamp()})
		p.wait(`!document.querySelector('#takeover').hidden`)
		p.want("takes over", `document.querySelector('#takeover .title').textContent`, want)
		p.clean()
	}
}

func TestKioskTakeoverPictures(t *testing.T) {
	p, f := newTab(t), newFake(t)
	lobby(f)
	for _, v := range []view{{1920, 1080, "dark", false}, {1920, 1080, "light", true}, {390, 844, "light", false}} {
		p.look(v)
		for _, layout := range layouts {
			p.kiosk(f, "type=news,weather,stock&layout="+layout)
			p.wait(filled)
			id := v.String() + layout
			f.item("news", id, map[string]any{
				"id": id, "title": "Storm surge expected at noon: the quay is closed until the evening", "severity": "extreme", "source": "Coast guard",
				"summary": "Move vehicles from the lower car parks now. Trains run as planned; ferries do not.", "time": stamp(),
			})
			p.wait(`document.querySelector('#takeover:not([hidden]) .title')?.textContent.startsWith('Storm')`)
			p.shoot(v.String() + layout)
			for _, bad := range p.sticks() {
				t.Errorf("%v %s: %s", v, layout, bad)
			}
			for _, text := range eval[[]string](p, contrasts) {
				t.Errorf("%v %s: poor contrast: %s", v, layout, text)
			}
			p.axe(t)
		}
	}
	p.clean()
}

// A display runs for months: what it holds after a hundred thousand events is what it
// held after the first thousands.
func TestKioskSoak(t *testing.T) {
	const warm, all = 20_000, 100_000
	p, f := newTab(t), newFake(t)
	p.kiosk(f, "type=news,weather,stock,tides,random&dwell=2&max=20")
	n := 0
	pour := func(upTo int) {
		for n < upTo {
			f.change(func() {
				for range 1000 {
					n++
					f.log = append(f.log, droplet(n))
				}
			})
		}
		p.await(n)
	}
	p.do(`dispatchEvent(new KeyboardEvent('keydown', { key: 'd' }))`)
	pour(warm)
	before := p.metrics()
	began := time.Now()
	pour(all)
	after := p.metrics()
	t.Logf("%d events in %v", all-warm, time.Since(began).Round(time.Millisecond))
	// How many elements stand there depends on which panel has its turn.
	for name, room := range map[string]float64{"JSHeapUsedSize": 1 << 20, "Nodes": 600, "JSEventListeners": 5} {
		t.Logf("%s: %.0f, then %.0f", name, before[name], after[name])
		if after[name] > before[name]+room {
			t.Errorf("%s grew from %.0f to %.0f", name, before[name], after[name])
		}
	}
	p.clean()
}

// await blocks until the page has been told of n events.
func (p *tab) await(n int) {
	p.t.Helper()
	const count = `Number(document.querySelectorAll('#diagnostics dd')[4].textContent.replaceAll(',', ''))`
	for deadline := time.Now().Add(time.Minute); eval[int](p, count) < n; {
		if time.Now().After(deadline) {
			p.t.Fatalf("the page has heard of %d events in a minute, not of %d", eval[int](p, count), n)
		}
		p.do(`globalThis.t0 = performance.now()`)
		p.wait(`performance.now() - t0 > 100`)
	}
}

func droplet(n int) line {
	at := time.Now().UTC().Format(time.RFC3339)
	switch n % 4 {
	case 0:
		return line{topic: "news", key: fmt.Sprint("d", n), data: fmt.Sprintf(`{"id":"d%d","title":"Headline number %d of a long day","summary":"With a few more words.","source":"Pier Log","time":%q}`, n, n, at)}
	case 1:
		return line{topic: "weather", key: fmt.Sprint("City ", n%37), data: fmt.Sprintf(`{"location":"City %d","temperature":%d.5,"wind":3,"rain":0.2,"condition":"rain","time":%q}`, n%37, n%30, at)}
	case 2:
		return line{topic: "tides", data: fmt.Sprintf(`{"text":"Tide %d","time":%q}`, n, at)}
	}
	return line{topic: "stock", key: fmt.Sprint("S", n%97), data: fmt.Sprintf(`{"symbol":"S%d","company":"Company","price":"%d.25","increase":%d,"currency":"EUR","time":%q}`, n%97, n%1000, n%9-4, at)}
}
