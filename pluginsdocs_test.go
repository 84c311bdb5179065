package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var (
	commandCell = regexp.MustCompile("(?m)^\\| `(feeds [a-z]+)")
	commandLink = regexp.MustCompile(`(?m)tickertape ((?:feeds )?[a-z]+)`)
)

// docs/plugins.md names each command of feeds and no other, its configurations are
// right, and the code that it shows is that of the example.
func TestPluginsPage(t *testing.T) {
	text, err := os.ReadFile("docs/plugins.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	var listed []string
	for _, cell := range commandCell.FindAllStringSubmatch(page, -1) {
		listed = append(listed, cell[1])
	}
	var known []string
	for _, c := range feedsCommands() {
		known = append(known, c.name)
	}
	if strings.Join(listed, ", ") != strings.Join(known, ", ") {
		t.Errorf("the page lists %s\nthe program has %s", strings.Join(listed, ", "), strings.Join(known, ", "))
	}
	for _, block := range regexp.MustCompile("(?s)```(yaml|go|console)\n(.*?)```").FindAllStringSubmatch(page, -1) {
		switch block[1] {
		case "yaml":
			if err := yaml.Unmarshal([]byte(block[2]), new(any)); err != nil {
				t.Errorf("%v\n%s", err, block[2])
			}
			s := withFile(block[2])
			s.kinds = feedKinds()
			mustParse(t, s)
		case "go":
			example, err := os.ReadFile("examples/plugins/tides/tides.go")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(example), strings.TrimSpace(block[2])) {
				t.Errorf("this is not in the example:\n%s", block[2])
			}
		case "console":
			for line := range strings.SplitSeq(block[2], "\n") {
				command, ok := strings.CutPrefix(line, "$ ")
				if m := commandLink.FindStringSubmatch(command); ok && m != nil && strings.HasPrefix(strings.TrimPrefix(command, "./"), "tickertape ") {
					if _, _, err := findCommand(strings.Fields(m[1])); err != nil {
						t.Errorf("%s: %v", line, err)
					}
				}
			}
		}
	}
}
