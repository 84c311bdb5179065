package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
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
func readBody(r io.Reader, header http.Header) ([]item, error) {
	split, err := splitter(header)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r)
	if err != nil {
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) || errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, err
		}
		return nil, bad("", "the body ended early: it was not read completely")
	}
	return split(body)
}

// splitter returns how a body with that header is split.
func splitter(header http.Header) (func(body []byte) ([]item, error), error) {
	if coding := header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, unsupported(fmt.Sprintf("content encoding %.80q; send the body as it is", coding))
	}
	given := header.Get("Content-Type")
	if given == "" {
		return splitJSON, nil
	}
	contentType, params, _ := mime.ParseMediaType(given)
	if charset := strings.ToLower(params["charset"]); charset != "" && charset != "utf-8" && charset != "us-ascii" {
		return nil, unsupported(fmt.Sprintf("charset %.80q; send UTF-8", charset))
	}
	switch {
	case contentType == "application/json", strings.HasSuffix(contentType, "+json"):
		return splitJSON, nil
	case contentType == "application/x-ndjson", contentType == "application/jsonl":
		return splitLines, nil
	case contentType == "text/plain":
		return wholeText, nil
	}
	return nil, unsupported(fmt.Sprintf("content type %.80q; want application/json, application/x-ndjson or text/plain (curl: --json DATA, or -H 'Content-Type: application/json')", given))
}

func unsupported(detail string) *problem {
	return &problem{Status: http.StatusUnsupportedMediaType, Detail: detail}
}

// tooMany is what Publish would say, before more of the body is split.
func tooMany() error {
	return fmt.Errorf("%w: over %d events in one publish", topics.ErrTooLarge, topics.MaxBatch)
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
		line = bytes.TrimRight(line, " \t\r\n")
		if len(bytes.TrimLeft(line, " \t\r")) == 0 {
			continue
		}
		if len(items) == topics.MaxBatch {
			return nil, tooMany()
		}
		if !json.Valid(line) {
			p := syntaxProblem(line)
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
		p := syntaxProblem(body)
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
		if len(items) == topics.MaxBatch {
			return nil, tooMany()
		}
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

// syntaxProblem says what is wrong with text that is not JSON, and where: the byte
// that cannot stand there, or the last one if the text ends too early.
func syntaxProblem(text []byte) *problem {
	var value json.RawMessage
	err := json.Unmarshal(text, &value)
	at := len(text) - 1
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = max(0, min(int(syntax.Offset)-1, at))
	}
	p := bad("", "unexpected end")
	if err != nil {
		p.Detail = err.Error()
	}
	p.Line, p.Column = lineAt(text, at), at-bytes.LastIndexByte(text[:at], '\n')
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
