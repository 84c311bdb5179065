package mqtt

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"tickertape/feeds"
)

// A session is one connection in use. Its fields are owned by the goroutine of Run,
// but for those with a lock of their own.
type session struct {
	*feed
	pub   feeds.Publisher
	conn  *connection
	queue *queue

	seed    maphash.Seed
	keys    map[string]string // the key that was last published of an MQTT topic; at most maxTopics
	last    map[string]uint64 // hash of the last message of an MQTT topic, with QoS 1; at most maxTopics
	offline bool              // the device says that it is not there
	unread  int               // messages that are no items
	why     error             // the first of them was none
	mapped  int               // messages that became items
	missing []string          // fields of the map that none of them had
	undated int               // retained messages without a time, left out
}

// maxTopics bounds what is remembered of MQTT topics; beyond, it is forgotten.
const maxTopics = 1000

// Run reads until ctx is done or the connection fails.
func (f *feed) Run(ctx context.Context, pub feeds.Publisher) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	conn, err := f.connect(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	s := &session{feed: f, pub: pub, conn: conn, queue: newQueue(), seed: maphash.MakeSeed(), keys: make(map[string]string), last: make(map[string]uint64)}
	inner, end := context.WithCancel(ctx)
	defer end()
	var helpers sync.WaitGroup
	start := func(fn func() error) {
		helpers.Add(1)
		pub.Go(func() error {
			defer helpers.Done()
			return fn()
		})
	}
	start(func() error {
		<-inner.Done()
		conn.goodbye()
		return nil
	})
	start(func() error { return s.queue.run(inner, pub) })
	start(func() error { s.ping(inner); return nil })
	err = s.read(inner)
	end()
	helpers.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// ping asks for a sign of life until ctx is done; reading finds that none comes.
func (s *session) ping(ctx context.Context) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = s.conn.send(packets.NewControlPacket(packets.PINGREQ)) // the reader says why
		}
	}
}

// read subscribes and handles packets until the connection ends.
func (s *session) read(ctx context.Context) error {
	if err := s.conn.send(s.subscription()); err != nil {
		return err
	}
	for {
		p, err := s.conn.receive(keepAlive)
		if err != nil {
			return err
		}
		switch c := p.Content.(type) {
		case *packets.Publish:
			if err := s.received(c); err != nil {
				return err
			}
		case *packets.Suback:
			if err := s.subscribed(c); err != nil {
				return err
			}
		case *packets.Pingresp:
			s.alive()
		case *packets.Disconnect:
			return s.refusal("subscription", c.ReasonCode, c.Reason(), c.Properties)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// subscription asks for the filters and the availability topic.
func (s *session) subscription() *packets.ControlPacket {
	p := packets.NewControlPacket(packets.SUBSCRIBE)
	content := p.Content.(*packets.Subscribe)
	content.PacketID = 1
	handling := byte(packets.RetainSendOnSubscribe)
	if s.opts.Retained == drop {
		handling = packets.RetainDoNotSend
	}
	for _, filter := range s.opts.Subscribe {
		content.Subscriptions = append(content.Subscriptions, packets.SubOptions{Topic: filter, QoS: byte(s.opts.QoS), RetainHandling: handling})
	}
	if a := s.opts.Availability; a != "" && !slices.Contains(s.opts.Subscribe, a) {
		content.Subscriptions = append(content.Subscriptions, packets.SubOptions{Topic: a, QoS: byte(s.opts.QoS)})
	}
	return p
}

// subscribed checks the answer to the subscription.
func (s *session) subscribed(answer *packets.Suback) error {
	filters := append(slices.Clone(s.opts.Subscribe), s.opts.Availability)
	for i, code := range answer.Reasons {
		if code >= 0x80 && i < len(filters) {
			return feeds.NeedsAttention(fmt.Errorf("subscribe to %.80q at %s: refused (0x%02x)", filters[i], s.address, code),
				"check subscribe, and what the broker allows this user to read")
		}
	}
	s.alive()
	return nil
}

// received handles one message, and acknowledges it once it waits to be published.
func (s *session) received(m *packets.Publish) error {
	if m.Topic == s.opts.Availability && m.Topic != "" {
		s.availability(string(m.Payload))
	} else if !s.repeated(m) {
		s.message(m)
	}
	if m.QoS == 0 {
		return nil
	}
	ack := packets.NewControlPacket(packets.PUBACK)
	ack.Content.(*packets.Puback).PacketID = m.PacketID
	return s.conn.send(ack)
}

// availability handles what the device, or its last will, says of itself: a word, or
// an object with it as its state.
func (s *session) availability(payload string) {
	word := strings.TrimSpace(payload)
	if strings.HasPrefix(word, "{") {
		word = stateOf(word)
	}
	switch word {
	case s.opts.Online:
		s.offline = false
		s.alive()
	case s.opts.Offline:
		s.offline = true
		feeds.Note(s.pub, s.detail())
		if s.opts.OnOffline == retract {
			for topic := range s.keys {
				s.withdraw(topic)
			}
		}
	}
}

// alive says that the connection is fine. It is no sign of life of the device: where
// the feed says how often messages are to come, only they keep it fresh.
func (s *session) alive() {
	if s.offline || s.env.Every.Max > 0 {
		feeds.Note(s.pub, s.detail())
		return
	}
	s.pub.OK(s.detail())
}

// detail says how it stands.
func (s *session) detail() string {
	parts := []string{"connected"}
	if s.offline {
		parts = append(parts, fmt.Sprintf("%s says %s", s.opts.Availability, s.opts.Offline))
	}
	if s.unread > 0 {
		parts = append(parts, fmt.Sprintf("messages that are no items: %d; the first: %v", s.unread, s.why))
	}
	if len(s.missing) > 0 {
		parts = append(parts, "no message has what map says for "+strings.Join(s.missing, ", "))
	}
	if s.undated > 0 {
		parts = append(parts, fmt.Sprintf("%d retained messages without a time are left out", s.undated))
	}
	if n := s.queue.lost(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d items were dropped: messages come faster than they can be printed", n))
	}
	return strings.Join(parts, "; ")
}

// wrong notes a message that is no item; people are told of the first.
func (s *session) wrong(topic string, err error) {
	s.unread++
	if s.why == nil {
		s.why = fmt.Errorf("%.80s: %w", topic, err)
		s.pub.Log().Warn("messages are no items", "mqtt_topic", topic, "error", err)
		feeds.Note(s.pub, s.detail())
	}
}
