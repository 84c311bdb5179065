package main

import (
	"regexp"
	"strings"
)

// proseWidth is the width that paragraphs of generated pages are wrapped to.
const proseWidth = 120

// writeRow writes a row of a Markdown table.
func writeRow(b *strings.Builder, cells ...string) {
	for _, cell := range cells {
		b.WriteString("|")
		if cell != "" {
			b.WriteString(" " + cell)
		}
		b.WriteString(" ")
	}
	b.WriteString("|\n")
}

// cellText is text that stands as it is in a cell of a Markdown table.
func cellText(text string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "<", `\<`).Replace(strings.Join(strings.Fields(text), " "))
}

// address finds a web address in a sentence, without the stop behind it.
var address = regexp.MustCompile(`https?://[^\s<>]*[^\s<>.,;:)]`)

// linked makes links of the web addresses in text.
func linked(text string) string { return address.ReplaceAllString(text, "<$0>") }

// link is a link to a web address; "" for none.
func link(to string) string {
	if to == "" {
		return ""
	}
	return "<" + to + ">"
}

// wrapProse breaks a paragraph into lines of at most proseWidth characters.
func wrapProse(text string) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > proseWidth {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimLeft(line+" "+word, " ")
	}
	return strings.Join(append(lines, line), "\n")
}
