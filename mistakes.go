package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Mistake is one thing that is wrong in the configuration: where, what, and what
// would be right.
type Mistake struct {
	File      string // "" for the environment and the command line
	Line, Col int    // from 1; 0 when the place is not known
	Text      string

	usage bool // the command line is to blame, not the configuration
}

// String returns "file:line:col: text", with what is known of it.
func (m Mistake) String() string {
	if place := m.place(); place != "" {
		return place + ": " + m.Text
	}
	return m.Text
}

// place returns "file:line:col", with what is known of it.
func (m Mistake) place() string {
	switch {
	case m.Line == 0:
		return m.File
	case m.Col == 0:
		return fmt.Sprintf("%s:%d", m.File, m.Line)
	}
	return fmt.Sprintf("%s:%d:%d", m.File, m.Line, m.Col)
}

// Mistakes is all that is wrong with a configuration, in the order of the file,
// then the environment, then the command line.
type Mistakes []Mistake

// Error returns one line for each mistake.
func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the mistakes of files by line, before the others in their order.
func (ms Mistakes) sorted() Mistakes {
	slices.SortStableFunc(ms, func(a, b Mistake) int {
		if (a.File == "") != (b.File == "") {
			return cmp.Compare(b.File, a.File)
		}
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return ms
}

// Is reports whether target is [errUsage] and the command line is to blame for one of
// the mistakes.
func (ms Mistakes) Is(target error) bool {
	return target == errUsage && slices.ContainsFunc(ms, func(m Mistake) bool { return m.usage })
}

// orNil returns nil in place of an empty list, so that it can be an error.
func (ms Mistakes) orNil() error {
	if len(ms) == 0 {
		return nil
	}
	return ms.sorted()
}
