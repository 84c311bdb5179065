package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/exec"
	"tickertape/topics"
)

// verifyOptions are the flags of feeds verify.
type verifyOptions struct {
	ID     string         `option:"id" doc:"Which feed of the file, if it has several of kind exec."`
	Topic  string         `option:"topic" default:"news" doc:"Topic of a COMMAND's items."`
	Mode   string         `option:"mode" default:"stream" choices:"stream,once" doc:"Mode of a COMMAND, as in the file."`
	Config string         `option:"input" value:"JSON" doc:"What a COMMAND reads as its config, as {\"port\":3}."`
	Every  feeds.Interval `option:"every" default:"1m" doc:"Interval of a COMMAND in mode once."`
	Wait   time.Duration  `option:"wait" default:"15s" min:"100ms" max:"10m" doc:"How long to wait for the first line."`
}

// runVerify runs a program twice and says how it keeps the rules of the kind exec.
func runVerify(ctx context.Context, inv *Invocation, stdout, stderr io.Writer) int {
	o, cfg, err := inv.programToVerify()
	if err != nil {
		fmt.Fprintf(stderr, "tickertape: %v\n", err)
		return exitUsage
	}
	o.Logger = newLogger(&cfg, stderr)
	accept, stop := accepting(ctx, &cfg)
	defer stop()
	o.Accept = accept
	findings, err := exec.Verify(ctx, o)
	if err != nil {
		fmt.Fprintf(stderr, "tickertape: verify %s: %v\n", strings.Join(o.Options.Command, " "), err)
		return exitUsage
	}
	broken := 0
	for _, f := range findings {
		fmt.Fprintf(stdout, "%-5s %s\n", f.State, f.Rule)
		if f.Detail != "" {
			fmt.Fprint(stdout, indent(f.Detail, "      "))
		}
		if f.Remedy != "" {
			fmt.Fprint(stdout, wrapAfter("   -> ", f.Remedy))
		}
		if f.State == exec.Broken {
			broken++
		}
	}
	fmt.Fprintf(stdout, "\n%s, %d broken\n", plural(len(findings), "rule"), broken)
	if broken > 0 {
		return exitFailed
	}
	return exitOK
}

// wrapAfter is text behind a mark, its further lines below its first.
func wrapAfter(mark, text string) string {
	return mark + strings.TrimLeft(wrap(text, len(mark)), " ")
}

// programToVerify returns the program that the words of the command line mean: that of a
// feed of the file, or a command.
func (inv *Invocation) programToVerify() (exec.VerifyOptions, Config, error) {
	flags := ownFlags[verifyOptions](inv)
	o := exec.VerifyOptions{Wait: flags.Wait}
	if len(inv.Args) == 0 {
		return o, inv.Config, errors.New("verify what? give a command, as in tickertape feeds verify python3 tides.py, or a configuration file")
	}
	if isFile(inv.Args) {
		f, err := inv.execFeed(flags.ID)
		if err != nil {
			return o, inv.Config, err
		}
		o.Options, o.Env = *f.options.(*exec.Options), f.Env
		return o, inv.Config, nil
	}
	cfg := inv.Config
	if wrong := wrongTopic(flags.Topic, cfg.Topics); wrong != "" {
		// It need not be configured anywhere yet.
		brought, err := cfg.with([]topics.Topic{{Name: flags.Topic}})
		if err != nil {
			return o, cfg, err
		}
		cfg = brought
	}
	o.Options = exec.Options{Command: inv.Args, Mode: flags.Mode, Config: json.RawMessage(flags.Config)}
	o.Env = feeds.Env{ID: "verify", Topic: flags.Topic, Catalogue: cfg.Catalogue}
	if flags.Mode == "once" {
		o.Env.Every = flags.Every
	}
	return o, cfg, nil
}

// isFile reports whether the words are a configuration file rather than a command.
func isFile(words []string) bool {
	return len(words) == 1 && slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(words[0]))
}

// execFeed returns a feed of the file whose kind is exec.
func (inv *Invocation) execFeed(id string) (ConfiguredFeed, error) {
	var ids []string
	var found []ConfiguredFeed
	for _, f := range inv.Config.Feeds {
		if _, ok := f.options.(*exec.Options); ok {
			ids, found = append(ids, f.Env.ID), append(found, f)
		}
	}
	at := slices.Index(ids, id)
	switch {
	case len(found) == 0:
		return ConfiguredFeed{}, fmt.Errorf("%s has no feed of kind exec", inv.Args[0])
	case at >= 0:
		return found[at], nil
	case id != "":
		return ConfiguredFeed{}, fmt.Errorf("%s has no feed %s of kind exec; want --id %s", inv.Args[0], quoted(id), orList(ids))
	case len(found) > 1:
		return ConfiguredFeed{}, fmt.Errorf("%s has %d feeds of kind exec; say which: --id %s", inv.Args[0], len(found), orList(ids))
	}
	return found[0], nil
}

// accepting returns a check of items by the rules of their topic, as the server's bus
// has them, on a bus that keeps nothing. stop awaits it.
func accepting(ctx context.Context, cfg *Config) (accept func(ctx context.Context, topic string, data []byte) error, stop func()) {
	nowhere := newTryLog(io.Discard)
	nowhere.full, nowhere.end = func(int) bool { return true }, func() {}
	bus := topics.NewBus(topics.Options{Catalogue: cfg.Catalogue, Log: nowhere, Wire: noWire{}})
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { _ = bus.Run(life) }) // tryLog does not fail
	<-bus.Ready()
	return func(ctx context.Context, topic string, data []byte) error {
			_, err := bus.Publish(ctx, "", topics.Draft{Topic: topic, Data: data})
			return err
		}, func() {
			cancel()
			running.Wait()
		}
}
