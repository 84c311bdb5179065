package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"tickertape/topics"
)

// An item is one event of a body.
type item struct {
	data []byte
	text bool
	line int // where it begins in the body, from 1
}

// readBody splits the body of a publish into its events by the content type: a JSON
// value, or an array of them; NDJSON; or one text.
func readBody(r io.Reader, contentType string) ([]item, error) {
	contentType = strings.ToLower(contentType)
	split := splitJSON
	switch {
	case contentType == "application/json", contentType == "", strings.HasSuffix(contentType, "+json"):
	case contentType == "application/x-ndjson", contentType == "application/jsonl":
		split = splitLines
	case contentType == "text/plain":
		split = wholeText
	default:
		return nil, &problem{
			Status: http.StatusUnsupportedMediaType,
			Detail: fmt.Sprintf("content type %.80q; want application/json, application/x-ndjson or text/plain (curl: --json DATA, or -H 'Content-Type: application/json')", contentType),
		}
	}
	body, err := io.ReadAll(r)
	if err != nil {
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			return nil, err
		}
		return nil, bad("", "the body ended early: it was not read completely")
	}
	return split(body)
}

func wholeText(body []byte) ([]item, error) {
	if len(body) == 0 {
		return nil, topics.ErrNothing
	}
	return []item{{data: body, text: true, line: 1}}, nil
}

// splitLines reads NDJSON. Empty lines are skipped.
func splitLines(body []byte) ([]item, error) {
	var items []item
	number := 0
	for line := range bytes.Lines(body) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if !json.Valid(line) {
			p := syntaxProblem(line, 0)
			p.Line = number
			p.Detail = fmt.Sprintf("line %d is not a JSON value: %s", number, p.Detail)
			return nil, p
		}
		items = append(items, item{data: line, line: number})
	}
	return items, nil
}

// splitJSON reads one JSON value; of an array each element is an event.
func splitJSON(body []byte) ([]item, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, topics.ErrNothing
	}
	if !json.Valid(body) {
		p := syntaxProblem(body, 0)
		p.Detail = fmt.Sprintf("line %d, column %d: the body is not JSON: %s", p.Line, p.Column, p.Detail)
		return nil, p
	}
	start := len(body) - len(bytes.TrimLeft(body, " \t\r\n"))
	if body[start] != '[' {
		return []item{{data: body, line: lineAt(body, start)}}, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if _, err := d.Token(); err != nil {
		return nil, bad("", "the body is not a JSON array: "+err.Error())
	}
	var items []item
	line, seen := 1, 0
	for d.More() {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, bad("", "the body is not a JSON array: "+err.Error())
		}
		begins := int(d.InputOffset()) - len(raw)
		line += bytes.Count(body[seen:begins], []byte("\n"))
		seen = begins
		items = append(items, item{data: raw, line: line})
	}
	return items, nil
}

// syntaxProblem says what is wrong with text that is not JSON, and where.
func syntaxProblem(text []byte, at int64) *problem {
	var value json.RawMessage
	err := json.Unmarshal(text, &value)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = syntax.Offset
	}
	at = min(at, int64(len(text)))
	begins := bytes.LastIndexByte(text[:at], '\n') + 1
	p := bad("", "unexpected end")
	if err != nil {
		p.Detail = err.Error()
	}
	p.Line, p.Column = lineAt(text, int(at)), max(1, int(at)-begins)
	return p
}

func lineAt(text []byte, at int) int { return 1 + bytes.Count(text[:at], []byte("\n")) }

// withLine adds the line of the event that an error is about.
func withLine(err error, items []item) error {
	var invalid *topics.InvalidError
	if !errors.As(err, &invalid) || invalid.Index >= len(items) {
		return err
	}
	p := invalidProblem(invalid)
	p.Line = items[invalid.Index].line
	return p
}
