package public

import (
	"fmt"
	"testing"
)

// seed prints something on every topic.
func seed(f *fake) {
	for i := range 3 {
		f.item("news", fmt.Sprint("n", i), map[string]any{
			"id": fmt.Sprint("n", i), "title": fmt.Sprint("Headline ", i), "url": fmt.Sprint("https://news.example/", i),
			"source": "Harbour Gazette", "time": stamp(), "simulated": true,
		})
	}
	f.item("weather", "Oslo", map[string]any{
		"location": "Oslo", "temperature": -1.4, "wind": 3.2, "rain": 0.3, "condition": "light snow", "time": stamp(), "simulated": true,
	})
	f.item("stock", "ACME", map[string]any{
		"symbol": "ACME", "company": "Acme Corp", "price": "123.40", "increase": -1.1, "currency": "USD", "time": stamp(), "simulated": true,
	})
	f.item("stock", "ZINC", map[string]any{
		"symbol": "ZINC", "company": "Zinc & Sons", "price": "1042.05", "increase": 2.25, "currency": "EUR", "time": stamp(), "simulated": true,
	})
	f.item("random", "", map[string]any{"value": 417, "time": stamp(), "simulated": true})
	f.item("clock", "", map[string]any{"time": "2026-11-20T09:15:30Z"})
	f.item("system", "", map[string]any{
		"load": []float64{0.42, 0.31, 0.22}, "cpus": map[string]any{"count": 4, "usage": 12.4}, "uptime": 93784, "time": stamp(),
		"memory":     map[string]any{"total": 8 << 30, "used": 3 << 30, "percent": 37.5},
		"interfaces": []any{map[string]any{"name": "lo", "up": true}, map[string]any{"name": "eth0", "up": true, "rx_rate": 2048.5, "tx_rate": 512}},
	})
	f.item("feeds", "news", map[string]any{"id": "news", "state": "running", "topics": []string{"news"}, "simulated": true, "time": stamp()})
	f.item("feeds", "prices", map[string]any{
		"id": "prices", "state": "stale", "topics": []string{"stock"}, "hint": "look at the source", "time": stamp(),
	})
	f.put("tides", "", `{"text":"High water 12:40"}`)
}

func TestCardsFill(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.open(f.URL)
	p.wait(live)
	p.wait(`document.querySelectorAll('.headline').length === 3`)
	for _, tt := range []struct{ what, expression, want string }{
		{"newest headline", `document.querySelector('.headline .title').textContent`, "Headline 2"},
		{"link", `document.querySelector('.headline .title').href`, "https://news.example/2"},
		{"rel", `document.querySelector('.headline .title').rel`, "noopener noreferrer"},
		{"source", `document.querySelector('.headline .source').textContent`, "Harbour Gazette"},
		{"age", `document.querySelector('.headline time').textContent`, "now"},
		{"city", `document.querySelector('.city h3').textContent`, "Oslo"},
		{"degrees", `document.querySelector('.city .degrees').textContent`, "\u22121°C"},
		{"sky", `document.querySelector('.city .sky').dataset.icon`, "snow"},
		{"price keeps its decimals", `document.querySelector('.stock tbody .price .value').textContent`, "123.40"},
		{"fall", `document.querySelector('.stock tbody .change').textContent`, "▼\u22121.10\u00a0%"},
		{"rise", `document.querySelectorAll('.stock tbody .change')[1].textContent`, "▲+2.25\u00a0%"},
		{"random", `document.querySelector('.random .figure').textContent`, "417"},
		{"clock", `document.querySelector('.clock .figure').textContent`, "09:15:30"},
		{"memory", `document.querySelectorAll('.machine dd')[1].textContent`, "3 GiB of 8 GiB"},
		{"network", `document.querySelectorAll('.machine dd')[3].textContent`, "eth0 \u2193 2 KiB/s \u2191 512 B/s"},
		{"any other topic", `document.querySelector('[data-topic=tides] .entry p').textContent`, "High water 12:40"},
		{"badge", `document.querySelector('.news > header .simulated').hidden ? 'hidden' : 'shown'`, "shown"},
		{"no badge on what is real", `document.querySelector('.system > header .simulated').hidden ? 'hidden' : 'shown'`, "hidden"},
		{"feed in trouble", `document.querySelector('.stock > header .trouble').textContent`, "feed stale"},
		{"what to do", `document.querySelector('.stock > header .trouble').title`, "look at the source"},
		{"feeds", `document.querySelector('#feedsum').textContent`, "Feeds: 1 running, 1 stale"},
		{"link state", `document.querySelector('#link[role=status]').textContent`, "Live"},
		{"headlines are a list", `document.querySelector('.headline').parentElement.tagName`, "UL"},
	} {
		if got := eval[string](p, tt.expression); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.what, got, tt.want)
		}
	}
	if n := len(f.seen()); n != 1 {
		t.Errorf("%d streams were opened, want 1", n)
	}
	p.clean()
}

func TestChoiceReopensOneStream(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.open(f.URL + "/?type=news")
	p.wait(live + ` && document.querySelectorAll('.headline').length === 3`)
	p.run(clickBox("stock"))
	p.wait(`document.querySelectorAll('.stock tbody tr').length === 2`)
	if got := f.seen(); len(got) != 2 || got[0].types != "feeds,news" || got[1] != (request{"feeds,news,stock", ""}) {
		t.Errorf("requests %v, want feeds,news and then a fresh feeds,news,stock", got)
	}
	if got := eval[string](p, "location.search"); got != "?type=news,stock" {
		t.Errorf("the address says %q", got)
	}
	p.run(clickBox("news"))
	p.wait(`document.querySelector('.news') === null && performance.getEntriesByType('resource').length > 0`)
	f.item("stock", "NEWS", map[string]any{"symbol": "NEWS", "price": "1", "increase": 0})
	p.wait(`document.querySelectorAll('.stock tbody tr').length === 3`)
	if got := f.seen(); len(got) != 3 || got[2].types != "feeds,stock" || got[2].last == "" {
		t.Errorf("requests %v, want a third one that resumes with less", got)
	}
	if n := f.streams(); n != 1 {
		t.Errorf("%d streams are open, want 1", n)
	}
	p.open(eval[string](p, "location.href"))
	p.wait(live + ` && document.querySelectorAll('.stock tbody tr').length === 3 && document.querySelector('.news') === null`)
	p.clean()
}

func TestUnknownTopicInAddress(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.open(f.URL + "/?type=news,sport")
	p.wait(live + ` && document.querySelectorAll('.headline').length === 3`)
	if got := eval[string](p, `document.querySelector('#notice').textContent`); got != "There is no topic “sport”." {
		t.Errorf("notice %q", got)
	}
	p.clean()
}

func TestRetractAndExpiry(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.open(f.URL)
	p.wait(live + ` && document.querySelectorAll('.headline').length === 3`)
	f.retract("news", "n1")
	f.retract("stock", "ACME")
	p.wait(titles + `.join() === 'Headline 2,Headline 0' && document.querySelectorAll('.stock tbody tr').length === 1`)

	f.item("news", "brief", map[string]any{"id": "brief", "title": "Gone soon", "expires": soon(700)})
	p.wait(titles + `.includes('Gone soon')`)
	p.wait(`!` + titles + `.includes('Gone soon')`)
	f.item("news", "past", map[string]any{"id": "past", "title": "Gone before", "expires": soon(-1000)})
	f.item("news", "after", map[string]any{"id": "after", "title": "After"})
	p.wait(titles + `.includes('After')`)
	if got := eval[[]string](p, titles); len(got) != 3 {
		t.Errorf("headlines %q: one that had expired is among them", got)
	}
	p.clean()
}

// A keyless item of a snapshot has no id: a retraction by id means a new snapshot.
func TestRetractOfWhatHasNoName(t *testing.T) {
	p, f := newTab(t), newFake(t)
	seed(f)
	p.open(f.URL)
	p.wait(live + ` && document.querySelectorAll('[data-topic=tides] .entry').length === 1`)
	f.change(func() {
		f.log[len(f.log)-1].retract = "x" // it leaves the snapshot
		f.log = append(f.log, line{topic: "tides", key: "x", retract: fmt.Sprintf(`{"topic":"tides","id":"aaaa-%d"}`, len(f.log))})
	})
	p.wait(live + ` && document.querySelectorAll('[data-topic=tides] .entry').length === 0`)
	if got := f.seen(); len(got) != 2 || got[1].last != "" {
		t.Errorf("requests %v, want a second, fresh one", got)
	}
	p.clean()
}

func TestBounds(t *testing.T) {
	p, f := newTab(t), newFake(t)
	p.open(f.URL)
	p.wait(live)
	for i := range 130 {
		f.item("news", fmt.Sprint(i), map[string]any{"id": fmt.Sprint(i), "title": fmt.Sprint("Headline ", i)})
		f.put("tides", "", fmt.Sprintf(`{"text":"Tide %d"}`, i))
	}
	for i := range 320 {
		f.item("stock", fmt.Sprint("S", i), map[string]any{"symbol": fmt.Sprint("S", i), "price": "1.00", "increase": 0.5})
	}
	f.put("random", "", `{"value":999}`)
	p.wait(`document.querySelector('.random .figure').textContent === '999'`)
	for selector, want := range map[string]int{".headline": 50, "[data-topic=tides] .entry": 50, ".stock tbody tr": 200} {
		if got := eval[int](p, fmt.Sprintf("document.querySelectorAll(%q).length", selector)); got != want {
			t.Errorf("%d of %s, want %d", got, selector, want)
		}
	}
	if got := eval[[]string](p, titles); got[0] != "Headline 129" || got[49] != "Headline 80" {
		t.Errorf("headlines run from %q to %q", got[0], got[49])
	}
	p.clean()
}
