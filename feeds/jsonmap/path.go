package jsonmap

import (
	"errors"
	"fmt"
	"strings"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/spec"
)

// A Path selects values of a document that was decoded with numbers as [json.Number].
// It is immutable.
type Path struct {
	text     string
	query    *spec.PathQuery
	list     *spec.PathQuery // of the lists or objects whose elements the path selects
	singular bool            // it selects one value at most
}

// ParsePath reads a path that begins with $, the document.
func ParsePath(text string) (*Path, error) {
	if !strings.HasPrefix(text, "$") {
		return nil, fmt.Errorf("%q: want a path that begins with $, the document, as in $.results[*]", text)
	}
	p, err := parsePath(text)
	if err != nil {
		return nil, err
	}
	segments := p.query.Segments()
	p.list = p.query
	if n := len(segments); n > 0 && segments[n-1].String() == "[*]" {
		p.list = spec.Query(true, segments[:n-1]...)
	}
	return p, nil
}

// parsePath reads a path that begins with $ or @; what stands for them is the caller's
// to say when it selects.
func parsePath(text string) (*Path, error) {
	parsed, err := jsonpath.Parse("$" + text[1:])
	if err != nil {
		return nil, fmt.Errorf("%q is no path: %w", text, trimmed(err))
	}
	return &Path{text: text, query: parsed.Query(), singular: parsed.Query().Singular() != nil}, nil
}

// trimmed is the library's error without its own name in front.
func trimmed(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), "jsonpath: "))
}

// String returns the path as it was written.
func (p *Path) String() string { return p.text }

// An Element is one value that a path selects.
type Element struct {
	Value any
	Key   string // its name in the object that it stands in, or its place in the list
}

// Elements returns what the path selects in a document: the values in the order of
// their lists, those of an object by name. A path to a list, as $.results, stands for
// its elements, and one to nothing but null for none. It reports false if the path
// leads nowhere, in contrast to a list that is empty.
func (p *Path) Elements(document any) (list []Element, found bool) {
	located := jsonpath.New(p.query).SelectLocated(document)
	located.Sort() // an object has no order of its own
	if p.singular {
		if len(located) == 0 {
			return nil, false
		}
		return elementsOf(located[0].Node), true
	}
	for _, n := range located {
		list = append(list, Element{Value: n.Node, Key: lastOf(n.Path)})
	}
	if len(list) > 0 || p.list == p.query {
		return list, len(list) > 0
	}
	for _, parent := range p.list.Select(document, document) {
		switch parent.(type) {
		case []any, map[string]any, nil:
			return nil, true
		}
	}
	return nil, false
}

// elementsOf returns the elements of a list; anything else is one itself.
func elementsOf(value any) []Element {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		list := make([]Element, len(v))
		for i, value := range v {
			list[i] = Element{Value: value, Key: fmt.Sprint(i)}
		}
		return list
	}
	return []Element{{Value: value}}
}

func lastOf(path spec.NormalizedPath) string {
	switch last := path[len(path)-1].(type) {
	case spec.Name:
		return string(last)
	case spec.Index:
		return last.String()
	}
	return ""
}

// A Condition is true or false of a value.
type Condition struct {
	text   string
	filter *spec.FilterSelector
}

// ParseCondition reads a filter expression of RFC 9535, in which @ is the value and $
// the document that it stands in: @.error, @.status != "ok", @.size > 100 && !@.bot.
func ParseCondition(text string) (*Condition, error) {
	parsed, err := jsonpath.Parse("$[?" + text + "]")
	if err != nil {
		return nil, fmt.Errorf("%q is no condition such as @.status != 'ok': %w", text, trimmed(err))
	}
	segments := parsed.Query().Segments()
	if len(segments) == 1 && len(segments[0].Selectors()) == 1 && !segments[0].IsDescendant() {
		if filter, ok := segments[0].Selectors()[0].(*spec.FilterSelector); ok {
			return &Condition{text: text, filter: filter}, nil
		}
	}
	return nil, fmt.Errorf("%q is more than one condition", text)
}

// String returns the condition as it was written.
func (c *Condition) String() string { return c.text }

// Holds reports whether the condition is true of value, which stands in document.
func (c *Condition) Holds(value, document any) bool { return c.filter.Eval(value, document) }
