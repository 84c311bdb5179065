package public

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// What is seen at a glance must be so: ages, badges, units, whose data it is.

// speak makes the page's reader one of a language.
func speak(p *tab, lang string) {
	p.t.Helper()
	agent := eval[string](p, "navigator.userAgent")
	if _, err := chromedp.Call(p.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: lang}); err != nil {
		p.t.Fatal(err)
	}
}

// Only what arrives while the page looks counts from its arrival.
func TestNoAgeIsInvented(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.item("news", "a", map[string]any{"id": "a", "title": "No time", "source": "Pier Log", "time": nil})
	f.item("news", "b", map[string]any{"id": "b", "title": "Seen", "time": nil, "seen": soon(-5 * 60_000)})
	f.item("stock", "ACME", map[string]any{"symbol": "ACME", "price": "1.00", "increase": 0})
	f.put("clock", "", `{}`)
	f.put("tides", "", `{"text":"High water"}`)
	const ages = `[...document.querySelectorAll('.headline time')].map((e) => e.hidden ? '' : e.textContent).join()`
	for _, visit := range []string{"first", "reload"} {
		p.open(f.URL)
		p.wait(live + ` && document.querySelectorAll('.headline').length >= 2 && document.querySelector('.entry')`)
		for _, tt := range []struct{ what, expression, want string }{
			{"headlines", ages, "seen 5 min ago,"},
			{"card of headlines", `document.querySelector('.news .newest').textContent`, "seen 5 min ago"},
			{"card of prices", `document.querySelector('.stock .newest').textContent`, ""},
			{"clock", `document.querySelector('.clock .figure').textContent`, "–"},
			{"any other topic", `document.querySelector('.entry time').textContent`, ""},
		} {
			if got := eval[string](p, tt.expression); got != tt.want {
				t.Errorf("%s, %s: %q, want %q", visit, tt.what, got, tt.want)
			}
		}
		p.wait(`(localStorage.getItem('tickertape.snapshot') ?? '').includes('No time')`)
	}
	f.item("news", "c", map[string]any{"id": "c", "title": "Live", "time": nil})
	p.wait(titles + `[0] === 'Live'`)
	if got := eval[string](p, ages); got != "now,seen 5 min ago," {
		t.Errorf("ages after one came live: %q", got)
	}
	p.clean()
}

// A topic on which nobody prints is offered, not shown.
func TestBareTopicsAreOff(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	none, some := 0, 1
	f.topics = append(f.topics,
		topic{Name: "chat", Mode: "every", Public: true, Values: &none, Feeds: []string{}},
		topic{Name: "berths", Mode: "latest", Key: "berth", Public: true, Values: &some, Feeds: []string{}},
		topic{Name: "buoys", Mode: "latest", Public: true, Values: &none, Feeds: []string{"buoys"}},
	)
	const shown = `[...document.querySelectorAll('.card')].map((e) => e.dataset.topic).join()`
	pressed := func(name string) bool {
		return eval[bool](p, fmt.Sprintf(`document.querySelector('input[value=%s]').checked`, name))
	}
	const standard = "news,stock,weather,clock,system,random,berths,buoys,tides"
	for _, visit := range []string{"first", "with a stored catalogue"} {
		p.open(f.URL)
		p.wait(live + ` && document.querySelectorAll('.headline').length === 3`)
		if got := eval[string](p, shown); got != standard || pressed("chat") || !pressed("berths") {
			t.Errorf("%s: cards %s, want %s", visit, got, standard)
		}
	}
	p.run(clickBox("chat"))
	p.wait(live + ` && document.querySelector('[data-topic=chat]')`)
	if got := eval[string](p, "location.search"); !strings.Contains(got, "chat") {
		t.Errorf("the address %q does not keep the choice", got)
	}
	f.put("chat", "", `{"text":"Hello"}`)
	p.wait(`document.querySelector('[data-topic=chat] .entry p')?.textContent === 'Hello'`)
	p.run(clickBox("chat"))
	p.wait(live + ` && !document.querySelector('[data-topic=chat]')`)
	if got := eval[string](p, "location.search"); got != "" {
		t.Errorf("the address says %q for the standard choice", got)
	}
	p.open(f.URL + "/?type=chat")
	p.wait(live + ` && ` + shown + ` === 'chat'`)
	p.clean()
}

// hiddenHeads lists what of the cards' headers cannot be read.
const hiddenHeads = `[...document.querySelectorAll('.card')].flatMap((card) => {
	const bad = [];
	const frame = card.getBoundingClientRect();
	const body = card.querySelector('.body').getBoundingClientRect();
	const parts = [card.querySelector('h2'), ...card.querySelectorAll(':scope > header .badge'), card.querySelector('.newest')];
	const boxes = parts.map((part) => part.getBoundingClientRect());
	parts.forEach((part, i) => {
		const b = boxes[i];
		const say = (what) => bad.push(card.dataset.topic + ': "' + part.textContent + '" ' + what);
		if (!part.textContent || !part.checkVisibility()) say('is hidden');
		else if (b.left < frame.left || b.right > frame.right || b.bottom > body.top + 1) say('sticks out');
		else if (part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).display !== 'inline') say('is cut');
		boxes.slice(0, i).forEach((a) => { if (a.right > b.left + 1 && b.right > a.left + 1 && a.bottom > b.top + 1 && b.bottom > a.top + 1) say('covers another'); });
	});
	for (const inner of card.querySelectorAll('.figure, .machine')) {
		if (inner.getBoundingClientRect().bottom > frame.bottom) bad.push(card.dataset.topic + ': what it shows sticks out');
	}
	return bad;
})`

func TestBadgesNeverVanish(t *testing.T) {
	for _, size := range []struct{ width, height int64 }{{1920, 1080}, {1600, 900}, {390, 844}} {
		t.Run(fmt.Sprintf("%dx%d", size.width, size.height), func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			speak(p, "en-US")
			look(p, size.width, size.height, "dark")
			full(f)
			f.topics = append(f.topics, topic{Name: "berths", Mode: "latest", Public: true}, topic{Name: "harbour_master", Mode: "latest", Public: true})
			f.put("berths", "", `{"text":"South: Borealis"}`)
			f.put("harbour_master", "", `{"text":"On duty"}`)
			var names []string
			for _, k := range f.topics {
				names = append(names, k.Name)
			}
			for _, e := range f.log {
				if e.topic == "feeds" {
					continue
				}
				text := strings.TrimSuffix(e.data, "}") + fmt.Sprintf(`,"simulated":true,"time":%q}`, time.Now().Add(-3*time.Hour).UTC().Format(time.RFC3339))
				f.put(e.topic, e.key, text)
			}
			for _, id := range []string{"news", "prices"} {
				f.item("feeds", id, map[string]any{"id": id, "state": "stopped", "topics": names})
			}
			p.open(f.URL)
			p.wait(live + ` && document.querySelectorAll('.card').length === 9 && document.querySelector('.random .trouble').textContent === 'feed stopped'`)
			p.shoot("")
			for _, problem := range eval[[]string](p, hiddenHeads) {
				t.Error(problem)
			}
			p.open(f.URL + "/?type=clock,random") // side by side on a narrow screen
			p.wait(live + ` && document.querySelectorAll('.card').length === 2 && document.querySelector('.random .trouble').textContent === 'feed stopped'`)
			p.shoot("two")
			for _, problem := range eval[[]string](p, hiddenHeads) {
				t.Error("two cards:", problem)
			}
			p.clean()
		})
	}
}

// A link that is gone for a moment is no news, one that stays away is told soon.
func TestDimsSoon(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.timing = strings.Replace(quick, `"offline":600`, `"offline":60000,"dim":1000`, 1)
	seed(f)
	p.open(f.URL)
	p.wait(live + ` && document.querySelectorAll('.headline').length === 3`)
	const old = `document.documentElement.classList.contains('old')`
	f.change(func() { f.status = 503 })
	f.cutAll()
	p.wait(`document.documentElement.dataset.link === 'reconnecting'`)
	if eval[bool](p, old) {
		t.Error("dimmed at once")
	}
	p.wait(old)
	if got := eval[string](p, `document.querySelector('#link').textContent + '; ' + document.querySelector('#data').textContent`); !strings.HasPrefix(got, "Reconnecting …; Showing data of ") {
		t.Errorf("the page says %q", got)
	}
	for _, text := range eval[[]string](p, contrasts) {
		t.Errorf("poor contrast: %s", text)
	}
	f.change(func() { f.status = 200 })
	p.wait(live + ` && !` + old)
	p.clean()
}

func TestUnitsOfOneSystem(t *testing.T) {
	for _, tt := range []struct{ lang, want string }{
		{"en-US", "29°F, Wind 7 mph, Rain 0.14 in"},
		{"es-PR", "29 °F, Wind 7 mi/h, Rain 0.14 in"},
		{"en-GB", "−1°C, Wind 7 mph, Rain 3.6 mm"},
		{"de-DE", "−1 °C, Wind 12 km/h, Regen 3,6 mm"},
	} {
		t.Run(tt.lang, func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			speak(p, tt.lang)
			f.item("weather", "Oslo", map[string]any{"location": "Oslo", "temperature": -1.4, "wind": 3.2, "rain": 3.6})
			p.open(f.URL)
			p.wait(`document.querySelector('.city')`)
			got := eval[string](p, `[document.querySelector('.degrees'), ...document.querySelectorAll('.facts span')].map((e) => e.textContent).join(', ')`)
			if got = strings.ReplaceAll(got, "\u00a0", " "); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestKeyIsSaidOnce(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.topics = append(f.topics, topic{Name: "berths", Mode: "latest", Key: "berth", Public: true}, topic{Name: "names", Mode: "latest", Key: "title", Public: true})
	f.item("berths", "south", map[string]any{"berth": "south", "ship": "Borealis"})
	f.item("names", "Ada", map[string]any{"title": "Ada"})
	p.open(f.URL)
	p.wait(`document.querySelectorAll('.entry').length === 2`)
	for topic, want := range map[string]string{"berths": "south|ship Borealis", "names": "Ada|"} {
		got := eval[string](p, fmt.Sprintf(`['.symbol', 'p'].map((s) => document.querySelector('[data-topic=%s] .entry ' + s).textContent).join('|')`, topic))
		if got != want {
			t.Errorf("%s: %q, want %q", topic, got, want)
		}
	}
	p.clean()
}

func TestScrollBarsFit(t *testing.T) {
	for _, scheme := range []string{"light", "dark"} {
		p, f := newTab(t), newFake(t)
		look(p, 1600, 900, scheme)
		p.open(f.URL)
		p.wait(live)
		got := eval[string](p, `(({ scrollbarWidth, scrollbarColor }) => scrollbarWidth + ' ' + scrollbarColor)(getComputedStyle(document.querySelector('.scroll')))`)
		if !strings.HasPrefix(got, "thin rgb(") || !strings.HasSuffix(got, " rgba(0, 0, 0, 0)") {
			t.Errorf("%s: scroll bars are %s", scheme, got)
		}
	}
}
