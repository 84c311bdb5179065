package topics

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseFilter(t *testing.T) {
	c := testTopics(t)
	all := "chat,clock,form,news,old,stock,weather"
	for _, tt := range []struct {
		in   []string
		want string
	}{
		{nil, all},
		{[]string{"*"}, all},
		{[]string{"news"}, "news"},
		{[]string{" stock , news,stock "}, "news,stock"},
		{[]string{"stock", "news", "news"}, "news,stock"},
		{[]string{"*,secret"}, "chat,clock,form,news,old,secret,stock,weather"},
		{[]string{"*", "stock.ACME"}, all},
		{[]string{"stock.ACME"}, "stock.ACME"},
		{[]string{"stock.BRK.A"}, "stock.BRK.A"},
		{[]string{"stock.B,stock.A,stock.B"}, "stock.A,stock.B"},
		{[]string{"stock.A,stock,stock.B"}, "stock"},
		{[]string{"stock.A,news,weather.St. John's"}, "news,stock.A,weather.St. John's"},
		{[]string{"secret"}, "secret"},
	} {
		f, err := ParseFilter(c, tt.in...)
		if err != nil || f.String() != tt.want {
			t.Errorf("ParseFilter(%q) = %q, %v; want %q", tt.in, f, err, tt.want)
		}
	}
}

func TestParseFilterRefuses(t *testing.T) {
	c := testTopics(t)
	for _, tt := range []struct{ in, part, text string }{
		{"", "", "an empty name"},
		{"news,,stock", "news,,stock", "an empty name"},
		{"news,", "news,", "an empty name"},
		{"newz", "newz", `did you mean "news"?`},
		{"Stock", "Stock", `did you mean "stock"?`},
		{"sport.x", "sport", `there is no topic "sport"`},
		{"*.x", "*", `there is no topic "*"`},
		{".x", "", `there is no topic ""`},
		{"stock." + strings.Repeat("x", MaxKey+1), "stock", "257 bytes"},
		{"stock.A\x00stock.B", "stock", "U+0000"},
		{"stock.A\nB", "stock", "U+000A"},
		{"stock.\xff", "stock", "UTF-8"},
		{strings.Repeat("news,", MaxParts) + "news", "type", "at most 1000"},
	} {
		_, err := ParseFilter(c, tt.in)
		var fe *FilterError
		if !errors.As(err, &fe) || fe.Part != tt.part || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("ParseFilter(%.40q) = %v (%+v); want part %q and %q", tt.in, err, fe, tt.part, tt.text)
		}
	}
	if _, err := ParseFilter(c, "nwes"); !errors.Is(err, ErrUnknownTopic) {
		t.Errorf("unknown topic: %v is not ErrUnknownTopic", err)
	}
	if _, err := ParseFilter(c, strings.Repeat("news,", MaxParts-1)+"news"); err != nil {
		t.Errorf("%d parts: %v", MaxParts, err)
	}
}

func TestTopicFilter(t *testing.T) {
	c := testTopics(t)
	f, err := TopicFilter(c, "stock", "a,b.c *")
	if err != nil || !f.Match("stock", "a,b.c *") || f.Match("stock", "a") || f.Match("stock", "") {
		t.Errorf("TopicFilter of an odd key = %q, %v", f, err)
	}
	if f, err := TopicFilter(c, "stock", ""); err != nil || !f.Match("stock", "x") {
		t.Errorf("TopicFilter of a topic = %q, %v", f, err)
	}
	if _, err := TopicFilter(c, "stocks", "A"); !errors.Is(err, ErrUnknownTopic) {
		t.Errorf("TopicFilter of an unknown topic: %v", err)
	}
}

func TestFilterMatchAndTopics(t *testing.T) {
	c := testTopics(t)
	f, _ := ParseFilter(c, "news,stock.B,stock.A,weather.Oslo")
	for _, tt := range []struct {
		topic, key string
		want       bool
	}{
		{"news", "", true}, {"news", "x", true}, {"stock", "A", true}, {"stock", "B", true},
		{"stock", "C", false}, {"stock", "", false}, {"stock", "A.", false},
		{"weather", "Oslo", true}, {"weather", "A", false}, {"chat", "", false},
	} {
		if got := f.Match(tt.topic, tt.key); got != tt.want {
			t.Errorf("Match(%q, %q) = %v", tt.topic, tt.key, got)
		}
	}
	if got := f.Topics(); !slices.Equal(got, []string{"news", "stock", "weather"}) {
		t.Errorf("Topics() = %q", got)
	}
	if (Filter{}).Match("news", "") {
		t.Error("the zero filter wants something")
	}
}

// Filters share a cohort by their identity: two that are told apart by Match must
// be told apart by it.
func TestFilterIdentity(t *testing.T) {
	c := testTopics(t)
	idents := map[string]string{}
	for _, in := range [][]part{
		{{"stock", ""}}, {{"news", ""}}, {{"news", ""}, {"stock", ""}},
		{{"stock", "A"}}, {{"stock", "B"}}, {{"stock", "A"}, {"stock", "B"}},
		{{"stock", "A,stock.B"}}, {{"stock", "A stock.B"}}, {{"stock", "A;B"}},
		{{"stock", "A"}, {"weather", "B"}}, {{"stock", "A.B"}}, {{"stock", "A.stock.B"}},
		{{"news", ""}, {"stock", "A"}}, {{"news", "stock"}}, {{"news", "stock.A"}},
		{{"stock", "\u2028"}}, {{"stock", "\u00a0"}}, {{"stock", "é"}}, {{"stock", "e\u0301"}},
		{{"stock", "1:x"}}, {{"stock", "1"}, {"stock", "x"}}, {{"stock", `"A"`}},
	} {
		f, err := newFilter(c, in)
		if err != nil {
			t.Errorf("filter of %q: %v", in, err)
			continue
		}
		if other, ok := idents[f.ident]; ok {
			t.Errorf("%q has the identity of %s", in, other)
		}
		idents[f.ident] = f.String()
	}
	a, _ := ParseFilter(c, "stock.B, news ,stock.A")
	b, _ := ParseFilter(c, "news,stock.A", "stock.B,stock.B")
	if a.ident != b.ident {
		t.Errorf("%q and %q have different identities", a, b)
	}
}

func FuzzParseFilter(f *testing.F) {
	for _, s := range []string{"news", "*,stock.A", "stock.A\x00stock.B", "a,,b", "stock.a.b. c", "\xff"} {
		f.Add(s, "news")
	}
	c := testTopics(f)
	f.Fuzz(func(t *testing.T, one, two string) {
		a, errA := ParseFilter(c, one)
		b, errB := ParseFilter(c, two)
		if errA != nil || errB != nil {
			return
		}
		again, err := ParseFilter(c, a.String())
		if err != nil || again.ident != a.ident {
			t.Errorf("%q reads back as %q, %v", a, again, err)
		}
		if same := slices.Equal(a.topics, b.topics) && slices.Equal(a.keys, b.keys); same != (a.ident == b.ident) {
			t.Errorf("%q and %q: same %v, identities %q and %q", one, two, same, a.ident, b.ident)
		}
		for _, p := range a.keys {
			if !a.Match(p.topic, p.key) {
				t.Errorf("%q does not match its own part %q", one, p)
			}
		}
	})
}
