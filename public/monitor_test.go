package public

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// reading is what the feed system prints.
func reading(at time.Time, usage float64) map[string]any {
	return map[string]any{
		"host": "harbour", "platform": "debian 13.1", "kernel": "6.12", "arch": "x86_64", "uptime": 93784, "time": at.UTC().Format(time.RFC3339Nano),
		"load":   []float64{0.42, 0.31, 0.22},
		"cpus":   map[string]any{"count": 4, "usage": usage, "each": []float64{usage, 10, 5, 90}},
		"memory": map[string]any{"total": 8 << 30, "used": 3 << 30, "available": 5 << 30, "percent": 37.5, "swap": map[string]any{"total": 2 << 30, "used": 1 << 29, "percent": 25}},
		"interfaces": []any{
			map[string]any{"name": "lo", "up": true, "rx_rate": 99, "tx_rate": 99, "rx_bytes": 1000, "tx_bytes": 1000},
			map[string]any{"name": "eth0", "up": true, "rx_rate": 2048.5, "tx_rate": 512, "rx_bytes": 4 << 20, "tx_bytes": 1 << 20},
			map[string]any{"name": "wlan0", "up": false, "rx_bytes": 0, "tx_bytes": 0},
		},
		"process": map[string]any{"rss": 42 << 20, "goroutines": 34, "uptime": 3600},
	}
}

func busy(f *fake) {
	for i := range 60 {
		f.item("system", "", reading(time.Now().Add(time.Duration(2*i-120)*time.Second), float64(20+(i*7)%50)))
	}
	f.item("feeds", "news", map[string]any{"id": "news", "kind": "rss", "state": "running", "topics": []string{"news"}, "events": 1841, "restarts": 0, "last_event": stamp(), "detail": "12 items, nothing new", "time": stamp()})
	f.item("feeds", "prices", map[string]any{
		"id": "prices", "kind": "finnhub", "state": "attention", "topics": []string{"stock"}, "events": 7, "restarts": 3,
		"last_error": "fetch: 401 Unauthorized", "last_error_time": stamp(), "hint": "the token is not valid: look at the account of the source", "time": stamp(),
	})
	f.item("feeds", "sim", map[string]any{"id": "sim", "kind": "simulated_weather", "state": "running", "simulated": true, "topics": []string{"weather"}, "events": 310, "restarts": 1, "last_error": "gone", "last_error_time": stamp(), "time": stamp()})
}

const (
	feedIDs = `[...document.querySelectorAll('.feed .symbol')].map((e) => e.textContent).join()`
	figures = `[...document.querySelectorAll('.chart .figure')].map((e) => e.textContent).join(' | ')`
)

func openMonitor(t *testing.T) (*tab, *fake) {
	t.Helper()
	p, f := newTab(t), newFake(t)
	busy(f)
	p.open(f.URL + "/monitor")
	p.wait(live + ` && document.querySelectorAll('.feed').length === 3 && document.querySelectorAll('#topics tbody tr').length > 3`)
	p.wait(`document.querySelector('.line1').getAttribute('d')?.split('L').length > 40`)
	return p, f
}

func TestMonitorLooks(t *testing.T) {
	eachView(t, func(t *testing.T, p *tab, f *fake, _ view) {
		busy(f)
		p.open(f.URL + "/monitor")
		p.wait(live + ` && document.querySelectorAll('.feed').length === 3 && document.querySelector('.line1').getAttribute('d')?.split('L').length > 40`)
		p.want("no scrolling sideways", `document.documentElement.scrollWidth <= innerWidth`, "true")
		p.axe(t)
		p.shoot("")
		p.clean()
	})
}

func TestMonitorTells(t *testing.T) {
	p, f := openMonitor(t)
	for _, tt := range []struct{ what, expression, want string }{
		{"figures", figures, "33% | 38% | 0.42 | ↓ 2 KiB/s | 42 MiB"},
		{"host", `document.querySelector('#host').textContent`, "harbour · debian 13.1 · 6.12 · x86_64 · up 1 day 2 hrs"},
		{"cores", `document.querySelectorAll('.core progress').length`, "4"},
		{"interfaces", `[...document.querySelectorAll('.wires tbody tr')].map((e) => e.innerText.replace(/\s+/g, ' ').trim()).join(' | ')`, "lo 99 B/s 99 B/s 1,000 B / 1,000 B | eth0 2 KiB/s 512 B/s 4 MiB / 1 MiB | wlan0 0 B/s 0 B/s 0 B / 0 B"},
		{"what needs somebody stands first", feedIDs, "prices,news,sim"},
		{"sum", `document.querySelector('#feedsum').textContent`, "1 feed needs a look"},
		{"error", `document.querySelector('.feed .error').textContent`, "fetch: 401 Unauthorized (now)"},
		{"hint", `document.querySelector('.feed .told .meta').textContent`, "the token is not valid: look at the account of the source"},
		{"an error that is over is told quietly", `document.querySelectorAll('.feed .error')[2].classList.contains('past')`, "true"},
		{"simulated", `document.querySelectorAll('.feed')[2].innerText.includes('simulated')`, "true"},
		{"topic", `document.querySelector('#topics tbody a').getAttribute('href')`, "/?type=news"},
	} {
		p.want(tt.what, tt.expression, tt.want)
	}
	p.clean()
	f.item("system", "", reading(time.Now(), 77))
	p.wait(`document.querySelector('.chart .figure').textContent === '77%'`)
	f.item("feeds", "prices", map[string]any{"id": "prices", "kind": "finnhub", "state": "running", "topics": []string{"stock"}, "time": stamp()})
	p.wait(`document.querySelector('#feedsum').textContent === '3 feeds, all well'`)
}

// A machine that says little, or nonsense, leaves the page whole.
func TestMonitorHostile(t *testing.T) {
	p, f := newTab(t), newFake(t)
	f.put("system", "", `{"load":"x","cpus":null,"memory":{"total":"?"},"interfaces":[null,{"name":"<b>`+strings.Repeat("n", 5000)+`"}],"process":7}`)
	f.item("feeds", "<script>", map[string]any{"id": "<script>alert(1)</script>", "state": strings.Repeat("s", 5000), "last_error": strings.Repeat("e", 10_000), "hint": "<img src=x onerror=alert(1)>"})
	f.put("feeds", "odd", `{"id":"odd","topics":"none","last_event":7}`)
	p.open(f.URL + "/monitor")
	p.wait(live + ` && document.querySelectorAll('.feed').length === 2`)
	p.want("elements", `document.querySelectorAll('main img, main script').length`, "0")
	p.want("no scrolling sideways", `document.documentElement.scrollWidth <= innerWidth`, "true")
	p.want("longest text", `Math.max(...[...document.querySelectorAll('td, th')].map((e) => e.textContent.length)) < 600`, "true")
	p.clean()
}

func TestMonitorWithoutServer(t *testing.T) {
	p, f := openMonitor(t)
	f.change(func() { f.status = 503 })
	f.cutAll()
	p.wait(`['offline', 'reconnecting'].includes(document.documentElement.dataset.link)`)
	p.want("figures stay", figures, "33% | 38% | 0.42 | ↓ 2 KiB/s | 42 MiB")
	f.change(func() { f.status = 200 })
	f.item("system", "", reading(time.Now(), 55))
	p.wait(live + ` && document.querySelector('.chart .figure').textContent === '55%'`)
}

// An hour of readings leaves as many nodes as a minute.
func TestMonitorStaysSmall(t *testing.T) {
	p, f := openMonitor(t)
	before := eval[int](p, `document.querySelectorAll('*').length`)
	for i := range 1800 {
		f.item("system", "", reading(time.Now().Add(time.Duration(2*i)*time.Second), float64(i%100)))
	}
	p.wait(fmt.Sprintf(`document.querySelector('.chart .figure').textContent === '%d%%'`, 1799%100))
	if after := eval[int](p, `document.querySelectorAll('*').length`); after > before {
		t.Errorf("%d nodes, then %d", before, after)
	}
	p.want("points", `document.querySelector('.line1').getAttribute('d').split(/[ML]/).length < 420`, "true")
}
