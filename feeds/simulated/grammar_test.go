package simulated

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// slotsOf returns the parsed slots of a text of the grammar.
func slotsOf(t *testing.T, text string) (list []slot) {
	t.Helper()
	for rest := text; ; {
		_, after, found := strings.Cut(rest, "{")
		if !found {
			return list
		}
		inner, tail, closed := strings.Cut(after, "}")
		if !closed {
			t.Errorf("%q: a brace is left open", text)
			return list
		}
		s, err := parseSlot(inner)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		list = append(list, s)
		rest = tail
	}
}

func TestGrammarIsComplete(t *testing.T) {
	g := coast()
	unused := maps.Clone(g.words)
	delete(unused, "source") // the newsroom draws it
	check := func(text string, bound map[string]bool) {
		for _, s := range slotsOf(t, text) {
			if s.list != "" && len(g.words[s.list]) < 2 {
				t.Errorf("%q: list %q has %d words", text, s.list, len(g.words[s.list]))
			}
			if s.list == "" && s.step == 0 && !bound[s.name] {
				t.Errorf("%q: %q is not remembered", text, s.name)
			}
			bound[s.name] = true
			delete(unused, s.list)
		}
	}
	for _, s := range slices.Concat(g.stories, g.breaking) {
		bound := map[string]bool{}
		check(s.title, bound)
		check(s.summary, bound)
	}
	for name, list := range g.words {
		for i, word := range list {
			check(word, map[string]bool{})
			if slices.Contains(list[:i], word) {
				t.Errorf("list %q has %q twice", name, word)
			}
		}
	}
	if len(unused) > 0 {
		t.Errorf("lists that no story uses: %v", slices.Sorted(maps.Keys(unused)))
	}
}

func TestListsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, words := range wordLists {
		for name := range words {
			if seen[name] {
				t.Errorf("there are two lists %q", name)
			}
			seen[name] = true
		}
	}
}

// At the default interval a pattern is told about once in an hour; with this many
// ways to tell it, it does not run out before the newsroom forgets.
func TestEachStoryHasManyTitles(t *testing.T) {
	g, r := coast(), rand.New(rand.NewPCG(1, 2))
	if len(g.stories) < 220 {
		t.Errorf("%d stories, want more than an hour has headlines", len(g.stories))
	}
	for _, s := range g.stories {
		titles := map[string]bool{}
		for range 300 {
			if title := g.tell(r, s).Title(); fits(title) {
				titles[title] = true
			}
		}
		if len(titles) < 80 {
			t.Errorf("%q has %d titles in 300 tellings", s.title, len(titles))
		}
	}
}

func TestArticle(t *testing.T) {
	for text, want := range map[string]string{
		"ferry": "a", "otter": "an", "hour-long peal": "an", "unicycle": "a", "umbrella": "an", "ukulele": "a",
		"8-metre loaf": "an", "11-minute delay": "an", "18,000th pot": "an", "80 kilos": "an", "110-page book": "a",
		"12-day run": "a", "1,800-tonne hull": "a", "egg timer": "an", "European": "a", "one-legged table": "a", "0-0 draw": "a",
	} {
		if got := article(text); got != want {
			t.Errorf("article(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestTellFillsAndRemembers(t *testing.T) {
	g := &grammar{words: map[string][]string{"town": {"Oakby", "elmby"}, "who": {"{a town} baker"}}}
	r := rand.New(rand.NewPCG(1, 2))
	told := g.tell(r, story{title: "{town#a} meets {town#b}, {3..3} times", summary: "{#b} lost to {#a}. {who} saw {a 8..8/1!n}-minute game."})
	title, summary := told.Title(), told.Summary()
	switch title {
	case "Oakby meets elmby, 3 times":
		if summary != "Elmby lost to Oakby. An Oakby baker saw an 8-minute game." && summary != "Elmby lost to Oakby. An elmby baker saw an 8-minute game." {
			t.Errorf("summary is %q", summary)
		}
	case "Elmby meets Oakby, 3 times":
		if !strings.HasPrefix(summary, "Oakby lost to elmby. An ") {
			t.Errorf("summary is %q", summary)
		}
	default:
		t.Errorf("title is %q, want two different towns", title)
	}
}

func TestCorrectChangesOneWord(t *testing.T) {
	g := &grammar{words: map[string][]string{"day": {"Monday", "Tuesday"}, "town": {"Oakby", "Elmby"}}}
	r := rand.New(rand.NewPCG(1, 2))
	told := g.tell(r, story{title: "{town} closes on {day!d}", summary: "From {#d} on."})
	before := told.Title()
	was, is, ok := g.correct(r, told)
	if !ok || was == is {
		t.Fatalf("correct = %q, %q, %v", was, is, ok)
	}
	if got, want := told.Title(), strings.Replace(before, was, is, 1); got != want {
		t.Errorf("title is %q, want %q", got, want)
	}
	if got, want := told.Summary(), "From "+is+" on."; got != want {
		t.Errorf("summary is %q, want %q", got, want)
	}
	if _, _, ok := g.correct(r, g.tell(r, story{title: "{town} is closed"})); ok {
		t.Error("a headline without a fixable word was corrected")
	}
}

func FuzzParseSlot(f *testing.F) {
	for _, text := range []string{"town", "a town#x", "#x", "1..9/2!n", "..", "a ", "9..1", "1..2/0", "!"} {
		f.Add(text)
	}
	g := &grammar{words: map[string][]string{}}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSlot(text)
		if err != nil || s.list != "" || s.step == 0 {
			return
		}
		if s.low > s.high || s.step < 1 {
			t.Fatalf("parseSlot(%q) = %+v, a range without numbers", text, s)
		}
		if s.high-s.low >= 0 && s.high-s.low < 1<<30 && s.low > -1<<30 {
			g.draw(rand.New(rand.NewPCG(1, 2)), s, &telling{})
		}
	})
}
