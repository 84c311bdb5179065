package public

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	// handed is the text that is handed out; '' while nothing is.
	handed = `(document.querySelector('#code').hidden ? '' : document.querySelector('#code').textContent)`
	// verdict is what is said of it.
	verdict = `document.querySelector('#verdict').textContent`
	// known is when the server has said who may read, and which topics there are.
	known = live + ` && document.querySelectorAll('[data-name=type] .chip').length >= 8 && !` + verdict + `.startsWith('Asking')`
	// previewed is the address in the preview.
	previewed = `decodeURIComponent(document.querySelector('iframe').contentWindow.location.pathname + document.querySelector('iframe').contentWindow.location.search)`
)

func openBuild(t *testing.T, query string) (*tab, *fake) {
	t.Helper()
	p, f := newTab(t), newFake(t)
	full(f)
	p.open(f.URL + "/build" + query)
	p.wait(known)
	return p, f
}

func TestBuildIsForAll(t *testing.T) {
	eachView(t, func(t *testing.T, p *tab, f *fake, v view) {
		full(f)
		f.change(func() { f.origins = []string{"https://www.example.org"} })
		for name, query := range map[string]string{
			"kiosk":   "",
			"element": "?make=element&site=www.example.org&with=type%3Dnews,stock%26mode%3Dscroll%26label%3DHarbour%26fallback%3Dnone",
			"refused": "?make=frame&lang=de&site=https://elsewhere.example&with=mode%3Dlist%26tz%3DNowhere%26zoom%3D9",
		} {
			p.open(f.URL + "/build" + query)
			p.wait(live + ` && document.querySelectorAll('[data-name=type] .chip').length >= 8`)
			p.wait(`((page) => page?.querySelector('ticker-tape')?.shadowRoot?.querySelector('.item') || page?.querySelector('.lead, main')?.textContent)(document.querySelector('iframe').contentDocument)`)
			p.axe(t)
			for _, text := range eval[[]string](p, contrasts) {
				t.Errorf("%s: poor contrast: %s", name, text)
			}
			if w := eval[int](p, "document.scrollingElement.scrollWidth"); w > int(v.width) {
				t.Errorf("%s: the page is %d wide", name, w)
			}
			p.shoot(name)
		}
		p.clean()
	})
}

// choices are a value other than the default for each parameter.
var choices = map[string]string{
	"type": "stock", "lang": "de-AT", "tz": "Asia/Tokyo", "units": "uk", "theme": "black", "rise": "red",
	"layout": "wall", "mode": "list", "speed": "120", "dwell": "12", "max": "7", "zoom": "1.5", "dim": "22:00-06:30",
	"shift": "0", "bg": "transparent", "kiosk": "0", "screen": "lobby", "label": "Harbour", "controls": "all",
	"announce": "all", "fallback": "none", "dir": "rtl", "paused": "1", "share": "0", "debug": "1",
}

// choose operates the control of a parameter, whatever it is.
func (p *tab) choose(name, value string) {
	p.t.Helper()
	if !eval[bool](p, fmt.Sprintf(`(() => {
		const field = document.querySelector('[data-name="%[1]s"]');
		const box = field.querySelector('input[type=radio][value="%[2]s"], input[type=checkbox][value="%[2]s"]');
		if (box) { box.click(); return box.checked; }
		const entries = [...field.querySelectorAll('.input')];
		const values = entries.length > 1 ? '%[2]s'.split('-') : ['%[2]s'];
		entries.forEach((e, i) => { e.value = values[i]; for (const type of ['input', 'change']) e.dispatchEvent(new Event(type, { bubbles: true })); });
		return entries.length > 0;
	})()`, name, value)) {
		p.t.Errorf("%s cannot be set to %q", name, value)
	}
}

// Every control changes what is handed out and what is previewed; the address of the
// builder brings all of it back; and nothing that is the default is said.
func TestBuildControls(t *testing.T) {
	for target, plain := range map[string]string{"kiosk": "URL/kiosk", "element": "<ticker-tape>", "frame": "URL/embed\""} {
		t.Run(target, func(t *testing.T) {
			p, f := openBuild(t, "?make="+target)
			f.change(func() { f.origins = []string{"*"} })
			p.do(`dispatchEvent(new Event('focus'))`)
			p.wait(handed + ` !== ''`)
			plain = strings.Replace(plain, "URL", f.URL, 1)
			p.want("with the defaults", handed+fmt.Sprintf(`.includes(%q)`, plain), "true")
			names := eval[[]string](p, `[...document.querySelectorAll('.field[data-name]')].map((e) => e.dataset.name)`)
			if len(names) < 15 {
				t.Errorf("only %q can be chosen", names)
			}
			for _, name := range names {
				value, ok := choices[name]
				if !ok {
					t.Errorf("%s has no test", name)
					continue
				}
				p.choose(name, value)
				want := map[string]string{"kiosk": name + "=" + value, "element": fmt.Sprintf(`%s="%s"`, name, value), "frame": name + "=" + value}[target]
				if target == "element" {
					want = map[string]string{"paused": " paused", "share": `share="off"`}[name] + strings.Repeat(want, map[bool]int{true: 0, false: 1}[name == "paused" || name == "share"])
				}
				if got := eval[string](p, handed); !strings.Contains(got, want) {
					t.Errorf("%s: %q lacks %q", name, got, want)
				}
				if name != "screen" { // which is the display's own
					p.wait(fmt.Sprintf(`%s.includes(%q)`, previewed, name+"="+value))
				}
			}
			p.want("problems", `[...document.querySelectorAll('.problem')].map((e) => e.textContent).join('')`, "")
			all := eval[string](p, handed)
			p.open(eval[string](p, "location.href"))
			p.wait(known)
			p.want("from the address", handed, all)
			p.click("#reset")
			p.want("reset", handed+fmt.Sprintf(`.includes(%q)`, plain), "true")
			p.clean()
		})
	}
}

// What is no value is told at its field, and left out of what is handed out.
func TestBuildProblems(t *testing.T) {
	p, _ := openBuild(t, "?nonsense=1&with=zoom%3D9%26tz%3DNowhere%26mode%3Dfast%26type%3Dsport%26colour%3Dred%26dim%3D22:00-")
	p.want("handed out", handed, eval[string](p, "location.origin")+"/kiosk?type=sport")
	for name, want := range map[string]string{
		"zoom": "A number from 0.5 to 4 is needed.", "tz": "There is no such zone; one is Europe/Berlin.",
		"mode": "“fast” is no value for “mode”.", "dim": "Both times are needed.", "type": "There is no topic “sport”.",
	} {
		p.want(name, fmt.Sprintf(`[...document.querySelectorAll('[data-name=%s] .problem')].map((e) => e.textContent).join('')`, name), want)
	}
	p.want("notice", `document.querySelector('#noticetext').textContent`, "This page knows no parameter “nonsense”. “colour” is no parameter of what is built here; it is left out.")
	p.choose("zoom", "2")
	p.choose("type", "news")
	p.want("put right", `document.querySelector('[data-name=zoom] .problem').textContent`, "")
	p.want("both", handed, eval[string](p, "location.origin")+"/kiosk?type=news,sport&zoom=2")
	p.choose("max", "0")
	p.want("invalid", `document.querySelector('[name=max]').ariaInvalid + document.querySelector('[data-name=max] .problem').textContent`, "trueA number from 1 to 200 is needed.")
	p.clean()
}

// A topic contains its keys: of the two, the last chosen counts.
func TestBuildTopicsAndKeys(t *testing.T) {
	p, _ := openBuild(t, "")
	const types = `new URL(` + handed + `).searchParams.get('type')`
	const keys = `[data-name=type] input[type=text]`
	p.choose("type", "stock")
	p.choose("type", "news")
	p.want("in the order of choice", types, "stock,news")
	p.enter(keys, "stock.ACME, weather.New York")
	p.want("keys", types, "news,stock.ACME,weather.New York")
	p.want("chip", `document.querySelector('input[value=stock]').checked`, "false")
	p.choose("type", "stock")
	p.want("whole again", types, "news,stock,weather.New York")
	p.want("its key is gone", fmt.Sprintf(`document.querySelector('%s').value`, keys), "weather.New York")
	p.enter(keys, "weather.New York, tides")
	p.want("a name becomes a chip", `document.querySelector('input[value=tides]').checked`, "true")
	p.choose("type", "*")
	p.want("all", types, "*")
	p.choose("type", "news")
	p.want("not all", types, "news")
	p.clean()
}

// Whether it will work: what was typed, this server, and who may read.
func TestBuildVerdict(t *testing.T) {
	p, f := newTab(t), newFake(t)
	p.blank(f)
	const own = "https://ticker.example"
	for _, tt := range []struct{ site, server, origins, want string }{
		{"", own, `null`, "unknown "}, {"", own, `[]`, "ask "}, {"", own, `["*"]`, "all "},
		{"https://www.example.org/a?b#c", own, `["https://www.example.org"]`, "named https://www.example.org"},
		{" WWW.Example.ORG ", own, `["https://www.example.org"]`, "named https://www.example.org"},
		{"https://www.example.org:8443", own, `["https://www.example.org"]`, "refused https://www.example.org:8443"},
		{"http://www.example.org", own, `["https://www.example.org"]`, "refused http://www.example.org"},
		{"https://bücher.example", own, `["*"]`, "all https://xn--bcher-kva.example"},
		{"https://www.example.org", own, `null`, "unknown https://www.example.org"},
		{own + "/page", own, `[]`, "own " + own},
		{"https://www.example.org", "http://ticker.example", `["*"]`, "mixed https://www.example.org"},
		{"http://www.example.org", "http://ticker.example", `["*"]`, "all http://www.example.org"},
		{"https://www.example.org", "http://localhost:8080", `["*"]`, "all https://www.example.org"},
		{"localhost:3000", own, `[]`, "refused http://localhost:3000"}, {"127.0.0.1:3000", own, `["*"]`, "all http://127.0.0.1:3000"},
		{"file:///home/me/page.html", own, `["*"]`, "file "},
		{"javascript:alert(1)", own, `["*"]`, "bad "}, {"ftp://www.example.org", own, `["*"]`, "bad "}, {"a b", own, `["*"]`, "bad "}, {"https://", own, `["*"]`, "bad "},
	} {
		got := p.imported("verdict", fmt.Sprintf(`(({ state, works, origin }) => state + ' ' + origin + (works === ['all', 'named', 'own'].includes(state) ? '' : ' works: ' + works))(m.verdict(%q, %q, %s))`, tt.site, tt.server, tt.origins))
		if got != tt.want {
			t.Errorf("%q for %s with %s: %q, want %q", tt.site, tt.server, tt.origins, got, tt.want)
		}
	}
	for _, tt := range []struct{ make, state, origin, server, want string }{
		{"kiosk", "ask", "", "http://localhost:8080", "local"}, {"kiosk", "ask", "", "http://192.0.2.1:8080", "wake"},
		{"kiosk", "ask", "", own, ""}, {"element", "all", "", "http://192.0.2.1", "secure"}, {"element", "named", "http://localhost:3000", "http://localhost:8080", ""},
		{"frame", "named", "https://www.example.org", "http://127.0.0.1:8080", "local"}, {"frame", "all", "http://www.example.org", "http://192.0.2.1", ""},
	} {
		if got := p.imported("verdict", fmt.Sprintf(`m.notes(%q, { state: %q, origin: %q }, %q).join()`, tt.make, tt.state, tt.origin, tt.server)); got != tt.want {
			t.Errorf("notes %+v: %q", tt, got)
		}
	}
	p.clean()
}

// imported evaluates a text of a module of the builder, m.
func (p *tab) imported(module, expression string) string {
	p.t.Helper()
	got, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](fmt.Sprintf(`import('/js/build/%s.js').then((m) => %s)`, module, expression), chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatal(err)
	}
	return got
}

// letIn lets other origins read and frame what a fake serves, as the server does with
// those of cors_origins.
type letIn struct {
	http.ResponseWriter
	origin string
}

func (w letIn) WriteHeader(status int) {
	w.Header().Set("Content-Security-Policy", strings.Replace(policy, "frame-ancestors 'self'", "frame-ancestors 'self' "+w.origin, 1))
	w.ResponseWriter.WriteHeader(status)
}

func (w letIn) Write(text []byte) (int, error) {
	w.Header().Set("Content-Security-Policy", strings.Replace(policy, "frame-ancestors 'self'", "frame-ancestors 'self' "+w.origin, 1))
	return w.ResponseWriter.Write(text)
}

func (w letIn) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// sharing serves what f does, under another port, to the origins that f names.
func sharing(t *testing.T, f *fake) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		allowed := strings.Join(f.origins, " ")
		f.mu.Unlock()
		if origin := r.Header.Get("Origin"); origin != "" && strings.Contains(allowed, origin) {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Vary", "Origin")
		}
		f.Config.Handler.ServeHTTP(letIn{w, allowed}, r)
	}))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

// everything is all that a page shows, with its frames and shadow trees.
func (p *tab) everything() string {
	p.t.Helper()
	depth, pierce := int64(-1), true
	found, err := chromedp.Call(p.ctx, dom.GetDocument, dom.GetDocumentParams{Depth: &depth, Pierce: &pierce})
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := json.Marshal(found.Root)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// What is handed out is pasted into a page of another origin and shows what comes; as
// long as the server does not let that page in, nothing is handed out and the line that
// changes it is.
func TestBuildPasted(t *testing.T) {
	for _, target := range []string{"element", "frame"} {
		t.Run(target, func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			full(f)
			s := sharing(t, f)
			pasted := ""
			foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					w.WriteHeader(http.StatusNoContent)
					return
				}
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = fmt.Fprint(w, "<!doctype html><html lang=en><title>Elsewhere</title><h1>Elsewhere</h1>"+pasted)
			}))
			t.Cleanup(foreign.Close)

			p.open(s.URL + "/build?make=" + target + "&with=" + url.QueryEscape("type=news,stock.ACME&mode=list&label=Harbour"))
			p.wait(known)
			p.want("before the page is known", handed+"+"+verdict, "First say which page it is for: what works there is shown here.")
			p.enter("#field-site", foreign.URL+"/index.html")
			p.want("refused", handed+"+"+verdict, "This would not work yet: this server does not let pages of "+foreign.URL+" read. Its operator allows it with one of these and a restart:")
			p.want("at the field", `document.querySelector('#problem-site').textContent`, "This server does not let pages of "+foreign.URL+" read.")
			p.want("lines", `[...document.querySelectorAll('#remedy code')].map((e) => e.textContent).join(' | ')`,
				fmt.Sprintf("cors_origins: [%q] | --cors-origins %s", foreign.URL, foreign.URL))

			f.change(func() { f.origins = []string{foreign.URL} })
			p.click("#remedy > .button")
			p.wait(handed + ` !== ''`)
			p.want("allowed", verdict, "Pages of "+foreign.URL+" may read this server.")
			p.want("at the field", `document.querySelector('#problem-site').textContent`, "")
			pasted = eval[string](p, handed)
			p.clean()

			p.open(foreign.URL)
			f.item("news", "afar", map[string]any{"id": "afar", "title": "Seen from afar"})
			for limit := time.Now().Add(10 * time.Second); !strings.Contains(p.everything(), "Seen from afar"); p.breathe() {
				if time.Now().After(limit) {
					t.Fatalf("nothing comes where this was pasted:\n%s", pasted)
				}
			}
			if all := p.everything(); !strings.Contains(all, "Harbour") || !strings.Contains(all, "ACME") || strings.Contains(all, "ZINC") {
				t.Error("it does not show what was chosen")
			}
			p.shoot("")
		})
	}
}

// What is transparent is, on a page that knows no dark, for a reader who likes it dark.
func TestBuildTransparent(t *testing.T) {
	for _, theme := range []string{"auto", "light", "dark"} {
		p, f := newTab(t), newFake(t)
		seed(f)
		p.look(view{width: 800, height: 300, scheme: "dark"})
		foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<title>Elsewhere</title>") }))
		t.Cleanup(foreign.Close)
		f.change(func() { f.origins = []string{foreign.URL} })
		s := sharing(t, f)
		p.open(s.URL + "/build?make=frame&site=" + foreign.URL + "&with=" + url.QueryEscape("bg=transparent&theme="+theme))
		p.wait(known)
		lines := eval[string](p, handed)
		p.open(foreign.URL)
		p.do(fmt.Sprintf(`document.body.style.background = '#f00'; document.body.innerHTML = %q`, lines))
		for limit := time.Now().Add(10 * time.Second); !strings.Contains(p.everything(), "Headline 2"); p.breathe() {
			if time.Now().After(limit) {
				t.Fatalf("nothing comes where this was pasted:\n%s", lines)
			}
		}
		shot, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(shot))
		if err != nil {
			t.Fatal(err)
		}
		if r, g, b, _ := picture.At(400, 12).RGBA(); r>>8 != 255 || g+b > 0 {
			t.Errorf("%s: behind the tape is %d, %d, %d, not the page", theme, r>>8, g>>8, b>>8)
		}
	}
}

// What somebody chooses stays text, in what is handed out and on the page.
func TestBuildHostile(t *testing.T) {
	bad := "\"><script>document.title='owned'</script><img src=x onerror=a()> ' & \u202e</"
	query := url.Values{"type": {`news."><b>`}, "label": {bad}, "lang": {`"><i>`}, "screen": {bad[:60]}}.Encode()
	for _, target := range []string{"kiosk", "element", "frame"} {
		p, f := newTab(t), newFake(t)
		f.change(func() { f.origins = []string{"*"} })
		p.open(f.URL + "/build?make=" + target + "&site=" + url.QueryEscape(`https://"><script>x`) + "&with=" + url.QueryEscape(query))
		p.wait(known)
		p.want("what was typed", `document.querySelector('#problem-site').textContent !== '' || '`+target+`' === 'kiosk'`, "true")
		p.enter("#field-site", "https://www.example.org/<b>")
		p.wait(handed + ` !== ''`)
		p.do(`globalThis.pasted = new DOMParser().parseFromString(` + handed + `.replace(/ style="[^"]*"/, ''), 'text/html')`)
		switch target {
		case "kiosk":
			p.want("address", `/^[\x21-\x7e]+$/.test(`+handed+`) && !/[<>"]/.test(`+handed+`)`, "true")
			p.want("type", `new URL(`+handed+`).searchParams.get('type')`, `news."><b>`)
		case "element":
			p.want("elements", `[...pasted.querySelectorAll('*')].map((e) => e.localName).join()`, "html,head,script,body,ticker-tape,a")
			p.want("attributes", `pasted.querySelector('ticker-tape').getAttributeNames().join()`, "type,label")
			p.want("label", `pasted.querySelector('ticker-tape').getAttribute('label')`, bad)
		case "frame":
			p.want("elements", `[...pasted.querySelectorAll('*')].map((e) => e.localName).join()`, "html,head,body,iframe")
			p.want("title", `pasted.querySelector('iframe').title`, bad)
			p.want("label", `new URL(pasted.querySelector('iframe').src).searchParams.get('label')`, bad)
		}
		p.want("title", `document.title`, "Build · tickertape")
		p.want("elements from text", `document.querySelectorAll('main script, main img, main b:not(.body b), #code code *:not(span)').length`, "0")
		p.clean()
	}
}

func TestBuildCopies(t *testing.T) {
	p, _ := openBuild(t, "?with=theme%3Dblack%26bg%3Dtransparent")
	p.do(`navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }`)
	p.click("#copy")
	p.wait(`document.querySelector('#copy').textContent === 'Copied'`)
	p.want("copied", `copied`, eval[string](p, handed))
	p.do(`navigator.clipboard.writeText = async () => { throw new Error('not here'); }; document.querySelector('#copy').textContent = ''; globalThis.old = ''; document.execCommand = (what) => { old = what + ' ' + getSelection(); return true; }`)
	p.click("#copy")
	p.wait(`document.querySelector('#copy').textContent === 'Copied'`)
	p.want("copied the old way", `old`, "copy "+eval[string](p, handed))
	p.want("open", `document.querySelector('#open').href`, eval[string](p, handed))
	p.clean()
}

// Nothing needs a mouse.
func TestBuildByKeyboard(t *testing.T) {
	p, f := openBuild(t, "")
	f.change(func() { f.origins = []string{"https://www.example.org"} })
	press := func(keys string) { p.run(chromedp.KeyEvent(keys)) }
	reach := func(selector string) {
		t.Helper()
		for range 60 {
			if eval[bool](p, fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
				return
			}
			press(kb.Tab)
		}
		t.Fatalf("%s is not reached", selector)
	}
	reach("[name=make]")
	press(kb.ArrowRight)
	p.want("target", `new URLSearchParams(location.search).get('make')`, "element")
	reach("#field-site")
	press("www.example.org")
	p.wait(handed + ` !== '' || (dispatchEvent(new Event('focus')), false)`)
	reach("[data-name=type] [value=weather]")
	press(" ")
	reach("[name=mode]")
	press(kb.ArrowRight)
	reach("[name=speed]")
	press("90")
	reach(".group:not([open]) summary")
	press(kb.Enter)
	p.want("opened", `document.querySelectorAll('.group:not([open])').length`, "2")
	p.want("handed out", handed+`.includes('<ticker-tape type="weather" mode="crawl" speed="90">')`, "true")
	reach("[name=view]")
	press(kb.ArrowRight)
	p.want("view", `document.querySelector('.device').dataset.view`, "phone")
	p.do(`navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }`)
	p.do(`document.querySelector('#open').focus()`) // past what is in the frame
	press(kb.Tab)
	press(kb.Enter)
	p.wait(`globalThis.copied?.includes('ticker-tape')`)
	p.clean()
}

// A server that does not answer is not taken for one that refuses, and what it said
// before still counts.
func TestBuildWithoutServer(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.change(func() { f.status = http.StatusServiceUnavailable })
	p.open(f.URL + "/testdata/ticker.html")
	p.do(`globalThis.fetch = async () => { throw new TypeError('no network'); }`)
	got := p.imported("server", `new Promise((done) => { const s = new m.Server(() => done([s.silent, s.origins, s.topics].join())); s.ask(); })`)
	if got != "true,," {
		t.Errorf("a silent server: %q", got)
	}
	p.open(f.URL + "/build?make=element&lang=de&with=lang%3Dde&site=https://www.example.org")
	p.wait(verdict + `.startsWith('Das ginge noch nicht')`)
	p.want("without a catalogue", `document.querySelectorAll('[data-name=type] .chip').length`, "7")
	p.do(`globalThis.fetch = async () => { throw new TypeError('no network'); }`)
	p.click("#remedy > .button")
	p.want("as it was", verdict+`.startsWith('Das ginge noch nicht')`, "true")
	p.want("nothing is handed out", handed, "")
}
