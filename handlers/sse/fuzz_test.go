package sse

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// Whatever passes Check arrives as it was meant, alone and between other frames.
func FuzzRoundTrip(f *testing.F) {
	f.Add("7k3q-1042", "stock", uint16(3271), []byte(`{"price":"123.45"}`))
	f.Add("", "", uint16(0), []byte(""))
	f.Add("a b", " x:", uint16(1), []byte(" a\r\n\rdata: b\nid: 7\n\n"))
	f.Add("ü", "event", uint16(0), []byte("\ufeff\u2028🌦\r"))
	f.Add("1\ndata: x", "y\r\n", uint16(0), []byte("\x00\xff"))
	f.Fuzz(func(t *testing.T, id, event string, ms uint16, data []byte) {
		frame := Frame{ID: id, Event: event, Retry: time.Duration(ms) * time.Millisecond, Data: data}
		if Check(frame) != nil {
			return
		}
		wire := Append(nil, Frame{ID: "before", Event: "before", Data: []byte("before")})
		wire = Append(AppendComment(wire, "id: no\rdata: no"), frame)
		wire = Append(wire, Frame{Event: "after", Data: []byte("after")})

		r := NewReader(bytes.NewReader(wire), len(wire))
		wantID, wantType := id, event
		if id == "" {
			wantID = "before"
		}
		if event == "" {
			wantType = "message"
		}
		next(t, r, "before", "before", "before")
		if data != nil {
			e := next(t, r, wantID, wantType, strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data)))
			if e.Retry != frame.Retry {
				t.Errorf("retry = %v; want %v", e.Retry, frame.Retry)
			}
		}
		next(t, r, wantID, "after", "after")
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("one event too many in %q", wire)
		}
	})
}

func next(t *testing.T, r *Reader, id, typ, data string) Event {
	t.Helper()
	e, err := r.Next()
	if err != nil {
		t.Fatalf("Next: %v; want event %q", err, typ)
	}
	if e.ID != id || e.Type != typ || string(e.Data) != data {
		t.Errorf("Next = %q %q %q; want %q %q %q", e.ID, e.Type, e.Data, id, typ, data)
	}
	return e
}

// No stream makes the Reader panic, and how it is cut into reads changes nothing:
// the same blocks, id, pause and error.
func FuzzReader(f *testing.F) {
	for _, tt := range rules {
		f.Add([]byte(tt.in), []byte{1})
	}
	f.Add([]byte("\ufeffdata: a\r\n\r\nid: 1\r\rdata: b\n\n"), []byte{2, 1, 7, 0, 3})
	f.Add(bytes.Repeat([]byte("data: x\n"), 60), []byte{3})
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		whole := NewReader(bytes.NewReader(stream), 64)
		cut := NewReader(&cutReader{rest: stream, cuts: cuts}, 64)
		for {
			a, errA := whole.NextBlock()
			b, errB := cut.NextBlock()
			if a.ID != b.ID || a.Type != b.Type || !bytes.Equal(a.Data, b.Data) || a.Retry != b.Retry || a.Dispatched != b.Dispatched {
				t.Fatalf("block in one read: %+v\ncut into %v: %+v", a, cuts, b)
			}
			if whole.LastEventID() != cut.LastEventID() || whole.Retry() != cut.Retry() {
				t.Fatalf("id and pause differ: %q %v, %q %v", whole.LastEventID(), whole.Retry(), cut.LastEventID(), cut.Retry())
			}
			if (errA == nil) != (errB == nil) || errA != nil && errA.Error() != errB.Error() {
				t.Fatalf("error in one read: %v\ncut: %v", errA, errB)
			}
			if errA != nil {
				return
			}
		}
	})
}

// cutReader hands out rest in pieces whose sizes are cuts, over and over.
type cutReader struct {
	rest, cuts []byte
	i          int
}

func (c *cutReader) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := 1
	if len(c.cuts) > 0 {
		n = max(1, int(c.cuts[c.i%len(c.cuts)]))
		c.i++
	}
	n = copy(p, c.rest[:min(n, len(c.rest))])
	c.rest = c.rest[n:]
	return n, nil
}
