package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"tickertape/feeds"
	"tickertape/topics"
)

// tryOptions are the flags of try.
type tryOptions struct {
	ID      string        `option:"id" doc:"Which feed of the file, if it has several."`
	N       int           `option:"n" default:"5" min:"1" max:"1000000" doc:"Items to print."`
	Timeout time.Duration `option:"timeout" default:"30s" min:"100ms" max:"24h" doc:"When to give up waiting for them."`
}

// runTry runs one feed under a supervisor, on a bus whose log is standard output.
func runTry(ctx context.Context, inv *Invocation, stdout, stderr io.Writer) int {
	f, err := inv.feedToTry(ownFlags[tryOptions](inv).ID)
	if err != nil {
		fmt.Fprintf(stderr, "tickertape: %v\n", err)
		return exitUsage
	}
	t := &trial{feed: f, want: ownFlags[tryOptions](inv).N, log: newTryLog(stdout)}
	t.until = t.rests(time.Now().Add(ownFlags[tryOptions](inv).Timeout))
	if err := t.run(ctx, &inv.Config, newLogger(&inv.Config, stderr), ownFlags[tryOptions](inv).Timeout); err != nil {
		fmt.Fprintf(stderr, "tickertape: try %s: %v\n", f.Env.ID, err)
		return exitFailed
	}
	return t.report(stderr, ownFlags[tryOptions](inv).Timeout)
}

// newLogger returns the program's own log, as configured.
func newLogger(cfg *Config, w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// feedToTry returns the feed that the words of the command line mean; id says which of
// a file.
func (inv *Invocation) feedToTry(id string) (ConfiguredFeed, error) {
	if len(inv.Args) == 0 {
		return ConfiguredFeed{}, errors.New("which feed? give the kind of a feed, or a configuration file")
	}
	for _, spec := range inv.Inputs.Kinds {
		if spec.Kind == inv.Args[0] {
			return inv.feedOfKind(spec, id)
		}
	}
	if len(inv.Args) > 1 {
		return ConfiguredFeed{}, fmt.Errorf("%s: options can be given for a kind only, not for a file", quoted(inv.Args[1]))
	}
	list := inv.Config.Feeds
	var ids []string
	for _, f := range list {
		ids = append(ids, f.Env.ID)
	}
	at := slices.Index(ids, id)
	switch {
	case len(list) == 0:
		return ConfiguredFeed{}, fmt.Errorf("%s has no feeds", inv.Args[0])
	case at >= 0:
		return list[at], nil
	case id != "":
		return ConfiguredFeed{}, fmt.Errorf("%s has no feed %s; want --id %s", inv.Args[0], quoted(id), orList(ids))
	case len(list) > 1:
		return ConfiguredFeed{}, fmt.Errorf("%s has %d feeds; say which: --id %s", inv.Args[0], len(list), orList(ids))
	}
	return list[0], nil
}

// feedOfKind makes a feed as if an entry with the options of the command line stood
// in a file.
func (inv *Invocation) feedOfKind(spec feeds.Spec, id string) (ConfiguredFeed, error) {
	entry := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	add := func(name string, value *yaml.Node) {
		entry.Content = append(entry.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}, value)
	}
	add("kind", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: inv.Args[0]})
	if id != "" {
		add("id", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: id})
	}
	for _, word := range inv.Args[1:] {
		name, text, ok := strings.Cut(word, "=")
		if !ok {
			return ConfiguredFeed{}, fmt.Errorf("%s: want OPTION=VALUE, as in every=2s", quoted(word))
		}
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			if strings.IndexAny(text, "{[") == 0 {
				return ConfiguredFeed{}, fmt.Errorf("%s: the value is not YAML: %w; put texts in it in quotes", name, err)
			}
			doc = yaml.Node{} // a condition such as @.ok == true: nobody means YAML by that
		}
		value := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
		if len(doc.Content) > 0 {
			value = doc.Content[0]
		}
		add(name, listOfOne(spec, name, value))
	}
	cfg, err := inv.Config.with(spec.Brings)
	if err != nil {
		return ConfiguredFeed{}, err
	}
	inv.Config = cfg
	d := &decoder{lookup: newEnvironment(inv.Inputs.Environ).lookup, named: make(map[string]bool)}
	f, ok := d.feed(entry, inv.Inputs.Kinds, inv.Config, make(map[string]int))
	if !ok {
		return f, d.mistakes.orNil()
	}
	return f, nil
}

// with returns the configuration with those of the topics that it lacks.
func (c Config) with(brought []topics.Topic) (Config, error) {
	all := slices.Clone(c.Topics)
	for _, t := range brought {
		if !slices.ContainsFunc(all, func(known topics.Topic) bool { return known.Name == t.Name }) {
			all = append(all, t)
		}
	}
	catalogue, err := topics.NewCatalogue(all...)
	if err != nil {
		return c, fmt.Errorf("topics: %w", err)
	}
	c.Topics, c.Catalogue = all, catalogue
	return c, nil
}

// listOfOne puts a lone word into a list where the option of that name is a list.
func listOfOne(spec feeds.Spec, name string, value *yaml.Node) *yaml.Node {
	if spec.Options == nil || value.Kind != yaml.ScalarNode || value.Value == "" || value.Tag == "!!null" {
		return value
	}
	for _, o := range optionsOf(reflect.TypeOf(spec.Options).Elem()) {
		if o.name == name && o.typ.Kind() == reflect.Slice && isScalar(o.typ.Elem()) && o.typ != reflect.TypeFor[json.RawMessage]() {
			return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{value}}
		}
	}
	return value
}

// A trial is one run of one feed by try.
type trial struct {
	feed ConfiguredFeed
	want int // items
	log  *tryLog

	// Set before the run begins, immutable then.
	until  func(feeds.Status) bool                   // whether that is enough; nil: until t.want items are printed
	around func(http.RoundTripper) http.RoundTripper // watches what is fetched; nil: nobody does

	end   context.CancelFunc // ends the run
	ended func() bool        // whether the run is over, or ends
	sup   *feeds.Supervisor

	mu   sync.Mutex   // guards the fields below
	last feeds.Status // with which the feed ended by itself; State is "" if it did not
	next time.Time    // when the feed asks again, if that is too late for the trial; zero: it is not
}

// rests returns what tells whether the feed has asked its source, and asks again only
// after a time.
func (t *trial) rests(end time.Time) func(feeds.Status) bool {
	return func(s feeds.Status) bool {
		if s.State != feeds.Running || !s.NextRun.After(end) {
			return false
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.next = s.NextRun
		return true
	}
}

// afterLocked says what the trial has waited for.
func (t *trial) afterLocked(timeout time.Duration) string {
	if t.next.IsZero() {
		return "in " + shortDuration(timeout)
	}
	return "so far, and the feed asks again at " + t.next.Local().Format(time.TimeOnly)
}

// run blocks until enough items are printed, the feed fails, or the time is over. It
// awaits all that it started. An error says that the feed could not be run.
func (t *trial) run(ctx context.Context, cfg *Config, logger *slog.Logger, timeout time.Duration) error {
	life, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	t.end, t.ended = cancel, func() bool { return life.Err() != nil }
	t.log.full = func(shown int) bool { return shown >= t.want }
	t.log.end = cancel
	bus := topics.NewBus(topics.Options{Catalogue: cfg.Catalogue, Log: t.log, Wire: noWire{}, Logger: logger})
	t.sup = feeds.NewSupervisor(feeds.Options{Bus: tryBus{bus, t}, Logger: logger, Fetcher: newFetcher(cfg, logger, t.around)})
	if err := t.sup.Add(t.feed.Spec, t.feed.Feed, t.feed.Env); err != nil {
		return err
	}
	// The bus outlives the feed, which may print its last words.
	tape, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { _ = bus.Run(tape) }) // tryLog does not fail
	defer running.Wait()
	defer stop()
	<-bus.Ready()
	if t.until != nil {
		running.Go(func() { t.wait(life) })
	}
	err := t.sup.Run(life)
	if ctx.Err() != nil {
		return errors.Join(err, errors.New("interrupted"))
	}
	return err
}

// wait looks at the state of the feed, five times a second, until that is enough.
func (t *trial) wait(life context.Context) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-life.Done():
			return
		case <-tick.C:
		}
		if t.until(t.sup.Status()[0]) {
			t.end()
		}
	}
}

// failure returns the state with which the feed failed, if it did.
func (t *trial) failure() (feeds.Status, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	finished := t.last.State == feeds.Stopped && (t.last.LastError == "" || t.last.Refused > 0)
	return t.last, t.last.State != "" && !finished
}

// watch looks at the state of the feed and ends the trial when it failed or is done.
func (t *trial) watch() {
	if t.ended() {
		return
	}
	s := t.sup.Status()[0]
	switch s.State {
	case feeds.Backoff, feeds.Open, feeds.Attention, feeds.Stopped:
	default:
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.State == "" { // the first failure is the one to show
		t.last = s
		t.end()
	}
}

// report says how the trial went and returns the exit code.
func (t *trial) report(stderr io.Writer, timeout time.Duration) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	shown, writing := t.log.outcome()
	now := t.sup.Status()[0]
	finished := t.last.State == feeds.Stopped && (t.last.LastError == "" || t.last.Refused > 0)
	say := func(format string, args ...any) {
		fmt.Fprintf(stderr, "tickertape: try "+t.feed.Env.ID+": "+format+"\n", args...)
	}
	switch {
	case writing != nil:
		say("write items: %v", writing)
		return exitFailed
	case shown >= t.want:
		return exitOK
	case t.last.State != "" && !finished:
		say("the feed failed after %s: %s", plural(shown, "item"), t.last.LastError)
		if t.last.Hint != "" {
			fmt.Fprintf(stderr, "hint: %s\n", t.last.Hint)
		}
		if t.last.Trace != "" {
			fmt.Fprintf(stderr, "\n%s\n", strings.TrimSpace(t.last.Trace))
		}
		return exitFailed
	case now.Refused > 0:
		say("%s shown, %d refused: %s", plural(shown, "item"), now.Refused, now.LastError)
		return exitFailed
	case finished:
		say("the feed is done after %s%s", plural(shown, "item"), sayDetail(now))
	case shown > 0:
		say("%s of %d %s; -n %d waits for no more", plural(shown, "item"), t.want, t.afterLocked(timeout), shown)
	case sayDetail(now) != "":
		say("no items %s%s", t.afterLocked(timeout), sayDetail(now))
	default:
		say("no items %s; a longer --timeout may help", t.afterLocked(timeout))
	}
	if shown == 0 {
		return exitFailed
	}
	return exitOK
}

func sayDetail(s feeds.Status) string {
	switch {
	case s.LastError != "":
		return "; the last error was: " + s.LastError
	case s.Detail != "":
		return "; the feed says: " + s.Detail
	}
	return ""
}
