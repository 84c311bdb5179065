package public

import (
	"fmt"
	"strings"
	"testing"
)

func TestHostileText(t *testing.T) {
	p, f := newTab(t), newFake(t)
	look(p, 390, 844, "light")
	f.item("news", "seed", map[string]any{"id": "seed", "title": "Seed"})
	p.open(f.URL)
	p.do(`localStorage.setItem('tickertape.alerts', '[{"words":"<"},{"topic":"stock"},{"topic":5},null]')`)
	p.open(f.URL + "/?panel=stream&q=%3Cscript%3E&source=%22%3E%3Csvg")
	p.wait(live)
	p.enter("#search", "")
	p.enter(".sources", "")
	bad := []string{
		`<script>document.title='owned'</script>`,
		`<img src=x onerror="document.title='owned'">`,
		strings.Repeat("long", 2500),
		strings.Repeat("W\u0336\u0337\u0338", 3000),
		"before \u202e after \u2066 more",
		`"><svg onload=alert(1)>`,
		"line\r\nbreak\u2028and\u2029more",
		"\ufeff\u200b",
		strings.Repeat("😀", 300),
	}
	for i, text := range bad {
		item := map[string]any{"id": fmt.Sprint(i), "title": text, "source": text, "lang": text, "url": "javascript:document.title='owned'", "time": text}
		f.item("news", fmt.Sprint(i), item)
		f.item("tides", "", map[string]any{"text": text, "time": "9999999-99"})
		f.item("weather", text, map[string]any{"location": text, "condition": text, "symbol": text, "temperature": text, "wind": text, "rain": text})
		f.item("stock", text, map[string]any{"symbol": text, "company": text, "price": text, "increase": text, "currency": text})
		f.item("random", "", map[string]any{"value": text})
		f.item("clock", "", map[string]any{"time": text})
		f.item("system", "", map[string]any{"load": text, "memory": text, "cpus": text, "interfaces": []any{text, nil, 5}, "uptime": text})
		f.item("feeds", text, map[string]any{"id": text, "state": text, "topics": []any{text, nil}, "hint": text})
	}
	for _, shape := range []string{`null`, `[]`, `[[]]`, `{}`, `5`, `"text"`, `{"title":{"a":1},"url":["x"],"time":5,"expires":{},"source":null,"lang":7}`,
		`{"__proto__":{"x":1},"constructor":1}`, "not JSON\nat all"} {
		for _, topic := range catalogue() {
			f.put(topic.Name, "", shape)
		}
	}
	f.item("news", "end", map[string]any{"id": "end", "title": "The end"})
	p.wait(titles + `[0] === 'The end'`)

	if got := eval[string](p, "document.title"); got != "tickertape" {
		t.Errorf("the title is %q", got)
	}
	if n := eval[int](p, `document.querySelectorAll('main script, main img, main svg:not(.icon, .spark), main iframe').length`); n != 0 {
		t.Errorf("%d elements came from text", n)
	}
	if n := eval[int](p, `document.querySelectorAll('aside script, aside img, aside a, aside b, aside svg:not(.icon)').length`); n != 0 {
		t.Errorf("%d elements of the panels came from text", n)
	}
	if n := eval[int](p, `document.querySelectorAll('.hit').length`); n == 0 || n > 20 {
		t.Errorf("%d matches are listed", n)
	}
	if n := eval[int](p, `document.querySelectorAll('.headline a[href]').length`); n != 0 {
		t.Errorf("%d hostile links", n)
	}
	if n := eval[int](p, `Math.max(...`+titles+`.map((text) => text.length))`); n > 401 {
		t.Errorf("a text of %d characters", n)
	}
	if w := eval[int](p, "document.scrollingElement.scrollWidth"); w > 390 {
		t.Errorf("the page is %d wide", w)
	}
	if h := eval[float64](p, `Math.max(...[...document.querySelectorAll('.headline')].map((e) => e.offsetHeight))`); h > 110 {
		t.Errorf("a headline %v high", h)
	}
	if got := eval[string](p, `document.querySelectorAll('.headline .source')[0].textContent`); strings.Contains(got, "\u202e") {
		t.Errorf("the source of the last headline is %q", got)
	}
	p.clean()
}

// The watch over the console works: otherwise clean would prove nothing.
func TestViolationsAreNoticed(t *testing.T) {
	p, f := newTab(t), newFake(t)
	p.open(f.URL)
	p.wait(live)
	eval[bool](p, `(() => {
		const script = document.createElement('script');
		script.textContent = 'document.title = "inline"';
		document.head.append(script);
		return true;
	})()`)
	p.wait(`document.title === 'tickertape'`)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !strings.Contains(strings.Join(p.problems, "\n"), "Content Security Policy") {
		t.Errorf("an inline script was not noticed; noticed: %q", p.problems)
	}
}

// Whatever a page finds where it keeps things: it starts.
func TestStorageThatIsCorrupt(t *testing.T) {
	f := newFake(t)
	seed(f)
	newChat(f)
	for _, kept := range []string{`{`, `[5,{"name":5},{}]`, `{"version":1,"at":1e300,"topics":{}}`} {
		p := newTab(t)
		p.open(f.URL + "/testdata/unit.html")
		p.wait("globalThis.results")
		p.do(fmt.Sprintf(`for (const key of ['preferences', 'catalogue', 'snapshot', 'alerts', 'kiosk.told', 'kiosk.sets', 'kiosk.snapshot *', 'chat.name']) {
			localStorage.setItem('tickertape.' + key, %q);
		}`, kept))
		for _, path := range []string{"/", "/kiosk", "/chat", "/monitor"} {
			p.open(f.URL + path)
			p.wait(live)
		}
		p.clean()
	}
}

// Of more topics than can be offered the usual ones are, and what was asked for.
func TestMoreTopicsThanFit(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	for i := range 300 {
		name := fmt.Sprintf("a%03d", i)
		f.topics = append([]topic{{Name: name, Mode: "every", Public: true}}, f.topics...)
		f.put(name, "", `{"title":"One of many"}`)
	}
	p.open(f.URL)
	p.wait(live)
	p.want("weather", `document.querySelector('[data-topic=weather] h3')?.textContent`, "Oslo")
	p.open(f.URL + "/?type=a299")
	p.wait(live)
	p.want("asked for", `document.querySelector('[data-topic=a299] .entry p')?.textContent`, "One of many")
	p.tape(f, `type="*" mode="list"`, "")
	p.wait(`[...document.querySelector('ticker-tape').shadowRoot.querySelectorAll('.title')].some((e) => e.textContent === 'Oslo')`)
	p.clean()
}
