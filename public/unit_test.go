package public

import "testing"

// TestModules runs testdata/unit.js: the modules that know no DOM, with a clock and
// an EventSource of their own.
func TestModules(t *testing.T) {
	p, f := newTab(t), newFake(t)
	p.open(f.URL + "/testdata/unit.html")
	p.wait("globalThis.results")
	p.clean()
	for _, r := range eval[[]struct{ Name, Problem string }](p, "globalThis.results.map(({name, problem}) => ({Name: name, Problem: problem}))") {
		t.Run(r.Name, func(t *testing.T) {
			if r.Problem != "" {
				t.Error(r.Problem)
			}
		})
	}
}
