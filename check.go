package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"tickertape/topics"
)

// runCheck says what is wrong with a configuration or, if nothing is, what it would run.
func runCheck(_ context.Context, inv *Invocation, stdout, _ io.Writer) int {
	if len(inv.mistakes) > 0 {
		fmt.Fprintf(stdout, "%v\n%s\n", inv.mistakes, plural(len(inv.mistakes), "mistake"))
		return exitFailed
	}
	cfg := &inv.Config
	fmt.Fprintf(stdout, "%s: no mistakes\n", cmp.Or(cfg.File, "no file, the defaults"))
	rows := [][]string{{"OPTION", "VALUE", "FROM"}}
	for _, s := range cfg.Settings() {
		if s.Origin != "default" || s.Name == "listen" || s.Name == "admin" || s.Name == "data" {
			rows = append(rows, []string{s.Name, orDash(s.Value), s.Origin})
		}
	}
	fmt.Fprintf(stdout, "\n%s", table(rows))

	rows = [][]string{{"TOPIC", "MODE", "KEY", "PUBLISH", ""}}
	for _, t := range cfg.Topics {
		rows = append(rows, []string{t.Name, string(cmp.Or(t.Mode, topics.Every)), orDash(t.Key), cmp.Or(string(t.Publish), "key"), topicNotes(t)})
	}
	fmt.Fprintf(stdout, "\n%s", table(rows))

	if len(cfg.Feeds) == 0 {
		fmt.Fprint(stdout, "\nno feeds: only what is published appears on the tape\n")
		return exitOK
	}
	rows = [][]string{{"FEED", "KIND", "TOPIC", "EVERY"}}
	for _, f := range cfg.Feeds {
		on := cmp.Or(f.Env.Topic, strings.Join(f.Spec.Topics, ", "))
		rows = append(rows, []string{f.Env.ID, f.Spec.Kind, orDash(on), every(f.Env.Every)})
	}
	fmt.Fprintf(stdout, "\n%s", table(rows))
	return exitOK
}

func topicNotes(t topics.Topic) string {
	var notes []string
	if t.Private {
		notes = append(notes, "not part of *")
	}
	if t.Retired {
		notes = append(notes, "over")
	}
	return strings.Join(notes, ", ")
}
