package exec

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"tickertape/feeds"
)

func TestLineReader(t *testing.T) {
	full := strings.Repeat("x", maxLine)
	in := "a\r\n\n" + full + "\n" + full + "y\n" + strings.Repeat("z", 3*maxLine) + "\nb"
	for name, wrap := range map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }, "halves": iotest.HalfReader} {
		lines := newLineReader(wrap(strings.NewReader(in)))
		var got []string
		for {
			line, err := lines.next()
			if errors.Is(err, io.EOF) {
				break
			}
			text := string(line)
			if errors.Is(err, errLong) {
				text = "long " + text[:1]
			}
			got = append(got, text)
		}
		want := []string{"a", "", full, "long x", "long z", "b"}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s: %d lines, not those that were written", name, len(got))
		}
	}
}

// No line makes the parser panic, and an item that it returns is one object.
func FuzzParse(f *testing.F) {
	for _, line := range []string{`{"type":"item","id":"a","data":{"x":1}}`, `{"title":"a","id":5,"time":null}`, `{"type":"error","retry_after":1e400}`, `{"":{}}`, `[]`, "{\"a\":\"\xff\"}"} {
		f.Add([]byte(line), true)
		f.Add([]byte(line), false)
	}
	f.Fuzz(func(t *testing.T, line []byte, strict bool) {
		m, err := parse(line, strict)
		if err != nil || (m.Type != "" && m.Type != "item") {
			return
		}
		it := m.item(func(string) bool { return true })
		if _, err := it.Encode(it.Time); err != nil && !errors.Is(err, feeds.ErrItem) {
			t.Fatalf("%q: %v", line, err)
		}
	})
}
