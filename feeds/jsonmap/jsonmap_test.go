package jsonmap

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const document = `{"unit":"EUR","rates":{"USD":1.0900,"CHF":0.94},"a b":{"c":[{"n":1},{"n":2}]},"list":["x","","y"],
	"big":123456789012345678901234567890.10,"text":" Ünder ","none":null,"yes":true,"empty":[],"nested":[{"deep":"v"}]}`

func decoded(t testing.TB) any {
	t.Helper()
	value, err := Decode([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestExpressions(t *testing.T) {
	doc := decoded(t)
	for _, tt := range []struct{ in, want string }{
		{"@.unit", `"EUR"`},
		{"$.rates.USD", `1.0900`},
		{"@['a b'].c[1].n", `2`},
		{`@["a b"].c[*].n`, `[1,2]`},
		{"@.list[-1]", `"y"`},
		{"@.none", `null`},
		{"@.absent", ``},
		{"'a, (text)'", `"a, (text)"`},
		{`"it's"`, `"it's"`},
		{"-1.50", `-1.50`},
		{"first(@.absent, @.none, @.list[1], @.list[2])", `"y"`},
		{"first(@.list[*])", `"x"`},
		{"first(@.absent)", ``},
		{"join(' / ', @.list[*], @.unit)", `"x / y / EUR"`},
		{"join(', ', @.absent[*])", ``},
		{"format('{} is {}', @.unit, @.rates.CHF)", `"EUR is 0.94"`},
		{"format('{} is {}', @.unit, @.absent)", ``},
		{"format('{}', '{}')", `"{}"`},
		{"text(@.big)", `"123456789012345678901234567890.10"`},
		{"@.big", `123456789012345678901234567890.10`},
		{"number('+1.50')", `1.50`},
		{"number(@.unit)", ``},
		{"lower(trim(@.text))", `"ünder"`},
		{"upper(@.yes)", `"TRUE"`},
		{"replace(@.unit, 'E', '')", `"UR"`},
		{"replace(@.unit, '', 'x')", `"EUR"`},
		{"times(0.1, 3)", `0.3`},
		{"times(@.rates.USD, '100')", `109`},
		{"plus(300.15, -273.15)", `27`},
		{"plus(-0.0000001, 0)", `0`},
		{"times(1e300, 2)", ``},
		{"times(@.unit, 2)", ``},
		{"key()", `"k"`},
		{"@[?(@.n, 1)]", `error`},
		{"first(@.nested[?@.deep == 'v, )'].deep, @.nested[?length(@.deep) == 1].deep)", `"v"`},
	} {
		e, err := parseExpression(tt.in)
		if err != nil {
			if tt.want != "error" {
				t.Errorf("%s: %v", tt.in, err)
			}
			continue
		}
		value, ok, err := e.eval(&input{Element{doc, "k"}, doc})
		got, _ := json.Marshal(value)
		if !ok {
			got = nil
		}
		if err != nil || string(got) != tt.want {
			t.Errorf("%s is %s, %v; want %s", tt.in, got, err, tt.want)
		}
	}
}

func TestMistakesInExpressions(t *testing.T) {
	for in, want := range map[string]string{
		"":                 "want a path",
		"name":             `there is no function "name"`,
		"lower":            "lower is a function",
		"lower(@.a":        "want a comma or )",
		"lower(@.a, @.b)":  "has 2 values",
		"lower()":          "has 0 values",
		"'open":            "the quote does not end",
		"@.a @.b":          "no path",
		"@.a, @.b":         "follows where nothing should",
		"@..":              "no path",
		"1.2.3":            "want a path",
		"{}":               "want a path",
		"lower(lower(x))":  `there is no function "x"`,
		"format('{}' @.a)": "want a comma or )",
		strings.Repeat("lower(", 20) + "@.a" + strings.Repeat(")", 20): "deep",
	} {
		if _, err := parseExpression(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", in, err, want)
		}
	}
}

func TestElements(t *testing.T) {
	doc := decoded(t)
	for _, tt := range []struct {
		path  string
		keys  string
		found bool
	}{
		{"$.rates.*", "CHF USD", true},
		{"$.list", "0 1 2", true},
		{"$.list[*]", "0 1 2", true},
		{"$.list[::-1]", "0 1 2", true},
		{"$.empty", "", true},
		{"$.empty[*]", "", true},
		{"$.none", "", true},
		{"$.none[*]", "", true},
		{"$.absent", "", false},
		{"$.absent[*]", "", false},
		{"$.unit[*]", "", false},
		{"$.nested[?@.deep == 'w']", "", false},
		{"$", "", true},
	} {
		path, err := ParsePath(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		list, found := path.Elements(doc)
		var keys []string
		for _, e := range list {
			keys = append(keys, e.Key)
		}
		if got := strings.TrimSpace(strings.Join(keys, " ")); got != tt.keys || found != tt.found {
			t.Errorf("%s: %q, %v; want %q, %v", tt.path, got, found, tt.keys, tt.found)
		}
	}
	for _, wrong := range []string{"", "list", "@.list", "$.list[", "$..", "$[?@.a =]"} {
		if _, err := ParsePath(wrong); err == nil {
			t.Errorf("%q is taken for a path", wrong)
		}
	}
}

func TestConditions(t *testing.T) {
	doc := decoded(t)
	for text, want := range map[string]bool{
		"@.unit == 'EUR' && @.rates.USD > 1.08": true,
		"@.rates.USD == 1.09":                   true,
		"@.rates.USD >= 1.1":                    false,
		"@.absent":                              false,
		"!@.absent":                             true,
		"$.yes == true":                         true,
		"match(@.unit, 'E.R')":                  true,
		"count(@.list[*]) > 3":                  false,
	} {
		c, err := ParseCondition(text)
		if err != nil {
			t.Error(err)
		} else if got := c.Holds(doc, doc); got != want {
			t.Errorf("%s is %v; want %v", text, got, want)
		}
	}
	for _, wrong := range []string{"", "@.a = 1", "@.a]['b'", "@.a, ?@.b", "@.a][?@.b", "true"} {
		if _, err := ParseCondition(wrong); err == nil {
			t.Errorf("%q is taken for a condition", wrong)
		}
	}
}

func TestTimes(t *testing.T) {
	for _, tt := range []struct{ format, zone, in, want string }{
		{"rfc3339", "UTC", `"2026-11-20T09:00:00+01:00"`, "2026-11-20T08:00:00Z"},
		{"unix", "UTC", `1795162500`, "2026-11-20T08:15:00Z"},
		{"unix", "UTC", `"1795162500.25"`, "2026-11-20T08:15:00.25Z"},
		{"unix_ms", "UTC", `1795162500123`, "2026-11-20T08:15:00.123Z"},
		{"unix_ms", "UTC", `1.7951625e12`, "2026-11-20T08:15:00Z"},
		{"2006-01-02 15:04:05", "Europe/Berlin", `"2026-11-20 09:15:00"`, "2026-11-20T08:15:00Z"},
		{"rfc3339", "UTC", `null`, "0001-01-01T00:00:00Z"},
		{"rfc3339", "UTC", `""`, "0001-01-01T00:00:00Z"},
		{"rfc3339", "UTC", `"yesterday"`, "error"},
		{"unix", "UTC", `"soon"`, "error"},
		{"unix", "UTC", `-5`, "error"},
		{"unix", "UTC", `1e12`, "error"},
		{"unix", "UTC", `1e999999999`, "error"},
		{"unix", "UTC", `{}`, "error"},
	} {
		c, err := newClock(tt.format, tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		value, err := Decode([]byte(tt.in))
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.read(value)
		if text := got.UTC().Format(time.RFC3339Nano); (err != nil) != (tt.want == "error") || err == nil && text != tt.want {
			t.Errorf("%s as %s: %s, %v; want %s", tt.in, tt.format, text, err, tt.want)
		}
	}
	for _, wrong := range [][2]string{{"iso", "UTC"}, {"dd.mm.yyyy", "UTC"}, {"unix", "Mars/Base"}} {
		if _, err := newClock(wrong[0], wrong[1]); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in the year 2000
		m, err := New(Options{Map: map[string]string{"title": "@.t", "time": "@.at", "severity": "@.s", "symbol": "key()"}, Where: "@.t != 'no'"}, nil, "news")
		if err != nil {
			t.Fatal(err)
		}
		value, err := Decode([]byte(`[{"t":" one ","at":"1999-12-31T10:00:00Z","s":"SEVERE"},{"t":"no"},{"t":"two","at":"2026-01-01T00:00:00Z"},{"t":{}},5]`))
		if err != nil {
			t.Fatal(err)
		}
		path, _ := ParsePath("$")
		list, _ := path.Elements(value)
		b := m.Items(list, value, nil, 0)
		if len(b.Items) != 3 || b.Left != 1 || b.Dropped != 1 || b.Wrong == nil || b.Missing != nil {
			t.Fatalf("%+v", b)
		}
		one, two := b.Items[0], b.Items[1]
		if one.Title != "one" || one.Severity != "severe" || one.Time.IsZero() || !reflect.DeepEqual(one.Data, map[string]any{"symbol": "0"}) {
			t.Errorf("%+v", one)
		}
		if !two.Time.IsZero() {
			t.Errorf("%s is in the future; want none", two.Time)
		}
		if one.ID == "" || one.ID == two.ID {
			t.Errorf("ids %q and %q: want one made of what each says", one.ID, two.ID)
		}
		time.Sleep(time.Hour)
		if again := m.Items(list, value, nil, 1); len(again.Items) != 1 || again.Items[0].ID != one.ID {
			t.Errorf("later: %+v; want the same id, and one item", again)
		}
		bare, err := New(Options{}, nil, "news")
		if err != nil {
			t.Fatal(err)
		}
		b = bare.Items([]Element{{Value: map[string]any{"id": json.Number("7"), "level": json.Number("1.50")}}}, nil, nil, 0)
		if line, err := b.Items[0].Encode(time.Time{}); err != nil || !strings.HasPrefix(string(line), `{"level":1.50,"id":"7"`) {
			t.Errorf("an object as it is: %s, %v", line, err)
		}
	})
}

func FuzzExpression(f *testing.F) {
	for _, seed := range []string{"@.a", "format('{} {}', @.a[?@.b == 'x'], $.c)", "first(@..a, -1.5e3)", "times(@.a, 0.5)", "join(', ', @['a','b'])"} {
		f.Add(seed, document)
	}
	f.Fuzz(func(t *testing.T, text, doc string) {
		e, err := parseExpression(text)
		value, wrong := Decode([]byte(doc))
		if err != nil || wrong != nil || len(doc) > 1000 || strings.Contains(text, "..") {
			return // what takes long is the operator's own wish
		}
		if _, ok, err := e.eval(&input{Element{value, ""}, value}); ok && err != nil {
			t.Errorf("%q: a value and an error: %v", text, err)
		}
		m, err := New(Options{Map: map[string]string{"title": text, "time": text, "x": text}}, nil, "news")
		if err != nil {
			t.Fatalf("%q parses alone only: %v", text, err)
		}
		for _, it := range m.Items([]Element{{Value: value}}, value, nil, 0).Items {
			if line, err := it.Encode(time.Time{}); err == nil && !json.Valid(line) {
				t.Errorf("%q of %q makes %s", text, doc, line)
			}
		}
	})
}

// Empty objects of two bytes take hundreds in memory: there is a bound to them.
func TestDecodeBoundsObjects(t *testing.T) {
	for _, one := range []string{"{}", "[]"} {
		if _, err := Decode([]byte("[" + strings.Repeat(one+",", maxContainers-2) + one + "]")); err != nil {
			t.Errorf("%d of %s: %v", maxContainers, one, err)
		}
		if _, err := Decode([]byte("[" + strings.Repeat(one+",", maxContainers) + one + "]")); err == nil || !strings.Contains(err.Error(), "more than 200000") {
			t.Errorf("more of %s: %v", one, err)
		}
	}
}
