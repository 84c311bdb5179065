package public

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

const boxes = `[...document.querySelectorAll('.card, .top, footer')].map((e) => {
	const b = e.getBoundingClientRect();
	return [e.dataset.topic ?? e.tagName, b.x, b.y, b.width, b.height].join(' ');
})`

// contrasts lists the texts whose contrast to what is behind them is below 4.5:1.
const contrasts = `(() => {
	const rgb = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
	const luminance = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3) return c; } };
	const poor = new Set();
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		const e = texts.currentNode.parentElement;
		if (!texts.currentNode.data.trim() || !e.checkVisibility({ visibilityProperty: true })) continue;
		const [a, b] = [luminance(rgb(getComputedStyle(e).color)), luminance(behind(e))].sort((x, y) => y - x);
		const ratio = (a + 0.05) / (b + 0.05);
		if (ratio < 4.5) poor.add(e.className + ' "' + e.textContent.slice(0, 30) + '" ' + ratio.toFixed(2));
	}
	return [...poor];
})()`

func TestLayout(t *testing.T) {
	for _, size := range []struct{ width, height int64 }{{1920, 1080}, {1600, 900}, {390, 844}} {
		for _, scheme := range []string{"light", "dark"} {
			if size.width == 1600 && scheme == "light" {
				continue // one picture of an ordinary window is enough
			}
			t.Run(fmt.Sprintf("%dx%d-%s", size.width, size.height, scheme), func(t *testing.T) {
				p, f := newTab(t), newFake(t)
				look(p, size.width, size.height, scheme)
				full(f)
				f.hold = true
				p.open(f.URL)
				p.wait(`document.querySelectorAll('.card').length === 7`)
				before := eval[[]string](p, boxes)
				f.change(func() { f.hold = false })
				f.cutAll()
				p.wait(live + ` && document.querySelectorAll('.headline').length === 14`)
				p.shoot("")
				if after := eval[[]string](p, boxes); !slices.Equal(before, after) {
					t.Errorf("boxes moved when data came:\n%q\n%q", before, after)
				}
				if w := eval[int](p, "document.scrollingElement.scrollWidth"); w > int(size.width) {
					t.Errorf("the page is %d wide", w)
				}
				for _, text := range eval[[]string](p, contrasts) {
					t.Errorf("poor contrast: %s", text)
				}
				f.change(func() { f.status = 503 })
				f.cutAll()
				p.wait(`document.documentElement.classList.contains('old')`)
				for _, text := range eval[[]string](p, contrasts) {
					t.Errorf("poor contrast while offline: %s", text)
				}
				if after := eval[[]string](p, boxes); !slices.Equal(before, after) {
					t.Errorf("boxes moved when the link went:\n%q\n%q", before, after)
				}
				p.shoot("offline")
				p.clean()
			})
		}
	}
}

// full prints a board as it looks on an ordinary day.
func full(f *fake) {
	seed(f)
	f.item("clock", "", map[string]any{"time": stamp()})
	f.item("feeds", "prices", map[string]any{"id": "prices", "state": "running", "topics": []string{"stock"}, "time": stamp()})
	for i, title := range []string{
		"Night ferry to run hourly over the holidays", "Council votes for a second tram line along the quay",
		"Storm Petra expected to reach the coast by Saturday noon; schools asked to prepare",
		"Record harvest of late apples in the valley", "Lighthouse museum reopens after two years of repairs",
		"City library lends out its millionth e-book", "Fishing fleet agrees on new quotas with neighbours",
		"Marathon route changed because of roadworks on Mill Street", "Orchestra announces programme for the spring season",
		"Old brewery becomes home to forty small workshops", "Divers map a wreck from 1887 in the outer harbour",
	} {
		f.item("news", fmt.Sprint("h", i), map[string]any{
			"id": fmt.Sprint("h", i), "title": title, "url": "https://news.example/", "simulated": true,
			"source": []string{"Harbour Gazette", "Pier Log", "Valley Post"}[i%3],
			"time":   time.Now().Add(time.Duration(i*i-130) * time.Minute).UTC().Format(time.RFC3339),
		})
	}
	for i, c := range []struct{ city, condition, symbol string }{
		{"Bergen", "rain", "rain"}, {"Lisbon", "clear", "clear-day"}, {"Nairobi", "partly cloudy", "partly-cloudy-day"},
		{"Osaka", "cloudy", "cloudy"}, {"Denver", "clear", "clear-night"}, {"Auckland", "thunderstorm", "thunderstorm"}, {"Reykjavík", "fog", "fog"},
	} {
		f.item("weather", c.city, map[string]any{
			"location": c.city, "condition": c.condition, "symbol": c.symbol, "temperature": float64(i*9%31) - 3.4, "wind": float64(i) * 1.7,
			"rain": float64(i%3) * 0.7, "time": stamp(), "simulated": true,
		})
	}
	for i, company := range []string{"Borealis Shipping", "Cobalt Grid", "Delta Foods", "Ember Rail", "Fathom Robotics", "Granite Bank", "Heron Air", "Isle Media"} {
		symbol := company[:1] + "X" + company[2:3]
		for n := range 40 {
			f.item("stock", symbol, map[string]any{
				"symbol": symbol, "company": company, "price": fmt.Sprintf("%.2f", 40+float64(i*37)+float64((n*n*(i+3))%17)/9),
				"low": "30.00", "high": fmt.Sprintf("%.2f", 60+float64(i*39)),
				"increase": float64(i*7%11)/2 - 2.4, "currency": []string{"USD", "EUR"}[i%2], "time": stamp(), "simulated": true,
			})
		}
	}
}
