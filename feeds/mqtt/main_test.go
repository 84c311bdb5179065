package mqtt

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/packets"
	broker "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	wire "github.com/mochi-mqtt/server/v2/packets"
	"go.uber.org/goleak"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
	"tickertape/feeds/jsonmap"
	"tickertape/topics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "p4ssword-of-nobody"

// A door lets one user in, who may read what is below home.
type door struct{ broker.HookBase }

func (*door) Provides(b byte) bool {
	return b == broker.OnConnectAuthenticate || b == broker.OnACLCheck
}

func (*door) OnConnectAuthenticate(_ *broker.Client, p wire.Packet) bool {
	return string(p.Connect.Username) == "tape" && string(p.Connect.Password) == password
}

func (*door) OnACLCheck(_ *broker.Client, topic string, write bool) bool {
	return !write && strings.HasPrefix(topic, "home/")
}

// startBroker runs a broker for the test and returns its address.
func startBroker(t *testing.T) (*broker.Server, string) {
	t.Helper()
	return startBrokerOn(t, func(l net.Listener) net.Listener { return l })
}

func startBrokerOn(t *testing.T, wrap func(net.Listener) net.Listener) (*broker.Server, string) {
	t.Helper()
	b := broker.New(&broker.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	if err := b.AddHook(&door{}, nil); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AddListener(listeners.NewNet("test", wrap(l))); err != nil {
		t.Fatal(err)
	}
	if err := b.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b, "mqtt://" + l.Addr().String()
}

func say(t *testing.T, b *broker.Server, topic, payload string, retain bool) {
	t.Helper()
	if err := b.Publish(topic, []byte(payload), retain, 1); err != nil {
		t.Fatal(err)
	}
}

func weatherOptions(url string) *Options {
	return &Options{
		URL: url, Username: "tape", Password: password, Subscribe: []string{"home/+/weather"}, QoS: 1,
		Options: jsonmap.Options{
			Map:        map[string]string{"location": "$.levels[1]", "temperature": "@.temp_c", "time": "@.ts"},
			TimeFormat: "unix", Zone: "UTC",
		},
	}
}

func environment(t *testing.T) feeds.Env {
	t.Helper()
	c, err := topics.NewCatalogue(topics.Topic{Name: "weather", Mode: topics.Latest, Key: "location"}, topics.Topic{Name: "news", Mode: topics.Every, Key: "id", Snapshot: 20})
	if err != nil {
		t.Fatal(err)
	}
	return Spec().Complete(feeds.Env{ID: "test", Topic: "weather", Catalogue: c})
}

func newFeed(t *testing.T, o *Options, env feeds.Env) (*feed, *feedtest.Recorder) {
	t.Helper()
	f, err := Spec().New(o, env)
	if err != nil {
		t.Fatal(err)
	}
	return f.(*feed), feedtest.NewRecorder(t, Spec(), env)
}

// A script is a broker that does what a test says, over a pipe in fake time.
type script struct {
	net.Conn
	t *testing.T
}

// hear returns the next packet; nil once the client is gone.
func (s *script) hear() *packets.ControlPacket {
	p, err := packets.ReadPacket(s)
	if err != nil {
		return nil
	}
	return p
}

// write sends bytes as they are; that the client is gone is no failure.
func (s *script) write(data []byte) { _, _ = s.Write(data) }

func (s *script) send(p *packets.ControlPacket) {
	var out bytes.Buffer
	if _, err := p.WriteTo(&out); err != nil {
		s.t.Error(err)
	}
	s.write(out.Bytes())
}

// greet lets the client log in and subscribe.
func (s *script) greet() {
	s.hear()
	s.send(packets.NewControlPacket(packets.CONNACK))
	s.hear()
	ack := packets.NewControlPacket(packets.SUBACK)
	ack.Content.(*packets.Suback).PacketID = 1
	ack.Content.(*packets.Suback).Reasons = []byte{1, 1}
	s.send(ack)
}

func (s *script) publish(topic, payload string, change func(*packets.Publish)) {
	p := packets.NewControlPacket(packets.PUBLISH)
	content := p.Content.(*packets.Publish)
	content.Topic, content.Payload = topic, []byte(payload)
	if change != nil {
		change(content)
	}
	s.send(p)
}

// listen answers pings until the client is gone, and returns the types of what it said.
func (s *script) listen() (said []string) {
	for p := s.hear(); p != nil; p = s.hear() {
		said = append(said, p.PacketType())
		if p.Type == packets.PINGREQ {
			s.send(packets.NewControlPacket(packets.PINGRESP))
		}
	}
	return said
}

// runScript runs a feed against a script until it printed n items, failed, or d passed.
func runScript(t *testing.T, o *Options, d time.Duration, n int, play func(*script)) (rec *feedtest.Recorder, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(feedtest.Recorded))
		var f *feed
		f, rec = newFeed(t, o, environment(t))
		done := make(chan struct{})
		f.dial = func(context.Context) (net.Conn, error) {
			client, server := net.Pipe()
			go func() { // ends when the client closes its end; awaited by done
				defer close(done)
				defer server.Close()
				play(&script{server, t})
				_, _ = io.Copy(io.Discard, server)
			}()
			return client, nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		_, err = rec.Collect(ctx, f, n)
		<-done
	})
	if err != nil && strings.Contains(err.Error(), password) {
		t.Errorf("the password is shown: %v", err)
	}
	return rec, err
}
