package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// Between these two lines README.md belongs to this program.
const (
	resultsStart = "<!-- results -->\n"
	resultsEnd   = "<!-- end of results -->\n"
)

// writeReadme puts the findings between the marks in file.
func writeReadme(file string, r *report) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text, err = withResults(text, markdown(r))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, text, 0o644)
}

func withResults(text []byte, results string) ([]byte, error) {
	before, rest, ok := bytes.Cut(text, []byte(resultsStart))
	_, after, closed := bytes.Cut(rest, []byte(resultsEnd))
	if !ok || !closed {
		return nil, fmt.Errorf("no place for results: %q and %q are missing", resultsStart, resultsEnd)
	}
	return fmt.Appendf(nil, "%s%s%s%s%s", before, resultsStart, results, resultsEnd, after), nil
}

// markdown returns the findings as a table, with what must be known to read it.
func markdown(r *report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nMachine: %s.\n\nRun: %s\n\n", r.Machine, "`"+r.headline()+"`")
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(columns)
	b.WriteString(strings.Repeat("| --- ", len(columns)) + "|\n")
	for _, f := range r.Findings {
		line(f.cells())
	}
	b.WriteString("\n")
	b.WriteString(splitTable(r))
	for _, s := range r.notes() {
		fmt.Fprintf(&b, "- %s\n", strings.Replace(s, "* ", "\\* ", 1))
	}
	for _, p := range plots {
		if !p.measured(r) {
			continue
		}
		fmt.Fprintf(&b, "\n![%s](plots/%s)\n", p.title, p.file)
	}
	b.WriteString("\n")
	return b.String()
}

// splitTable shows what does not fit into the table of figures: CPU time in its parts, how busy
// both cores were, the bytes of a delivery, and how many deliveries came together.
func splitTable(r *report) string {
	var b strings.Builder
	b.WriteString("| load | server | CPU us, user + system | core | generator's core | deliveries/s | p50, p99, p99.9 ms | bytes | in one read |\n")
	b.WriteString(strings.Repeat("| --- ", 9) + "|\n")
	seen := map[[2]string]bool{}
	for _, m := range r.Samples {
		name := [2]string{m.Scenario, m.Server}
		if _, ok := m.Values[cpuPerDelivery]; !ok || seen[name] {
			continue
		}
		seen[name] = true
		v := func(metric string) string {
			values, _ := source{m.Scenario, m.Server, metric}.in(r.Samples)
			return number(spanOf(values).Median)
		}
		fmt.Fprintf(&b, "| %s | %s | %s + %s | %s | %s | %s | %s, %s, %s | %s | %s |\n", m.Scenario, m.Server, v(cpuUser), v(cpuSystem),
			v(coreUse), v(ownUse), v(deliveryRate), v(latencyP50), v(latencyP99), v(latencyP999), v(eventBytes), v(perRead))
	}
	if len(seen) == 0 {
		return ""
	}
	return b.String() + "\n"
}
