package mqtt

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
	"tickertape/feeds/jsonmap"
)

func TestContract(t *testing.T) {
	b, url := startBroker(t)
	for i := range 5 {
		say(t, b, fmt.Sprintf("home/room%d/weather", i), `{"temp_c":4.3,"ts":1795162500}`, true)
	}
	feedtest.Run(t, Spec(), feedtest.Config{Options: weatherOptions(url), Env: environment(t), Real: true, Unsteady: true})
}

// What is retained comes at once; then what is said, until it is taken back.
func TestMessagesOfABroker(t *testing.T) {
	b, url := startBroker(t)
	say(t, b, "home/garden/weather", `{"temp_c":4.30,"ts":1795162500}`, true)
	f, rec := newFeed(t, weatherOptions(url), environment(t))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx, rec) }()
	await(t, func() bool { return len(rec.Items()) == 1 })
	say(t, b, "home/cellar/weather", `{"temp_c":12}`, false)
	await(t, func() bool { return len(rec.Items()) == 2 })
	say(t, b, "home/cellar/weather", `no JSON`, false)
	say(t, b, "home/garden/weather", ``, true)
	await(t, func() bool { return len(rec.Retractions()) == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	lines := rec.Lines()
	if want := `{"location":"garden","temperature":4.30,"time":"2026-11-20T08:15:00Z"`; !strings.HasPrefix(string(lines[0]), want) {
		t.Errorf("\n got %s\nwant %s", lines[0], want)
	}
	if want := `{"location":"cellar","temperature":12,"time":null,"seen":`; !strings.HasPrefix(string(lines[1]), want) {
		t.Errorf("\n got %s\nwant %s...", lines[1], want)
	}
	if got := rec.Retractions()[0].Key; got != "garden" {
		t.Errorf("withdrew %q", got)
	}
	if notes := strings.Join(rec.Notes(), "\n"); !strings.Contains(notes, `messages that are no items: 1; the first: home/cellar/weather: "no JSON" is no JSON`) {
		t.Errorf("notes: %s", notes)
	}
}

func await(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(15 * time.Second)
	defer deadline.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			t.Fatal("it does not happen")
		case <-look.C:
		}
	}
}

func TestRefusalsOfABroker(t *testing.T) {
	_, url := startBroker(t)
	for name, change := range map[string]func(*Options){
		"password": func(o *Options) { o.Password = "wrong" },
		"filter":   func(o *Options) { o.Subscribe = []string{"attic/#"} },
	} {
		t.Run(name, func(t *testing.T) {
			o := weatherOptions(url)
			change(o)
			f, rec := newFeed(t, o, environment(t))
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, err := rec.Collect(ctx, f, 1)
			if _, attention := feeds.Hint(err); !attention || !strings.Contains(err.Error(), "refused (0x") {
				t.Errorf("%v; want a refusal that needs attention", err)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	web := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer web.Close()
	b, url := startBrokerOn(t, func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{Certificates: web.TLS.Certificates})
	})
	say(t, b, "home/garden/weather", `{"temp_c":4.3}`, true)
	o := weatherOptions(strings.Replace(url, "mqtt:", "mqtts:", 1))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	f, rec := newFeed(t, o, environment(t))
	_, err := rec.Collect(ctx, f, 1)
	if hint, _ := feeds.Hint(err); !strings.Contains(hint, "set ca") {
		t.Errorf("an authority that nobody knows: %v, hint %q", err, hint)
	}
	o.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}))
	f, rec = newFeed(t, o, environment(t))
	if items, err := rec.Collect(ctx, f, 1); err != nil || len(items) != 1 {
		t.Errorf("%d items, %v", len(items), err)
	}
}

// Two servers with the same file do not throw each other out.
func TestClientIDsDoNotClash(t *testing.T) {
	b, url := startBroker(t)
	say(t, b, "home/garden/weather", `{"temp_c":4.3}`, true)
	f, rec := newFeed(t, weatherOptions(url), environment(t))
	g, other := newFeed(t, weatherOptions(url), environment(t))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	done := make(chan error, 2)
	go func() { done <- f.Run(ctx, rec) }()
	go func() { done <- g.Run(ctx, other) }()
	await(t, func() bool { return len(rec.Items()) == 1 && len(other.Items()) == 1 })
	say(t, b, "home/garden/weather", `{"temp_c":5}`, false)
	await(t, func() bool { return len(rec.Items()) == 2 && len(other.Items()) == 2 })
	cancel()
	if err := errors.Join(<-done, <-done); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestBrokersThatMisbehave(t *testing.T) {
	connack := func(code byte) func(*script) {
		return func(s *script) {
			s.hear()
			p := packets.NewControlPacket(packets.CONNACK)
			p.Content.(*packets.Connack).ReasonCode = code
			s.send(p)
		}
	}
	for _, tt := range []struct {
		name  string
		play  func(*script)
		want  string
		hint  string
		after time.Duration
		took  time.Duration // at most
	}{
		{"silent from the start", func(s *script) { s.hear(); s.listen() }, "no answer within 30s", "", 0, 31 * time.Second},
		{"cut while logging in", func(s *script) { s.hear(); s.Close() }, "closed the connection", "", 0, 0},
		{"cut later", func(s *script) { s.greet(); s.Close() }, "closed", "", 0, 0},
		{"hung", func(s *script) { s.greet(); s.hear(); time.Sleep(time.Minute) }, "the connection hangs", "", 0, 41 * time.Second},
		{"garbage", func(s *script) {
			s.hear()
			s.write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n" + strings.Repeat("x", 100)))
		}, "broken packet", "", 0, 0},
		{"endless length", func(s *script) { s.hear(); s.write([]byte{0x20, 0xff, 0xff, 0xff, 0xff, 0x7f}) }, "no MQTT", "", 0, 0},
		{"oversized", func(s *script) { s.greet(); s.write([]byte{0x30, 0xff, 0xff, 0xff, 0x7f}) }, "at most 262144", "", 0, 0},
		{"half a packet", func(s *script) { s.greet(); s.write([]byte{0x30, 0x7f, 0, 1}); s.Close() }, "closed the connection", "", 0, 0},
		{"an older MQTT", func(s *script) { s.hear(); s.write([]byte{0x20, 2, 0, 1}) }, "older MQTT", "speaks MQTT 5", 0, 0},
		{"unknown version", connack(0x84), "0x84", "speaks MQTT 5", 0, 0},
		{"no such user", connack(0x86), "0x86", "check username", 0, 0},
		{"busy", connack(0x89), "0x89", "", 30 * time.Second, 0},
		{"taken over", func(s *script) {
			s.greet()
			p := packets.NewControlPacket(packets.DISCONNECT)
			p.Content.(*packets.Disconnect).ReasonCode = packets.DisconnectSessionTakenOver
			s.send(p)
		}, "0x8e", "same client_id", 0, 0},
		{"a message in place of an answer", func(s *script) { s.hear(); s.publish("a", "1", nil) }, "answered PUBLISH", "", 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			began := feedtest.Recorded
			var ended time.Time
			rec, err := runScript(t, weatherOptions("mqtt://broker.example"), 10*time.Minute, 1, func(s *script) {
				tt.play(s)
				_, _ = s.Read(make([]byte, 1)) // until the client is gone
				ended = time.Now()
			})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("%v; want %q", err, tt.want)
			}
			if hint, _ := feeds.Hint(err); (hint == "") != (tt.hint == "") || !strings.Contains(hint, tt.hint) {
				t.Errorf("hint %q; want %q", hint, tt.hint)
			}
			if after, _ := feeds.RetryDelay(err); after != tt.after {
				t.Errorf("retry after %s, want %s", after, tt.after)
			}
			if took := ended.Sub(began); tt.name != "hung" && took > tt.took+time.Second {
				t.Errorf("took %s", took)
			}
			if len(rec.Items()) > 0 {
				t.Errorf("%v", rec.Items())
			}
		})
	}
}

// A flood is bounded: of each key the newest is printed, and nothing is told twice.
func TestFloodKeepsTheNewestOfAKey(t *testing.T) {
	q := newQueue()
	for i := range 5000 {
		key := fmt.Sprintf("k%d", i%10)
		q.put(entry{key: key, item: feeds.Item{Title: fmt.Sprint(i)}}, true)
	}
	items, _ := q.take()
	if len(items) != 10 || items[0].Title != "4990" || q.lost() != 0 {
		t.Errorf("%d items, the first %+v, %d lost", len(items), items[0], q.lost())
	}
	for i := range 5000 {
		q.put(entry{key: "same", item: feeds.Item{Title: fmt.Sprint(i)}}, false)
	}
	if items, _ := q.take(); len(items) != maxBatch || items[0].Title != "4000" || q.lost() != 4000 {
		t.Errorf("%d items, the first %+v, %d lost", len(items), items[0], q.lost())
	}
	q = newQueue()
	q.put(entry{key: "a", item: feeds.Item{Title: "1"}}, true)
	q.put(entry{key: "b", item: feeds.Item{Title: "2"}}, true)
	q.put(entry{key: "a", retract: true}, true)
	if items, withdraw := q.take(); len(items) != 0 || withdraw == nil || withdraw.key != "a" {
		t.Errorf("%v, %v; want the withdrawal of a", items, withdraw)
	}
}

func TestAvailability(t *testing.T) {
	o := weatherOptions("mqtt://broker.example")
	o.Availability, o.OnOffline = "home/gateway/status", retract
	rec, err := runScript(t, o, 5*time.Minute, 100, func(s *script) {
		s.greet()
		s.publish("home/garden/weather", `{"temp_c":1}`, nil)
		s.publish("home/gateway/status", `{"state":"offline"}`, func(p *packets.Publish) { p.Retain = true })
		s.listen()
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := rec.Retractions(); len(got) != 1 || got[0].Key != "garden" {
		// The value may still have waited in the queue; then it is never printed.
		t.Errorf("withdrew %v", got)
	}
	if notes := strings.Join(rec.Notes(), "\n"); !strings.Contains(notes, "home/gateway/status says offline") {
		t.Errorf("notes: %s", notes)
	}
	if oks := rec.OKs(); len(oks) != 1 {
		t.Errorf("a device that is offline is called fine: %q", oks)
	}
}

func TestRepeatedAndRetainedMessages(t *testing.T) {
	again := func(id uint16, dup bool) func(*packets.Publish) {
		return func(p *packets.Publish) { p.QoS, p.PacketID, p.Duplicate = 1, id, dup }
	}
	retained := func(p *packets.Publish) { p.Retain = true }
	expiry := uint32(60)
	o := weatherOptions("mqtt://broker.example")
	o.Retained = dated
	var said []string
	rec, err := runScript(t, o, time.Minute, 100, func(s *script) {
		s.greet()
		s.publish("home/a/weather", `{"temp_c":1}`, again(7, false))
		s.hear()
		time.Sleep(time.Second)
		s.publish("home/a/weather", `{"temp_c":1}`, again(7, true))
		s.hear()
		s.publish("home/a/weather", `{"temp_c":1}`, again(8, false)) // the same once more, and meant so
		s.hear()
		time.Sleep(time.Second)
		s.publish("home/b/weather", `{"temp_c":2}`, retained)
		s.publish("home/c/weather", `{"temp_c":3,"ts":1795162500}`, retained)
		s.publish("home/d/weather", `{"temp_c":4}`, func(p *packets.Publish) { p.Properties.MessageExpiry = &expiry })
		said = s.listen()
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range rec.Lines() {
		got = append(got, string(line))
	}
	want := []string{
		`{"location":"a","temperature":1,"time":null,"seen":"2026-11-20T12:00:00Z"}`,
		`{"location":"a","temperature":1,"time":null,"seen":"2026-11-20T12:00:01Z"}`,
		`{"location":"c","temperature":3,"time":"2026-11-20T08:15:00Z"}`,
		`{"location":"d","temperature":4,"time":null,"seen":"2026-11-20T12:00:02Z","expires":"2026-11-20T12:01:02Z"}`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("printed\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(said) == 0 || said[len(said)-1] != "DISCONNECT" {
		t.Errorf("the client said %v; want a goodbye in the end", said)
	}
	if oks := strings.Join(rec.OKs(), "\n"); !strings.Contains(oks, "1 retained messages without a time are left out") {
		t.Errorf("%s", oks)
	}
}

func TestPlainPayloads(t *testing.T) {
	o := &Options{
		URL: "mqtt://broker.example", Subscribe: []string{"#"}, Payload: asText,
		Options: jsonmap.Options{Map: map[string]string{"location": "$.topic", "state": "@"}, TimeFormat: "rfc3339", Zone: "UTC"},
	}
	rec, err := runScript(t, o, time.Minute, 1, func(s *script) {
		s.greet()
		s.publish("cellar/pump", "\xff\xfe", nil)
		s.publish("cellar/pump", " ON\n", nil)
		s.listen()
	})
	if err != nil {
		t.Fatal(err)
	}
	if line := string(rec.Lines()[0]); !strings.HasPrefix(line, `{"location":"cellar/pump","state":"ON",`) {
		t.Error(line)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for want, change := range map[string]func(*Options){
		"url: want mqtt":           func(o *Options) { o.URL = "broker.example:1883" },
		"scheme \"http\"":          func(o *Options) { o.URL = "http://broker.example" },
		"go into the options":      func(o *Options) { o.URL = "mqtt://tape:" + password + "@broker.example" },
		"subscribe is empty":       func(o *Options) { o.Subscribe = nil },
		"# stands for all":         func(o *Options) { o.Subscribe = []string{"home/#/x"} },
		"+ stands for a level":     func(o *Options) { o.Subscribe = []string{"home/a+"} },
		"twice":                    func(o *Options) { o.Subscribe = []string{"a", "a"} },
		"needs a username":         func(o *Options) { o.Username = "" },
		"ca is for TLS":            func(o *Options) { o.CA = "x" },
		"certificates in PEM":      func(o *Options) { o.CA, o.URL = "x", "mqtts://broker.example" },
		"without + and #":          func(o *Options) { o.Availability = "home/#" },
		"needs an availability":    func(o *Options) { o.OnOffline = retract },
		`retained "all"`:           func(o *Options) { o.Retained = "all" },
		"it lacks location":        func(o *Options) { delete(o.Map, "location") },
		"time_format":              func(o *Options) { o.TimeFormat = "noon" },
		"online and offline":       func(o *Options) { o.Online, o.Offline = "x", "x" },
		"qos 2":                    func(o *Options) { o.QoS = 2 },
		"subscribe lists 51":       func(o *Options) { o.Subscribe = strings.Split(strings.Repeat("a,", 50)+"b", ",") },
		"client_id: want at most ": func(o *Options) { o.ClientID = strings.Repeat("x", 129) },
	} {
		o := weatherOptions("mqtt://broker.example")
		change(o)
		_, err := Spec().New(o, environment(t))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), password) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}

// Whatever a broker sends, reading it ends in a packet or an error, within bounds.
func FuzzPackets(f *testing.F) {
	for _, t := range []byte{packets.CONNACK, packets.PUBLISH, packets.SUBACK, packets.DISCONNECT, packets.PINGRESP} {
		var out bytes.Buffer
		if _, err := packets.NewControlPacket(t).WriteTo(&out); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
	f.Add([]byte{0x20, 2, 0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		whole, err := readWhole(bufio.NewReader(bytes.NewReader(data)))
		if err != nil {
			return
		}
		if len(whole) > maxPacket+5 {
			t.Errorf("%d bytes", len(whole))
		}
		if p, err := parse(whole); err == nil && p == nil {
			t.Error("neither a packet nor an error")
		}
	})
}
