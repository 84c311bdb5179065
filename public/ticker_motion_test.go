package public

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// place is how far the first tape has moved, in CSS pixels; transforms asks for no layout.
const place = `-Number(/translate3d\((-?[\d.]+)px/.exec(root.querySelector('.items').style.transform)?.[1] ?? 0)`

// metrics are the browser's own counts, after a collection.
func (p *tab) metrics() map[string]float64 {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, performance.Enable, performance.EnableParams{}); err != nil {
		p.t.Fatal(err)
	}
	if _, err := chromedp.Call(p.ctx, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
		p.t.Fatal(err)
	}
	result, err := chromedp.Call(p.ctx, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		p.t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, m := range result.Metrics {
		counts[m.Name] = m.Value
	}
	return counts
}

func TestCrawlMovesAndStops(t *testing.T) {
	p, f := newTab(t), newFake(t)
	headlines(f, 0, 6)
	p.blank(f)
	p.awayMouse()
	p.do(`pace(16)`) // frames that a busy machine would not have
	p.add(`mode="crawl" speed="200" controls="all"`, "")
	moves := func(what string) {
		t.Helper()
		t.Log("moves", what)
		p.do(`globalThis.was = ` + place)
		p.wait(place + ` > was + 20`)
	}
	// Frames go by and it stays where it is: a clock would prove nothing.
	stays := func(what string) {
		t.Helper()
		t.Log("stays", what)
		p.do(`globalThis.frames = 0; globalThis.was = null; (function count() { const now = ` + place + `; frames = now === was ? frames + 1 : 0; was = now; if (frames < 30) requestAnimationFrame(count); })()`)
		p.wait(`frames >= 30`)
	}
	moves("at first")
	p.do(`tape.pause()`)
	stays("paused")
	p.do(`tape.resume()`)
	moves("resumed")
	at := eval[[]float64](p, `(({ x, y }) => [x + 100, y + 20])(tape.getBoundingClientRect())`)
	p.run(chromedp.MouseEvent("mouseMoved", at[0], at[1]))
	stays("under the pointer")
	p.awayMouse()
	moves("without the pointer")
	p.do(`hide(true)`)
	stays("in a hidden tab")
	headlines(f, 6, 9)
	p.do(`hide(false)`)
	moves("seen again")
	p.wait(tops + `.includes('Headline 8')`) // caught up
	p.do(`document.querySelector('#here').insertAdjacentHTML('beforebegin', '<div class=tall></div>')`)
	stays("off the screen")
	p.do(`document.querySelector('.tall').remove()`)
	moves("on the screen again")
	p.do(`tape.pause(); globalThis.was = ` + place)
	p.press(".next")
	p.wait(place + ` > was`)
	p.press(".previous")
	p.press(".previous")
	p.wait(place + ` < was`)
	p.clean()
}

// The evidence for 60 frames a second: a frame asks for no layout, whatever it costs
// elsewhere. Only an item that is laid on the tape does.
func TestCrawlAsksForNoLayout(t *testing.T) {
	p, f := newTab(t), newFake(t)
	for i := range 4 {
		f.item("news", fmt.Sprint(i), map[string]any{"id": fmt.Sprint(i), "title": fmt.Sprint(i, " A headline that is far longer than what is looked at here, so that none is laid on the tape while frames are counted, and longer still for a wide screen such as that of a lobby, with words to spare")})
	}
	p.blank(f)
	p.awayMouse()
	p.do(`pace(16)`)
	p.add(`mode="crawl" speed="20"`, "")
	p.wait(place + ` > 5`)
	p.do(`globalThis.frames = 0; globalThis.was = ` + place + `; (function count() { frames++; requestAnimationFrame(count); })()`)
	before := p.metrics()["LayoutCount"]
	p.wait(`frames > 150`)
	if n := p.metrics()["LayoutCount"] - before; n > 3 {
		t.Errorf("%v layouts in 150 frames of a crawl", n)
	}
	if moved := eval[float64](p, place+` - was`); moved < 30 {
		t.Errorf("it has moved %v px in 150 frames", moved)
	}
	p.clean()
}

// Round and round: every item comes again, the nodes stay as many as the tape is wide,
// and what is twice in sight is once for those who do not see it.
func TestCrawlGoesRound(t *testing.T) {
	p, f := newTab(t), newFake(t)
	headlines(f, 0, 3)
	p.blank(f)
	p.awayMouse()
	p.do(`pace(16); globalThis.problems = []; globalThis.most = 0; globalThis.firsts = new Set()`)
	p.add(`mode="crawl" speed="1000"`, "")
	p.wait(tops + `.length === 3 && root.querySelectorAll('.item:not(.unmeasured)').length > 8`)
	p.do(`(function look() {
		const items = [...root.querySelectorAll('.item:not(.unmeasured)')];
		most = Math.max(most, root.querySelectorAll('.item').length);
		const boxes = items.map((e) => e.getBoundingClientRect());
		boxes.forEach((b, i) => { if (i > 0 && Math.abs(b.left - boxes[i - 1].right) > 1) problems.push('gap of ' + (b.left - boxes[i - 1].right)); });
		const heard = items.filter((e) => !e.inert).map((e) => e.textContent);
		if (new Set(heard).size !== heard.length) problems.push('twice: ' + heard);
		if (items.some((e) => e.inert !== (e.ariaHidden === 'true'))) problems.push('inert is not hidden');
		const edge = tape.getBoundingClientRect();
		if (boxes.length && boxes.at(-1).right < edge.right - 40) problems.push('blank at the end'); // two frames at this speed: an item is being measured
		firsts.add(items[0]?.textContent + Math.floor(` + place + ` / 500));
		if (firsts.size < 40) requestAnimationFrame(look);
	})()`)
	p.wait(`firsts.size >= 40`)
	if got := eval[[]string](p, `[...new Set(problems)]`); len(got) > 0 {
		t.Errorf("seen on the way: %q", got)
	}
	if n := eval[int](p, `most`); n > 24 {
		t.Errorf("%d nodes for three headlines on 1600 px", n)
	}
	f.retract("news", "n1")
	p.wait(`![...root.querySelectorAll('.item:not(.gone) .title')].some((e) => e.textContent === 'Headline 1')`)
	for i := range 3 {
		f.retract("news", fmt.Sprint("n", i))
	}
	p.wait(`root.querySelectorAll('.item').length === 0 && !root.querySelector('.still').hidden`)
	headlines(f, 7, 8)
	p.wait(tops + `[0] === 'Headline 7'`)
	p.clean()
}

// Prices change in place, and what stands after them does not overlap.
func TestPricesChangeInPlace(t *testing.T) {
	p, f := newTab(t), newFake(t)
	for _, symbol := range []string{"AAA", "BBB", "CCC"} {
		f.item("stock", symbol, map[string]any{"symbol": symbol, "price": "9.99", "increase": 1})
	}
	p.tape(f, `type="stock" mode="crawl" speed="5" fallback="none"`, "")
	p.wait(tops + `.length === 3`)
	p.do(`globalThis.node = root.querySelectorAll('.item')[1]; globalThis.left = node.getBoundingClientRect().left - root.querySelector('.item').getBoundingClientRect().left`)
	f.item("stock", "BBB", map[string]any{"symbol": "BBB", "price": "123456.78", "increase": -1})
	p.wait(`node.textContent.includes('123,456.78') && node.querySelector('.change').classList.contains('down')`)
	p.wait(`(() => { const b = [...root.querySelectorAll('.item')].map((e) => e.getBoundingClientRect()); return b.every((c, i) => i === 0 || Math.abs(c.left - b[i - 1].right) < 1); })()`)
	if by := eval[float64](p, `Math.abs(left - node.getBoundingClientRect().left + root.querySelector('.item').getBoundingClientRect().left)`); by > 1 {
		t.Errorf("the price that changed has moved by %v px", by)
	}
	if n := eval[int](p, tops+`.length`); n != 3 {
		t.Errorf("%d prices", n)
	}
	p.clean()
}

// A machine that shows 20 frames a second gets one headline at a time, in the same height.
func TestSlowMachineFlips(t *testing.T) {
	p, f := newTab(t), newFake(t)
	headlines(f, 0, 6)
	p.run(chromedp.EmulateViewport(390, 844))
	p.blank(f)
	p.awayMouse()
	p.do(`pace(50)`)
	p.add(`mode="crawl"`, "")
	p.wait(`root.querySelector('[data-mode=crawl] .item')`)
	height := eval[int](p, `tape.offsetHeight`)
	p.wait(`root.querySelector('[data-mode=flip] .item:not([hidden])')`)
	if got := eval[int](p, `tape.offsetHeight`); got != height {
		t.Errorf("the height was %d and is %d", height, got)
	}
	if got := eval[string](p, `tape.mode`); got != "crawl" {
		t.Errorf("the mode that was asked for has become %q", got)
	}
	p.do(`tape.fallback = 'none'`)
	p.wait(`root.querySelector('[data-mode=crawl] .item')`)
	p.clean()
}

func TestFlipTurnsByItself(t *testing.T) {
	p, f := newTab(t), newFake(t)
	headlines(f, 0, 3)
	p.tape(f, `mode="flip" dwell="1"`, "")
	p.awayMouse()
	for _, i := range []int{2, 1, 0, 2} {
		p.wait(tops + fmt.Sprintf(`.join() === 'Headline %d'`, i))
	}
	f.item("news", "new", map[string]any{"id": "new", "title": "Just in"}) // comes next, whatever its turn
	p.wait(tops + `.join() === 'Just in'`)
	p.wait(tops + `.join() === 'Headline 1'`)
	f.retract("news", "n1")
	p.wait(tops + `.join() !== 'Headline 1'`)
	p.do(`tape.pause()`)
	f.retract("news", "n0")
	if n := eval[int](p, `root.querySelectorAll('.item').length`); n != 2 {
		t.Errorf("%d nodes, want 2", n)
	}
	p.clean()
}

// What is too long for its lines is shown in pages, to the last word.
func TestFlipShowsLongTitlesInPages(t *testing.T) {
	p, f := newTab(t), newFake(t)
	p.run(chromedp.EmulateViewport(390, 844))
	f.item("news", "long", map[string]any{"id": "long", "title": "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty END"})
	p.tape(f, `mode="flip" dwell="1"`, "")
	p.awayMouse()
	p.wait(tops + `.length === 1`)
	p.do(`globalThis.sees = (word) => {
		const title = root.querySelector('.item:not([inert]) .title'), range = new Range(), at = title.textContent.indexOf(word);
		range.setStart(title.firstChild, at);
		range.setEnd(title.firstChild, at + word.length);
		const box = range.getBoundingClientRect(), line = title.parentElement.getBoundingClientRect();
		return box.top >= line.top - 1 && box.bottom <= line.bottom + 1;
	}`)
	p.wait(`sees('One') && !sees('END')`)
	p.wait(`sees('END') && !sees('One')`)
	p.wait(`sees('One')`)
	p.clean()
}
