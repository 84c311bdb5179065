package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

var columns = []string{"figure", "load", "server", "value", "(lowest-highest)", "beside", "ratio", "to reach", "met"}

// printTable writes the findings as aligned text, and what was skipped.
func printTable(out io.Writer, r *report) {
	fmt.Fprintf(out, "%s\n%s\n\n", r.Machine, r.headline())
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(columns, "\t"))
	for _, f := range r.Findings {
		fmt.Fprintln(w, strings.Join(f.cells(), "\t"))
	}
	_ = w.Flush() // an error of out; there is nowhere else to say so
	for _, s := range r.notes() {
		fmt.Fprintln(out, s)
	}
}

// notes returns what must be known to read the table.
func (r *report) notes() (all []string) {
	for _, f := range r.Findings {
		if f.Disturbed > 0 {
			all = append(all, "* other programs took more than a tenth of a core in at least one of its measurements: a rough value")
			break
		}
	}
	for _, f := range r.Findings {
		if f.Problem != "" {
			all = append(all, fmt.Sprintf("not sound: %s, %s: %s", f.Scenario, f.Server, f.Problem))
		}
	}
	for _, s := range r.Skipped {
		all = append(all, "skipped: "+s)
	}
	return slices.Compact(all)
}

func (r *report) headline() string {
	rounds := 0
	for _, m := range r.Samples {
		rounds = max(rounds, m.Round)
	}
	commit := r.Commit
	if commit == "" {
		commit = "a given binary"
	}
	return fmt.Sprintf("%s, %s, %d rounds: %s", r.Started.Format("2006-01-02 15:04"), commit, rounds, r.Command)
}

// cells returns the row of f, one text for each of columns.
func (f finding) cells() []string {
	base, ratio, target, met := "", "", "", ""
	if f.Base != nil {
		base = number(f.Base.Median)
	}
	if f.Ratio != nil && f.Ratio.Rounds > 0 {
		ratio = strconv.FormatFloat(f.Ratio.Median, 'f', 2, 64)
	}
	if f.Target > 0 {
		target = "<= "
		if f.AtLeast {
			target = ">= "
		}
		target += strconv.FormatFloat(f.Target, 'f', -1, 64)
		if f.Plainly {
			target += " " + f.Unit
		}
	}
	if f.Met != nil {
		met = "no"
		if *f.Met {
			met = "yes"
		}
	}
	if f.Problem != "" {
		met = strings.TrimSpace(met + " (not sound)")
	}
	spread := ""
	if f.Value.Rounds > 1 {
		spread = fmt.Sprintf("%s-%s", number(f.Value.Low), number(f.Value.High))
	}
	value := number(f.Value.Median) + unitText(f.Unit)
	if f.Disturbed > 0 {
		value += " *"
	}
	return []string{f.Title, f.Scenario, f.Server, value, spread, base, ratio, target, met}
}

func unitText(unit string) string {
	if strings.HasPrefix(unit, "/") {
		return unit
	}
	return " " + unit
}

// number writes three significant digits, and whole numbers from a thousand on with commas.
func number(v float64) string {
	switch abs := math.Abs(v); {
	case abs >= 1000:
		s := strconv.FormatFloat(v, 'f', 0, 64)
		start := len(s) - int(math.Floor(math.Log10(abs))) - 1
		for i := len(s) - 3; i > start; i -= 3 {
			s = s[:i] + "," + s[i:]
		}
		return s
	case abs >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case abs >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}
