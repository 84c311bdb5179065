package public

import (
	"fmt"
	"testing"
)

// composedText is the text that is handed out; '' while nothing is.
const composedText = `(document.querySelector('#code').hidden ? '' : document.querySelector('#code').textContent)`

// settled is when the server has said who may read, and which topics there are.
const settled = live + ` && document.querySelectorAll('[data-name=type] .chip').length >= 7`

func openBuild(t *testing.T, query string) (*tab, *fake) {
	t.Helper()
	p, f := newTab(t), newFake(t)
	full(f)
	p.open(f.URL + "/build" + query)
	p.wait(settled)
	return p, f
}

func TestBuildIsForAll(t *testing.T) {
	eachView(t, func(t *testing.T, p *tab, f *fake, v view) {
		full(f)
		f.change(func() { f.origins = []string{"https://www.example.org"} })
		for name, query := range map[string]string{
			"kiosk":   "",
			"element": "?make=element&site=www.example.org&with=type%3Dnews,stock%26mode%3Dscroll%26label%3DHarbour%26fallback%3Dnone",
			"refused": "?make=frame&site=https://elsewhere.example&with=mode%3Dlist%26tz%3DNowhere%26zoom%3D9",
		} {
			p.open(f.URL + "/build" + query)
			p.wait(settled)
			if name != "kiosk" {
				p.wait(`document.querySelector('iframe').contentDocument?.querySelector('ticker-tape')?.shadowRoot?.querySelector('.item')`)
			}
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

var _ = fmt.Sprint
