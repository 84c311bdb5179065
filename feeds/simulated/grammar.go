package simulated

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A story is a pattern that headlines are told from. Its texts hold slots:
//
//	{town}       a word of the list "town", another one each time
//	{town#a}     the same, and remembered as a
//	{town!a}     the same, and a correction may change it
//	{#a}         what was remembered as a
//	{5..30/5!n}  a number from 5 to 30 in steps of 5 (step 1 if none is given)
//	{a town}     any of these with "a" or "an" in front, as it is spoken
//
// Words of a list may hold slots themselves.
type story struct {
	category string
	title    string
	summary  string // "" for none; may refer to what the title remembered
}

// A grammar is the world that stories are told in. Immutable.
type grammar struct {
	stories  []story
	breaking []story
	words    map[string][]string
}

// A telling is a story with its slots filled. The texts keep marks where a
// remembered word stands, so that a correction can change that word alone.
type telling struct {
	category string
	title    string
	summary  string
	bound    map[string]string // remembered words by name
	fixable  []slot            // those that a correction may change
	used     []use             // so that no word comes twice in one telling
}

type use struct{ list, word string }

// Marks inside a telling; none of them occurs in a word.
const (
	articleMark = "\x01" // "a" or "an" stands here
	nameMark    = "\x02" // a remembered name follows, up to nameEnd
	nameEnd     = "\x03"
)

// tell fills the slots of s.
func (g *grammar) tell(r *rand.Rand, s story) *telling {
	t := &telling{category: s.category, bound: map[string]string{}}
	t.title = g.expand(r, s.title, t)
	t.summary = g.expand(r, s.summary, t)
	return t
}

// Title returns the headline as a sentence without its full stop.
func (t *telling) Title() string { return sentence(t.finish(t.title)) }

// Summary returns the sentences below the headline, or "".
func (t *telling) Summary() string { return sentences(t.finish(t.summary)) }

// correct changes one fixable word of the title and returns what it was and
// what it is now; ok is false when the telling has no such word.
func (g *grammar) correct(r *rand.Rand, t *telling) (was, is string, ok bool) {
	var open []slot
	for _, s := range t.fixable {
		if strings.Contains(t.title, nameMark+s.name+nameEnd) {
			open = append(open, s)
		}
	}
	if len(open) == 0 {
		return "", "", false
	}
	s := open[r.IntN(len(open))]
	was = t.bound[s.name]
	is = g.draw(r, s, t)
	if is == was {
		return "", "", false
	}
	t.bound[s.name] = is
	return was, is, true
}

// expand fills the slots of text and of the words drawn for them.
func (g *grammar) expand(r *rand.Rand, text string, t *telling) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		inner, after, _ := strings.Cut(rest, "}")
		text = after
		s, err := parseSlot(inner)
		if err != nil {
			continue // the grammar is a constant; a test parses every slot of it
		}
		if s.article {
			b.WriteString(articleMark)
		}
		b.WriteString(g.fill(r, s, t))
	}
}

// fill returns the text of one slot: a word, or the mark of a remembered one.
func (g *grammar) fill(r *rand.Rand, s slot, t *telling) string {
	if s.name == "" {
		return g.draw(r, s, t)
	}
	if _, bound := t.bound[s.name]; !bound {
		t.bound[s.name] = g.draw(r, s, t)
		if s.fixable {
			t.fixable = append(t.fixable, s)
		}
	}
	return nameMark + s.name + nameEnd
}

// draw returns a number, or a word that this telling has not used yet.
func (g *grammar) draw(r *rand.Rand, s slot, t *telling) string {
	if s.list == "" {
		n := s.low + s.step*r.IntN((s.high-s.low)/s.step+1)
		return thousands(n)
	}
	list := g.words[s.list]
	word := ""
	for range 8 { // lists are longer than one telling can use up
		word = list[r.IntN(len(list))]
		if !slices.Contains(t.used, use{s.list, word}) {
			break
		}
	}
	t.used = append(t.used, use{s.list, word})
	return g.expand(r, word, t)
}

// finish puts the remembered words and the articles in.
func (t *telling) finish(text string) string {
	for strings.Contains(text, nameMark) {
		before, rest, _ := strings.Cut(text, nameMark)
		name, after, _ := strings.Cut(rest, nameEnd)
		text = before + t.bound[name] + after
	}
	parts := strings.Split(text, articleMark)
	var b strings.Builder
	b.WriteString(parts[0])
	for _, part := range parts[1:] {
		b.WriteString(article(part) + " " + part)
	}
	return b.String()
}

// A slot is the parsed inside of a pair of braces.
type slot struct {
	article         bool
	list            string // "" for a number, or for a remembered word
	low, high, step int
	name            string // "" when the word is not remembered
	fixable         bool
}

// parseSlot reads the inside of a pair of braces; see [story] for the forms.
func parseSlot(inner string) (slot, error) {
	var s slot
	inner, s.article = strings.CutPrefix(inner, "a ")
	if i := strings.IndexAny(inner, "#!"); i >= 0 {
		s.name, s.fixable = inner[i+1:], inner[i] == '!'
		inner = inner[:i]
		if s.name == "" {
			return s, fmt.Errorf("slot %q: no name after the sign", inner)
		}
	}
	from, to, isRange := strings.Cut(inner, "..")
	if !isRange {
		if inner == "" && s.name == "" {
			return s, fmt.Errorf("slot is empty")
		}
		s.list = inner
		return s, nil
	}
	to, by, stepped := strings.Cut(to, "/")
	if !stepped {
		by = "1"
	}
	var errs [3]error
	s.low, errs[0] = strconv.Atoi(from)
	s.high, errs[1] = strconv.Atoi(to)
	s.step, errs[2] = strconv.Atoi(by)
	if err := errors.Join(errs[:]...); err != nil {
		return s, fmt.Errorf("slot %q: %w", inner, err)
	}
	if s.step < 1 || s.high < s.low {
		return s, fmt.Errorf("slot %q: the range is empty", inner)
	}
	return s, nil
}

// thousands writes n with commas.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// article returns "a" or "an", as the words after it are spoken.
func article(text string) string {
	word := strings.ToLower(text)
	if i := strings.IndexFunc(word, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}); i >= 0 {
		word = word[:i]
	}
	for _, silent := range []string{"hour", "honest", "heir"} {
		if strings.HasPrefix(word, silent) {
			return "an"
		}
	}
	for _, spoken := range []string{"uni", "uku", "use", "usu", "eu", "one"} { // you-, wun-
		if strings.HasPrefix(word, spoken) {
			return "a"
		}
	}
	if strings.HasPrefix(word, "8") || word == "11" || word == "18" {
		return "an" // eight, eleven, eighteen
	}
	if word != "" && strings.ContainsRune("aeiou", rune(word[0])) {
		return "an"
	}
	return "a"
}

// sentence returns text with a capital first letter.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// sentences returns text with a capital first letter in each of its sentences.
func sentences(text string) string {
	if text == "" {
		return ""
	}
	parts := strings.SplitAfter(text, ". ")
	for i, part := range parts {
		if part != "" {
			parts[i] = sentence(part)
		}
	}
	return strings.Join(parts, "")
}
