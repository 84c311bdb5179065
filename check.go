package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"tickertape/topics"
)

// runCheck says what the configuration, which parse found to be right, would run.
func runCheck(_ context.Context, inv *Invocation, stdout, _ io.Writer) int {
	cfg := &inv.Config
	fmt.Fprintf(stdout, "%s: no mistakes\n", cmp.Or(cfg.File, "no file, the defaults"))
	table := tabwriter.NewWriter(stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintf(table, "\nOPTION\tVALUE\tFROM\n")
	for _, s := range cfg.Settings() {
		if s.Origin != "default" || s.Name == "listen" || s.Name == "admin" || s.Name == "data" {
			fmt.Fprintf(table, "%s\t%s\t%s\n", s.Name, orDash(s.Value), s.Origin)
		}
	}
	table.Flush()
	fmt.Fprintf(table, "\nTOPIC\tMODE\tKEY\tPUBLISH\t\n")
	for _, t := range cfg.Topics {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", t.Name, cmp.Or(t.Mode, topics.Every), orDash(t.Key), cmp.Or(string(t.Publish), "key"), topicNotes(t))
	}
	table.Flush()
	if len(cfg.Feeds) == 0 {
		fmt.Fprint(stdout, "\nno feeds: only what is published appears on the tape\n")
		return exitOK
	}
	fmt.Fprintf(table, "\nFEED\tKIND\tTOPIC\tEVERY\n")
	for _, f := range cfg.Feeds {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.Env.ID, f.Spec.Kind, orDash(cmp.Or(f.Env.Topic, strings.Join(f.Spec.Topics, ", "))), every(f.Env.Every))
	}
	table.Flush()
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
