package public

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func TestComesBackAfter503(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.open(f.URL + "/?type=news")
	p.wait(live + ` && document.querySelectorAll('.headline').length === 3`)
	f.change(func() { f.status = 503 })
	f.cutAll()
	p.wait(`['reconnecting', 'offline'].includes(document.documentElement.dataset.link)`)
	f.item("news", "missed", map[string]any{"id": "missed", "title": "Missed meanwhile"})
	p.wait(`document.documentElement.dataset.link === 'offline' && document.querySelector('#link').textContent.startsWith('Offline since ')`)
	if n := eval[int](p, `document.querySelectorAll('.headline').length`); n != 3 {
		t.Errorf("%d headlines while offline, want the 3 that were there", n)
	}
	f.change(func() { f.status = 200 })
	p.wait(live + ` && ` + titles + `[0] === 'Missed meanwhile'`)
	last := f.seen()[len(f.seen())-1]
	if last.last == "" || strings.HasSuffix(last.last, "-0") {
		t.Errorf("the last request %v does not resume", last)
	}
	if got := eval[[]string](p, titles); len(got) != 4 {
		t.Errorf("headlines %q", got)
	}
	if n := f.streams(); n != 1 {
		t.Errorf("%d streams are open", n)
	}
	p.clean()
}

// Cuts at any moment: nothing is lost and nothing comes twice.
func TestCutsUnderLoad(t *testing.T) {
	p, f := newTab(t), newFake(t)
	p.open(f.URL + "/?type=tides")
	p.wait(live)
	p.run(chromedp.Evaluate[chromedp.Void](`globalThis.texts = []; globalThis.shown = false; new MutationObserver(() => {
		const now = [...document.querySelectorAll('.entry p')].map((e) => e.textContent);
		if (new Set(now).size !== now.length) texts.push('twice: ' + now);
		if (now.length === 0 && shown) texts.push('blank');
		shown ||= now.length > 0;
	}).observe(document.querySelector('#small'), { childList: true, subtree: true, characterData: true })`))
	for cut := range 8 {
		for i := range 6 {
			f.put("tides", "", fmt.Sprintf(`{"text":"Tide %d"}`, cut*6+i))
		}
		f.cutAll()
		p.wait(live + fmt.Sprintf(` && document.querySelectorAll('.entry').length === %d`, cut*6+6))
	}
	got := eval[[]string](p, `[...document.querySelectorAll('.entry p')].map((e) => e.textContent)`)
	for i, text := range got {
		if want := fmt.Sprint("Tide ", 47-i); text != want {
			t.Fatalf("place %d: %q, want %q", i, text, want)
		}
	}
	if bad := eval[[]string](p, "texts"); len(bad) > 0 {
		t.Errorf("seen on the way: %q", bad[:min(3, len(bad))])
	}
	for i, r := range f.seen()[1:] {
		if r.last == "" {
			t.Errorf("request %d did not resume", i+1)
		}
	}
	p.clean()
}

// Another log (a wiped data folder): the old id is answered with a reset, and the
// page swaps what it shows without going blank.
func TestResetSwaps(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.open(f.URL)
	p.wait(live + ` && document.querySelectorAll('.headline').length === 3`)
	p.run(chromedp.Evaluate[chromedp.Void](`globalThis.least = 99; new MutationObserver(() => {
		least = Math.min(least, document.querySelectorAll('.headline').length);
	}).observe(document.querySelector('main'), { childList: true, subtree: true })`))
	f.change(func() {
		f.epoch, f.log = "bbbb", nil
	})
	f.item("news", "x", map[string]any{"id": "x", "title": "A new log"})
	f.item("news", "y", map[string]any{"id": "y", "title": "Its second line"})
	f.cutAll()
	p.wait(live + ` && ` + titles + `.join() === 'Its second line,A new log'`)
	if least := eval[int](p, "least"); least < 2 {
		t.Errorf("at one moment %d headlines were shown", least)
	}
	p.wait(`document.querySelector('.stock tbody').children.length === 0`)
	p.clean()
}

func TestSilentServer(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.heartbeat = 300 * time.Millisecond
	seed(f)
	p.open(f.URL)
	p.wait(live)
	p.run(chromedp.Evaluate[chromedp.Void](`globalThis.states = []; new MutationObserver(() => {
		states.push(document.documentElement.dataset.link);
	}).observe(document.documentElement, { attributeFilter: ['data-link'] })`))
	if n := len(f.seen()); n != 1 {
		t.Fatalf("%d streams were opened, want 1", n)
	}
	f.change(func() { f.mute = true })
	p.wait(`states.includes('quiet')`)
	f.change(func() { f.mute = false })
	p.wait(live)
	if got := eval[[]string](p, "states"); got[0] != "quiet" {
		t.Errorf("states %q, want quiet first", got)
	}
	if got := f.seen(); len(got) < 2 || got[1].last == "" {
		t.Errorf("requests %v, want a second one that resumes", got)
	}
	p.clean()
}

func TestStoredSnapshotWhileServerIsDown(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.open(f.URL)
	p.wait(live + ` && document.querySelectorAll('.headline').length === 3`)
	p.wait(`(localStorage.getItem('tickertape.snapshot') ?? '').includes('Headline 2')`)
	f.change(func() { f.status = 503 })
	f.cutAll()
	p.open(f.URL)
	p.wait(`document.querySelectorAll('.headline').length === 3 && document.querySelectorAll('.stock tbody tr').length === 2`)
	if !eval[bool](p, `document.documentElement.classList.contains('old')`) {
		t.Error("what was stored is not dimmed")
	}
	if got := eval[string](p, `document.querySelector('#data').textContent`); !strings.HasPrefix(got, "Showing data of ") {
		t.Errorf("its age: %q", got)
	}
	f.item("news", "n", map[string]any{"id": "n", "title": "Back"})
	f.change(func() { f.status = 200 })
	p.wait(live + ` && ` + titles + `[0] === 'Back'`)
	p.wait(`!document.documentElement.classList.contains('old') && document.querySelector('#data').textContent === ''`)
	p.clean()
}

// A catalogue that changed: what is chosen and gone must not keep the rest away.
func TestTopicThatIsGone(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.open(f.URL + "/?type=news,tides")
	p.wait(live)
	f.change(func() { f.topics = f.topics[:len(f.topics)-1] })
	f.cutAll()
	p.wait(`document.documentElement.dataset.link === 'offline'`)
	p.wait(live + ` && document.querySelector('[data-topic=tides]') === null && document.querySelectorAll('.headline').length === 3`)
	if got := eval[string](p, `document.querySelector('#notice').textContent`); got != "There is no topic “tides”." {
		t.Errorf("notice %q", got)
	}
	p.clean()
}

// What wakes the page: another network, and being put away and taken up again.
func TestWakes(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.open(f.URL)
	p.wait(live)
	for i, events := range [][]string{{"online"}, {"pagehide", "pageshow"}} {
		p.run(chromedp.Evaluate[chromedp.Void](`globalThis.opened = performance.now()`))
		p.wait(`performance.now() - opened > 40`) // longer than the gap between two connects
		for _, event := range events {
			p.run(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`dispatchEvent(new Event(%q))`, event)))
		}
		id := fmt.Sprint("w", i)
		f.item("news", id, map[string]any{"id": id, "title": id})
		p.wait(live + ` && ` + titles + `[0] === '` + id + `'`)
		if got := f.seen(); len(got) != i+2 || got[i+1].last == "" {
			t.Errorf("requests after %v: %v, want one more, which resumes", events, got)
		}
	}
	p.clean()
}
