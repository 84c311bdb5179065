package main

import (
	"io/fs"

	"tickertape/feeds"
	"tickertape/topics"
)

// Inputs is all that the program learns from outside when it starts.
type Inputs struct {
	Args     []string                          // without the name of the program
	Environ  []string                          // "NAME=value"
	ReadFile func(name string) ([]byte, error) // reads the configuration file and certificates

	// Stat is asked whether the data folder is one; nil: nobody asks.
	Stat func(name string) (fs.FileInfo, error)

	Kinds []feeds.Spec // kinds of feed that can be configured
}

// load merges the defaults, the file, the environment and the flags, in this order,
// and constructs the feeds. It does no I/O but reading the file and those that it names,
// and a look at the data folder. It returns all mistakes at once; the Config is complete only without any.
func load(in Inputs, line commandLine, file string) (Config, Mistakes) {
	env := newEnvironment(in.Environ)
	cfg := defaultConfig()
	d := &decoder{lookup: env.lookup, named: make(map[string]bool)}
	var parts sections
	if file != "" {
		d.file = file
		d.readInto(in.ReadFile, &cfg, &parts)
	}
	outside := env.apply(&cfg)
	outside = append(outside, line.apply(func(o option) { cfg.origins[o.name] = "flag" }, &cfg)...)
	cfg.File = file
	outside = append(outside, d.together(in, &cfg)...)
	cfg.Topics = d.topics(parts.Topics, append(defaultTopics(cfg.Demo), d.brought(parts.Feeds, in.Kinds)...))
	var err error
	if cfg.Catalogue, err = topics.NewCatalogue(cfg.Topics...); err != nil {
		d.fail(nil, "topics: %v", err)
	}
	cfg.Feeds = d.feeds(parts.Feeds, in.Kinds, cfg)
	outside = append(outside, env.unknown(d.named)...)
	for _, text := range outside {
		d.mistakes = append(d.mistakes, Mistake{Text: text})
	}
	cfg.warnings = d.warnings
	return cfg, d.mistakes.sorted()
}

// readInto reads the file's options into cfg and keeps its sections.
func (d *decoder) readInto(read func(string) ([]byte, error), cfg *Config, parts *sections) {
	data, err := read(d.file)
	if err != nil {
		d.fail(nil, "the file cannot be read: %v", withoutPath(err))
		return
	}
	root := d.parseFile(data)
	if root == nil {
		return
	}
	d.given = d.mapping(root, "", cfg, parts)
	for name := range d.given {
		cfg.origins[name] = "file"
	}
}
