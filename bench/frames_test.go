package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http/httputil"
	"strings"
	"testing"
)

const testSize = 200

func testFrame(e event) string {
	data := newEventData(testSize)
	e.put(data)
	return fmt.Sprintf("id: 7k3q-%d\nevent: bench\ndata: %s\n\n", e.seq, data)
}

// Whatever the pieces, each event is seen once, in order, and nothing else is taken for one.
func TestFramesInPieces(t *testing.T) {
	stranger := testFrame(event{run: 8, seq: 1})
	var stream strings.Builder
	var want []event
	for seq := range uint32(30) {
		e := event{run: 7, source: uint8(seq % 3), seq: seq + 1, sent: int64(seq) * 1e9}
		want = append(want, e)
		stream.WriteString(testFrame(e))
		stream.WriteString("event: heartbeat\ndata: {}\n\n" + stranger)
	}
	for _, chunked := range []bool{false, true} {
		wire := stream.String()
		if chunked {
			wire = inChunks(t, wire)
		}
		for size := 1; size < 600; size += 7 {
			got := readInPieces([]byte(wire), size, chunked)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("chunked %t, pieces of %d: got %d events %v; want %v", chunked, size, len(got), got, want)
			}
		}
	}
}

// inChunks frames s in chunks whose ends are not those of the events.
func inChunks(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := httputil.NewChunkedWriter(&b)
	for i := 0; i < len(s); i += 97 {
		if _, err := w.Write([]byte(s[i:min(i+97, len(s))])); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func readInPieces(wire []byte, size int, chunked bool) (got []event) {
	var c chunks
	var rest []byte
	length := 0
	for i := 0; i < len(wire); i += size {
		piece := bytes.Clone(wire[i:min(i+size, len(wire))])
		if chunked {
			piece = c.strip(piece)
		}
		b := append(rest, piece...)
		for {
			frame, after := nextFrame(b, length)
			if frame == nil {
				break
			}
			b = after
			if e, ok := eventOf(frame, testSize, 7); ok {
				got = append(got, e)
				length = len(frame)
			}
		}
		rest = bytes.Clone(b)
	}
	return got
}

func TestCutHead(t *testing.T) {
	for _, tt := range []struct {
		in      string
		body    string
		chunked bool
		ok      bool
		err     error
	}{
		{"HTTP/1.1 200 OK\r\nX: y\r\n", "", false, false, nil},
		{"HTTP/1.1 200 OK\r\nX: y\r\n\r\ndata: 1", "data: 1", false, true, nil},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n", "5\r\n", true, true, nil},
		{"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\r\n", "", false, false, errRefused},
	} {
		body, chunked, ok, err := cutHead([]byte(tt.in))
		if ok != tt.ok || chunked != tt.chunked || !errors.Is(err, tt.err) || (ok && string(body) != tt.body) {
			t.Errorf("cutHead(%q) = %q, %t, %t, %v", tt.in, body, chunked, ok, err)
		}
	}
}

func TestEventDataIsRead(t *testing.T) {
	e := event{key: 12345, run: 0xbeef, source: 255, seq: 1 << 31, sent: 1<<47 + 3}
	data := newEventData(testSize)
	if len(data) != testSize {
		t.Fatalf("data of %d bytes; want %d", len(data), testSize)
	}
	e.put(data)
	if want := `{"k":"` + keyName(e.key) + `"`; !strings.HasPrefix(string(data), want) {
		t.Errorf("data begins %q; want %q", data[:20], want)
	}
	got, ok := eventOf([]byte("event: bench\ndata: "+string(data)+"\n\n"), testSize, e.run)
	e.key = 0
	if !ok || got != e {
		t.Errorf("eventOf = %+v, %t; want %+v", got, ok, e)
	}
	if _, ok := eventOf([]byte("data: {}\n\n"), testSize, e.run); ok {
		t.Error("a short frame was taken for an event")
	}
}

// The generator pays this for each delivery; it must stay far below a delivery's cost.
func BenchmarkFrames(b *testing.B) {
	stream := []byte(strings.Repeat(testFrame(event{run: 7, seq: 12345678, sent: 1e12}), 64))
	var h histogram
	for b.Loop() {
		for rest, length := stream, 0; ; {
			frame, after := nextFrame(rest, length)
			if frame == nil {
				break
			}
			e, _ := eventOf(frame, testSize, 7)
			h.add(e.sent)
			rest, length = after, len(frame)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(64*b.N), "ns/frame")
}
