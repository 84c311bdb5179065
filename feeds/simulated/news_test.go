package simulated

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"tickertape/feeds"
)

type line struct {
	ID, Title, Summary, Source, Category, Lang string
	Breaking, Correction                       bool
	Time                                       time.Time
}

func headlines(t *testing.T, options any, seed uint64, n int) []line {
	t.Helper()
	list := make([]line, n)
	for i, text := range lines(t, News(), options, seed, 0, n)[:n] {
		if err := json.Unmarshal(text, &list[i]); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// Marks of a text that no editor would pass.
var slips = regexp.MustCompile(`[{}\x00-\x1f]|  | [.,;:]|\b([Aa]n) [^aeiouhAEIOUH81]|\b([Aa]) [aeioAEIO8]|\b(\d*[^1\D])?[123]th\b| %`)

func roomOf(t *testing.T, seed uint64) *newsroom {
	t.Helper()
	feed, err := newNews(nil, feeds.Env{ID: "test", Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return &feed.(*newsFeed).room
}

// Eighteen hours of headlines at the default interval.
func TestHeadlinesReadWell(t *testing.T) {
	room, ids := roomOf(t, 42), map[string]bool{}
	titles := map[string]bool{}
	for i := range 4000 {
		h := room.next()
		if titles[h.title] {
			t.Errorf("headline %d %q was told before", i, h.title)
		}
		titles[h.title] = true
		if !fits(h.title) {
			t.Errorf("%q has %d characters", h.title, len(h.title))
		}
		for _, text := range []string{h.title, h.news.Summary} {
			if at := badly(text); at != "" {
				t.Errorf("%q reads badly at %q", text, at)
			}
		}
		if strings.HasSuffix(h.title, ".") || strings.ToUpper(h.title[:1]) != h.title[:1] {
			t.Errorf("%q is not written as a headline", h.title)
		}
		if len(h.news.Summary) > 200 {
			t.Errorf("%q is followed by %d characters", h.title, len(h.news.Summary))
		}
		if ids[h.id] != h.news.Correction {
			t.Errorf("%q has a known id: %v, and is a correction: %v", h.title, ids[h.id], h.news.Correction)
		}
		ids[h.id] = true
	}
}

func TestBreakingHeadlinesAndCorrectionsAreRare(t *testing.T) {
	room := roomOf(t, 43)
	breaking, corrections, since := 0, 0, 1000
	for range 4000 {
		h := room.next()
		since++
		if h.news.Correction {
			corrections++
		} else if h.news.Breaking {
			if since <= breakingGap {
				t.Errorf("a breaking headline %d after another one, want more than %d", since, breakingGap)
			}
			breaking++
			since = 0
		}
	}
	if breaking < 5 || breaking > 4000/breakingGap {
		t.Errorf("%d of 4,000 are breaking", breaking)
	}
	if corrections < 20 || corrections > 200 {
		t.Errorf("%d of 4,000 are corrections", corrections)
	}
}

func TestHeadlinesHaveAllFields(t *testing.T) {
	for i, h := range headlines(t, nil, 42, 50) {
		if h.Source == "" || h.Category == "" || h.Lang != "en" || h.ID == "" || h.Title == "" {
			t.Errorf("headline %d lacks a field: %+v", i, h)
		}
	}
}

// badly returns the part of text that is wrong, such as a doubled word.
func badly(text string) string {
	if at := slips.FindString(text); at != "" {
		return at
	}
	words := strings.Fields(text)
	for i := 1; i < len(words); i++ {
		if words[i] == words[i-1] {
			return words[i]
		}
	}
	return ""
}

func TestIdsAreNewInEachRunWithoutSeed(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		for _, h := range headlines(t, &NewsOptions{Unerring: true}, 0, 20) {
			if seen[h.ID] {
				t.Errorf("id %s comes again", h.ID)
			}
			seen[h.ID] = true
		}
	}
}

func TestNewsOptions(t *testing.T) {
	for _, h := range headlines(t, &NewsOptions{Categories: []string{"food", "sport"}, Unerring: true, Calm: true}, 9, 300) {
		if h.Category != "food" && h.Category != "sport" {
			t.Fatalf("%q is in category %s", h.Title, h.Category)
		}
		if h.Correction || h.Breaking {
			t.Fatalf("%+v in a calm and unerring run", h)
		}
	}
	opening := headlines(t, &NewsOptions{Opening: 7}, 9, 8)
	for i, h := range opening {
		if atStart := h.Time.Equal(opening[0].Time); atStart != (i < 7) {
			t.Errorf("headline %d is at the start: %v", i, atStart)
		}
	}
}

func TestPatternsDoNotComeTogether(t *testing.T) {
	room := roomOf(t, 3)
	last, same := map[string]int{}, 0
	for i := range 2000 {
		s := room.draw()
		if at, told := last[s.title]; told && i-at < 20 {
			same++
		}
		last[s.title] = i
	}
	if same > 60 {
		t.Errorf("%d of 2,000 patterns came again within 20 headlines", same)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var m memory
	for i := range 3 * titleMemory {
		m.add(thousands(i))
	}
	if len(m.known) != titleMemory || len(m.ring) != titleMemory {
		t.Errorf("%d titles are kept in a ring of %d, want %d", len(m.known), len(m.ring), titleMemory)
	}
	if !m.has(thousands(3*titleMemory-1)) || !m.has(thousands(2*titleMemory)) || m.has(thousands(2*titleMemory-1)) {
		t.Error("not the newest titles are kept")
	}
}
