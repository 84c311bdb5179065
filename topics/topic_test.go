package topics

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestValidName(t *testing.T) {
	for _, name := range []string{"a", "news", "a-b_c9", "z" + strings.Repeat("0", 63), "live2", "streams"} {
		if err := ValidName(name); err != nil {
			t.Errorf("ValidName(%q) = %v", name, err)
		}
	}
	for _, name := range []string{
		"", "A", "9a", "-a", "_a", "a.b", "a b", "a\n", "é", "*", "z" + strings.Repeat("0", 64),
		"open", "error", "message", "stream", "live", "heartbeat", "retract", "bye",
	} {
		if err := ValidName(name); err == nil {
			t.Errorf("ValidName(%q) = nil", name)
		}
	}
}

func TestNewCatalogueNamesEveryMistake(t *testing.T) {
	_, err := NewCatalogue(
		Topic{Name: "Bad"},
		Topic{Name: "bye"},
		Topic{Name: "a", Mode: "sometimes"},
		Topic{Name: "b", Snapshot: -1},
		Topic{Name: "c", Snapshot: 1001},
		Topic{Name: "d", Schema: []byte(`{"type": "nonsense"}`)},
		Topic{Name: "e", Schema: []byte(`{"type"`)},
		Topic{Name: "f", Schema: []byte(`{"$ref": "https://schemas.test/x.json"}`)},
		Topic{Name: "g", Schema: []byte(`{"$ref": "file:///etc/passwd"}`)},
		Topic{Name: "h", Schema: []byte(`{"$ref": "other.json"}`)},
		Topic{Name: "i", Publish: "everyone"},
		Topic{Name: "j"},
		Topic{Name: "j"},
	)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	for _, text := range []string{
		`"Bad": want`, `"bye" is reserved`, `topic "a": mode "sometimes"`, `topic "b": snapshot -1`, `topic "c": snapshot 1001`,
		`topic "d": schema`, `topic "e": schema`, "schemas.test", "/etc/passwd", `topic "h": schema`,
		`topic "i": publish "everyone"`, `topic "j" is defined twice`,
	} {
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, text) }) {
			t.Errorf("no mention of %s in:\n%v", text, err)
		}
	}
}

func TestCatalogueDefaults(t *testing.T) {
	list := []Topic{{Name: "b"}, {Name: "a", Mode: Latest}}
	c, err := NewCatalogue(list...)
	if err != nil {
		t.Fatal(err)
	}
	all := c.All()
	if len(all) != 2 || all[0].Name != "a" || all[1].Name != "b" {
		t.Fatalf("All() = %v", all)
	}
	if b := all[1]; b.Mode != Every || b.Snapshot != 20 || b.Private || b.Publish != ByKey {
		t.Errorf("defaults: %+v", *b)
	}
	list[0].Name = "changed"
	if _, err := c.Lookup("b"); err != nil {
		t.Errorf("the catalogue changed with the list it was made of: %v", err)
	}
	_, err = c.Lookup("x")
	var unknown *UnknownTopicError
	if !errors.As(err, &unknown) || unknown.Name != "x" {
		t.Errorf("Lookup(x) = %v", err)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"chat", "news", "stock", "weather"}
	for _, tt := range []struct{ word, want string }{
		{"news", "news"}, {"new", "news"}, {"newz", "news"}, {"wether", "weather"}, {"wheather", "weather"},
		{"stocks", "stock"}, {"", ""}, {"sport", ""}, {"zzzzzz", ""},
		{strings.Repeat("x", 64), ""}, {strings.Repeat("x", 300), ""}, {strings.Repeat("x", 100000), ""},
	} {
		if got := Nearest(tt.word, known); got != tt.want {
			t.Errorf("Nearest(%.20q) = %q, want %q", tt.word, got, tt.want)
		}
	}
}
