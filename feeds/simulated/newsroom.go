package simulated

import (
	"hash/maphash"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Bounds of a newsroom.
const (
	titleMin    = 20   // characters
	titleMax    = 110  // characters
	titleMemory = 4096 // titles that are not told again; about eighteen hours
	recentMax   = 16   // headlines that may still be corrected
	recentMin   = 2    // headlines between one and its correction

	correctionOdds = 45 // one in so many headlines is a correction
	breakingOdds   = 90 // one in so many interrupts
	breakingGap    = 60 // headlines between two that interrupt, at the least
)

// wordLists are the maps that make up a grammar's words.
var wordLists = []map[string][]string{places, things, townWords, harbourWords, breakingWords, lifeWords, squareWords}

// coast returns the grammar of all stories.
func coast() *grammar {
	g := &grammar{
		stories:  slices.Concat(townStories, harbourStories, lifeStories, squareStories),
		breaking: breakingStories,
		words:    map[string][]string{},
	}
	for _, words := range wordLists {
		maps.Copy(g.words, words)
	}
	return g
}

// A newsroom writes headlines, one after the other. It does not repeat a title
// or tell two stories of one pattern shortly after each other. One goroutine
// owns it.
type newsroom struct {
	rand        *rand.Rand
	grammar     *grammar
	prefix      string // of every id
	corrections bool

	written  int     // headlines so far, corrections not counted
	quiet    int     // headlines since the last one that interrupted
	deck     []story // patterns still to be told in this round
	category string  // of the last headline
	titles   memory
	recent   []*printed // oldest first, at most recentMax
}

// printed is a headline that may still be corrected.
type printed struct {
	headline
	telling *telling
}

// A headline is what the newsroom writes.
type headline struct {
	id, title, source string
	news              news
}

// news is the data of an item of the kind simulated_news; its title, source,
// language and time are common fields.
type news struct {
	Summary    string `json:"summary,omitempty"`
	Category   string `json:"category"`
	Breaking   bool   `json:"breaking,omitempty"`   // interrupts; at most one in sixty
	Correction bool   `json:"correction,omitempty"` // replaces the headline of the same id
}

// idPrefix returns what the ids of a run begin with. With a seed it is the same
// in each run; without, the start and chance keep runs apart.
func idPrefix(r *rand.Rand, seed uint64, feed string, start time.Time) string {
	if seed != 0 {
		return "sim-" + strconv.FormatUint(rand.NewPCG(seed, stream("id", feed)).Uint64()>>28, 36) + "-"
	}
	return "sim-" + strconv.FormatInt(start.Unix(), 36) + strconv.FormatInt(r.Int64N(36*36*36), 36) + "-"
}

// next writes a headline, or corrects a recent one under its id.
func (n *newsroom) next() headline {
	if n.corrections && n.rand.IntN(correctionOdds) == 0 {
		if h, ok := n.correct(); ok {
			return h
		}
	}
	n.quiet++
	if n.quiet > breakingGap && len(n.grammar.breaking) > 0 && n.rand.IntN(breakingOdds) == 0 {
		n.quiet = 0
		s := n.grammar.breaking[n.rand.IntN(len(n.grammar.breaking))]
		return n.print(n.tell(s), true)
	}
	return n.fresh()
}

// fresh writes an ordinary headline of its own.
func (n *newsroom) fresh() headline { return n.print(n.tell(n.draw()), false) }

// tell tells s with a title that fits and is not remembered. The last of twelve
// attempts is taken as it is, so that a narrow choice of categories cannot block.
func (n *newsroom) tell(s story) *telling {
	var t *telling
	for range 12 {
		t = n.grammar.tell(n.rand, s)
		title := t.Title()
		if fits(title) && !n.titles.has(title) {
			break
		}
	}
	return t
}

func fits(title string) bool {
	length := utf8.RuneCountInString(title)
	return titleMin <= length && length <= titleMax
}

func (n *newsroom) print(t *telling, breaking bool) headline {
	n.written++
	n.category = t.category
	h := headline{
		id:     n.prefix + strconv.Itoa(n.written),
		title:  t.Title(),
		source: n.grammar.draw(n.rand, slot{list: "source"}, t),
		news:   news{Summary: t.Summary(), Category: t.category, Breaking: breaking},
	}
	n.titles.add(h.title)
	n.recent = append(n.recent, &printed{h, t})
	if len(n.recent) > recentMax {
		n.recent = slices.Delete(n.recent, 0, 1)
	}
	return h
}

// correct changes one word of a recent headline; each is corrected once.
func (n *newsroom) correct() (headline, bool) {
	old := len(n.recent) - recentMin
	if old < 1 {
		return headline{}, false
	}
	i := n.rand.IntN(old)
	p := n.recent[i]
	was, is, ok := n.grammar.correct(n.rand, p.telling)
	if !ok {
		return headline{}, false
	}
	title := p.telling.Title()
	n.recent = slices.Delete(n.recent, i, i+1)
	if !fits(title) || n.titles.has(title) {
		return headline{}, false
	}
	n.titles.add(title)
	h := p.headline
	h.title = title
	h.news.Correction = true
	h.news.Summary = "Corrects an earlier version that said “" + was + "” instead of “" + is + "”."
	return h, true
}

// draw takes the next pattern of the deck, of another category than the last one
// where there is a choice. A new deck begins with none of the old one's end.
func (n *newsroom) draw() story {
	if len(n.deck) == 0 {
		n.deck = slices.Clone(n.grammar.stories)
		n.rand.Shuffle(len(n.deck), func(i, j int) { n.deck[i], n.deck[j] = n.deck[j], n.deck[i] })
	}
	i := max(0, slices.IndexFunc(n.deck, func(s story) bool { return s.category != n.category }))
	s := n.deck[i]
	n.deck = slices.Delete(n.deck, i, i+1)
	return s
}

// A memory holds the hashes of the last titleMemory titles. The zero value is empty.
type memory struct {
	seed  maphash.Seed
	known map[uint64]struct{}
	ring  []uint64
	next  int
}

func (m *memory) has(title string) bool {
	if m.known == nil {
		return false
	}
	_, known := m.known[maphash.String(m.seed, title)]
	return known
}

// add remembers title; the oldest one is forgotten when there is no room.
func (m *memory) add(title string) {
	if m.known == nil {
		m.seed = maphash.MakeSeed()
		m.known = make(map[uint64]struct{}, titleMemory)
	}
	sum := maphash.String(m.seed, title)
	if _, known := m.known[sum]; known {
		return
	}
	if len(m.ring) < titleMemory {
		m.ring = append(m.ring, sum)
	} else {
		delete(m.known, m.ring[m.next])
		m.ring[m.next] = sum
		m.next = (m.next + 1) % titleMemory
	}
	m.known[sum] = struct{}{}
}
