package rss

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"tickertape/feeds"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"Storm <b>watch</b>":                        "Storm watch",
		"  two\n\tlines  ":                          "two lines",
		"<p>One.</p><p>Two.</p>":                    "One. Two.",
		"Fish &amp; chips &#8211; 5 &lt; 6":         "Fish & chips – 5 < 6",
		"<script>alert(1)</script>calm":             "calm",
		"<style>p{}</style>calm":                    "calm",
		"&lt;script&gt;alert(1)&lt;/script&gt;calm": "calm",
		"a\u202eb\u0000c\ufeffd\u00ade":             "abcde",
		"I <3 you":                                  "I <3 you",
		"👩\u200d🚀":                                  "👩\u200d🚀",
		"":                                          "",
	} {
		if got := clean(in, 100); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
	if got := clean(strings.Repeat("word ", 100), 23); got != "word word word word…" && got != "word word word word word…" {
		t.Errorf("%q", got)
	}
	if got := clean(strings.Repeat("é", 100), 10); utf8.RuneCountInString(got) != 10 {
		t.Errorf("%q", got)
	}
}

// Whatever a publisher writes, what is printed is one line of text.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"a <b>c</b>", "&amp;lt;script&amp;gt;", "<<b>script>", "&#x202e;", "<!--", "<svg/onload=x>", "\xff<\x00b>", "&lt;&lt;a&gt;script&gt;"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out := clean(in, 50)
		if !utf8.ValidString(out) || utf8.RuneCountInString(out) > 50 {
			t.Fatalf("%q from %q", out, in)
		}
		if markup.MatchString(out) {
			t.Fatalf("markup %q from %q", out, in)
		}
		for _, r := range out {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("%U in %q from %q", r, out, in)
			}
		}
	})
}

// No document makes the reader panic, and what it reads can be printed.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`<rss version="2.0"><channel><title>T</title><item><title>a</title><link>/x</link><pubDate>Fri, 20 Nov 2026 07:42:00 +0000</pubDate></item></channel></rss>`,
		`<feed xmlns="http://www.w3.org/2005/Atom"><entry><title type="html">&lt;b&gt;</title></entry></feed>`,
		`{"version":"https://jsonfeed.org/version/1.1","items":[{"id":1,"content_text":"x"}]}`,
		"<rdf:RDF><item/></rdf:RDF>", "<?xml encoding='utf-16'?><rss>", "\x1b<rss",
	} {
		f.Add([]byte(seed))
	}
	fd := &feed{opts: Options{Summary: true}, env: feeds.Env{ID: "f"}}
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := parse(&feeds.Document{Body: body})
		if err != nil {
			return
		}
		for _, e := range d.entries {
			it := fd.item(d, e)
			it.Topic = "news"
			if _, err := it.Encode(fd.first["x"]); err != nil {
				t.Fatalf("%v from %q", err, body)
			}
		}
	})
}
