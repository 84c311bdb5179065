package rss

import (
	"crypto/sha256"
	"encoding/base32"
	"net/url"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
)

const (
	maxTitle   = 300 // characters
	maxSummary = 400
	maxWord    = 60 // of a category, an author
)

// An entry is one item of a document, as text.
type entry struct {
	id       string // of fixed length, within the feed
	guid     string // as the publisher says; only to find the id
	title    string
	link     string // absolute; "" without one
	summary  string
	category string
	author   string
	time     time.Time // zero: the publisher does not say
	raw      time.Time // what the publisher says, where that is in the future
	order    time.Time // where it stands among the others
}

// newEntry returns false for an item that says nothing.
func newEntry(it *gofeed.Item, base *url.URL) (entry, bool) {
	e := entry{guid: strings.TrimSpace(it.GUID), title: clean(it.Title, maxTitle), time: timeOf(it)}
	text := it.Description
	if strings.TrimSpace(text) == "" {
		text = it.Content
	}
	e.summary = clean(text, maxSummary)
	if e.title == "" { // of a microblog, for instance
		e.title, e.summary = clean(text, maxTitle), ""
	}
	if e.summary == e.title {
		e.summary = ""
	}
	link := it.Link
	if strings.TrimSpace(link) == "" && strings.HasPrefix(e.guid, "http") {
		link = e.guid // a permalink
	}
	if u := resolve(base, link); u != nil {
		e.link = u.String()
	}
	for _, c := range it.Categories {
		if e.category = clean(c, maxWord); e.category != "" {
			break
		}
	}
	for _, a := range it.Authors {
		if a == nil {
			continue
		}
		if e.author = clean(a.Name, maxWord); e.author != "" {
			break
		}
	}
	return e, e.title != ""
}

// timeOf returns when an item was published; zero where that is not known. Times
// before there were feeds are the zero values of publishing systems.
func timeOf(it *gofeed.Item) time.Time {
	for _, t := range []*time.Time{it.PublishedParsed, it.UpdatedParsed} {
		if t != nil && t.Year() >= 1990 && t.Year() < 9999 {
			return t.UTC()
		}
	}
	return time.Time{}
}

// resolve returns the address of a page, absolute; nil if it is none of the web.
func resolve(base *url.URL, link string) *url.URL {
	link = strings.TrimSpace(link)
	if link == "" || len(link) > 2000 {
		return nil
	}
	u, err := url.Parse(link)
	if err != nil {
		return nil
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil
	}
	u.User = nil
	return u
}

// identify gives each entry its id: of the guid, or else of the link, or else of title
// and time. A guid that entries with different links share says nothing; what then
// still is the same is one thing twice, and the first counts.
func identify(list []entry) {
	links := make(map[string]string)
	shared := make(map[string]bool)
	for _, e := range list {
		if link, known := links[e.guid]; known && link != e.link {
			shared[e.guid] = true
		}
		links[e.guid] = e.link
	}
	for i := range list {
		e := &list[i]
		switch {
		case e.guid != "" && !shared[e.guid]:
			e.id = hash("guid", e.guid)
		case e.link != "":
			e.id = hash("link", e.guid, canonical(e.link))
		default:
			e.id = hash("title", e.guid, e.title, e.time.String())
		}
	}
}

// canonical returns a link without what says how a reader came.
func canonical(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	query := u.Query()
	for name := range query {
		if strings.HasPrefix(name, "utm_") {
			query.Del(name)
		}
	}
	u.RawQuery, u.Fragment, u.Scheme, u.Host = query.Encode(), "", "https", strings.ToLower(u.Host)
	return strings.TrimSuffix(u.String(), "/")
}

var alphabet = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return alphabet.EncodeToString(sum[:10])
}
