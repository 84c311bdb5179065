// Package rss owns the kind rss: the headlines of a news feed in RSS 0.9x to 2.0, Atom
// or JSON Feed.
//
// What comes from the publisher is text of a stranger. A document that would be an
// attack on whoever reads it (declared entities, elements nested without end) is
// refused as a whole; of the others only text, times and links to the web are kept.
//
// It starts no goroutines.
package rss
