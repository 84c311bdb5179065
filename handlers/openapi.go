package handlers

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
)

// headerDocs says what a request header does.
var headerDocs = map[string]string{
	"Last-Event-ID":   "position to resume after, as an EventSource sends it",
	"If-None-Match":   "entity tag of what the client has (JSON face)",
	"Idempotency-Key": "any text: a repeated publish with the same key is stored once",
}

// document serves a description. It never changes while the process runs, so it is
// made once, when it is first asked for.
func (h *Handlers) document(describe func() object) gin.HandlerFunc {
	made := sync.OnceValues(func() (body []byte, tag string) {
		body = append(mustJSON(describe()), '\n')
		return body, tagOf(body)
	})
	return func(c *gin.Context) {
		body, tag := made()
		c.Header("ETag", tag)
		c.Header("Cache-Control", "no-cache")
		if isKnown(c.Request, tag) {
			c.Status(http.StatusNotModified)
			return
		}
		c.Data(http.StatusOK, contentJSON, body)
	}
}

// tagOf is the strong entity tag of bytes.
func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:9]) + `"`
}

// openAPI describes all routes in OpenAPI 3.1.
func (h *Handlers) openAPI() object {
	defs, paths := schemas{}, object{}
	for _, r := range h.described() {
		path := openPath(r.path)
		item, ok := paths[path].(object)
		if !ok {
			item = object{}
			paths[path] = item
		}
		item[strings.ToLower(r.method)] = r.operation(defs)
		if r.method == http.MethodGet {
			item["head"] = r.head(defs)
		}
	}
	for _, t := range h.opts.Catalogue.All() {
		name := "topic-" + t.Name
		defs[name] = topicSchema(t, schemaPath+name)
	}
	return object{
		"openapi": "3.1.0",
		"info":    h.info("Topics on a tape, read live from one address."),
		"servers": []any{object{"url": "/"}},
		"tags": []any{
			object{"name": "public", "description": "On the public address."},
			object{"name": "admin", "description": "On the admin address alone, which is loopback by default."},
		},
		"paths": paths,
		"components": object{
			"schemas":         defs,
			"securitySchemes": object{"publishKey": object{"type": "http", "scheme": "bearer"}},
		},
	}
}

func (h *Handlers) info(description string) object {
	version := h.opts.Build
	if version == "" {
		version = "unversioned"
	}
	return object{"title": "tickertape", "description": description, "version": version}
}

// described are the routes of both addresses, each once.
func (h *Handlers) described() []route {
	routes := h.publicRoutes()
	for _, r := range h.adminRoutes() {
		if r.admin {
			routes = append(routes, r)
		}
	}
	return routes
}

// openPath writes a path of the router as OpenAPI does.
func openPath(path string) string {
	steps := strings.Split(path, "/")
	for i, step := range steps {
		if name := strings.TrimLeft(step, ":*"); name != step {
			steps[i] = "{" + name + "}"
		}
	}
	return strings.Join(steps, "/")
}

// operation describes the route.
func (r route) operation(defs schemas) object {
	tag := "public"
	if r.admin {
		tag = "admin"
	}
	op := object{"operationId": r.id, "summary": r.summary, "tags": []any{tag}, "responses": r.responses(defs)}
	if parameters := r.parameters(); len(parameters) > 0 {
		op["parameters"] = parameters
	}
	if r.body {
		op["requestBody"] = requestBody()
	}
	if r.secured { // on topics with publish: public, posting needs no key
		op["security"] = []any{object{"publishKey": []any{}}}
		if r.body {
			op["security"] = []any{object{"publishKey": []any{}}, object{}}
		}
	}
	return op
}

// head describes HEAD: the same without a body.
func (r route) head(defs schemas) object {
	op := r.operation(defs)
	op["operationId"], op["summary"] = r.id+"Head", "The headers of GET."
	for _, response := range op["responses"].(object) {
		delete(response.(object), "content")
	}
	return op
}

func (r route) parameters() []any {
	var list []any
	for step := range strings.SplitSeq(r.path, "/") {
		if name := strings.TrimLeft(step, ":*"); name != step {
			list = append(list, object{"name": name, "in": "path", "required": true, "schema": object{"type": "string"}})
		}
	}
	if r.query {
		for f := range reflect.TypeFor[query]().Fields() {
			if f.Name == "Type" && strings.Contains(r.path, ":topic") {
				continue // the path says it
			}
			list = append(list, object{"name": f.Tag.Get("schema"), "in": "query", "description": f.Tag.Get("doc"), "schema": queryType(f)})
		}
	}
	for _, name := range r.headers {
		list = append(list, object{"name": name, "in": "header", "description": headerDocs[name], "schema": object{"type": "string"}})
	}
	return list
}

// queryType is the schema of a query parameter: a text, or a list of them.
func queryType(f reflect.StructField) object { return schemas{}.of(f.Type) }

func (r route) responses(defs schemas) object {
	all := object{}
	for _, a := range r.answers {
		key := strconv.Itoa(a.status)
		response, ok := all[key].(object)
		if !ok {
			response = object{"description": a.what}
			all[key] = response
		}
		if a.contentType == "" {
			continue
		}
		content, ok := response["content"].(object)
		if !ok {
			content = object{}
			response["content"] = content
		}
		switch {
		case a.body != nil:
			content[a.contentType] = object{"schema": defs.of(reflect.TypeOf(a.body))}
		case a.contentType == contentJSON:
			content[a.contentType] = object{"schema": object{"type": "object"}}
		default:
			content[a.contentType] = object{"schema": object{"type": "string"}}
		}
	}
	for _, status := range append(r.problems, http.StatusInternalServerError) {
		all[strconv.Itoa(status)] = object{
			"description": http.StatusText(status),
			"content":     object{contentProblem: object{"schema": defs.of(reflect.TypeFor[problem]())}},
		}
	}
	return all
}

// requestBody describes what a publish takes. What an event must look like is the
// topic's schema, see the components topic-*.
func requestBody() object {
	return object{
		"required":    true,
		"description": "One event, an array of events, one event a line, or one text.",
		"content": object{
			contentJSON:        object{"schema": object{"description": "an event, or an array of at most 1000"}},
			string(faceNDJSON): object{"schema": object{"type": "string", "description": "one event a line"}},
			"text/plain":       object{"schema": object{"type": "string"}},
		},
	}
}
