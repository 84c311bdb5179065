package sse

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAppend(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   Frame
		want string
	}{
		{"all fields, id first", Frame{ID: "7k3q-1", Event: "stock", Retry: 3271 * time.Millisecond, Data: []byte("x")},
			"id: 7k3q-1\nevent: stock\nretry: 3271\ndata: x\n\n"},
		{"data alone", Frame{Data: []byte("x")}, "data: x\n\n"},
		{"leading spaces survive", Frame{Event: " e", Data: []byte("  x")}, "event:  e\ndata:   x\n\n"},
		{"no data line: only the id", Frame{ID: "a-1"}, "id: a-1\n\n"},
		{"no data line: only retry", Frame{Retry: time.Second}, "retry: 1000\n\n"},
		{"empty data is a line", Frame{ID: "a-1", Data: []byte{}}, "id: a-1\ndata: \n\n"},
		{"nothing", Frame{}, "\n"},
		{"LF", Frame{Data: []byte("a\nb")}, "data: a\ndata: b\n\n"},
		{"CR", Frame{Data: []byte("a\rb")}, "data: a\ndata: b\n\n"},
		{"CRLF is one line end", Frame{Data: []byte("a\r\nb")}, "data: a\ndata: b\n\n"},
		{"LFCR is two", Frame{Data: []byte("a\n\rb")}, "data: a\ndata: \ndata: b\n\n"},
		{"CRCRLF is two", Frame{Data: []byte("a\r\r\nb")}, "data: a\ndata: \ndata: b\n\n"},
		{"line end at the end", Frame{Data: []byte("a\n")}, "data: a\ndata: \n\n"},
		{"CRLF at the end", Frame{Data: []byte("a\r\n")}, "data: a\ndata: \n\n"},
		{"only a line end", Frame{Data: []byte("\r")}, "data: \ndata: \n\n"},
		{"injection: a field in the data stays data", Frame{Data: []byte("x\n\nevent: bye\rdata: y")},
			"data: x\ndata: \ndata: event: bye\ndata: data: y\n\n"},
		{"U+2028 and U+0085 end no line", Frame{Data: []byte("a\u2028b\u0085c")}, "data: a\u2028b\u0085c\n\n"},
		{"less than a millisecond", Frame{Retry: time.Microsecond, Data: []byte("x")}, "data: x\n\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(Append(nil, tt.in)); got != tt.want {
				t.Errorf("Append = %q; want %q", got, tt.want)
			}
			withoutID := tt.in
			withoutID.ID = ""
			out, body := AppendParts([]byte("before"), tt.in)
			if want := string(Append(nil, withoutID)); string(out[body:]) != want {
				t.Errorf("out[body:] = %q; want the frame without its id, %q", out[body:], want)
			}
			if string(out) != "before"+tt.want {
				t.Errorf("AppendParts = %q; want what Append writes after the prefix", out)
			}
		})
	}
}

func TestAppendComment(t *testing.T) {
	for in, want := range map[string]string{
		"":                       ":\n\n",
		"hi":                     ": hi\n\n",
		"a\ndata: b\rid: 1\r\nc": ": a\n: data: b\n: id: 1\n: c\n\n",
		"a\r\n":                  ": a\n: \n\n",
	} {
		if got := string(AppendComment(nil, in)); got != want {
			t.Errorf("AppendComment(%q) = %q; want %q", in, got, want)
		}
	}
}

// Data of nothing but CR, or nothing but LF, must not cost a scan of the rest per line.
func TestAppendIsLinear(t *testing.T) {
	for _, end := range []string{"\r", "\n", "\r\n"} {
		data := bytes.Repeat([]byte(end), 1<<20)
		start := time.Now()
		if got, want := bytes.Count(Append(nil, Frame{Data: data}), []byte("data: ")), 1<<20+1; got != want {
			t.Errorf("%q: %d data lines; want %d", end, got, want)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q: took %v for 1 Mi lines", end, took)
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 4096)
	f := Frame{ID: "7k3q-1042", Event: "stock", Retry: time.Second, Data: []byte("{\"a\":1}\r\n{\"b\":2}\nend")}
	if n := testing.AllocsPerRun(100, func() {
		out, _ := AppendParts(buf[:0], f)
		AppendComment(out, "still here")
	}); n != 0 {
		t.Errorf("appending within the capacity allocates %v times; want 0", n)
	}
}

func TestCheck(t *testing.T) {
	for _, f := range []Frame{
		{},
		{ID: "7k3q-1042", Event: "stock", Retry: 3271 * time.Millisecond, Data: []byte(`{"a":"\u0000"}`)},
		{Data: []byte("lines\r\nof\rtext\n, tabs\t, \u2028 and 🌦")},
		{Data: []byte{}},
		{Event: "two words", Retry: MaxRetry},
	} {
		if err := Check(f); err != nil {
			t.Errorf("Check(%+v) = %v; want nil", f, err)
		}
	}
	for _, tt := range []struct {
		attack string
		in     Frame
		names  string // what the message must mention
	}{
		{"new field through the id", Frame{ID: "1\ndata: gotcha"}, "id"},
		{"the same with CR", Frame{ID: "1\rdata: gotcha"}, "id"},
		{"an id that readers ignore", Frame{ID: "1\x00"}, "id"},
		{"an id that HTTP trims", Frame{ID: "1 "}, "id"},
		{"an id that is not UTF-8", Frame{ID: "1\xff"}, "id"},
		{"new event through the name", Frame{Event: "x\n\ndata: gotcha"}, "event name"},
		{"the same with CRLF", Frame{Event: "x\r\n\r\ndata: gotcha"}, "event name"},
		{"NUL in the name", Frame{Event: "x\x00"}, "event name"},
		{"C1 control in the name", Frame{Event: "x\u0085"}, "event name"},
		{"looks like a lost connection", Frame{Event: "error"}, "error"},
		{"looks like a new connection", Frame{Event: "open"}, "open"},
		{"looks unnamed", Frame{Event: "message"}, "message"},
		{"NUL in the data", Frame{Data: []byte("a\x00b")}, "data"},
		{"invalid UTF-8 in the data", Frame{Data: []byte("a\xc3")}, "data"},
		{"negative pause", Frame{Retry: -time.Second}, "retry"},
		{"pause without end", Frame{Retry: MaxRetry + time.Millisecond}, "retry"},
		{"pause that would be cut", Frame{Retry: 1500 * time.Microsecond}, "retry"},
	} {
		err := Check(tt.in)
		if !errors.Is(err, ErrUnsafe) {
			t.Errorf("%s: Check = %v; want ErrUnsafe", tt.attack, err)
		} else if !strings.Contains(err.Error(), tt.names) {
			t.Errorf("%s: Check = %q; want a message that names %q", tt.attack, err, tt.names)
		}
	}
	if err := CheckEvent(""); !errors.Is(err, ErrUnsafe) {
		t.Errorf("CheckEvent of no name = %v; want ErrUnsafe", err)
	}
}

func BenchmarkAppend(b *testing.B) {
	f := Frame{ID: "7k3q-1042", Event: "stock", Data: bytes.Repeat([]byte("x"), 200)}
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = AppendParts(buf[:0], f)
	}
}
