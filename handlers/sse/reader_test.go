package sse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// all reads the stream to its end and prints each event as "type|id|data".
func all(t *testing.T, src io.Reader) (events []string, r *Reader) {
	t.Helper()
	r = NewReader(src, 0)
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return events, r
		}
		if err != nil {
			t.Fatalf("Next: %v", err)
		}
		events = append(events, e.Type+"|"+e.ID+"|"+string(e.Data))
	}
}

// Each case is one rule of the HTML standard, 9.2.5 and 9.2.6.
var rules = []struct {
	rule   string
	in     string
	want   []string
	lastID string
	retry  time.Duration
}{
	{rule: "a blank line dispatches", in: "data: a\n\n", want: []string{"message||a"}},
	{rule: "an unfinished block at the end is discarded", in: "data: a\n\ndata: b\n", want: []string{"message||a"}},
	{rule: "a line cut off at the end is discarded", in: "data: a\n\ndata: b", want: []string{"message||a"}},
	{rule: "the id of an unfinished block does not count", in: "id: 1\ndata: a\n\nid: 2\ndata: b\n", want: []string{"message|1|a"}, lastID: "1"},
	{rule: "retry counts at once, even in an unfinished block", in: "retry: 20\n", retry: 20 * time.Millisecond},
	{rule: "CR ends a line", in: "data: a\rdata: b\r\r", want: []string{"message||a\nb"}},
	{rule: "CRLF ends one line", in: "data: a\r\ndata: b\r\n\r\n", want: []string{"message||a\nb"}},
	{rule: "line ends may be mixed", in: "data: a\ndata: b\rdata: c\r\n\n", want: []string{"message||a\nb\nc"}},
	{rule: "LF CR is two line ends", in: "data: a\n\rdata: b\n\n", want: []string{"message||a", "message||b"}},
	{rule: "other separators end no line", in: "data: a\u2028b\u0085c\vd\fe\n\n", want: []string{"message||a\u2028b\u0085c\vd\fe"}},
	{rule: "one byte order mark is stripped", in: "\ufeffdata: a\n\n", want: []string{"message||a"}},
	{rule: "a second one is part of a field name", in: "\ufeff\ufeffdata: a\n\ndata: b\n\n", want: []string{"message||b"}},
	{rule: "one further down is data", in: "data: \ufeffa\n\n", want: []string{"message||\ufeffa"}},
	{rule: "a stream that is a mark and no more", in: "\ufeff"},
	{rule: "a stream that is half a mark", in: "\xef\xbb"},
	{rule: "an empty stream", in: ""},
	{rule: "lines of data are joined with LF", in: "data: a\ndata: b\n\n", want: []string{"message||a\nb"}},
	{rule: "one LF at the end is removed, not more", in: "data: a\ndata\ndata\n\n", want: []string{"message||a\n\n"}},
	{rule: "one space after the colon is eaten", in: "data:a\n\ndata: a\n\ndata:  a\n\ndata:\ta\n\n",
		want: []string{"message||a", "message||a", "message|| a", "message||\ta"}},
	{rule: "colons after the first belong to the value", in: "data:a:b: c\n\n", want: []string{"message||a:b: c"}},
	{rule: "a data field without a value is an empty line: two events, not three", in: "data\n\ndata\ndata\n\ndata:",
		want: []string{"message||", "message||\n"}},
	{rule: "a line that begins with a colon is a comment", in: ": data: a\n:\n:: b\ndata: c\n\n", want: []string{"message||c"}},
	{rule: "unknown fields are ignored", in: "data: a\nfoo: b\nDATA: c\n data: d\ndata : e\n\n", want: []string{"message||a"}},
	{rule: "blank lines alone dispatch nothing", in: "\n\n\r\r\n\n\ndata: a\n\n", want: []string{"message||a"}},
	{rule: "no data, no event", in: "event: x\n\ndata: a\n\n", want: []string{"message||a"}},
	{rule: "the event name names the event", in: "event: x\ndata: a\n\n", want: []string{"x||a"}},
	{rule: "the newest name counts", in: "event: x\nevent:y\ndata: a\n\n", want: []string{"y||a"}},
	{rule: "the name ends with its block", in: "event: x\ndata: a\n\ndata: b\n\n", want: []string{"x||a", "message||b"}},
	{rule: "an empty name is message", in: "event: x\nevent\ndata: a\n\nevent: \ndata: b\n\n", want: []string{"message||a", "message||b"}},
	{rule: "a name may hold spaces and colons", in: "event: a b: c \ndata: a\n\n", want: []string{"a b: c ||a"}},
	{rule: "the id sticks to later events", in: "id: 1\ndata: a\n\ndata: b\n\n", want: []string{"message|1|a", "message|1|b"}, lastID: "1"},
	{rule: "the newest id of a block counts", in: "id: 1\nid: 2\ndata: a\n\n", want: []string{"message|2|a"}, lastID: "2"},
	{rule: "an id without data moves the cursor", in: "id: 1\ndata: a\n\nid: 2\n\n", want: []string{"message|1|a"}, lastID: "2"},
	{rule: "and it sticks to the next event", in: "id: 2\n\ndata: a\n\n", want: []string{"message|2|a"}, lastID: "2"},
	{rule: "an empty id resets", in: "id: 1\ndata: a\n\nid:\ndata: b\n\n", want: []string{"message|1|a", "message||b"}},
	{rule: "an id without a colon resets too", in: "id: 1\n\nid\n\n"},
	{rule: "an id with NUL is ignored", in: "id: 1\n\nid: 2\x00\ndata: a\n\n", want: []string{"message|1|a"}, lastID: "1"},
	{rule: "NUL in data and name stays", in: "event: x\x00\ndata: a\x00b\n\n", want: []string{"x\x00||a\x00b"}},
	{rule: "retry sets the pause", in: "retry: 3271\n\n", retry: 3271 * time.Millisecond},
	{rule: "leading zeros are digits", in: "retry:003\n\n", retry: 3 * time.Millisecond},
	{rule: "a retry that is not all digits is ignored", retry: 5 * time.Millisecond,
		in: "retry: 5\nretry: 7x\nretry: -1\nretry: +2\nretry: 1.5\nretry: 1e3\nretry:  9\nretry: 9 \nretry:\nretry\nretry: ٣\n\n"},
	{rule: "a retry beyond all bounds is the longest one", in: "retry: 99999999999999999999999\n\n", retry: MaxRetry},
	{rule: "invalid UTF-8 becomes U+FFFD", in: "event: \xff\nid: \xfe\ndata: a\xc3\n\n", want: []string{"\ufffd|\ufffd|a\ufffd"}, lastID: "\ufffd"},
	{rule: "a broken character is replaced once, and swallows no line end", in: "data: \xf0\x9f\x98\ndata: b\n\n", want: []string{"message||\ufffd\nb"}},
	{rule: "invalid UTF-8 in a comment harms nothing", in: ":\xff\xfe\ndata: a\n\n", want: []string{"message||a"}},
	{rule: "invalid UTF-8 in a name makes it unknown", in: "data\xff: a\ndata: b\n\n", want: []string{"message||b"}},
}

func TestReaderFollowsTheStandard(t *testing.T) {
	for _, tt := range rules {
		for split, src := range map[string]io.Reader{
			"whole":        strings.NewReader(tt.in),
			"byte by byte": iotest.OneByteReader(strings.NewReader(tt.in)),
			"error early":  iotest.DataErrReader(strings.NewReader(tt.in)),
		} {
			t.Run(tt.rule+"/"+split, func(t *testing.T) {
				got, r := all(t, src)
				if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.want) {
					t.Errorf("events of %q = %q; want %q", tt.in, got, tt.want)
				}
				if r.LastEventID() != tt.lastID {
					t.Errorf("last event id after %q = %q; want %q", tt.in, r.LastEventID(), tt.lastID)
				}
				if r.Retry() != tt.retry {
					t.Errorf("retry after %q = %v; want %v", tt.in, r.Retry(), tt.retry)
				}
			})
		}
	}
}

// The cases of the Encoding Standard's "maximal subpart" practice.
func TestReplacesBrokenUTF8(t *testing.T) {
	for in, want := range map[string]string{
		"\xff\xfe":                             "\ufffd\ufffd",
		"\xc0\xaf":                             "\ufffd\ufffd",       // overlong
		"\xe0\x80\xaf":                         "\ufffd\ufffd\ufffd", // overlong
		"\xed\xa0\x80":                         "\ufffd\ufffd\ufffd", // surrogate
		"\xf4\x90\x80\x80":                     "\ufffd\ufffd\ufffd\ufffd",
		"\xe2\x82x":                            "\ufffdx",
		"\xf0\x9f\x98":                         "\ufffd",
		"\xf0\x9f\x98\xf0\x9f\x98\x80":         "\ufffd\U0001f600",
		"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41": "\ufffd\ufffd\ufffd\ufffdA", // table 3-11 of the Unicode Standard
		"\u20ac\ufffd":                         "\u20ac\ufffd",
	} {
		if got := string(appendValid(nil, []byte(in))); got != want {
			t.Errorf("%q decodes to %q; want %q", in, got, want)
		}
	}
}

// An event must come out when its blank line has been read, though the source
// blocks from then on: also when the line end is a CR that LF might follow.
func TestNextWaitsForNothingMore(t *testing.T) {
	for _, end := range []string{"\n", "\r", "\r\n"} {
		src, w := io.Pipe()
		r := NewReader(src, 0)
		wrote := make(chan error, 1)
		go func() { // ends with the pipe
			_, err := io.WriteString(w, "data: a"+end+end)
			wrote <- err
		}()
		if e, err := r.Next(); err != nil || string(e.Data) != "a" {
			t.Errorf("line end %q: Next = %q, %v; want the event at once", end, e.Data, err)
		}
		w.Close()
		<-wrote
	}
}

func TestNextBlockShowsWhatScriptsCannotSee(t *testing.T) {
	r := NewReader(strings.NewReader("retry: 7\n\n: alive\n\n\n\nid: 9\n\ndata: a\n\nevent: x\ndata:\n\n"), 0)
	for i, want := range []Block{
		{Event: Event{Type: "message", Retry: 7 * time.Millisecond}},
		{Event: Event{Type: "message", Retry: 7 * time.Millisecond}}, // the comment
		{Event: Event{Type: "message", ID: "9", Retry: 7 * time.Millisecond}},
		{Event: Event{Type: "message", ID: "9", Retry: 7 * time.Millisecond, Data: []byte("a")}, Dispatched: true},
		{Event: Event{Type: "x", ID: "9", Retry: 7 * time.Millisecond, Data: []byte{}}, Dispatched: true},
	} {
		got, err := r.NextBlock()
		if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("block %d = %+v, %v; want %+v", i, got, err, want)
		}
	}
	if _, err := r.NextBlock(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last block: %v; want EOF", err)
	}
}

func TestReaderIsBounded(t *testing.T) {
	const limit = 100
	long := strings.Repeat("x", limit)
	for _, tt := range []struct {
		name string
		in   io.Reader
		ok   bool
	}{
		{"data at the limit", strings.NewReader("data: " + long + "\n\n"), true},
		{"data over the limit in one line", strings.NewReader("data: x" + long + "\n\n"), false},
		{"data over the limit in many lines", strings.NewReader("data: x\ndata: " + long + "\n\n"), false},
		{"many empty lines of data", strings.NewReader(strings.Repeat("data\n", limit+2) + "\n"), false},
		{"a comment without end", endless("x"), false},
		{"data without end", endless("data: x\n"), false},
		{"many events", strings.NewReader(strings.Repeat("data: "+long+"\n\n", 100)), true},
		{"many comments before an event", strings.NewReader(strings.Repeat(": "+long+"\n", 100) + "data: a\n\n"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := NewReader(tt.in, limit)
			var err error
			for err == nil {
				_, err = r.Next()
			}
			if tt.ok != errors.Is(err, io.EOF) || tt.ok == errors.Is(err, ErrTooLong) {
				t.Errorf("ends with %v", err)
			}
			if _, again := r.Next(); !errors.Is(again, err) {
				t.Errorf("after %v, Next = %v; want the same error", err, again)
			}
			if cap(r.buf) > 8192 || cap(r.data) > 8*limit {
				t.Errorf("holds %d and %d bytes", cap(r.buf), cap(r.data))
			}
		})
	}
}

func TestReaderPassesTheSourcesError(t *testing.T) {
	broken := errors.New("cable cut")
	r := NewReader(io.MultiReader(strings.NewReader("data: a\n\ndata: b\n"), iotest.ErrReader(broken)), 0)
	if e, err := r.Next(); err != nil || string(e.Data) != "a" {
		t.Errorf("Next = %q, %v; want the event that was complete", e.Data, err)
	}
	for range 2 {
		if _, err := r.Next(); !errors.Is(err, broken) {
			t.Errorf("Next = %v; want %v", err, broken)
		}
	}
	if _, err := NewReader(silent{}, 0).Next(); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a source that gives nothing: %v; want ErrNoProgress", err)
	}
}

func TestEventsDoNotShareBytes(t *testing.T) {
	r := NewReader(strings.NewReader("data: aaa\n\ndata: bbb\n\n"), 0)
	first, _ := r.Next()
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Data, []byte("aaa")) {
		t.Errorf("the first event became %q", first.Data)
	}
}

// endless repeats itself for ever.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e) <= len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

// silent reads nothing, without an error.
type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

func BenchmarkReader(b *testing.B) {
	one := Append(nil, Frame{ID: "7k3q-1042", Event: "stock", Data: bytes.Repeat([]byte("x"), 200)})
	r := NewReader(endless(one), 0)
	b.ReportAllocs()
	b.SetBytes(int64(len(one)))
	for b.Loop() {
		if _, err := r.Next(); err != nil {
			b.Fatal(err)
		}
	}
}
