package eventsource

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
	"tickertape/topics"
)

// A tape keeps what a relay stores, and its position.
type tape struct {
	*feedtest.Recorder
	refuse string // data that does not fit

	mu       sync.Mutex // guards the fields below
	position string
	lines    []string
}

var _ feeds.Relayer = (*tape)(nil)

func (p *tape) Relay(_ context.Context, position string, drafts ...topics.Draft) ([]topics.ID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, d := range drafts {
		if p.refuse != "" && strings.Contains(string(d.Data), p.refuse) {
			return nil, &topics.InvalidError{Index: i, Reason: "it does not fit"}
		}
	}
	ids := make([]topics.ID, len(drafts))
	for i, d := range drafts {
		line := d.Topic + " " + string(d.Data)
		if d.Key != "" {
			line = d.Topic + "." + d.Key + " " + string(d.Data)
		}
		if d.Text {
			line += " (text)"
		}
		p.lines = append(p.lines, line)
		ids[i] = topics.ID{Epoch: "edge", Seq: uint64(len(p.lines))}
	}
	p.position = position
	return ids, nil
}

func (p *tape) Position() string { p.mu.Lock(); defer p.mu.Unlock(); return p.position }

func (p *tape) Keep(position string) { p.mu.Lock(); defer p.mu.Unlock(); p.position = position }

func (p *tape) all() string { p.mu.Lock(); defer p.mu.Unlock(); return strings.Join(p.lines, "\n") }

var (
	ndjson = map[string]string{"Content-Type": "application/x-ndjson"}
	asJSON = map[string]string{"Content-Type": "application/json"}
)

const (
	sourceTopics = `{"topics":[{"name":"news","mode":"every","key":"id","public":true},{"name":"notes","mode":"every","public":true},` +
		`{"name":"gauges","mode":"latest","key":"name","public":true},{"name":"feeds","mode":"latest","key":"id","public":true},` +
		`{"name":"rooms","mode":"latest","public":true},{"name":"tides","mode":"latest","public":true},{"name":"secret","mode":"every","public":false}]}`
	resumed = `{"topic":"stream","time":"2026-11-20T09:00:00Z","data":{"state":"resumed","heartbeat":15}}` + "\n"
	reset   = `{"topic":"stream","time":"2026-11-20T09:00:00Z","data":{"state":"reset","reason":"expired","heartbeat":15}}` + "\n"
)

func event(id, topic, key, data string) string {
	return fmt.Sprintf(`{"id":%q,"topic":%q,"key":%q,"time":"2026-11-20T09:00:00Z","data":%s}`, id, topic, key, data)
}

func snapshotOf(cursor string, events ...string) feedtest.Answer {
	return feedtest.Answer{Header: asJSON, Body: `{"state":"fresh","time":"2026-11-20T09:00:00Z","cursor":"` + cursor + `","events":[` + strings.Join(events, ",") + `]}`}
}

// source answers the requests for topics, values and the stream, each in its order.
func source(values, streams []feedtest.Answer) *feedtest.Source {
	var mu sync.Mutex
	asked := map[string]int{}
	return feedtest.NewSource(feedtest.Answer{Header: asJSON, Body: sourceTopics}).On("/latest", feedtest.Answer{
		Handler: func(w http.ResponseWriter, r *http.Request) {
			face, list := "stream", streams
			if strings.HasPrefix(r.Header.Get("Accept"), faceJSON) {
				face, list = "values", values
			}
			mu.Lock()
			n := asked[face]
			asked[face]++
			mu.Unlock()
			feedtest.NewSource(list[min(n, len(list)-1)]).ServeHTTP(w, r)
		},
	})
}

// relayFor relays for a while and returns the source's requests for the tape.
func relayFor(t *testing.T, p *tape, from *feedtest.Source, during time.Duration) ([]feedtest.Request, error) {
	t.Helper()
	catalogue, err := topics.NewCatalogue(
		topics.Topic{Name: "news", Key: "id"}, topics.Topic{Name: "notes"}, topics.Topic{Name: "rooms", Mode: topics.Latest},
		topics.Topic{Name: "gauges", Mode: topics.Latest, Key: "name", Schema: []byte(`{}`)}, topics.Topic{Name: "feeds"}, topics.Topic{Name: "own"},
	)
	if err != nil {
		t.Fatal(err)
	}
	env := Spec(testWire).Complete(feeds.Env{ID: "test", Catalogue: catalogue})
	feed, err := newFeed(testWire, &Options{Preset: tickertape, URL: "http://tape.example/base"}, env)
	if err != nil {
		t.Fatal(err)
	}
	p.Recorder = feedtest.NewRecorder(t, Spec(testWire), env)
	p.SetHTTP(from.Client(Spec(testWire), env))
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	err = feed.Run(ctx, p)
	if ctx.Err() != nil {
		err = nil
	}
	var asked []feedtest.Request
	for _, r := range from.Requests() {
		if strings.Contains(r.URL, "/base/latest") {
			asked = append(asked, r)
		}
	}
	return asked, err
}

// idOf is the id in a position.
func (p *tape) idOf() string { return parsePosition(p.Position()).id }

func TestRelayFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &tape{}
		asked, err := relayFor(t, p, source(
			[]feedtest.Answer{snapshotOf("7k3q-9", event("7k3q-2", "gauges", "north", `{"name":"north","value":1.50}`), event("7k3q-5", "rooms", "kitchen", `"21.5"`))},
			[]feedtest.Answer{{Header: ndjson, Open: true, Body: resumed +
				event("7k3q-10", "news", "a", `{"id":"a","title":"<Ferry>"}`) + "\n" +
				event("7k3q-11", "notes", "", `"Ice on\nthe quay"`) + "\n" +
				event("7k3q-12", "gauges", "word", `"JSON alone"`) + "\n" +
				event("7k3q-13", "retract", "", `{"topic":"news","key":"a","time":"2026-11-20T09:00:00Z"}`) + "\n" +
				event("7k3q-14", "retract", "", `{"topic":"notes","id":"7k3q-11","time":"2026-11-20T09:00:00Z"}`) + "\n" +
				event("7k3q-15", "retract", "", `{"topic":"notes","id":"7k3q-1","time":"2026-11-20T09:00:00Z"}`) + "\n" +
				event("7k3q-20", "heartbeat", "", `{}`) + "\n"}},
		), 20*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		want := "gauges.north {\"name\":\"north\",\"value\":1.50}\nrooms.kitchen 21.5 (text)\nnews.a {\"id\":\"a\",\"title\":\"<Ferry>\"}\nnotes Ice on\nthe quay (text)\ngauges.word \"JSON alone\""
		if got := p.all(); got != want {
			t.Errorf("relayed\n%s\nwant\n%s", got, want)
		}
		if got := fmt.Sprint(p.Retractions()); got != "[{news a} {notes edge-4}]" {
			t.Errorf("retracted %s", got)
		}
		if p.idOf() != "7k3q-20" {
			t.Errorf("position %q", p.Position())
		}
		if len(asked) != 2 || asked[0].URL != "http://tape.example/base/latest?limit=10000&type=gauges%2Cnews%2Cnotes%2Crooms" || asked[1].Header.Get("Last-Event-ID") != "7k3q-9" {
			t.Errorf("asked %v", asked)
		}
		oks := strings.Join(p.OKs(), "\n")
		if !strings.Contains(oks, "topic tides of the source is not here") || strings.Contains(oks, "secret") || strings.Contains(oks, "topic feeds") {
			t.Errorf("the state says %s", oks)
		}
	})
}

// A relay that comes back to a source without what followed takes only the values that it
// does not have.
func TestRelayReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &tape{}
		first := source([]feedtest.Answer{snapshotOf("7k3q-9")}, []feedtest.Answer{{Header: ndjson, Body: resumed + event("7k3q-10", "news", "a", `{"id":"a"}`) + "\n", Open: true}})
		if _, err := relayFor(t, p, first, 10*time.Second); err != nil {
			t.Fatal(err)
		}
		life := parsePosition(p.Position()).life
		_, err := relayFor(t, p, source(
			[]feedtest.Answer{
				snapshotOf("7k3q-99", event("7k3q-10", "news", "a", `{"id":"a"}`), event("7k3q-90", "news", "b", `{"id":"b"}`)),
				snapshotOf("7k3q-200", event("7k3q-90", "news", "b", `{"id":"b"}`), event("7k3q-100", "news", "c", `{"id":"c"}`), event("7k3q-190", "news", "d", `{"id":"d"}`)),
				snapshotOf("new-3", event("new-1", "news", "e", `{"id":"e"}`)),
			},
			[]feedtest.Answer{
				{Header: ndjson, Body: reset},
				{Header: ndjson, Body: resumed + event("7k3q-100", "news", "c", `{"id":"c"}`) + "\n" + reset}, // it fell off the tape
				{Header: ndjson, Body: reset}, // and says so once more when it is asked
				{Header: ndjson, Body: resumed, Cut: true},
				{Header: ndjson, Body: strings.Replace(reset, "expired", "epoch", 1)},
				{Header: ndjson, Body: resumed, Open: true},
			},
		), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(p.all(), "\n", " "); got != `news.a {"id":"a"} news.b {"id":"b"} news.c {"id":"c"} news.d {"id":"d"} news.e {"id":"e"}` {
			t.Errorf("relayed %s", got)
		}
		if got := parsePosition(p.Position()); got.id != "new-3" || got.life != life {
			t.Errorf("position %v", got)
		}
	})
}

func TestRelayOfASourceThatMisbehaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := []feedtest.Answer{snapshotOf("7k3q-9")}
		for _, tt := range []struct {
			name    string
			values  []feedtest.Answer
			streams []feedtest.Answer
			want    string
		}{
			{"html", []feedtest.Answer{{Body: "<!doctype html>"}}, nil, "an HTML page, and no application/json"},
			{"cut values", []feedtest.Answer{{Header: asJSON, Body: `{"cursor":"7k3q-9","events":[` + event("7k3q-1", "news", "", `{}`), Cut: true}}, nil, "unexpected EOF"},
			{"another server", []feedtest.Answer{{Header: asJSON, Body: `{"events":[]}`}}, nil, "has no cursor"},
			{"starting", []feedtest.Answer{{Status: 503, Header: map[string]string{"Retry-After": "7"}}}, nil, "503"},
			{"full", good, []feedtest.Answer{{Header: ndjson, Body: `{"topic":"bye","data":{"reason":"overload","retry_ms":4000}}` + "\n"}}, "bye: overload"},
			{"silent", good, []feedtest.Answer{{Header: ndjson, Open: true}}, "went silent for 40s"},
			{"rubbish", good, []feedtest.Answer{{Header: ndjson, Body: "rubbish\n"}}, "a line is no event"},
			{"giant", good, []feedtest.Answer{{Header: ndjson, Body: "{", Fill: 3 << 20}}, "over 2097152 bytes"},
			{"never level", good, []feedtest.Answer{{Header: ndjson, Body: reset}}, "does not have what followed"},
		} {
			_, err := relayFor(t, &tape{}, source(tt.values, tt.streams), 5*time.Minute)
			if _, told := feeds.RetryDelay(err); err == nil || !strings.Contains(err.Error(), tt.want) || !told {
				t.Errorf("%s: %v; want %q, and when to come back", tt.name, err, tt.want)
			}
		}
		_, err := relayFor(t, &tape{}, feedtest.NewSource(feedtest.Answer{Header: asJSON, Body: `{"topics":[{"name":"tides","public":true}]}`}), time.Minute)
		if hint, ok := feeds.Hint(err); !ok || !strings.Contains(err.Error(), "topic tides of the source is not here") {
			t.Errorf("no topics: %v, %s", err, hint)
		}
	})
}

// A bye is a planned end: the pause is the source's, and nobody hears of it. What does not
// fit is left out, and the rest stored.
func TestRelayByeAndRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &tape{refuse: "bad"}
		asked, err := relayFor(t, p, source(
			[]feedtest.Answer{snapshotOf("7k3q-0")},
			[]feedtest.Answer{
				{Header: ndjson, Body: resumed + event("7k3q-1", "notes", "", `"one"`) + "\n" + event("7k3q-2", "notes", "", `"bad"`) + "\n" + event("7k3q-3", "notes", "", `"three"`) + "\n" +
					event("7k3q-4", "notes", "", `"bad too"`) + "\n" + `{"topic":"bye","data":{"reason":"drain","retry_ms":7000}}` + "\n"},
				{Header: ndjson, Body: resumed, Open: true},
			},
		), 20*time.Second)
		if err != nil || p.all() != "notes one (text)\nnotes three (text)" {
			t.Errorf("%q, %v", p.all(), err)
		}
		if len(asked) != 3 || asked[2].Time.Sub(asked[1].Time) != 7*time.Second || asked[2].Header.Get("Last-Event-ID") != "7k3q-4" {
			t.Errorf("asked %v", asked)
		}
		if oks := strings.Join(p.OKs(), "\n"); !strings.Contains(oks, "2 that do not fit here") {
			t.Errorf("the state says %s", oks)
		}
	})
}

// With a topic more, the values of that one are taken, and of the others all that followed.
func TestRelayOfOneTopicMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &tape{position: "7k3q-9 gauges,news,rooms old"}
		asked, err := relayFor(t, p, source(
			[]feedtest.Answer{snapshotOf("7k3q-12", event("7k3q-3", "notes", "", `"three"`), event("7k3q-11", "notes", "", `"eleven"`))},
			[]feedtest.Answer{{Header: ndjson, Open: true, Body: resumed + event("7k3q-10", "news", "a", `{"id":"a"}`) + "\n" +
				event("7k3q-11", "notes", "", `"eleven"`) + "\n" + event("7k3q-13", "notes", "", `"thirteen"`) + "\n"}},
		), 10*time.Second)
		if got := strings.ReplaceAll(p.all(), "\n", " "); err != nil || got != `notes three (text) notes eleven (text) news.a {"id":"a"} notes thirteen (text)` {
			t.Errorf("relayed %s, %v", got, err)
		}
		if len(asked) != 2 || !strings.HasSuffix(asked[0].URL, "type=notes") || asked[1].Header.Get("Last-Event-ID") != "7k3q-9" {
			t.Errorf("asked %v", asked)
		}
		if got := p.Position(); got != "7k3q-13 gauges,news,notes,rooms old" {
			t.Errorf("position %s", got)
		}
	})
}

func TestRelayTopics(t *testing.T) {
	catalogue, err := topics.NewCatalogue(topics.Topic{Name: "news"}, topics.Topic{Name: "feeds"}, topics.Topic{Name: "old", Retired: true}, topics.Topic{Name: "own"})
	if err != nil {
		t.Fatal(err)
	}
	for want, named := range map[string]map[string]string{"[own]": nil, "[shares]": {"stock": "shares", "prices": "shares", "news": "news"}} {
		feed, err := newFeed(testWire, &Options{Preset: tickertape, URL: "http://tape.example", Topics: named}, feeds.Env{ID: "test", Catalogue: catalogue})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(feed.(feeds.Topical).Topics()); got != want {
			t.Errorf("topics %s beside that of the kind; want %s", got, want)
		}
	}
}

// Whatever a source answers, reading it ends, and its values are whole.
func FuzzReadValues(f *testing.F) {
	f.Add(snapshotOf("7k3q-9", event("7k3q-2", "gauges", "north", `{"value":1.50}`), event("7k3q-5", "rooms", "kitchen", `"21.5"`)).Body)
	f.Add(`{"more":true,"events":[],"cursor":"a-1","state":"fresh"}`)
	f.Add(`{"events":[{"data":"\u0000"}]`)
	f.Fuzz(func(t *testing.T, text string) {
		to := &pair{here: "here", sameKey: true}
		n := 0
		cursor, _, err := readValues(json.NewDecoder(strings.NewReader(text)), func(e *Envelope) error {
			if d := e.draft(to); d.Text && strings.ContainsAny(string(d.Data), "\x00\r") {
				t.Errorf("%q becomes text that a stream cannot carry", e.Data)
			}
			n++
			return nil
		})
		if err == nil && cursor == "" || n > len(text) {
			t.Errorf("%q is taken: %d values, cursor %q", text, n, cursor)
		}
	})
}
