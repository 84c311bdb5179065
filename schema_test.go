package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

const schemaFile = "docs/tickertape.schema.json"

func TestSchemaFileIsThatOfTheProgram(t *testing.T) {
	want, err := configSchema(feedKinds())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not that of the program (%v); put in the output of\n\tgo run . help --schema", schemaFile, err)
	}
}

// compiledSchema returns the schema of the configuration, ready to judge.
func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := configSchema(feedKinds())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON is a YAML file as an editor sees it.
func asJSON(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// What the program takes, the schema takes; what is plainly wrong, neither does.
func TestSchemaJudgesAsTheProgramDoes(t *testing.T) {
	schema := compiledSchema(t)
	files := map[string]string{}
	for _, name := range []string{"examples/tickertape.yaml", "examples/real.yaml", "examples/plugins/disk.yaml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "# yaml-language-server: $schema=") {
			t.Errorf("%s does not name its schema in its first line", name)
		}
		files[name] = string(text)
		files[name+", all of it"] = optionLine.ReplaceAllString(string(text), "$1:")
	}
	for _, spec := range feedKinds() {
		files["example of "+spec.Kind] = "feeds:\n" + exampleEntry(spec)
		files["entry of "+spec.Kind] = commentedOut.ReplaceAllString("feeds:\n"+entryText(spec, "mine"), "$1$2")
	}
	for name, text := range files {
		if err := schema.Validate(asJSON(t, text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{
		"lisen: ':1'", "demo: perhaps", "tape_events: 1", "heartbeat: soon", "cors_origins: x", "log_format: xml",
		"topics: [{mode: every}]", "topics: [{name: a, mode: lately}]", "topics: [{name: a, colour: b}]",
		"feeds: {kind: clock}", "feeds: [{id: a}]", "feeds: [{kind: clokc}]", "feeds: [{kind: clock, zoen: UTC}]",
		"feeds: [{kind: clock, every: often}]", "feeds: [{kind: exec, topic: news}]", "feeds: [{kind: exec, topic: news, command: []}]",
		"feeds: [{kind: exec, topic: news, command: [a], mode: twice}]", "feeds: [{kind: clock, on_error: explode}]",
	} {
		if err := schema.Validate(asJSON(t, text)); err == nil {
			t.Errorf("the schema takes %s", text)
		}
	}
}
