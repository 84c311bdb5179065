package mqtt

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/eclipse/paho.golang/packets"

	"tickertape/feeds"
	"tickertape/feeds/jsonmap"
)

// stateOf returns the field state of a JSON object; "" without one.
func stateOf(payload string) string {
	var object struct {
		State string `json:"state"`
	}
	_ = json.Unmarshal([]byte(payload), &object) // anything else says neither
	return object.State
}

// repeated reports whether a message is one that the broker sends a second time, since
// it is not sure that the first one came. A value that is said twice is no such thing.
func (s *session) repeated(m *packets.Publish) bool {
	if m.QoS == 0 {
		return false
	}
	var h maphash.Hash
	h.SetSeed(s.seed)
	h.Write(m.Payload)
	sum := h.Sum64()
	before, known := s.last[m.Topic]
	if len(s.last) >= maxTopics && !known {
		clear(s.last)
	}
	s.last[m.Topic] = sum
	return m.Duplicate && known && before == sum
}

// message makes an item of a message and queues it. An empty one withdraws what was
// published of its MQTT topic: so brokers are told to forget.
func (s *session) message(m *packets.Publish) {
	if len(m.Payload) == 0 {
		s.withdraw(m.Topic)
		return
	}
	it, err := s.item(m)
	if err != nil {
		if !errors.Is(err, errLeftOut) {
			s.wrong(m.Topic, err)
		}
		return
	}
	key, ok := s.keyOf(it)
	if !ok {
		s.wrong(m.Topic, errNoKey)
		return
	}
	if _, known := s.keys[m.Topic]; !known && len(s.keys) >= maxTopics {
		clear(s.keys)
	}
	s.keys[m.Topic] = key
	s.queue.put(entry{key: key, item: it}, s.latest)
}

// withdraw queues the withdrawal of what was last published of an MQTT topic.
func (s *session) withdraw(topic string) {
	if key, ok := s.keys[topic]; ok && s.key != "" {
		delete(s.keys, topic)
		s.queue.put(entry{key: key, retract: true}, s.latest)
	}
}

var (
	errLeftOut = errors.New("left out")
	errNoKey   = errors.New("it has no value for the key field of the topic")
)

// item maps a message; errLeftOut says that the options leave it out.
func (s *session) item(m *packets.Publish) (feeds.Item, error) {
	value, err := s.value(m.Payload)
	if err != nil {
		return feeds.Item{}, err
	}
	var levels []any
	for level := range strings.SplitSeq(m.Topic, "/") {
		levels = append(levels, level)
	}
	document := map[string]any{"topic": m.Topic, "levels": levels, "payload": value, "retained": m.Retain}
	b := s.mapper.Items([]jsonmap.Element{{Value: value, Key: levels[len(levels)-1].(string)}}, document, nil, 0)
	switch {
	case b.Wrong != nil:
		return feeds.Item{}, b.Wrong
	case len(b.Items) == 0:
		return feeds.Item{}, errLeftOut // by the condition
	}
	if s.mapped++; s.mapped == 1 {
		s.missing = b.Missing
	}
	s.missing = slices.DeleteFunc(s.missing, func(name string) bool { return !slices.Contains(b.Missing, name) })
	it := b.Items[0]
	if m.Retain && it.Time.IsZero() && s.opts.Retained == dated {
		s.undated++
		return feeds.Item{}, errLeftOut
	}
	if m.Properties != nil && m.Properties.MessageExpiry != nil && it.Expires.IsZero() {
		it.Expires = time.Now().Add(time.Duration(*m.Properties.MessageExpiry) * time.Second).Truncate(time.Second)
	}
	return it, nil
}

// value reads a payload.
func (s *session) value(payload []byte) (any, error) {
	if s.opts.Payload == asText {
		if !utf8.Valid(payload) {
			return nil, errors.New("it is not UTF-8")
		}
		return strings.TrimSpace(string(payload)), nil
	}
	value, err := jsonmap.Decode(payload)
	if err != nil {
		return nil, fmt.Errorf("%.60q is no JSON, set payload: text if it is not meant to be: %w", payload, err)
	}
	return value, nil
}

// keyOf returns the key that the topic knows an item by, and whether it has the one
// that it needs.
func (s *session) keyOf(it feeds.Item) (key string, ok bool) {
	switch s.key {
	case "":
		return "", true
	case "id":
		return it.ID, it.ID != ""
	}
	data, _ := it.Data.(map[string]any)
	value, there := data[s.key]
	key = fmt.Sprint(value)
	return key, there && value != nil && key != ""
}
