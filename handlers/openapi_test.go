package handlers

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// documentOf fetches a description.
func documentOf(t testing.TB, s *site, path string) object {
	t.Helper()
	a := s.get(path)
	if a.StatusCode != 200 || a.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %d %s", path, a.StatusCode, a.Header.Get("Content-Type"))
	}
	var doc object
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if b := s.get(path, "If-None-Match: "+a.Header.Get("ETag")); b.StatusCode != 304 || b.body != "" {
		t.Errorf("%s with its tag: %d", path, b.StatusCode)
	}
	return doc
}

// at returns what a JSON pointer names; nil if there is nothing.
func at(doc any, pointer string) any {
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		m, ok := doc.(object)
		if !ok {
			return nil
		}
		doc = m[step]
	}
	return doc
}

// references returns all $ref of a document.
func references(v any) (refs []string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			refs = append(refs, references(e)...)
		}
	case object:
		for name, e := range v {
			if ref, ok := e.(string); ok && name == "$ref" {
				refs = append(refs, ref)
				continue
			}
			refs = append(refs, references(e)...)
		}
	}
	return refs
}

func checkReferences(t *testing.T, doc object) {
	t.Helper()
	refs := references(doc)
	if len(refs) < 10 {
		t.Errorf("only %d references", len(refs))
	}
	for _, ref := range refs {
		pointer, err := url.PathUnescape(strings.TrimPrefix(ref, "#"))
		if err != nil || !strings.HasPrefix(ref, "#/") || at(doc, pointer) == nil {
			t.Errorf("reference %q leads nowhere", ref)
		}
	}
}

func TestOpenAPIHasAllRoutes(t *testing.T) {
	s := start(t, setup{})
	doc := documentOf(t, s, "/openapi.json")
	if doc["openapi"] != "3.1.0" || at(doc, "/info/version") != "v0.0.0+test" || at(doc, "/info/title") != "tickertape" {
		t.Errorf("head of the document: %v %v", doc["openapi"], doc["info"])
	}
	described := map[string]bool{}
	ids := map[string]bool{}
	for path, item := range doc["paths"].(object) {
		for method, op := range item.(object) {
			described[strings.ToUpper(method)+" "+path] = true
			id, _ := op.(object)["operationId"].(string)
			if id == "" || ids[id] {
				t.Errorf("%s %s: operationId %q is missing or not alone", method, path, id)
			}
			ids[id] = true
			for step := range strings.SplitSeq(path, "/") {
				if name := strings.Trim(step, "{}"); name != step && !slices.Contains(names(op, "path"), name) {
					t.Errorf("%s %s: {%s} is not described", method, path, name)
				}
			}
			if responses, _ := op.(object)["responses"].(object); len(responses) == 0 {
				t.Errorf("%s %s: no responses", method, path)
			} else {
				for status, response := range responses {
					if response.(object)["description"] == "" {
						t.Errorf("%s %s: %s has no description", method, path, status)
					}
				}
			}
		}
	}
	served := map[string]bool{}
	for _, engine := range []any{s.Public(), s.Admin()} {
		for _, r := range engine.(*gin.Engine).Routes() {
			served[r.Method+" "+openPath(r.Path)] = true
		}
	}
	for route := range served {
		if !described[route] {
			t.Errorf("%s is served and not described", route)
		}
	}
	for route := range described {
		if !served[route] {
			t.Errorf("%s is described and not served", route)
		}
	}
	checkReferences(t, doc)
}

// names returns the names of the parameters of an operation.
func names(op any, in string) (names []string) {
	parameters, _ := op.(object)["parameters"].([]any)
	for _, p := range parameters {
		if p.(object)["in"] == in {
			names = append(names, p.(object)["name"].(string))
		}
	}
	slices.Sort(names)
	return names
}

func TestDescribedParameters(t *testing.T) {
	s := start(t, setup{})
	doc := documentOf(t, s, "/openapi.json")
	all := slices.Sorted(slices.Values(queryNames))
	if got := names(at(doc, "/paths/~1latest/get"), "query"); !slices.Equal(got, all) {
		t.Errorf("GET /latest has %v; the decoder knows %v", got, all)
	}
	for _, path := range []string{"/paths/~1latest~1{topic}/get", "/paths/~1latest~1{topic}~1{key}/get"} {
		if got := names(at(doc, path), "query"); len(got) != len(all)-1 || slices.Contains(got, "type") {
			t.Errorf("%s has %v", path, got)
		}
	}
	// all that is described is accepted
	for _, p := range at(doc, "/paths/~1latest/get/parameters").([]any) {
		name, description := p.(object)["name"].(string), p.(object)["description"]
		if description == "" || description == nil {
			t.Errorf("%s has no description", name)
		}
		if p.(object)["in"] == "query" {
			if a := s.get("/latest?"+name+"=~", "Accept: application/json"); strings.Contains(a.body, "there is no parameter") {
				t.Errorf("%s is described and not known", name)
			}
		}
	}
	stream := documentOf(t, s, "/asyncapi.json")
	query, _ := at(stream, "/operations/read/bindings/http/query/properties").(object)
	for _, name := range all {
		if query[name] == nil {
			t.Errorf("asyncapi.json lacks the parameter %s", name)
		}
	}
	if len(query) != len(all) {
		t.Errorf("asyncapi.json has %d parameters; want %d", len(query), len(all))
	}
}

// Schemas compile, and what the server really says is what they say.
func TestDescribedSchemas(t *testing.T) {
	s := start(t, setup{})
	doc := documentOf(t, s, "/openapi.json")
	compiler := jsonschema.NewCompiler()
	for name, file := range map[string]string{"openapi": "/openapi.json", "asyncapi": "/asyncapi.json"} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(s.get(file).body))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiler.AddResource("mem:"+name, v); err != nil {
			t.Fatal(err)
		}
	}
	for name := range at(doc, "/components/schemas").(object) {
		if _, err := compiler.Compile("mem:openapi" + schemaPath + name); err != nil {
			t.Errorf("schema %s: %v", name, err)
		}
	}
	check := func(at, what string, body []byte, valid bool) {
		t.Helper()
		schema, err := compiler.Compile("mem:" + at)
		if err != nil {
			t.Errorf("%s: %v", at, err)
			return
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Errorf("%s: %v in %s", what, err, body)
			return
		}
		if err := schema.Validate(v); (err == nil) != valid {
			t.Errorf("%s, %s: %v; want valid %v: %s", what, at, err, valid, body)
		}
	}
	s.publish(draft("news", `{"id":"a"}`), draft("chat", `"hi"`))
	c := s.open("/latest")
	for _, name := range []string{"streamInfo", "", "", "signInfo"} {
		if e := c.next(); name != "" {
			check("openapi"+schemaPath+"envelope", "data as an envelope", e.Data, false)
			check("asyncapi#/components/messages/"+e.Type+"/payload", e.Type, e.Data, true)
		}
	}
	_, page := s.page("/latest")
	for name, body := range map[string]string{
		"jsonPage":  page.body,
		"topicList": s.get("/topics").body,
		"feedList":  s.get("/feeds").body,
		"health":    s.get("/healthz").body,

		"siteSettings": s.get("/settings.json").body,
		"readiness":    s.getAdmin("/readyz").body,
		"streamList":   s.getAdmin("/streams").body,
		"problem":      s.get("/latest?typ=x").body,
		"published":    s.post("/latest/news", "application/json", `{"id":"b"}`).body,
	} {
		check("openapi"+schemaPath+name, name, []byte(body), true)
		check("openapi"+schemaPath+name, name, []byte(`{}`), false)
	}
	_, reset := s.page("/latest?last_event_id=x")
	check("openapi"+schemaPath+"jsonPage", "a reset", []byte(reset.body), true)
	check("openapi"+schemaPath+"jsonPage", "a state that does not exist", []byte(strings.Replace(reset.body, `"reset"`, `"gone"`, 1)), false)
	// the topic's own schema has a reference into itself
	for _, at := range []string{"openapi" + schemaPath + "topic-form", "asyncapi" + schemaPath + "topic-form/schema"} {
		check(at, "an event", []byte(`{"n":9}`), true)
		check(at, "a wrong event", []byte(`{"n":10}`), false)
	}
}

func TestAsyncAPI(t *testing.T) {
	s := start(t, setup{})
	doc := documentOf(t, s, "/asyncapi.json")
	if doc["asyncapi"] != "3.0.0" {
		t.Errorf("%v", doc["asyncapi"])
	}
	checkReferences(t, doc)
	for _, name := range []string{"stream", "live", "heartbeat", "retract", "bye", "news", "chat", "stock", "clock", "form"} {
		if at(doc, "/components/messages/"+name+"/payload") == nil || at(doc, "/channels/latest/messages/"+name) == nil {
			t.Errorf("the event %s is not described", name)
		}
	}
	for name, want := range map[string]bool{"news": true, "form": true, "clock": false, "old": false} {
		if got := at(doc, "/operations/publish-"+name) != nil; got != want {
			t.Errorf("publishing on %s is described: %v; want %v", name, got, want)
		}
	}
	if at(doc, "/channels/topic-news/address") != "/latest/news" || at(doc, "/channels/latest/address") != "/latest" {
		t.Errorf("channels %v", doc["channels"])
	}
}

func TestRebase(t *testing.T) {
	var schema any
	if err := json.Unmarshal([]byte(`{"$ref":"#","items":[{"$ref":"#/$defs/a"},{"$ref":"#anchor"}],
		"properties":{"$ref":{"type":"string"}},"const":{"$ref":"#/data"},"examples":[{"$ref":"#/data"}]}`), &schema); err != nil {
		t.Fatal(err)
	}
	rebase(schema, "#/x")
	got := string(mustJSON(schema))
	want := `{"$ref":"#/x","const":{"$ref":"#/data"},"examples":[{"$ref":"#/data"}],"items":[{"$ref":"#/x/$defs/a"},{"$ref":"#anchor"}],"properties":{"$ref":{"type":"string"}}}`
	if got != want {
		t.Errorf("%s; want %s", got, want)
	}
}
