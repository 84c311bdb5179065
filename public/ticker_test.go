package public

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// tape opens the page for tests of the element and puts one there with attributes
// and, as HTML, children.
func (p *tab) tape(f *fake, attributes, children string) {
	p.t.Helper()
	p.open(f.URL + "/testdata/ticker.html")
	p.wait(`customElements.get('ticker-tape')`)
	p.add(attributes, children)
}

// add puts one more element on the page.
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

// shown is the text of the items that are shown, as a list.
const shown = `[...root.querySelectorAll('.item:not([hidden], [inert], .unmeasured, .gone)')].map((e) => e.innerText.replace(/\s+/g, ' ').trim())`

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
	p.do(`for (const { shadowRoot } of document.querySelectorAll('ticker-tape')) shadowRoot.querySelector('.tape').style.overflow = 'hidden'`)
	p.axe(t)
	p.do(`for (const { shadowRoot } of document.querySelectorAll('ticker-tape')) shadowRoot.querySelector('.tape').style.overflow = ''`)
}
