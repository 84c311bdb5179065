// Package httpjson owns the kind http_json: a feed that fetches a JSON document and
// makes items of it by paths, as package jsonmap reads them. All happens on the goroutine
// of Run; one document is held at a time.
package httpjson
