package handlers

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tickertape/topics"
)

func TestMemoIsBounded(t *testing.T) {
	var m memo[int]
	made := 0
	length := func(text string) (int, error) {
		made++
		if text == "bad" {
			return 0, errors.New("bad")
		}
		return len(text), nil
	}
	for range 2 {
		if n, err := m.of("four", length); n != 4 || err != nil || made != 1 {
			t.Errorf("of four: %d, %v, made %d times", n, err, made)
		}
	}
	for range 2 {
		if _, err := m.of("bad", length); err == nil {
			t.Error("a failure was remembered as a success")
		}
	}
	if made != 3 {
		t.Errorf("made %d times; a failure is not remembered", made)
	}
	_, _ = m.of(strings.Repeat("x", maxMemoText+1), length)
	if len(m.byText) != 1 {
		t.Errorf("%d results are remembered; want 1: long texts are not", len(m.byText))
	}
	for i := range 3 * maxMemo {
		_, _ = m.of(fmt.Sprint("text ", i), length)
		if len(m.byText) > maxMemo {
			t.Fatalf("%d results are remembered; at most %d may", len(m.byText), maxMemo)
		}
	}
}

// What is encoded by hand must be what the structs, which the documents describe, say.
func TestHandMadeJSON(t *testing.T) {
	catalogue, err := topics.NewCatalogue(topics.Topic{Name: "news"}, topics.Topic{Name: "stock", Mode: topics.Latest})
	if err != nil {
		t.Fatal(err)
	}
	both, err := topics.ParseFilter(catalogue, "stock.A,news")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 20, 9, 0, 0, 5e6, time.FixedZone("", 3600))
	for _, heartbeat := range []time.Duration{15 * time.Second, 1500 * time.Millisecond} {
		build := `v1 "quoted" <b>`
		w := newWireInfo(build, heartbeat)
		for _, o := range []topics.Opening{
			{State: topics.Fresh, Filter: both, Time: at},
			{State: topics.Reset, Reason: topics.Expired, Filter: both, Time: at},
			{State: topics.Resumed, Time: at},
		} {
			want := mustJSON(streamInfo{
				State: o.State, Reason: o.Reason, Time: stamp(at), Build: build,
				Heartbeat: heartbeat.Seconds(), Topics: append([]string{}, o.Filter.Topics()...),
			})
			if got := w.stream(o); string(got) != string(want) {
				t.Errorf("stream:\n got %s\nwant %s", got, want)
			}
		}
		for _, said := range [][]byte{nil, w.build} {
			info := signInfo{Time: stamp(at)}
			_ = json.Unmarshal(said, &info.Build)
			if got, want := sign(at, said), mustJSON(info); string(got) != string(want) {
				t.Errorf("sign:\n got %s\nwant %s", got, want)
			}
		}
	}
}
