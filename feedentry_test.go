package main

import (
	"strings"
	"testing"
)

// Each mistake that a constructor finds has a line of its own.
func TestMistakesOfOneEntryHaveTheirLines(t *testing.T) {
	const file = `feeds:
- kind: http_json
  topic: news
  url: https://news.example/a.json
  map:
    id: '@.['
    title: fomat(@.x)
  fail_if: '@.a ='
`
	_, err := parse(start{args: []string{"check", "t.yaml"}, files: map[string]string{"t.yaml": file}, kinds: feedKinds()}.inputs())
	if err == nil {
		t.Fatal("no mistakes")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, want := range []string{"t.yaml:6:9: feed http_json: map: id: ", "t.yaml:7:12: feed http_json: map: title: ", "t.yaml:8:12: feed http_json: fail_if: "} {
		if len(lines) != 3 || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d of\n%s\nwant %s", i, err, want)
		}
	}
}
