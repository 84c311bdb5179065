package main

import (
	"encoding/json"

	"tickertape/topics"
)

// defaultTopics returns the catalogue that a configuration file changes and adds to.
// Schemas name the fields that pages rely on and leave the rest open. In demo mode
// everybody may write on chat.
func defaultTopics(demo bool) []topics.Topic {
	chat := topics.Topic{
		Name: "chat", Mode: topics.Every, Snapshot: 50, Schema: schemaOf(chatSchema),
		Description: "What people write to each other. Without a key in demo mode only.",
	}
	if demo {
		chat.Publish = topics.ByAnyone
	}
	return []topics.Topic{
		{
			Name: "news", Mode: topics.Every, Key: "id", Snapshot: 20, Schema: schemaOf(newsSchema),
			Description: "Headlines, each once; a correction has the id of what it corrects.",
		},
		{
			Name: "weather", Mode: topics.Latest, Key: "location", Schema: schemaOf(weatherSchema),
			Description: "The weather now at each location: degrees Celsius, m/s, mm, hPa.",
		},
		{
			Name: "stock", Mode: topics.Latest, Key: "symbol", Schema: schemaOf(stockSchema),
			Description: "The last price of each symbol, with its currency and the day's change in percent.",
		},
		{
			Name: "random", Mode: topics.Latest, Schema: schemaOf(randomSchema),
			Description: "A number from 1 to 1,000 at random moments: handy to see that a stream is alive.",
		},
		{
			Name: "clock", Mode: topics.Latest, Publish: topics.ByNobody, Schema: schemaOf(openSchema),
			Description: "The server's time, each second.",
		},
		{
			Name: "system", Mode: topics.Latest, Publish: topics.ByNobody, Schema: schemaOf(openSchema),
			Description: "The machine that the server runs on: load, memory, CPUs, network, uptime.",
		},
		{
			Name: "feeds", Mode: topics.Latest, Key: "id", Publish: topics.ByNobody, Schema: schemaOf(openSchema),
			Description: "The state of every feed: running, stale, down; what prints on this tape, and how well.",
		},
		chat,
	}
}

// schemaOf compacts one of the schemas below.
func schemaOf(text string) json.RawMessage {
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		panic("catalogue: " + err.Error()) // TestCatalogue finds it
	}
	compact, err := json.Marshal(doc)
	if err != nil {
		panic("catalogue: " + err.Error())
	}
	return compact
}

const (
	openSchema = `{"type": "object"}`

	newsSchema = `{
		"type": "object",
		"required": ["title"],
		"properties": {
			"id": {"type": "string", "minLength": 1, "maxLength": 256},
			"title": {"type": "string", "minLength": 1},
			"url": {"type": "string"},
			"source": {"type": "string"},
			"summary": {"type": "string"},
			"time": {"type": ["string", "null"]},
			"simulated": {"type": "boolean"}
		}
	}`

	weatherSchema = `{
		"type": "object",
		"required": ["location"],
		"properties": {
			"location": {"type": "string", "minLength": 1, "maxLength": 256},
			"temperature": {"type": ["number", "null"]},
			"wind": {"type": ["number", "null"]},
			"rain": {"type": ["number", "null"]},
			"pressure": {"type": ["number", "null"]},
			"humidity": {"type": ["number", "null"]},
			"time": {"type": ["string", "null"]},
			"simulated": {"type": "boolean"}
		}
	}`

	stockSchema = `{
		"type": "object",
		"required": ["symbol", "price"],
		"properties": {
			"symbol": {"type": "string", "minLength": 1, "maxLength": 256},
			"company": {"type": "string"},
			"price": {"type": ["string", "number"], "pattern": "^-?[0-9]+(\\.[0-9]+)?$"},
			"increase": {"type": ["number", "null"]},
			"currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
			"time": {"type": ["string", "null"]},
			"simulated": {"type": "boolean"}
		}
	}`

	randomSchema = `{
		"type": "object",
		"required": ["value"],
		"properties": {"value": {"type": "number"}}
	}`

	chatSchema = `{
		"type": "object",
		"required": ["text"],
		"properties": {
			"text": {"type": "string", "minLength": 1, "maxLength": 2000},
			"name": {"type": "string", "maxLength": 80}
		}
	}`
)
