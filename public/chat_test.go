package public

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A message is what a page has published on chat.
type message struct{ key, name, text string }

// servePublish takes a message, once for each idempotency key, or answers what a test
// has set.
func (f *fake) servePublish(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var data struct{ Name, Text string }
	_ = json.Unmarshal(body, &data)
	m := message{r.Header.Get("Idempotency-Key"), data.Name, data.Text}
	var refused, place int
	f.change(func() {
		f.published = append(f.published, m)
		if refused = f.refuse; refused != 0 {
			return
		}
		for i, l := range f.log {
			if l.once != "" && l.once == m.key {
				place = i + 1
				return
			}
		}
		f.log = append(f.log, line{topic: "chat", key: m.key, data: string(body), once: m.key})
		place = len(f.log)
	})
	w.Header().Set("Content-Type", "application/json")
	switch refused {
	case 0:
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"ids":["%s-%d"]}`, f.epoch, place)
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "1")
		fallthrough
	default:
		w.WriteHeader(refused)
		fmt.Fprint(w, `{"title":"refused","detail":"/text: length must be at least 1"}`)
	}
}

func (f *fake) messages() []message {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]message{}, f.published...)
}

func (f *fake) say(name, text, at string) {
	data := map[string]any{"text": text, "time": at}
	if name != "" {
		data["name"] = name
	}
	f.item("chat", at, data)
}

func newChat(f *fake) {
	f.change(func() { f.topics = append(f.topics, topic{Name: "chat", Mode: "every", Public: true}) })
	f.say("Ada", "Is the ferry running today?", "2026-11-20T09:00:00Z")
	f.say("Ada", "The board says it is, but the wind is up.", "2026-11-20T09:01:00Z")
	f.say("Berta", "The first one left at 08:10.\nRight on time.", "2026-11-20T09:01:30Z")
	f.say("", "Good to know.", "2026-11-20T09:02:00Z")
}

func openChat(t *testing.T) (*tab, *fake) {
	t.Helper()
	p, f := newTab(t), newFake(t)
	newChat(f)
	p.open(f.URL + "/chat")
	p.wait(live + ` && document.querySelectorAll('.message').length === 4`)
	return p, f
}

// write fills in the form and sends it by the keyboard.
func (p *tab) write(text string) {
	p.t.Helper()
	p.run(chromedp.SendKeys("#text", text+kb.Enter))
}

const said = `[...document.querySelectorAll('.message .words')].map((e) => e.textContent)`

func TestChatLooks(t *testing.T) {
	eachView(t, func(t *testing.T, p *tab, f *fake, _ view) {
		newChat(f)
		p.open(f.URL + "/chat")
		p.wait(live + ` && document.querySelectorAll('.message').length === 4`)
		p.want("names, once for what belongs together", `[...document.querySelectorAll('.message.first bdi')].map((e) => e.textContent)`, "Ada,Berta,Somebody")
		p.want("times", `[...document.querySelectorAll('.message.first time')].map((e) => e.textContent)`, "09:00,09:01,09:02")
		p.want("no scrolling sideways", `document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight`, "true")
		p.axe(t)
		p.shoot("")
		p.clean()
	})
}

// What is sent is there at once, and once when it comes back; a reload keeps it and the name.
func TestChatSends(t *testing.T) {
	p, f := openChat(t)
	p.enter("#name", "  Cleo ")
	p.write("See you on board")
	p.wait(said + `.at(-1) === 'See you on board' && !document.querySelector('.message.waiting')`)
	p.want("messages", said+`.length`, "5")
	p.want("mine", `document.querySelectorAll('.message.mine').length`, "1")
	p.want("the field is empty", `document.querySelector('#text').value`, "")
	if all := f.messages(); len(all) != 1 || all[0].name != "Cleo" || all[0].text != "See you on board" || all[0].key == "" {
		t.Errorf("published %+v", all)
	}
	p.open(f.URL + "/chat")
	p.wait(live + ` && document.querySelectorAll('.message').length === 5`)
	p.want("name", `document.querySelector('#name').value`, "Cleo")
	p.want("mine", `document.querySelectorAll('.message.mine').length`, "1")
	p.write(" ")
	p.enter("#text", "two\nlines")
	p.click("#send")
	p.wait(said + `.at(-1) === 'two\nlines'`)
	p.want("messages", said+`.length`, "6")
	p.clean()
}

// What was sent while the stream was away is said once, whether the stream comes back
// with what was missed or with a snapshot.
func TestChatSendsWhileTheLinkIsAway(t *testing.T) {
	p, f := openChat(t)
	for i, epoch := range []string{"aaaa", "bbbb"} {
		f.change(func() { f.status = http.StatusServiceUnavailable })
		f.cutAll()
		p.wait(`document.documentElement.dataset.link === 'reconnecting'`)
		p.write(fmt.Sprint("Still here ", i))
		p.wait(fmt.Sprintf(`document.querySelector('.message.waiting') && %s.length === %d`, said, 5+i))
		p.wait(fmt.Sprintf(`performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/latest/chat') && e.responseStatus === 201).length > %d`, i))
		f.change(func() { f.status, f.epoch = http.StatusOK, epoch })
		p.wait(live + ` && !document.querySelector('.message.waiting')`)
		p.want("messages", said+`.length`, fmt.Sprint(5+i))
		p.want("the last", said+`.at(-1)`, fmt.Sprint("Still here ", i))
	}
	p.clean()
}

// Too quick: the reason is told, nothing is lost, and trying again says it once.
func TestChatLimits(t *testing.T) {
	p, f := openChat(t)
	f.change(func() { f.refuse = http.StatusTooManyRequests })
	p.write("too quick")
	p.wait(`document.querySelector('.message.waiting .failed:not([hidden])') && document.querySelector('#send').disabled`)
	p.want("told", `document.querySelector('#told').textContent`, "That was quick. You can write again in 1 second.")
	p.want("reason", `document.querySelector('.failed:not([hidden]) span').textContent`, "Not sent: too many messages in a short time.")
	f.change(func() { f.refuse = 0 })
	p.wait(`!document.querySelector('#send').disabled`)
	p.click(".failed:not([hidden]) button")
	p.wait(`!document.querySelector('.message.waiting')`)
	p.want("messages", said+`.filter((text) => text === 'too quick').length`, "1")
	if all := f.messages(); len(all) != 2 || all[0].key != all[1].key {
		t.Errorf("published %+v; want the same twice", all)
	}
	for status, want := range map[int]string{
		http.StatusUnauthorized:        "Not sent: this chat is read-only. Its operator opens it with tickertape --demo.",
		http.StatusUnprocessableEntity: "Not sent: /text: length must be at least 1",
		http.StatusServiceUnavailable:  "Not sent: the server cannot be reached.",
	} {
		f.change(func() { f.refuse = status })
		p.write(fmt.Sprint("status ", status))
		p.wait(fmt.Sprintf(`[...document.querySelectorAll('.failed:not([hidden]) span')].at(-1)?.textContent === %q`, want))
	}
	p.want("told below the form", `document.querySelector('#told').textContent`, "Not sent: this chat is read-only. Its operator opens it with tickertape --demo.")
	p.clean()
}

// Who reads above stays there, and is told how much is newer.
func TestChatFollows(t *testing.T) {
	p, f := openChat(t)
	for i := range 40 {
		f.say("Ada", fmt.Sprint("line ", i), fmt.Sprintf("2026-11-20T09:%02d:00Z", 3+i))
	}
	p.wait(said + `.at(-1) === 'line 39'`)
	const below = `(document.querySelector('#scroll').scrollHeight - document.querySelector('#scroll').clientHeight - document.querySelector('#scroll').scrollTop)`
	p.wait(below + ` < 2`)
	p.do(`document.querySelector('#scroll').scrollTop = 0`)
	p.wait(`!document.querySelector('#below').hidden`)
	f.say("Berta", "newer", "2026-11-20T09:55:00Z")
	p.wait(`document.querySelector('#below').textContent === '1 new message'`)
	p.want("place", `document.querySelector('#scroll').scrollTop`, "0")
	p.click("#below")
	p.wait(below + ` < 2 && document.querySelector('#below').hidden`)
	p.clean()
}

func TestChatHostile(t *testing.T) {
	p, f := openChat(t)
	f.say("<img src=x onerror=alert(1)>", strings.Repeat("W", 10_000), "2026-11-20T09:05:00Z")
	f.say("\u202eevil", "<script>document.title='bad'</script>", "not a time")
	f.put("chat", "list", `["a list"]`)
	f.put("chat", "object", `{"name":{"a":1},"text":["x"]}`)
	p.wait(`document.querySelectorAll('.message').length === 8`)
	p.want("title", `document.title`, "Chat · tickertape")
	p.want("elements", `document.querySelectorAll('.message img, .message script').length`, "0")
	p.want("no scrolling sideways", `document.documentElement.scrollWidth <= innerWidth`, "true")
	p.want("cut", `Math.max(...`+said+`.map((text) => text.length))`, fmt.Sprint(2000))
	p.clean()
}

// What cannot be sent now is kept with the reason, and sent when the server is back.
func TestChatWithoutServer(t *testing.T) {
	p, f := openChat(t)
	f.change(func() { f.status = http.StatusServiceUnavailable })
	f.cutAll()
	p.wait(`document.documentElement.dataset.link === 'offline' || document.documentElement.dataset.link === 'reconnecting'`)
	f.change(func() { f.refuse = http.StatusBadGateway })
	p.write("kept")
	p.wait(`document.querySelector('.failed:not([hidden])')`)
	f.change(func() { f.status, f.refuse = http.StatusOK, 0 })
	p.wait(live)
	p.click(".failed:not([hidden]) button")
	p.wait(`!document.querySelector('.message.waiting') && ` + said + `.filter((text) => text === 'kept').length === 1`)
	p.want("language", `document.documentElement.lang`, "en")
}
