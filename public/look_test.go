package public

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var screens = flag.String("screens", "", "folder to write pictures of the pages to")

// A view is how a reader looks at a page.
type view struct {
	width, height int64
	scheme        string // light or dark
	still         bool   // prefers reduced motion
}

func (v view) String() string {
	name := fmt.Sprintf("%dx%d-%s", v.width, v.height, v.scheme)
	if v.still {
		name += "-still"
	}
	return name
}

// views are a wall and a telephone, by day and by night, and one without motion.
func views() []view {
	return []view{
		{1920, 1080, "light", false}, {1920, 1080, "dark", false}, {1920, 1080, "dark", true},
		{390, 844, "light", false}, {390, 844, "dark", false},
	}
}

// eachView runs a test of a page in every view, each in a tab and with a server of its own.
func eachView(t *testing.T, test func(t *testing.T, p *tab, f *fake, v view)) {
	for _, v := range views() {
		t.Run(v.String(), func(t *testing.T) {
			p, f := newTab(t), newFake(t)
			p.look(v)
			test(t, p, f, v)
		})
	}
}

// look sets size, colours and motion of the window.
func (p *tab) look(v view) {
	p.t.Helper()
	p.run(chromedp.EmulateViewport(v.width, v.height))
	motion := "no-preference"
	if v.still {
		motion = "reduce"
	}
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: v.scheme}, {Name: "prefers-reduced-motion", Value: motion}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// look sets size and colours of the window.
func look(p *tab, width, height int64, scheme string) {
	p.t.Helper()
	p.look(view{width: width, height: height, scheme: scheme})
}

// shoot writes a picture of the window, named after the test, if -screens names a folder.
func (p *tab) shoot(name string) {
	p.t.Helper()
	if *screens == "" {
		return
	}
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	parts := strings.ReplaceAll(p.t.Name(), "/", "-")
	if name != "" {
		parts += "-" + name
	}
	if err := os.WriteFile(filepath.Join(*screens, parts+".png"), picture, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

const axePath = "../.ci/tools/node_modules/axe-core/axe.min.js"

// axe fails the test for what keeps people out: the serious and critical findings of
// axe-core on the page as it is now. Parts of the page may be left out by selector.
func (p *tab) axe(t *testing.T, except ...string) {
	t.Helper()
	script, err := os.ReadFile(axePath)
	if err != nil {
		t.Fatalf("axe-core is missing, .ci/install installs it (go test -short leaves the browser out): %v", err)
	}
	if !eval[bool](p, "Boolean(globalThis.axe)") {
		p.run(chromedp.Evaluate[chromedp.Void](string(script) + ";0"))
	}
	exclude, err := json.Marshal(append([]string{}, except...))
	if err != nil {
		t.Fatal(err)
	}
	found, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]string](fmt.Sprintf(`axe.run({ include: [document.documentElement], exclude: %s.map((s) => [s]) }, { resultTypes: ['violations'] }).then(({ violations }) => violations
		.filter(({ impact }) => impact === 'serious' || impact === 'critical')
		.flatMap(({ id, help, nodes }) => nodes.slice(0, 4).map((n) => id + ': ' + help + ': ' + n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? ''))))`, exclude), chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("axe: %v", err)
	}
	for _, problem := range found {
		t.Error("axe:", problem)
	}
}
