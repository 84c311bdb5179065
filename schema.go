package main

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"tickertape/feeds"
)

// A schemaNode is a JSON Schema, or a part of one. Its fields are encoded sorted by
// name, so that the whole is the same each time.
type schemaNode map[string]any

// configSchema returns the JSON Schema of the configuration file, for editors: draft 7,
// which all of them know. It is made of the same tags that decode the file, and is more
// lenient: what needs other lines to be judged, only check does.
func configSchema(kinds []feeds.Spec) ([]byte, error) {
	root := objectSchema(configOptions())
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = "Configuration of tickertape"
	fields := root["properties"].(schemaNode)
	topic := objectSchema(optionsOf(reflect.TypeFor[topicEntry]()))
	topic["properties"].(schemaNode)["schema"] = schemaNode{"description": "JSON Schema of the data, written as YAML.", "type": "object"}
	fields["topics"] = schemaNode{"description": docOf(reflect.TypeFor[sections](), "topics"), "type": "array", "items": topic}
	shared := schemaNode{}
	for _, o := range optionsOf(reflect.TypeFor[feedEntry]()) {
		shared["feed_"+o.name] = optionSchema(o)
	}
	root["definitions"] = shared
	var entries []schemaNode
	for _, spec := range kinds {
		entries = append(entries, entrySchema(spec))
	}
	fields["feeds"] = schemaNode{
		"description": docOf(reflect.TypeFor[sections](), "feeds"), "type": "array",
		"items": schemaNode{"type": "object", "required": []string{"kind"}, "anyOf": entries},
	}
	text, err := json.MarshalIndent(root, "", "  ")
	return append(text, '\n'), err
}

func docOf(t reflect.Type, name string) string {
	list := optionsOf(t)
	return list[slices.IndexFunc(list, func(o option) bool { return o.name == name })].doc
}

// entrySchema describes an entry of the list of feeds.
func entrySchema(spec feeds.Spec) schemaNode {
	entry := objectSchema(allOptions(spec))
	entry["title"], entry["description"] = spec.Kind, spec.Summary
	fields := entry["properties"].(schemaNode)
	for _, o := range optionsOf(reflect.TypeFor[feedEntry]()) {
		fields[o.name] = schemaNode{"$ref": "#/definitions/feed_" + o.name}
	}
	fields["kind"] = schemaNode{"description": spec.Summary, "const": spec.Kind}
	if len(spec.Topics) == 0 && !slices.ContainsFunc(allOptions(spec), func(o option) bool { return o.name == "topics" }) {
		required, _ := entry["required"].([]string)
		entry["required"] = append(required, "topic")
	}
	return entry
}

// objectSchema describes a mapping of options.
func objectSchema(list []option) schemaNode {
	fields := schemaNode{}
	var required []string
	for _, o := range list {
		if !o.allows("file") {
			continue
		}
		fields[o.name] = optionSchema(o)
		if o.required {
			required = append(required, o.name)
		}
	}
	node := schemaNode{"type": "object", "additionalProperties": false, "properties": fields}
	if required != nil {
		node["required"] = required
	}
	return node
}

// optionSchema describes the value of one option.
func optionSchema(o option) schemaNode {
	node := schemaNode{}
	switch t := o.typ; {
	case t == reflect.TypeFor[json.RawMessage]() || t == reflect.TypeFor[rawNode]():
	case isScalar(t):
		node = scalarSchema(o, t)
	case t.Kind() == reflect.Slice && isScalar(t.Elem()):
		node = schemaNode{"type": "array", "items": scalarSchema(o, t.Elem())}
	case t.Kind() == reflect.Slice:
		node = schemaNode{"type": "array", "items": objectSchema(optionsOf(t.Elem()))}
	case t.Kind() == reflect.Map:
		node = schemaNode{"type": "object", "additionalProperties": scalarSchema(o, t.Elem())}
	case t.Kind() == reflect.Struct:
		node = objectSchema(optionsOf(t))
	}
	node["description"] = o.doc
	if o.preset != "" {
		node["default"] = presetValue(o)
	}
	if o.required && node["type"] == "array" {
		node["minItems"] = 1
	}
	return node
}

// durationText is what time.ParseDuration takes, without a sign.
const durationText = `(([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+|0)`

// scalarSchema describes one word. A secret may be a reference, whatever its type.
func scalarSchema(o option, t reflect.Type) schemaNode {
	switch {
	case len(o.choices) > 0:
		return schemaNode{"enum": o.choices}
	case t == reflect.TypeFor[time.Duration]():
		return schemaNode{"type": "string", "pattern": "^" + durationText + "$"}
	case t == reflect.TypeFor[feeds.Interval]():
		return schemaNode{"type": "string", "pattern": "^" + durationText + "( *- *" + durationText + ")?$"}
	case t == reflect.TypeFor[Size](), reflect.PointerTo(t).Implements(textType):
		return schemaNode{"type": []string{"string", "number"}}
	}
	switch t.Kind() {
	case reflect.Bool:
		return schemaNode{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return bounded(o, schemaNode{"type": "number"})
	case reflect.String:
		return schemaNode{"type": []string{"string", "number", "boolean"}} // YAML calls 8080 a number
	}
	return bounded(o, schemaNode{"type": "integer"})
}

// bounded adds the bounds of a number.
func bounded(o option, node schemaNode) schemaNode {
	for name, text := range map[string]string{"minimum": o.min, "maximum": o.max} {
		if text != "" && json.Valid([]byte(text)) {
			node[name] = json.RawMessage(text)
		}
	}
	return node
}

// presetValue is a default in its own type.
func presetValue(o option) any {
	switch {
	case o.typ.Kind() == reflect.Slice:
		v := reflect.New(o.typ)
		if err := o.setText(v.Elem(), o.preset); err == nil {
			return v.Elem().Interface()
		}
	case o.typ.Kind() != reflect.String && !reflect.PointerTo(o.typ).Implements(textType) && json.Valid([]byte(o.preset)):
		return json.RawMessage(o.preset)
	}
	return o.preset
}
