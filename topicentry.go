package main

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"tickertape/feeds"
	"tickertape/topics"
)

// A topicEntry is one entry under topics: in the file.
type topicEntry struct {
	Name        string  `option:"name" required:"true" doc:"The topic's name: a lower-case letter, then letters, digits, - and _."`
	Description string  `option:"description" doc:"One sentence for people."`
	Mode        string  `option:"mode" default:"every" choices:"every,latest" doc:"every: each event matters; latest: only the newest value of a key."`
	Key         string  `option:"key" doc:"Field of the data that holds the key; without one the topic has one value."`
	Snapshot    int     `option:"snapshot" default:"20" min:"1" max:"1000" doc:"How many of the newest events a snapshot holds (mode every)."`
	Schema      rawNode `option:"schema" doc:"JSON Schema of the data, written as YAML; without one any JSON is taken."`
	Public      bool    `option:"public" default:"true" doc:"Whether * stands for this topic too; by its name it can be read in any case."`
	Publish     string  `option:"publish" default:"key" choices:"key,public,nobody" doc:"Who may publish by HTTP: holders of the key, everybody, or only feeds."`
	Retired     bool    `option:"retired" default:"false" doc:"The topic is over: readers are told to stop."`
}

// topics returns all topics that there are without the file, with the entries of the
// file's list merged in: an entry with the name of a topic changes what it mentions,
// others are added.
func (d *decoder) topics(list rawNode, all []topics.Topic) []topics.Topic {
	if list.Node == nil {
		return all
	}
	if list.Kind != yaml.SequenceNode {
		d.fail(list.Node, "topics: want a list, one entry after each hyphen, as in: - name: harbour")
		return all
	}
	lines := make(map[string]int)
	for _, item := range list.Content {
		if item = d.resolve(item); item == nil {
			break
		}
		name := scalarIn(item, "name")
		if line, twice := lines[name]; twice && name != "" {
			d.fail(item, "topic %s is given twice, first on line %d", quoted(name), line)
			continue
		}
		lines[name] = item.Line
		i := slices.IndexFunc(all, func(t topics.Topic) bool { return t.Name == name })
		if i < 0 {
			if t, ok := d.topic(item, topics.Topic{}); ok {
				all = append(all, t)
			}
		} else if t, ok := d.topic(item, all[i]); ok {
			all[i] = t
		}
	}
	return all
}

// brought returns the topics that the kinds of the file's feeds bring, or those of the
// default feeds without a list. Each is there once, be there ever so many feeds.
func (d *decoder) brought(list rawNode, kinds []feeds.Spec) []topics.Topic {
	names, nodes := slices.Clone(defaultKinds), []*yaml.Node(nil)
	if list.Node != nil {
		names = nil
		for _, n := range list.Content {
			if n.Kind == yaml.AliasNode {
				n = n.Alias
			}
			names, nodes = append(names, scalarIn(n, "kind")), append(nodes, n)
		}
	}
	by := make(map[string]string) // name of a topic -> kind that brings it
	var all []topics.Topic
	for i, kind := range names {
		at := slices.IndexFunc(kinds, func(s feeds.Spec) bool { return s.Kind == kind })
		if at < 0 {
			continue
		}
		for _, t := range kinds[at].Brings {
			switch first := by[t.Name]; {
			case first == "":
				by[t.Name] = kind
				all = append(all, t)
			case first != kind:
				d.fail(nodes[i], "kinds %s and %s both bring the topic %q; leave one of them out", first, kind, t.Name)
			}
		}
	}
	return all
}

// topic decodes one entry over a topic that exists, or over the zero Topic. It
// returns false if the result is no topic; the mistake is noted then.
func (d *decoder) topic(n *yaml.Node, base topics.Topic) (topics.Topic, bool) {
	before := len(d.mistakes)
	e := topicEntry{
		Name: base.Name, Description: base.Description, Mode: string(base.Mode), Key: base.Key,
		Snapshot: base.Snapshot, Public: !base.Private, Publish: string(base.Publish), Retired: base.Retired,
	}
	if base.Name == "" {
		if err := setDefaults(reflect.ValueOf(&e)); err != nil {
			d.fail(n, "topics: %v", err)
		}
	}
	d.mapping(n, "topics", &e)
	t := topics.Topic{
		Name: e.Name, Description: e.Description, Mode: topics.Mode(e.Mode), Key: e.Key, Snapshot: e.Snapshot,
		Schema: base.Schema, Private: !e.Public, Publish: topics.Access(e.Publish), Retired: e.Retired,
	}
	if e.Publish == "key" {
		t.Publish = topics.ByKey
	}
	if e.Schema.Node != nil {
		t.Schema = d.json(e.Schema.Node, option{name: "schema"})
	}
	// Name and schema are checked alone, so that no mistake hides another.
	if err := topics.ValidName(e.Name); err != nil && e.Name != "" {
		d.fail(nodeOf(n, "name"), "%v", err)
	}
	if e.Schema.Node != nil && t.Schema != nil {
		if _, err := topics.NewCatalogue(topics.Topic{Name: "schema", Schema: t.Schema}); err != nil {
			d.fail(e.Schema.Node, "schema: %s", schemaText(err))
		}
	}
	if len(d.mistakes) > before {
		return t, false
	}
	if _, err := topics.NewCatalogue(t); err != nil {
		d.fail(n, "%v", err)
		return t, false
	}
	return t, true
}

// schemaText is the first cause in what the schema library says, in many lines,
// about a schema; all of it if there is none.
func schemaText(err error) string {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if cause, ok := strings.CutPrefix(strings.TrimSpace(line), "- at "); ok && !strings.HasSuffix(cause, "failed") {
			return "at " + cause
		}
	}
	_, text, _ := strings.Cut(err.Error(), ": schema: ")
	return strings.Join(strings.Fields(text), " ")
}

// scalarIn returns the text of one option of a mapping before it is decoded, or "".
func scalarIn(n *yaml.Node, name string) string {
	if n.Kind != yaml.MappingNode {
		return ""
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != name {
			continue
		}
		value := n.Content[i+1]
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		if value.Kind == yaml.ScalarNode && value.Tag != "!!null" {
			return value.Value
		}
	}
	return ""
}
