package jsonmap

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strings"
)

// A function makes one value of others. Those that are not there, or null, are not
// among args; of a strict function's, there must be none.
type function struct {
	usage       string
	least, most int // arguments as written
	strict      bool
	call        func(in *input, args []any) (value any, ok bool, err error)
}

var functions = map[string]function{
	"first":   {"first(value, value...): the first that is there", 1, 16, false, first},
	"join":    {"join(', ', value...): texts and lists as one text", 2, 16, false, join},
	"format":  {"format('{} of {}', value...): a text with each {} filled in", 2, 16, true, format},
	"text":    {"text(value): a number or truth value as text, digit by digit", 1, 1, true, ofText(func(s string) any { return s })},
	"number":  {"number(value): text as a number", 1, 1, true, ofText(number)},
	"lower":   {"lower(value)", 1, 1, true, ofText(func(s string) any { return strings.ToLower(s) })},
	"upper":   {"upper(value)", 1, 1, true, ofText(func(s string) any { return strings.ToUpper(s) })},
	"trim":    {"trim(value): without white space at its ends", 1, 1, true, ofText(func(s string) any { return strings.TrimSpace(s) })},
	"replace": {"replace(value, 'old', 'new')", 3, 3, true, replace},
	"times":   {"times(value, 0.001): a number, multiplied", 2, 2, true, arithmetic((*big.Rat).Mul)},
	"plus":    {"plus(value, -273.15): a number with another one added", 2, 2, true, arithmetic((*big.Rat).Add)},
	"key":     {"key(): the item's name in the object that it stands in, or its place in the list", 0, 0, true, key},
}

// asText returns a text, number or truth value as text.
func asText(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return fmt.Sprint(v), nil
	case []any:
		return "", fmt.Errorf("there are several values: want one, or first or join of them")
	case nil:
		return "", nil
	}
	return "", fmt.Errorf("it is an object: want a text or a number")
}

// flat returns the values with lists in place of which their elements stand.
func flat(args []any) []any {
	var list []any
	for _, arg := range args {
		if elements, ok := arg.([]any); ok {
			list = append(list, elements...)
		} else {
			list = append(list, arg)
		}
	}
	return list
}

func first(_ *input, args []any) (any, bool, error) {
	for _, arg := range flat(args) {
		if arg != nil && arg != "" {
			return arg, true, nil
		}
	}
	return nil, false, nil
}

func join(_ *input, args []any) (any, bool, error) {
	var parts []string
	for _, arg := range flat(args) {
		part, err := asText(arg)
		if err != nil {
			return nil, false, err
		}
		if part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) < 2 {
		return nil, false, nil // the separator alone
	}
	return strings.Join(parts[1:], parts[0]), true, nil
}

func format(_ *input, args []any) (any, bool, error) {
	pattern, err := asText(args[0])
	if err != nil {
		return nil, false, err
	}
	var out strings.Builder
	for _, arg := range args[1:] {
		part, err := asText(arg)
		if err != nil {
			return nil, false, err
		}
		before, after, found := strings.Cut(pattern, "{}")
		out.WriteString(before)
		if found {
			out.WriteString(part)
		}
		pattern = after
	}
	return out.String() + pattern, true, nil
}

func ofText(change func(string) any) func(*input, []any) (any, bool, error) {
	return func(_ *input, args []any) (any, bool, error) {
		text, err := asText(args[0])
		if err != nil {
			return nil, false, err
		}
		value := change(text)
		return value, value != nil, nil
	}
}

// number returns nil for text that is no number of JSON.
func number(text string) any {
	text = strings.TrimPrefix(strings.TrimSpace(text), "+")
	var n json.Number
	if json.Unmarshal([]byte(text), &n) != nil || strings.HasPrefix(text, `"`) || n == "" {
		return nil
	}
	return n
}

func replace(_ *input, args []any) (any, bool, error) {
	var texts [3]string
	for i, arg := range args {
		var err error
		if texts[i], err = asText(arg); err != nil {
			return nil, false, err
		}
	}
	if texts[1] == "" {
		return texts[0], true, nil
	}
	return strings.ReplaceAll(texts[0], texts[1], texts[2]), true, nil
}

// digits are kept of a result after its point.
const digits = 6

// arithmetic calculates with decimals as people do: 0.1 times 3 is 0.3.
func arithmetic(calculate func(z, x, y *big.Rat) *big.Rat) func(*input, []any) (any, bool, error) {
	return func(_ *input, args []any) (any, bool, error) {
		var numbers [2]big.Rat
		for i, arg := range args {
			text, err := asText(arg)
			if err != nil {
				return nil, false, err
			}
			n, ok := number(text).(json.Number)
			if !ok || !reading(n) {
				return nil, false, nil
			}
			numbers[i].SetString(n.String())
		}
		text := calculate(new(big.Rat), &numbers[0], &numbers[1]).FloatString(digits)
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		if text == "-0" || text == "" {
			text = "0"
		}
		return json.Number(text), true, nil
	}
}

// reading reports whether a number is of a size to calculate with.
func reading(n json.Number) bool {
	f, err := n.Float64()
	return err == nil && math.Abs(f) <= 1e18 && (f == 0 || math.Abs(f) >= 1e-18)
}

func key(in *input, _ []any) (any, bool, error) { return in.Key, in.Key != "", nil }
