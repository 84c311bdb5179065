package public

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rows are the tables of docs/ticker-tape.md under a heading: cells by the name in the first.
func rows(t *testing.T, heading string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../docs/ticker-tape.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "# "+heading+"\n")
	if !found {
		t.Fatalf("docs/ticker-tape.md has no section %q", heading)
	}
	section = regexp.MustCompile(`(?m)^#+ `).Split(section, 2)[0]
	table := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.*) \\|$").FindAllStringSubmatch(section, -1) {
		table[row[1]] = strings.Split(row[2], " | ")
	}
	return table
}

// The documentation lists what there is, and nothing else.
func TestTickerIsDocumented(t *testing.T) {
	var code strings.Builder
	for _, m := range modules(t, `^js/tape/.*\.js$`) {
		code.WriteString(m.text)
	}
	found := func(pattern string) []string {
		var names []string
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(code.String(), -1) {
			names = append(names, match[1])
		}
		return names
	}
	p, f := newTab(t), newFake(t)
	p.blank(f)
	for _, tt := range []struct {
		heading string
		names   []string
	}{
		{"Attributes", eval[[]string](p, `customElements.get('ticker-tape').observedAttributes`)},
		{"Methods", eval[[]string](p, `Object.entries(Object.getOwnPropertyDescriptors(customElements.get('ticker-tape').prototype))
			.filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor' && !name.endsWith('Callback')).map(([name]) => name + '()')`)},
		{"Events", found(`new CustomEvent\('([a-z-]+)'`)},
		{"Parts", found(`\.part = '([a-z]+)'`)},
		{"Variables", found(`var\((--ticker-[a-z-]+)`)},
		{"Slots", found(`slot\(\w+, '([a-z]+)'`)},
	} {
		listed := slices.Sorted(maps.Keys(rows(t, tt.heading)))
		slices.Sort(tt.names)
		if there := slices.Compact(tt.names); !slices.Equal(listed, there) {
			t.Errorf("%s: documented %q, there are %q", tt.heading, listed, there)
		}
	}
	defaults := eval[map[string]any](p, `Object.fromEntries(customElements.get('ticker-tape').observedAttributes.map((name) => [name, document.createElement('ticker-tape')[name]]))`)
	for name, cells := range rows(t, "Attributes") {
		if want, ok := strings.CutPrefix(cells[1], "`"); ok && name != "label" {
			if got := strings.TrimSuffix(want, "`"); got != fmt.Sprint(defaults[name]) {
				t.Errorf("the default of %s: documented %s, is %v", name, got, defaults[name])
			}
		}
	}
	for name, cells := range rows(t, "Variables") {
		if want := strings.Trim(cells[0], "`"); strings.HasPrefix(want, "light-dark(") && name != "--ticker-up" && name != "--ticker-down" &&
			!strings.Contains(code.String(), "var("+name+", "+want+")") {
			t.Errorf("the default of %s is not %s", name, want)
		}
	}
	p.clean()
}

// On pages of others the tape has no tokens.css; it looks the same there.
func TestTickerHasTheColoursOfThePages(t *testing.T) {
	tokens := modules(t, `^css/tokens\.css$`)[0].text
	sheet := modules(t, `^js/tape/sheet\.js$`)[0].text
	colours := regexp.MustCompile(`light-dark\([^)]*\)|#[0-9a-f]{3,8}`).FindAllString(sheet, -1)
	if len(colours) < 10 {
		t.Fatalf("found only %q", colours)
	}
	for _, colour := range colours {
		if !strings.Contains(tokens, colour) {
			t.Errorf("%s is no colour of css/tokens.css", colour)
		}
	}
}
