package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"tickertape/feeds"
	"tickertape/topics"
)

// runLint prints what is wrong in a configuration and what could be better.
func runLint(_ context.Context, inv *Invocation, stdout, _ io.Writer) int {
	warnings := append(inv.Config.warnings, checkMachine(&inv.Config)...).sorted()
	for _, m := range inv.mistakes {
		fmt.Fprintf(stdout, "%s\n", m.as("mistake"))
	}
	for _, m := range warnings {
		fmt.Fprintf(stdout, "%s\n", m.as("warning"))
	}
	fmt.Fprintf(stdout, "%s, %s", plural(len(inv.mistakes), "mistake"), plural(len(warnings), "warning"))
	if list := inv.Config.Feeds; len(inv.mistakes) == 0 || len(list) == 0 || list[0].Line > 0 { // those of a file that has none are not its merit
		fmt.Fprintf(stdout, " in %s", plural(len(list), "good feed"))
	}
	fmt.Fprintln(stdout)
	if len(inv.mistakes) > 0 {
		return exitFailed
	}
	return exitOK
}

// as returns the mistake with a word in front that says how grave it is.
func (m Mistake) as(word string) string {
	m.Text = word + ": " + m.Text
	return m.String()
}

// checkMachine asks the feeds whether this machine has what they need.
func checkMachine(cfg *Config) Mistakes {
	var list Mistakes
	for _, f := range cfg.Feeds {
		if f.check == nil {
			continue
		}
		if err := f.check(); err != nil {
			text := fmt.Sprintf("feed %s: %v", f.Env.ID, err)
			if hint, _ := feeds.Hint(err); hint != "" {
				text += "; " + hint
			}
			list = append(list, Mistake{File: cfg.File, Line: f.Line, Text: text})
		}
	}
	return list
}

// warn notes at n what is no mistake and could be better.
func (d *decoder) warn(n *yaml.Node, format string, args ...any) {
	m := Mistake{File: d.file, Text: fmt.Sprintf(format, args...)}
	if n != nil {
		m.Line, m.Col = n.Line, n.Column
	}
	d.warnings = append(d.warnings, m)
}

// isPublicAddress reports whether text is a web address in which nothing can be a
// secret: without a password and a query.
func isPublicAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.RawQuery == ""
}

// warnSecret warns of a secret that is written out.
func (d *decoder) warnSecret(o option, n *yaml.Node) {
	if o.name == "url" && !strings.ContainsAny(n.Value, "@?") {
		return // also one that begins wrong, which is a mistake of its own
	}
	if o.secret && n.Value != "" && !reference.MatchString(n.Value) && !isPublicAddress(n.Value) {
		d.warn(n, "%s: the secret itself stands in the file; write ${NAME} and set NAME in the server's environment", o.name)
	}
}

// advise warns of what an entry does to its source and to its readers. others are the
// feeds before it.
func (d *decoder) advise(n *yaml.Node, f ConfiguredFeed, cfg Config, others []ConfiguredFeed) {
	spec := f.Spec
	foreign := spec.Terms != ""
	isForeign := func(f ConfiguredFeed) bool { return f.Spec.Terms != "" }
	if foreign && cfg.Contact == "" && !slices.ContainsFunc(others, isForeign) {
		d.warn(n, "kind %s asks a source that is not yours, and the option contact is empty: set it to your mail or web address, or the source may refuse you", spec.Kind)
	}
	if usual := spec.Default.Min; foreign && usual > 0 && f.Env.Every.Min < usual {
		d.warn(nodeOf(n, "every"), "every: %s is more often than usual for kind %s (%s); its source may refuse you", every(f.Env.Every), spec.Kind, every(spec.Default))
	}
	if x, ok := f.Feed.(*expiring); ok && x.ttl < f.Env.Every.Max {
		d.warn(nodeOf(n, "ttl"), "ttl: items expire after %s, before the next ones come (every: %s)", shortDuration(x.ttl), every(f.Env.Every))
	}
	for _, other := range others {
		if other.Spec.Kind == spec.Kind && f.options != nil && reflect.DeepEqual(other.options, f.options) && other.Env.Topic == f.Env.Topic && !spec.Simulated {
			d.warn(n, "feed %s has the same options as feed %s on line %d: one of them is enough", f.Env.ID, other.Env.ID, other.Line)
		}
		if name := sharedValue(f, other, cfg.Catalogue); name != "" {
			d.warn(n, "feeds %s and %s print on topic %q, which keeps one value (mode latest, no key): each replaces what the other printed", other.Env.ID, f.Env.ID, name)
		}
	}
}

// sharedValue returns a topic of one value that both feeds print on; "" for none.
func sharedValue(a, b ConfiguredFeed, catalogue *topics.Catalogue) string {
	for _, name := range a.topics() {
		if !slices.Contains(b.topics(), name) || catalogue == nil {
			continue
		}
		if t, err := catalogue.Lookup(name); err == nil && t.Mode == topics.Latest && t.Key == "" {
			return name
		}
	}
	return ""
}
