package public

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// module is one file of ours that pages load.
type module struct{ name, text string }

func modules(t *testing.T, pattern string) (found []module) {
	t.Helper()
	err := fs.WalkDir(Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !regexp.MustCompile(pattern).MatchString(name) {
			return err
		}
		text, err := fs.ReadFile(Files(), name)
		found = append(found, module{name, string(text)})
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("no files as %s: %v", pattern, err)
	}
	return found
}

var (
	comment = regexp.MustCompile(`(?m)(^|[\s;{}(,])//.*$|(?s:/\*.*?\*/)`)
	literal = regexp.MustCompile("'((?:[^'\\\\\n]|\\\\.)*)'|`((?:[^`\\\\]|\\\\.)*)`")
	// Prose is two words of which one has a capital or none a sign, or one capitalised word.
	prose = regexp.MustCompile(`^[A-Z][a-z]{2,}$|^[A-Z]?[a-z’]+(,? [A-Za-z’]+)+[ .…!?:]*$`)
	key   = regexp.MustCompile(`\bt\('([a-z0-9_.]+)'`)
)

// Words stand in js/texts alone. What a module may hold: names, selectors, header
// fields, and what console and exceptions say to programmers.
func TestNoProseInModules(t *testing.T) {
	allowed := regexp.MustCompile(`console\.|Error\(|createElement|classList|className|querySelector|make\(|badge\(|matchMedia|addEventListener|dispatchEvent|setAttribute\('(class|d|viewBox)'|Accept|Intl\.|font|KeyboardEvent|\.key\b|case '|\['[A-Z]|includes\(|\.rel = `)
	for _, m := range modules(t, `^js/.*\.js$`) {
		if strings.HasPrefix(m.name, "js/texts/") {
			continue
		}
		for i, line := range strings.Split(comment.ReplaceAllString(m.text, "$1"), "\n") {
			if allowed.MatchString(line) {
				continue
			}
			for _, found := range literal.FindAllStringSubmatch(line, -1) {
				text := found[1] + found[2]
				if prose.MatchString(strings.TrimSpace(text)) {
					t.Errorf("%s:%d: %q is prose; it belongs in js/texts", m.name, i+1, text)
				}
			}
		}
	}
}

// Every text that a module asks for by name exists: the tables are compared with each
// other in testdata/unit.js.
func TestTextsExist(t *testing.T) {
	table := modules(t, `^js/texts/en\.js$`)[0].text
	for _, m := range modules(t, `^js/.*\.js$`) {
		for _, found := range key.FindAllStringSubmatch(m.text, -1) {
			if !strings.Contains(table, "'"+found[1]+"':") {
				t.Errorf("%s asks for the text %q, which js/texts/en.js has not", m.name, found[1])
			}
		}
	}
}

// The policy forbids inline script and style, so they would be dead on arrival.
func TestNothingInline(t *testing.T) {
	inline := regexp.MustCompile(`(?i)\sstyle="|<style|\son[a-z]+="|<script(>|\s[^>]*[^"]>)[^<]|https?://[^w]`)
	for _, m := range modules(t, `\.html$`) {
		if found := inline.FindString(m.text); found != "" {
			t.Errorf("%s has %q", m.name, found)
		}
	}
	for _, m := range modules(t, `^js/.*\.js$`) {
		for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "cssText", "setAttribute('style'"} {
			if strings.Contains(comment.ReplaceAllString(m.text, "$1"), bad) {
				t.Errorf("%s uses %s", m.name, bad)
			}
		}
	}
}
