package public

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// ofKiosk are the parameters that the kiosk reads, as settings.js has them.
func ofKiosk(p *tab) (all []struct {
	Name, Kind string
	Default    any
	Values     []string
}) {
	p.t.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`import('/js/settings.js').then(({ parametersOf }) => JSON.stringify(parametersOf('kiosk')))`, chromedp.EvalAwaitPromise))
	if err == nil {
		err = json.Unmarshal([]byte(text), &all)
	}
	if err != nil || len(all) < 10 {
		p.t.Fatalf("parameters of the kiosk: %v %v", all, err)
	}
	return all
}

func TestKioskParameters(t *testing.T) {
	p, f := newTab(t), newFake(t)
	lobby(f)
	clock := func(from, to time.Duration) string {
		now := time.Now().UTC()
		return now.Add(from).Format("15:04") + "-" + now.Add(to).Format("15:04")
	}
	cases := map[string]struct{ query, effect string }{
		"type":   {"type=stock", `document.querySelector('.quote') && !document.querySelector('[data-topic=news], .city')`},
		"lang":   {"lang=de", `document.documentElement.lang === 'de' && document.querySelector('[data-topic=weather] .kicker').textContent === 'Wetter'`},
		"tz":     {"tz=Asia/Tokyo", `document.querySelector('#day').textContent.endsWith('· Tokyo') && document.querySelector('#time').textContent === new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'Asia/Tokyo' }).format()`},
		"units":  {"units=imperial", `document.querySelector('.city .figure').textContent.endsWith('°F')`},
		"theme":  {"theme=black", `getComputedStyle(document.documentElement).backgroundColor === 'rgb(0, 0, 0)'`},
		"rise":   {"layout=wall&rise=red", `getComputedStyle(document.querySelector('.change.up')).color === 'rgb(176, 36, 27)'`},
		"layout": {"layout=wall", `document.querySelector('#tape').hidden && document.querySelectorAll('.slot').length >= 3`},
		"mode":   {"mode=list", `document.querySelectorAll('.listed .headline').length >= 3`},
		"dwell":  {"dwell=2", `(globalThis.first ??= ` + story + `) && ` + story + ` !== first`},
		"max":    {"max=1", `document.querySelector('.story .title').textContent && document.querySelectorAll('.next li').length === 0`},
		"zoom":   {"zoom=2", `parseFloat(getComputedStyle(document.documentElement).fontSize) > 30`},
		"dim":    {"dim=" + clock(-time.Hour, time.Hour), `document.documentElement.dataset.dim === 'on' && getComputedStyle(document.documentElement).backgroundColor === 'rgb(0, 0, 0)' && document.querySelector('.city')`},
		"shift":  {"shift=1", `(globalThis.place ??= document.querySelector('#stage').style.translate) !== document.querySelector('#stage').style.translate`},
		"bg":     {"bg=transparent&layout=lower-third", `getComputedStyle(document.documentElement).backgroundColor === 'rgba(0, 0, 0, 0)' && getComputedStyle(document.body).backgroundColor === 'rgba(0, 0, 0, 0)' && document.querySelector('#tape').getBoundingClientRect().left >= 0.05 * innerWidth - 13`},
		"kiosk":  {"kiosk=off", `document.documentElement.dataset.idle === 'no' && document.querySelector('#controls a[href="/"]').checkVisibility() && dispatchEvent(new Event('contextmenu', { cancelable: true }))`},
		"screen": {"screen=lobby-1&debug=1", `document.title.startsWith('lobby-1') && document.querySelector('#diagnostics').innerText.includes('lobby-1')`},
		"share":  {"share=off&debug=1", `document.querySelector('#diagnostics').innerText.includes('direct')`},
		"debug":  {"debug=1", `document.querySelector('#diagnostics').checkVisibility()`},
	}
	p.kiosk(f, "")
	all := ofKiosk(p)
	for _, parameter := range all {
		tt, ok := cases[parameter.Name]
		if !ok {
			t.Errorf("the parameter %s is not tested", parameter.Name)
			continue
		}
		p.kiosk(f, "")
		p.wait(`document.querySelector('.story .title').textContent && document.querySelector('.city')`)
		if parameter.Name != "dwell" && parameter.Name != "shift" && eval[bool](p, `(() => { try { return Boolean(`+tt.effect+`); } catch { return false; } })()`) {
			t.Errorf("without %s it is already so: %s", parameter.Name, tt.effect)
		}
		p.kiosk(f, tt.query)
		p.wait(`(() => { try { return Boolean(` + tt.effect + `); } catch { return false; } })()`)
		p.shoot(parameter.Name)
		if parameter.Name == "dim" {
			for _, text := range eval[[]string](p, contrasts) {
				t.Errorf("%s: poor contrast: %s", parameter.Name, text)
			}
		}
	}
	p.kiosk(f, "shift=0")
	p.want("without a shift", `document.querySelector('#stage').style.translate`, "")
	p.clean()
	f.change(func() { f.log = nil; f.epoch = "bbbb" })
	p.kiosk(f, "bg=transparent&layout=lower-third&type=news,stock")
	p.wait(`document.documentElement.dataset.empty === 'yes' && !document.querySelector('#stage').checkVisibility({ visibilityProperty: true })`)
	f.item("news", "a", map[string]any{"id": "a", "title": "Something"})
	p.wait(`document.querySelector('.story .title').checkVisibility({ visibilityProperty: true })`)
	p.clean()
}

// What is wrong with an address is said once, and the rest is shown.
func TestKioskWrongAddress(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.timing = strings.Replace(quick, "{", `{"notice":600,`, 1)
	seed(f)
	p.watched()
	p.open(f.URL + "/kiosk?colour=red&zoom=99&type=news,sport&_x=1")
	p.wait(live + ` && ` + story + ` === 'Headline 2'`)
	p.want("notice", `document.querySelector('#notice').textContent`, "“99” is no value for “zoom”. This page knows no parameter “colour”. There is no topic “sport”.")
	p.wait(`!document.querySelector('#notice').checkVisibility()`)
	f.change(func() { f.topics = append(f.topics, topic{Name: "sport", Mode: "every", Key: "id", Public: true}) })
	f.item("sport", "s", map[string]any{"id": "s", "title": "Two all"})
	p.do(`skew(31000)`) // it asks again
	p.wait(`document.querySelector('[data-topic=sport] .title')?.textContent === 'Two all'`)
	p.clean()
}

func TestKioskControls(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.timing = strings.Replace(quick, "{", `{"idle":500,"paused":700,"hold":60000,`, 1)
	seed(f)
	p.kiosk(f, "type=news,stock,weather&dwell=600")
	p.do(`globalThis.asked = 0; Element.prototype.requestFullscreen = async () => { asked++; }`)
	p.wait(story + ` === 'Headline 2'`)
	key := func(name string) {
		p.do(fmt.Sprintf(`document.body.dispatchEvent(new KeyboardEvent('keydown', { key: %q, bubbles: true, cancelable: true }))`, name))
	}
	tap := func(part float64) { p.run(chromedp.MouseClickXY(1600*part, 300)) }
	turned := func(want string) {
		t.Helper()
		p.wait(story + ` === '` + want + `'`)
	}
	const paused = `!document.querySelector('#paused').hidden`
	key("ArrowRight")
	turned("Headline 1")
	key("ArrowLeft")
	turned("Headline 2")
	tap(0.9)
	turned("Headline 1")
	tap(0.1)
	turned("Headline 2")
	for _, stop := range []func(){func() { key(" ") }, func() { key("p") }, func() { tap(0.5) }} {
		stop()
		p.wait(paused)
		stop()
		p.wait(`!` + paused)
	}
	key("p")
	p.wait(paused)
	p.wait(`!` + paused) // nobody came back
	const diagnostics = `document.querySelector('#diagnostics').checkVisibility()`
	key("d")
	p.wait(diagnostics + ` && document.querySelector('#diagnostics').innerText.includes('Feeds:')`)
	for _, what := range []string{"test", "Live", " sec", "UTC", "MiB", "yes", "1600 × 900", "1 running, 1 stale", "None"} {
		if got := eval[string](p, `document.querySelector('#diagnostics').innerText`); !strings.Contains(got, what) {
			t.Errorf("the diagnostics lack %q:\n%s", what, got)
		}
	}
	p.wait(`Number(document.querySelectorAll('#diagnostics dd')[9].textContent) > 0`) // frames a second
	p.do(`setTimeout(() => { throw new Error('Something broke'); })`)
	p.wait(`document.querySelector('#diagnostics .errors').textContent.includes('Something broke')`)
	p.axe(t)
	p.shoot("diagnostics")
	key("Escape")
	p.wait(`!` + diagnostics)
	key("f")
	p.wait(`asked === 1`)
	press := func(name string) {
		p.run(chromedp.MouseEvent("mouseMoved", 500, 300))
		p.wait(`document.documentElement.dataset.idle === 'no'`)
		p.do(fmt.Sprintf(`document.querySelector('#controls [aria-label=%q]').click()`, name))
	}
	press("Next")
	turned("Headline 1")
	press("Previous")
	turned("Headline 2")
	press("Pause")
	p.wait(paused)
	press("Resume")
	p.wait(`!` + paused)
	press("Diagnostics")
	p.wait(diagnostics)
	press("Diagnostics")
	p.wait(`!` + diagnostics)
	if eval[bool](p, `Boolean(document.querySelector('#controls [aria-label="Full screen"]'))`) {
		press("Full screen")
		p.wait(`asked === 2`)
	}
	if got := eval[float64](p, `Math.min(...[...document.querySelectorAll('#controls .button')].map((e) => e.offsetHeight))`); got < 44 {
		t.Errorf("a button is %v high", got)
	}
	p.wait(`document.documentElement.dataset.idle === 'yes' && getComputedStyle(document.body).cursor === 'none' && !document.querySelector('#controls').checkVisibility({ visibilityProperty: true })`)
	if eval[bool](p, `dispatchEvent(new Event('contextmenu', { cancelable: true }))`) {
		t.Error("the menu of the browser opens")
	}
	f.item("news", "b", map[string]any{"id": "b", "title": "Breaking", "breaking": true})
	p.wait(`!document.querySelector('#takeover').hidden`)
	key("Escape")
	p.wait(`document.querySelector('#takeover').hidden`)
	p.mu.Lock()
	p.problems = slices.DeleteFunc(p.problems, func(s string) bool { return strings.Contains(s, "Something broke") })
	p.mu.Unlock()
	p.clean()
}

// The lock goes when the page is hidden, and is asked for again.
func TestKioskStaysAwake(t *testing.T) {
	p, f := newTab(t), newFake(t)
	p.watched()
	p.before(`globalThis.locks = []; Object.defineProperty(navigator, 'wakeLock', { value: { request: async () => { const lock = new EventTarget(); locks.push(lock); return lock; } } })`)
	p.kiosk(f, "debug=1")
	const awake = `document.querySelectorAll('#diagnostics dd')[10].textContent`
	p.wait(`locks.length === 1 && ` + awake + ` === 'yes'`)
	p.do(`hide(true); locks[0].dispatchEvent(new Event('release'))`)
	p.do(`hide(false)`)
	p.wait(`locks.length === 2 && ` + awake + ` === 'yes'`)
	p.kiosk(f, "debug=1&kiosk=off")
	p.wait(`locks.length === 0 && ` + awake + ` === 'no'`)
	p.before(`Object.defineProperty(globalThis, 'isSecureContext', { value: false })`)
	p.kiosk(f, "debug=1")
	p.wait(`locks.length === 0 && ` + awake + ` === 'no: browsers allow it only over https or on localhost'`)
	p.clean()
}

// Once a night, after a day, and only if the server is there.
func TestKioskRenewsItself(t *testing.T) {
	p, f := newTab(t), newFake(t)
	p.watched()
	p.kiosk(f, "tz=Asia/Tokyo&dim=22:00-06:00")
	p.do(`import('/js/kiosk/night.js').then((night) => { globalThis.night = night; globalThis.renewed = 0; globalThis.renewal = new night.Renewal(() => { renewed++; }); })`)
	p.wait(`globalThis.night`)
	night := `((minute) => Date.parse('2026-11-20T00:00:00+09:00') + 60000 * minute)`
	through := `(async () => { for (let m = 0; m < 1440; m += 10) { skew(300001); renewal.tick(` + night + `(m)); await new Promise((done) => setTimeout(done)); } return renewed; })()`
	for _, tt := range []struct {
		what, expression, want string
	}{
		{"minutes", `[night.minutes(` + night + `(0)), night.minutes(` + night + `(1439)), night.minutes(` + night + `(-1))].join()`, "0,1439,1439"},
		{"within", `[[60, 0, 120], [120, 0, 120], [1400, 1320, 360], [100, 1320, 360], [360, 1320, 360], [720, 1320, 360]].map(([m, from, to]) => night.within(m, { from, to })).join()`, "true,false,true,true,false,false"},
		{"dark", `[night.isDark(` + night + `(1330)), night.isDark(` + night + `(700))].join()`, "true,false"},
		{"places", `Array.from({ length: 2000 }, (_, i) => night.place(i * 60000).split(' ').map(parseFloat)).every(([x, y]) => Math.abs(x) <= 12 && Math.abs(y) <= 12)`, "true"},
		{"steps", `Array.from({ length: 2000 }, (_, i) => [night.place(i * 60000), night.place((i + 1) * 60000)].map((s) => s.split(' ').map(parseFloat))).every(([a, b]) => Math.hypot(a[0] - b[0], a[1] - b[1]) <= 8)`, "true"},
	} {
		p.want(tt.what, tt.expression, tt.want)
	}
	p.do(through + `.then((n) => { globalThis.before = n; })`)
	p.wait(`globalThis.before !== undefined`)
	p.want("reloads within the first twelve hours", "before", "0")
	p.do(`skew(20 * 3600000); ` + through + `.then(() => { globalThis.after = 1; })`)
	p.wait(`globalThis.after && renewed > 0`)
	p.clean()
}

// The documentation lists the parameters that there are, with their defaults and values.
func TestKioskIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/kiosk.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string][]string{}
	_, section, _ := strings.Cut(string(text), "\n## Parameters\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z]+)` \\| (.*) \\|$").FindAllStringSubmatch(section, -1) {
		documented[row[1]] = strings.Split(row[2], " | ")
	}
	p, f := newTab(t), newFake(t)
	p.kiosk(f, "")
	for _, parameter := range ofKiosk(p) {
		cells, ok := documented[parameter.Name]
		delete(documented, parameter.Name)
		if !ok || len(cells) != 3 {
			t.Errorf("docs/kiosk.md has no row of three cells for %s: %q", parameter.Name, cells)
			continue
		}
		for _, value := range parameter.Values {
			if !strings.Contains(cells[0], "`"+value+"`") {
				t.Errorf("%s: the value %s is not documented", parameter.Name, value)
			}
		}
		want := ""
		switch d := parameter.Default.(type) {
		case bool:
			want = map[bool]string{true: "`on`", false: "`off`"}[d]
		case nil:
		default:
			if s := fmt.Sprint(d); s != "" {
				want = "`" + s + "`"
			}
		}
		if want != "" && cells[1] != want {
			t.Errorf("%s: the default is documented as %s, is %s", parameter.Name, cells[1], want)
		}
	}
	for name := range documented {
		t.Errorf("docs/kiosk.md documents %s, which there is not", name)
	}
	p.clean()
}
