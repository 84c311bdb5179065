package handlers

import (
	"encoding/json"
	"reflect"
	"strings"

	"tickertape/topics"
)

// schemas are the JSON Schemas of the structs that this package encodes, by name.
type schemas map[string]any

// object is a JSON object of a document.
type object = map[string]any

const schemaPath = "#/components/schemas/"

// wordsOf are the values of the text types that have few.
var wordsOf = map[reflect.Type][]any{
	reflect.TypeFor[topics.State]():  {topics.Fresh, topics.Resumed, topics.Reset},
	reflect.TypeFor[topics.Reason](): {topics.Expired, topics.Unknown, topics.Epoch, topics.Future},
	reflect.TypeFor[byeReason]():     {byeDrain, byeAge, byeOverload},
	reflect.TypeFor[topics.Mode]():   {topics.Every, topics.Latest},
	reflect.TypeFor[topics.Access](): {"key", topics.ByAnyone, topics.ByNobody},
}

// of returns the schema of a type: for a struct, a reference to the one that it adds.
func (s schemas) of(t reflect.Type) object {
	if words := wordsOf[t]; words != nil {
		return object{"type": "string", "enum": words}
	}
	if t == reflect.TypeFor[json.RawMessage]() || t.Kind() == reflect.Interface {
		return object{} // any value
	}
	switch t.Kind() {
	case reflect.Struct:
		if _, ok := s[t.Name()]; !ok {
			s[t.Name()] = nil // ends a recursion
			s[t.Name()] = s.fields(t)
		}
		return object{"$ref": schemaPath + t.Name()}
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	}
	panic("handlers: no schema for " + t.String())
}

// fields returns the schema of a struct by its tags: json gives name and presence,
// doc the description, format the format of a text. A pointer that is always present
// may be null.
func (s schemas) fields(t reflect.Type) object {
	properties, required := object{}, []string{}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		schema := s.of(f.Type)
		if doc := f.Tag.Get("doc"); doc != "" {
			schema["description"] = doc
		}
		if format := f.Tag.Get("format"); format != "" {
			schema["format"] = format
		}
		if options != "omitempty" {
			required = append(required, name)
			if f.Type.Kind() == reflect.Pointer {
				schema["type"] = []any{schema["type"], "null"}
			}
		}
		properties[name] = schema
	}
	return object{"type": "object", "properties": properties, "required": required}
}

// topicSchema returns the JSON Schema of a topic's data for a document in which it
// stands at a place: its references to itself are made to begin there.
func topicSchema(t *topics.Topic, at string) any {
	if len(t.Schema) == 0 {
		return object{}
	}
	var schema any
	if err := json.Unmarshal(t.Schema, &schema); err != nil {
		return object{} // the catalogue has compiled it
	}
	if m, ok := schema.(object); ok && m["$id"] != nil {
		return schema // references are relative to its own id
	}
	rebase(schema, at)
	return schema
}

// rebase puts a place in front of all references within a schema.
func rebase(schema any, at string) {
	switch v := schema.(type) {
	case []any:
		for _, element := range v {
			rebase(element, at)
		}
	case object:
		for name, value := range v {
			ref, ok := value.(string)
			switch {
			case name == "$ref" && ok && (ref == "#" || strings.HasPrefix(ref, "#/")):
				v[name] = at + strings.TrimPrefix(ref, "#")
			case name == "const" || name == "enum" || name == "default" || name == "examples":
				// data, not schemas
			default:
				rebase(value, at)
			}
		}
	}
}
