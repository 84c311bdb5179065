package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"go.yaml.in/yaml/v3"
)

// errDeep is the mistake of a value that is nested too deeply, or grows too large on
// the way.
var errDeep = errors.New("nested too deeply, or too large")

// json turns the value of option o into JSON, fields in the order of the file. It
// returns nil if that is not possible, or more than maxJSON bytes; the mistake is noted.
func (d *decoder) json(n *yaml.Node, o option) json.RawMessage {
	var buf bytes.Buffer
	before := len(d.mistakes)
	if err := d.appendJSON(&buf, n, o, 0); err != nil {
		d.fail(n, "%s: %v", o.name, err)
	} else if buf.Len() > maxJSON {
		d.fail(n, "%s: %d bytes as JSON; want at most %d", o.name, buf.Len(), maxJSON)
	}
	if len(d.mistakes) > before {
		return nil
	}
	return buf.Bytes()
}

func (d *decoder) appendJSON(buf *bytes.Buffer, n *yaml.Node, o option, depth int) error {
	if n = d.resolve(n); n == nil || depth > maxDepth || buf.Len() > maxFile {
		return errDeep // aliases can make a small file large
	}
	if n.Tag != "" && !strings.HasPrefix(n.Tag, "!!") {
		return fmt.Errorf("unknown tag %s on line %d", quoted(n.Tag), n.Line)
	}
	switch n.Kind {
	case yaml.MappingNode:
		buf.WriteByte('{')
		for i, p := range d.pairs(n) {
			if i > 0 {
				buf.WriteByte(',')
			}
			appendString(buf, p.key.Value)
			buf.WriteByte(':')
			if err := d.appendJSON(buf, p.value, o, depth+1); err != nil {
				return err
			}
		}
		buf.WriteByte('}')
		return nil
	case yaml.SequenceNode:
		buf.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				buf.WriteByte(',')
			}
			if err := d.appendJSON(buf, item, o, depth+1); err != nil {
				return err
			}
		}
		buf.WriteByte(']')
		return nil
	}
	return d.appendScalar(buf, n, o)
}

// appendScalar writes one word. A number that is one of JSON too stays as it is
// written: 4.50, and as many digits as there are.
func (d *decoder) appendScalar(buf *bytes.Buffer, n *yaml.Node, o option) error {
	switch n.Tag {
	case "!!null":
		buf.WriteString("null")
		return nil
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			buf.WriteString(n.Value)
			return nil
		}
		fallthrough
	case "!!bool":
		return appendValue(buf, n, o)
	}
	text := n.Value
	if o.secret { // elsewhere it may be a part of a pattern
		var err error
		if text, err = d.expand(o, text, true); err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
	}
	appendString(buf, text)
	return nil
}

// appendValue writes a number or a truth value that YAML spells in another way than JSON.
func appendValue(buf *bytes.Buffer, n *yaml.Node, o option) error {
	var value any
	err := n.Decode(&value)
	if f, ok := value.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		err = errors.New("no number of JSON")
	}
	var text []byte
	if err == nil {
		text, err = json.Marshal(value)
	}
	if err == nil {
		buf.Write(text)
		return nil
	}
	if o.secret {
		return fmt.Errorf("the value on line %d (not shown) is no number of JSON", n.Line)
	}
	return fmt.Errorf("%s on line %d: %w", quoted(n.Value), n.Line, err)
}

func appendString(buf *bytes.Buffer, s string) {
	text, err := json.Marshal(s)
	if err != nil {
		panic("config: " + err.Error()) // no string fails
	}
	buf.Write(text)
}
