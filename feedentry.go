package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tickertape/feeds"
	"tickertape/topics"
)

// A ConfiguredFeed is one feed that is to run: constructed, not running.
type ConfiguredFeed struct {
	Spec feeds.Spec
	Feed feeds.Feed
	Env  feeds.Env
	Line int // of the entry in the file; 0 for a default feed

	more         []string   // topics that an option names
	options      any        // of its kind; nil if that has none
	standIn      feeds.Feed // prints while the source fails; nil: nobody does
	standInEvery feeds.Interval

	check func() error // looks whether this machine has what it needs; nil if it cannot
}

// A feedEntry holds the options that every kind of feed has. Those of the kind
// itself stand beside them, in the same entry.
type feedEntry struct {
	Kind     string         `option:"kind" required:"true" doc:"What kind of feed; tickertape feeds list shows all."`
	ID       string         `option:"id" form:"feed id?" doc:"The feed's own name, once in a file; the kind if there is none."`
	Topic    string         `option:"topic" doc:"Topic to print on; the kind's own if there is none."`
	Every    feeds.Interval `option:"every" doc:"How often, as 30s, or 1s-3s to draw each wait from a range; the kind's own if there is none."`
	Timeout  time.Duration  `option:"timeout" default:"30s" min:"100ms" max:"10m" doc:"How long one fetch may take."`
	MaxItems int            `option:"max_items" default:"0" min:"0" max:"1000" doc:"Items of one fetch to keep; 0 leaves it to the kind."`
	TTL      time.Duration  `option:"ttl" default:"0s" max:"8760h" doc:"Items that say nothing else expire after this; 0s: never."`
	OnError  string         `option:"on_error" default:"retry" choices:"retry,simulate" doc:"What to do while the source fails: retry, after pauses that grow; with simulate a simulation prints meanwhile, flagged as such."`
}

// feeds returns the feeds of the file's list, or the default ones without a list.
func (d *decoder) feeds(list rawNode, kinds []feeds.Spec, cfg Config) []ConfiguredFeed {
	if list.Node == nil {
		return d.defaultFeeds(kinds, cfg)
	}
	if list.Kind != yaml.SequenceNode {
		d.fail(list.Node, "feeds: want a list, one entry after each hyphen, as in: - kind: clock; or [] for no feeds")
		return nil
	}
	lines := make(map[string]int)
	var all []ConfiguredFeed
	for _, item := range list.Content {
		n := d.resolve(item)
		if n == nil {
			break
		}
		if f, ok := d.feed(n, kinds, cfg, lines); ok {
			f.Line = item.Line
			d.advise(n, f, cfg, all)
			all = append(all, f)
		}
	}
	return all
}

// feed decodes and constructs one entry. It returns false if it is wrong; what is
// wrong is noted then. lines holds the ids so far.
func (d *decoder) feed(n *yaml.Node, kinds []feeds.Spec, cfg Config, lines map[string]int) (ConfiguredFeed, bool) {
	before := len(d.mistakes)
	kind := scalarIn(n, "kind")
	i := slices.IndexFunc(kinds, func(s feeds.Spec) bool { return s.Kind == kind })
	if i < 0 {
		d.failKind(n, kind, kinds)
		return ConfiguredFeed{}, false
	}
	spec := kinds[i]
	e, options, err := newEntry(spec)
	if err != nil {
		d.fail(n, "kind %s: %v", kind, err)
		return ConfiguredFeed{}, false
	}
	ptrs := []any{&e}
	if options != nil {
		ptrs = append(ptrs, options)
	}
	d.filled = nil
	given := d.mapping(n, "kind "+kind, ptrs...)
	if e.ID == "" {
		e.ID = kind
	}
	if line, twice := lines[e.ID]; twice {
		d.fail(nodeOf(n, "id"), "feed id %s is taken by the entry on line %d; give this one an id of its own", quoted(e.ID), line)
	} else {
		lines[e.ID] = n.Line
	}
	if given["every"] != nil && e.Every.Min < spec.Floor {
		d.fail(nodeOf(n, "every"), "every: %s is too often for kind %s: want at least %s", e.Every, kind, shortDuration(spec.Floor))
	}
	bare := ConfiguredFeed{Spec: spec, Env: feeds.Env{ID: e.ID, Topic: e.Topic}}
	if options != nil && lacksRequired(options) {
		d.checkTopics(n, bare, cfg.Topics)
		return ConfiguredFeed{}, false // noted already; the constructor would say it again
	}
	if given["every"] == nil && nodeOf(n, "every") != n {
		e.Every = feeds.Interval{Min: spec.Floor, Max: max(spec.Floor, time.Second)} // any that is allowed
	}
	// The constructor may find more, also where the entry is wrong already.
	f, err := construct(spec, e, options, cfg)
	if err != nil {
		for _, err := range apart(err) {
			d.fail(placeOf(n, err.Error()), "feed %s: %v", e.ID, err)
		}
		f = bare
	}
	f.options, f.Env.Secrets = options, secretsOf(options, d.filled)
	d.checkTopics(n, f, cfg.Topics)
	if e.OnError == "simulate" {
		if f.standIn, f.standInEvery, err = standIn(f, kinds, cfg); err != nil {
			d.fail(nodeOf(n, "on_error"), "on_error: %v", err)
		}
	}
	return f, len(d.mistakes) == before
}

// lacksRequired reports whether a required option of a kind is missing or wrong: its
// field is zero then.
func lacksRequired(options any) bool {
	v := reflect.ValueOf(options).Elem()
	return slices.ContainsFunc(optionsOf(v.Type()), func(o option) bool {
		return o.required && v.FieldByIndex(o.index).IsZero()
	})
}

// newEntry returns the defaults of an entry of a kind: the common options, and a
// pointer to a fresh struct of the kind's own (nil if it has none).
func newEntry(spec feeds.Spec) (e feedEntry, options any, err error) {
	if err := setDefaults(reflect.ValueOf(&e)); err != nil {
		return e, nil, err
	}
	e.Kind = spec.Kind
	e.Every = spec.Default
	if spec.Options == nil {
		return e, nil, nil
	}
	fresh := reflect.New(reflect.TypeOf(spec.Options).Elem())
	return e, fresh.Interface(), setDefaults(fresh)
}

// fingerprint is another one whenever an option of an entry is. It can be stored: no
// option can be read from it.
func fingerprint(e feedEntry, options any) string {
	text := fmt.Sprintf("%+v", e)
	if v := reflect.ValueOf(options); v.Kind() == reflect.Pointer {
		text += fmt.Sprintf("%+v", v.Elem())
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// construct makes the feed of an entry that was checked. A panic of the constructor
// is an error: it is a mistake of the kind, not of the program.
func construct(spec feeds.Spec, e feedEntry, options any, cfg Config) (f ConfiguredFeed, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the constructor of kind %s panicked: %v", spec.Kind, p)
		}
	}()
	env := spec.Complete(feeds.Env{
		ID: e.ID, Topic: e.Topic, Every: e.Every, Timeout: e.Timeout,
		Seed: feeds.SeedFor(cfg.Seed, e.ID), Max: e.MaxItems, Catalogue: cfg.Catalogue,
		Fingerprint: fingerprint(e, options),
	})
	feed, err := spec.New(options, env)
	if err != nil {
		return ConfiguredFeed{}, err
	}
	f = ConfiguredFeed{Spec: spec, Env: env}
	if t, ok := feed.(feeds.Topical); ok {
		f.more = t.Topics()
		f.Spec.Topics = append(slices.Clone(spec.Topics), f.more...)
	}
	if c, ok := feed.(feeds.Checker); ok {
		f.check = c.Check
	}
	if e.TTL > 0 {
		feed = newExpiring(feed, e.TTL)
	}
	f.Feed = feed
	return f, nil
}

// defaultFeeds constructs the feeds of a start without a list of feeds.
func (d *decoder) defaultFeeds(kinds []feeds.Spec, cfg Config) []ConfiguredFeed {
	var all []ConfiguredFeed
	for _, kind := range defaultKinds {
		i := slices.IndexFunc(kinds, func(s feeds.Spec) bool { return s.Kind == kind })
		if i < 0 || retired(kinds[i].Topics, cfg.Topics) {
			continue // the file may have retired the topic
		}
		e, options, err := newEntry(kinds[i])
		if err == nil {
			e.ID = kind
			var f ConfiguredFeed
			if f, err = construct(kinds[i], e, options, cfg); err == nil {
				all = append(all, f)
			}
		}
		if err != nil {
			d.fail(nil, "default feed %s: %v", kind, err)
		}
	}
	return all
}

// retired reports whether one of the names is a topic that is over.
func retired(names []string, catalogue []topics.Topic) bool {
	return slices.ContainsFunc(catalogue, func(t topics.Topic) bool { return t.Retired && slices.Contains(names, t.Name) })
}

func (d *decoder) failKind(n *yaml.Node, kind string, kinds []feeds.Spec) {
	names := make([]string, len(kinds))
	for i, s := range kinds {
		names[i] = s.Kind
	}
	near := topics.Nearest(kind, names)
	switch {
	case n.Kind != yaml.MappingNode:
		d.fail(n, "want the options of a feed, beginning with kind, as in: kind: clock")
	case kind == "":
		d.fail(n, "a feed without a kind; want one of %s", orList(names))
	case near != "":
		d.fail(nodeOf(n, "kind"), "unknown kind of feed %s; did you mean %q?", quoted(kind), near)
	default:
		d.fail(nodeOf(n, "kind"), "unknown kind of feed %s; want one of %s", quoted(kind), orList(names))
	}
}

// topics returns what the feed prints on: the topic of its entry, or those of its
// kind, and those that an option names.
func (f ConfiguredFeed) topics() []string {
	if f.Env.Topic != "" {
		return append([]string{f.Env.Topic}, f.more...)
	}
	return f.Spec.Topics
}

// checkTopics checks that there is what a feed is to print on.
func (d *decoder) checkTopics(n *yaml.Node, f ConfiguredFeed, catalogue []topics.Topic) {
	names := f.topics()
	if len(names) == 0 {
		d.fail(n, "kind %s needs a topic to print on, as in topic: news", f.Spec.Kind)
	}
	for _, name := range names {
		wrong := wrongTopic(name, catalogue)
		switch {
		case wrong == "":
		case name == f.Env.Topic:
			d.fail(nodeOf(n, "topic"), "%s", wrong)
		case slices.Contains(f.more, name):
			d.fail(nodeOf(n, "topics"), "%s", wrong)
		case slices.ContainsFunc(catalogue, func(t topics.Topic) bool { return t.Name == name }):
			d.fail(n, "%s", wrong)
		default:
			d.fail(n, "kind %s prints on a topic that it does not bring (Spec.Brings): %s", f.Spec.Kind, wrong)
		}
	}
}

// wrongTopic says why a feed cannot print on a topic; "" if it can.
func wrongTopic(name string, catalogue []topics.Topic) string {
	var names []string
	for _, t := range catalogue {
		switch {
		case t.Name == name && t.Name == feeds.StatusTopic:
			return fmt.Sprintf("topic %q is where the states of feeds are printed; want another one", name)
		case t.Name == name && t.Retired:
			return fmt.Sprintf("topic %q is over (retired: true); nothing can be printed on it", name)
		case t.Name == name:
			return ""
		}
		names = append(names, t.Name)
	}
	if near := topics.Nearest(name, names); near != "" {
		return fmt.Sprintf("unknown topic %s; did you mean %q?", quoted(name), near)
	}
	return fmt.Sprintf("unknown topic %s; want one of %s, or an entry for it under topics:", quoted(name), orList(names))
}

// apart returns the errors that were joined into err; err alone if it is none of that sort.
func apart(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(joined.Unwrap()...).Error() != err.Error() {
		return []error{err}
	}
	var all []error
	for _, part := range joined.Unwrap() {
		all = append(all, apart(part)...)
	}
	return all
}

var leadingName = regexp.MustCompile(`^[a-z0-9_]+`)

// placeOf returns where in an entry the options are that a mistake of a constructor begins
// with, as in "map: title: no such path"; the entry itself if it begins with none.
func placeOf(n *yaml.Node, text string) *yaml.Node {
	for {
		name := leadingName.FindString(text)
		value := nodeOf(n, name)
		if value == n {
			return n
		}
		n, text = value, strings.TrimPrefix(text[len(name):], ": ")
	}
}

// nodeOf returns the value of one option of a mapping, for its place; the mapping
// itself if the option is not there.
func nodeOf(n *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return n
}
