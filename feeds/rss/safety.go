package rss

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"

	"tickertape/feeds"
)

// Bounds of a document. The parser calls itself for each level of depth, and makes up to
// two kilobytes of each few bytes of an empty item, or of any other element.
const (
	maxDepth   = 500
	maxEntries = 50_000
	maxTags    = 300_000 // also those that end elements, and those of HTML that is not escaped
	maxObjects = 200_000 // of JSON
)

var (
	root       = regexp.MustCompile(`(?i)<([a-z0-9]+:)?(rss|feed|rdf|channel)[\s>/]`)
	entities   = regexp.MustCompile(`(?i)<!ENTITY\s+[^%\s]`)
	xmlCharset = regexp.MustCompile(`(?i)^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']`)
)

// refuse returns why a document is not given to the parser at all.
func refuse(body []byte) error {
	prolog := body
	if at := root.FindIndex(body); at != nil {
		prolog = body[:at[0]]
	}
	if entities.Match(prolog) {
		return errors.New("it declares entities of its own, as an entity bomb does")
	}
	if bytes.Count(body, []byte("<")) > maxTags || bytes.Count(body, []byte("{")) > maxObjects || entries(body) > maxEntries {
		return fmt.Errorf("it has more than %d items, or far more elements than any needs", maxEntries)
	}
	if depth(body) > maxDepth {
		return fmt.Errorf("its elements are nested more than %d deep", maxDepth)
	}
	return nil
}

// entries counts the elements that begin an item, whatever the prefix of their name.
func entries(body []byte) (n int) {
	for {
		at := bytes.IndexByte(body, '<')
		if at < 0 {
			return n
		}
		body = body[at+1:]
		name := body[:min(len(body), 64)]
		if end := bytes.IndexAny(name, " \t\r\n/>"); end >= 0 {
			name = name[:end]
		}
		if colon := bytes.IndexByte(name, ':'); colon >= 0 {
			name = name[colon+1:]
		}
		if bytes.EqualFold(name, []byte("item")) || bytes.EqualFold(name, []byte("entry")) {
			n++
		}
	}
}

// depth returns how deep the elements of XML are nested at most, as far as it exceeds
// maxDepth. It reads broken XML as well, and then errs on the side of too deep.
func depth(body []byte) (most int) {
	level := 0
	for {
		at := bytes.IndexByte(body, '<')
		if at < 0 || at+1 >= len(body) || most > maxDepth {
			return most
		}
		body = body[at:]
		end := ">"
		switch {
		case bytes.HasPrefix(body, []byte("<![CDATA[")):
			end = "]]>"
		case bytes.HasPrefix(body, []byte("<!--")):
			end = "-->"
		case body[1] == '?':
			end = "?>"
		case body[1] == '!':
		case body[1] == '/':
			level = max(level-1, 0)
		default:
			level++
			most = max(most, level)
		}
		stop := bytes.Index(body, []byte(end))
		if stop < 0 {
			return most
		}
		if end == ">" && body[1] != '/' && body[1] != '!' && body[stop-1] == '/' {
			level--
		}
		body = body[stop+len(end):]
	}
}

// toUTF8 returns the document in UTF-8, without saying that it is in anything else.
// Publishers lie about it, so what can be read as UTF-8 is UTF-8.
func toUTF8(doc *feeds.Document) ([]byte, error) {
	body := doc.Body
	_, params, err := mime.ParseMediaType(doc.Header.Get("Content-Type"))
	said := ""
	if err == nil {
		said = params["charset"]
	}
	declared := ""
	if m := xmlCharset.FindSubmatch(body[:min(len(body), 512)]); m != nil {
		declared = string(m[1])
	}
	ascii := bytes.IndexFunc(body, func(r rune) bool { return r >= utf8.RuneSelf || r == 0x1b || r == 0 }) < 0
	label := ""
	switch {
	case bytes.HasPrefix(body, []byte("\xfe\xff")), bytes.HasPrefix(body, []byte("\xff\xfe")):
		label = "utf-16"
	case bytes.HasPrefix(body, []byte("\x00<\x00")):
		label = "utf-16be"
	case bytes.HasPrefix(body, []byte("<\x00")):
		label = "utf-16le"
	case bytes.IndexByte(body, 0x1b) >= 0 && (declared+said) != "" && utf8.Valid(body):
		label = first(declared, said) // a charset that shifts with ASCII bytes
	case ascii, utf8.Valid(body):
	default:
		label = "windows-1252"
		for _, name := range []string{said, declared} {
			if e, canonical := charset.Lookup(name); e != nil && canonical != "utf-8" {
				label = canonical
				break
			}
		}
	}
	if label != "" {
		encoding, _ := charset.Lookup(label)
		if encoding == nil {
			return nil, fmt.Errorf("nobody knows its charset %.40q", label)
		}
		if body, err = encoding.NewDecoder().Bytes(body); err != nil {
			return nil, fmt.Errorf("read it as %s: %w", label, err)
		}
	}
	body = bytes.TrimLeft(bytes.Map(allowed, body), " \t\r\n")
	if m := xmlCharset.FindSubmatchIndex(body[:min(len(body), 512)]); m != nil {
		body = bytes.Join([][]byte{body[:m[2]], []byte("utf-8"), body[m[3]:]}, nil)
	}
	return body, nil
}

// allowed drops what no XML may hold. A parser that drops it later would see tags that
// refuse did not see.
func allowed(r rune) rune {
	if r < ' ' && r != '\t' && r != '\r' && r != '\n' || r == 0xfeff || r == 0xfffe || r == 0xffff {
		return -1
	}
	return r
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// feedHint finds the feed that a page names, for whoever has configured the page.
func feedHint(body []byte, base *url.URL) string {
	z := html.NewTokenizer(bytes.NewReader(body[:min(len(body), 256<<10)]))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if t.Data != "link" {
				continue
			}
			attr := make(map[string]string)
			for _, a := range t.Attr {
				attr[a.Key] = strings.ToLower(a.Val)
				if a.Key == "href" {
					attr[a.Key] = a.Val
				}
			}
			kind := attr["type"]
			isFeed := kind == "application/rss+xml" || kind == "application/atom+xml" || kind == "application/feed+json"
			if u := resolve(base, attr["href"]); attr["rel"] == "alternate" && isFeed && u != nil {
				return "this is a page, and names its feed: set url to " + clean(u.String(), maxTitle)
			}
		}
	}
}
