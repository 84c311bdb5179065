package handlers

import (
	"net/http"
	"reflect"

	"tickertape/topics"
)

// asyncAPI describes the stream in AsyncAPI 3.0: one channel to read all topics on,
// and one for each topic that can be published on by HTTP.
func (h *Handlers) asyncAPI() object {
	defs, messages := schemas{}, object{}
	for name, data := range map[string]any{
		eventStream:    streamInfo{},
		eventLive:      signInfo{},
		eventHeartbeat: signInfo{},
		eventRetract:   retractInfo{},
		eventBye:       byeInfo{},
	} {
		messages[name] = message(name, signDocs[name], defs.of(reflect.TypeOf(data)))
	}
	channels := object{"latest": nil}
	operations := object{"read": object{
		"action": "send", "channel": reference("#/channels/latest"),
		"summary":  "The server sends what is printed on the topics that the reader has named.",
		"bindings": httpBinding(http.MethodGet, schemas{}.queryObject()),
	}}
	for _, t := range h.opts.Catalogue.All() {
		name := "topic-" + t.Name
		defs[name] = object{
			"schemaFormat": "application/schema+json;version=draft-2020-12",
			"schema":       topicSchema(t, schemaPath+name+"/schema"),
		}
		messages[t.Name] = message(t.Name, t.Description, reference(schemaPath+name))
		if t.Publish == topics.ByNobody || t.Retired {
			continue
		}
		channels[name] = channel("/latest/"+t.Name, t.Name)
		operations["publish-"+t.Name] = object{
			"action": "receive", "channel": reference("#/channels/" + name), "summary": t.Description,
			"bindings": httpBinding(http.MethodPost, nil),
		}
	}
	all := make([]string, 0, len(messages))
	for name := range messages {
		all = append(all, name)
	}
	channels["latest"] = channel("/latest", all...)
	return object{
		"asyncapi":           "3.0.0",
		"info":               h.info("The stream of GET /latest as text/event-stream: each message is an event of its name."),
		"defaultContentType": contentJSON,
		"channels":           channels,
		"operations":         operations,
		"components":         object{"schemas": defs, "messages": messages},
	}
}

var signDocs = map[string]string{
	eventStream:    "First of a stream, and of a reset within one: how it goes on from what the reader has.",
	eventLive:      "Ends a snapshot or a replay; its id is the position that they stand for.",
	eventHeartbeat: "A sign of life after silence; its id is a bookmark.",
	eventRetract:   "A value was withdrawn.",
	eventBye:       "A planned end, with a pause to make before coming back.",
}

func reference(to string) object { return object{"$ref": to} }

func message(name, summary string, payload object) object {
	return object{"name": name, "summary": summary, "contentType": contentJSON, "payload": payload}
}

func channel(address string, names ...string) object {
	messages := object{}
	for _, name := range names {
		messages[name] = reference("#/components/messages/" + name)
	}
	return object{"address": address, "messages": messages}
}

func httpBinding(method string, query object) object {
	binding := object{"method": method, "bindingVersion": "0.3.0"}
	if query != nil {
		binding["query"] = query
	}
	return object{"http": binding}
}

// queryObject is the query of /latest as one object.
func (s schemas) queryObject() object {
	properties := object{}
	for f := range reflect.TypeFor[query]().Fields() {
		schema := s.of(f.Type)
		schema["description"] = f.Tag.Get("doc")
		properties[f.Tag.Get("schema")] = schema
	}
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}
