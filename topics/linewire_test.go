package topics

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

// A lineWire is a [Wire] of one line of JSON a frame.
type lineWire struct{ name string }

// A line is one frame of a lineWire. An event's has its place even where it has no id.
type line struct {
	Kind   string // open, event, live, beat
	ID     string `json:",omitempty"`
	State  State  `json:",omitempty"`
	Reason Reason `json:",omitempty"`
	Seq    uint64 `json:",omitempty"`
	Topic  string `json:",omitempty"`
	Key    string `json:",omitempty"`
	Op     Op     `json:",omitempty"`
	Target uint64 `json:",omitempty"`
	Data   string `json:",omitempty"`
	Time   time.Time
}

func (l line) appendTo(dst []byte, id ID) []byte {
	if id != (ID{}) {
		l.ID = id.String()
	}
	text, err := json.Marshal(l)
	if err != nil {
		panic(err)
	}
	return append(append(dst, text...), '\n')
}

func (lineWire) Open(dst []byte, o Opening) []byte {
	return line{Kind: "open", State: o.State, Reason: o.Reason, Time: o.Time}.appendTo(dst, ID{})
}

func (lineWire) Event(dst []byte, id ID, e *Event) []byte {
	return line{
		Kind: "event", Seq: e.Seq, Topic: e.Topic, Key: e.Key, Op: e.Op, Target: e.Target,
		Data: string(e.Data), Time: e.Time,
	}.appendTo(dst, id)
}

func (lineWire) Live(dst []byte, id ID, now time.Time) []byte {
	return line{Kind: "live", Time: now}.appendTo(dst, id)
}

func (lineWire) Heartbeat(dst []byte, id ID, now time.Time) []byte {
	return line{Kind: "beat", Time: now}.appendTo(dst, id)
}

// parseLines reads what a lineWire wrote.
func parseLines(t testing.TB, text []byte) []line {
	t.Helper()
	var lines []line
	for text := range bytes.Lines(text) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil || text[len(text)-1] != '\n' {
			t.Fatalf("line %q: %v", text, err)
		}
		lines = append(lines, l)
	}
	return lines
}

// place returns the sequence of the line's id, 0 without one.
func (l line) place(t testing.TB) uint64 {
	t.Helper()
	if l.ID == "" {
		return 0
	}
	id, err := ParseID(l.ID)
	if err != nil {
		t.Fatalf("id of %+v: %v", l, err)
	}
	return id.Seq
}
