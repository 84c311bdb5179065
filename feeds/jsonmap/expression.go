package jsonmap

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An expression gives a field its value.
type expression interface {
	// eval returns the value, and whether there is one; null is one.
	eval(in *input) (value any, ok bool, err error)
}

// An input is what paths lead through.
type input struct {
	Element
	document any
}

type (
	literal   struct{ value any }
	reference struct {
		path     *Path
		document bool // it begins with $
	}
	call struct {
		name string
		function
		args []expression
	}
)

func (l literal) eval(*input) (any, bool, error) { return l.value, true, nil }

func (r reference) eval(in *input) (any, bool, error) {
	from := in.Value
	if r.document {
		from = in.document
	}
	list := r.path.query.Select(from, from)
	switch {
	case len(list) == 0:
		return nil, false, nil
	case r.path.singular:
		return list[0], true, nil
	}
	return list, true, nil
}

func (c call) eval(in *input) (any, bool, error) {
	var args []any
	for _, arg := range c.args {
		value, ok, err := arg.eval(in)
		if err != nil {
			return nil, false, err
		}
		if !ok || value == nil {
			if c.strict {
				return nil, false, nil
			}
			continue
		}
		args = append(args, value)
	}
	value, ok, err := c.call(in, args)
	if err != nil {
		err = fmt.Errorf("%s: %w", c.name, err)
	}
	return value, ok, err
}

// parseExpression reads a path, a text in quotes, a number, or a function of them.
func parseExpression(text string) (expression, error) {
	p := &expressionParser{rest: strings.TrimSpace(text)}
	e, err := p.expression(0)
	if err == nil && p.rest != "" {
		err = fmt.Errorf("%q follows where nothing should", p.rest)
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

const maxNesting = 10 // of functions

type expressionParser struct{ rest string }

var errExpression = errors.New("want a path such as @.name, a text in quotes, a number, or a function of them")

func (p *expressionParser) expression(depth int) (expression, error) {
	switch {
	case p.rest == "":
		return nil, fmt.Errorf("nothing: %w", errExpression)
	case depth > maxNesting:
		return nil, fmt.Errorf("functions stand more than %d deep", maxNesting)
	}
	switch c := p.rest[0]; {
	case c == '@' || c == '$':
		word := p.take(pathEnd(p.rest))
		path, err := parsePath(word)
		return reference{path: path, document: c == '$'}, err
	case c == '\'' || c == '"':
		end := strings.IndexByte(p.rest[1:], c)
		if end < 0 {
			return nil, fmt.Errorf("%s: the quote does not end", p.rest)
		}
		word := p.take(end + 2)
		return literal{word[1 : len(word)-1]}, nil
	case c >= 'a' && c <= 'z':
		return p.call(depth)
	}
	word := p.take(wordEnd(p.rest))
	if !json.Valid([]byte(word)) || !strings.ContainsAny(word[:1], "-0123456789") {
		return nil, fmt.Errorf("%q: %w", word, errExpression)
	}
	return literal{json.Number(word)}, nil
}

func (p *expressionParser) call(depth int) (expression, error) {
	name := p.take(strings.IndexFunc(p.rest+"(", func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' }))
	f, known := functions[name]
	switch {
	case !known:
		return nil, fmt.Errorf("there is no function %q; known are %s; %w", name, strings.Join(functionNames(), ", "), errExpression)
	case !strings.HasPrefix(p.rest, "("):
		return nil, fmt.Errorf("%s is a function: want %s", name, f.usage)
	}
	c := call{name: name, function: f}
	p.take(1)
	for !strings.HasPrefix(p.rest, ")") {
		if len(c.args) > 0 {
			if !strings.HasPrefix(p.rest, ",") {
				return nil, fmt.Errorf("%s: want a comma or ) before %q", name, p.rest)
			}
			p.take(1)
		}
		arg, err := p.expression(depth + 1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		c.args = append(c.args, arg)
	}
	p.take(1)
	if len(c.args) < f.least || len(c.args) > f.most {
		return nil, fmt.Errorf("%s has %d values in its brackets: want %s", name, len(c.args), f.usage)
	}
	return c, nil
}

// take cuts off the first n bytes and the spaces after them.
func (p *expressionParser) take(n int) string {
	word := p.rest[:n]
	p.rest = strings.TrimLeft(p.rest[n:], " ")
	return strings.TrimRight(word, " ")
}

func wordEnd(text string) int {
	if end := strings.IndexAny(text, ",)"); end >= 0 {
		return max(end, 1)
	}
	return len(text)
}

// pathEnd returns where a path ends: at a comma or bracket that is not its own.
func pathEnd(text string) int {
	depth := 0
	var quote byte
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			switch c {
			case '\\':
				i++
			case quote:
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '[' || c == '(':
			depth++
		case (c == ',' || c == ')') && depth == 0:
			return i
		case c == ']' || c == ')':
			depth--
		}
	}
	return len(text)
}

func functionNames() []string {
	var names []string
	for name := range functions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
