package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tickertape/feeds"
)

// jsonOptions are those of a kind that takes any value.
type jsonOptions struct {
	Config json.RawMessage `option:"config" secret:"true" doc:"Anything."`
}

func jsonKind() []feeds.Spec {
	return []feeds.Spec{fakeKind("any", &jsonOptions{}, idle)}
}

// A value of the file becomes the JSON that it says: types, digits, order, nesting.
func TestValuesAsJSON(t *testing.T) {
	for _, tt := range []struct{ yaml, want string }{
		{`{port: 3, name: pier, open: true, none: null}`, `{"port":3,"name":"pier","open":true,"none":null}`},
		{`{b: [1, [2, {c: 3}]], a: {}}`, `{"b":[1,[2,{"c":3}]],"a":{}}`},
		{`{price: 4.50, far: 12345678901234567890123, small: 1e-7, hex: 0x10, text: "3", yes: "true"}`, `{"price":4.50,"far":12345678901234567890123,"small":1e-7,"hex":16,"text":"3","yes":"true"}`},
		{`{when: 2026-11-20, 1: a}`, `{"when":"2026-11-20","1":"a"}`},
		{`{key: "${KEY}", url: "https://x/?k=${KEY}"}`, `{"key":"4","url":"https://x/?k=4"}`},
		{`[a, 1]`, `["a",1]`}, {`null`, `null`}, {`text`, `"text"`},
	} {
		s := withFile("feeds: [{kind: any, config: "+tt.yaml+"}]\n", "KEY=4")
		s.kinds = jsonKind()
		cfg := mustParse(t, s)
		if got := string(cfg.Feeds[0].Feed.(*fakeFeed).options.(*jsonOptions).Config); got != tt.want {
			t.Errorf("%s is %s, want %s", tt.yaml, got, tt.want)
		}
	}
}

func TestMistakesOfValuesAsJSON(t *testing.T) {
	for _, tt := range []struct{ yaml, want string }{
		{`{a: .nan}`, "config: the value on line 1 (not shown) is no number of JSON"},
		{`{a: "${NO}"}`, "config: line 1: environment variable NO is not set"},
		{`{a: !secret x}`, `config: unknown tag "!secret" on line 1`},
		{`[` + strings.Repeat("1234567, ", 9000) + `1]`, "config: 72003 bytes as JSON; want at most 65536"},
		{strings.Repeat("[", 200) + strings.Repeat("]", 200), "config: nested too deeply, or too large"},
	} {
		s := withFile("feeds: [{kind: any, config: " + tt.yaml + "}]\n")
		s.kinds = jsonKind()
		wantMistakes(t, s, "t.yaml:1:29: "+tt.want)
	}
	s := withFile("feeds: [{kind: any, config: {a: 1, a: 2}}]\n")
	s.kinds = jsonKind()
	wantMistakes(t, s, `t.yaml:1:36: "a" is given twice, first on line 1`)
}

// A long text that many aliases repeat must not fill the memory.
func TestAliasesOfALongText(t *testing.T) {
	file := fmt.Sprintf("feeds: [{kind: any, config: {a: &a %q, b: [%s]}}]\n", strings.Repeat("x", 400<<10), strings.TrimSuffix(strings.Repeat("*a, ", 90_000), ", "))
	s := withFile(file)
	s.kinds = jsonKind()
	wantMistakes(t, s, "t.yaml:1:29: config: nested too deeply, or too large")
}

// The mistakes of an entry do not hide each other: what the constructor finds is
// listed with what the decoder finds.
func TestAllMistakesOfAnEntry(t *testing.T) {
	for _, tt := range []struct {
		file string
		want []string
	}{
		{"feeds: [{kind: clock, zone: Nowhere, every: often, topic: clok}]\n", []string{
			`t.yaml:1:29: feed clock: zone "Nowhere": want an IANA name such as Europe/Berlin`,
			`t.yaml:1:45: every: "often" is not right: want a duration such as 5s, or a range such as 1s-3s`,
			`t.yaml:1:59: unknown topic "clok"; did you mean "clock"?`,
		}},
		{"feeds: [{kind: simulated_stock, symbols: [NONE], topic: stok}]\n", []string{
			`t.yaml:1:9: feed simulated_stock: symbol "NONE" is unknown; known are ACME, GULT, BUTR, LUMO, QUAY, ORBQ, PLWK, TIKT, KELP, YZMR, FJLH, WOLY, MPLM, DUNH, INKY, PXPD, ZEPL, THIM`,
			`t.yaml:1:57: unknown topic "stok"; did you mean "stock"?`,
		}},
		{"feeds: [{kind: exec, mode: once, every: often, command: [x], topic: news}]\n", []string{
			`t.yaml:1:41: every: "often" is not right: want a duration such as 5s, or a range such as 1s-3s`,
		}},
		{"feeds: [{kind: exec, command: [], config: [a], topic: news}]\n", []string{
			`t.yaml:1:31: command: the list must not be empty: The program and its arguments; no shell reads them.`,
		}},
		{"feeds: [{kind: exec, command: [x], config: [a], topic: news}]\n", []string{
			`t.yaml:1:44: feed exec: config: want names with values, as in {port: 3}`,
		}},
		{"topics: [{name: Bad, mode: worse, schema: {type: none}}]\n", []string{
			`t.yaml:1:17: topic name "Bad": want a lower-case letter, then up to 63 lower-case letters, digits, '-' or '_'`,
			`t.yaml:1:28: mode: "worse" is not right: want every or latest`,
			`t.yaml:1:43: schema: at '/type': value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'`,
		}},
	} {
		s := withFile(tt.file)
		s.kinds = feedKinds()
		wantMistakes(t, s, tt.want...)
	}
}
