package rss

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
)

const (
	maxMarkup = 64 << 10 // bytes of markup that are looked at for a text
	rounds    = 3        // of cleaning: publishers escape what they escaped before
)

// markup matches what a browser would take for the begin of a tag.
var markup = regexp.MustCompile(`<[A-Za-z/!?]`)

// clean returns the text of a piece of HTML in one line, at most so many characters:
// without tags, scripts, entities, control characters and what turns the direction of
// text around. Nothing in it is markup, whatever it was.
func clean(text string, most int) string {
	text = strings.Map(printable, strings.ToValidUTF8(cut(text, maxMarkup), "\ufffd"))
	for range rounds {
		if !strings.ContainsAny(text, "<&") {
			break
		}
		text = block.ReplaceAllString(text, " $0") // what stands in two lines is two words
		text = strings.Map(printable, html.UnescapeString(bluemonday.StrictPolicy().Sanitize(text)))
		if !markup.MatchString(text) && !entity.MatchString(text) {
			break
		}
	}
	if markup.MatchString(text) {
		text = strings.NewReplacer("<", " ", ">", " ").Replace(text)
	}
	return shorten(strings.Join(strings.Fields(text), " "), most)
}

// block matches the tags of elements that begin a line of their own.
var block = regexp.MustCompile(`(?i)</?(address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|figure|footer|h[1-6]|header|hr|li|ol|p|pre|section|table|td|th|tr|ul)[\s/>]`)

// entity matches a named or numbered one of HTML.
var entity = regexp.MustCompile(`&(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});`)

// printable drops what does not show, or shows as something else.
func printable(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case r == '\u200c', r == '\u200d': // they join letters and emoji
		return r
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), r == utf8.RuneError:
		return -1
	}
	return r
}

// cut returns at most n bytes of text, whole characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// shorten returns at most so many characters of text, between words where it can.
func shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)[:most-1]
	end := len(runes)
	for end > most*2/3 && runes[end-1] != ' ' {
		end--
	}
	if runes[end-1] != ' ' {
		end = len(runes)
	}
	return strings.TrimRight(string(runes[:end]), " ,;:.") + "…"
}
