package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// A report is all that a run found; it is what the JSON file holds.
type report struct {
	Started  time.Time `json:"started"`
	Command  string    `json:"command"`
	Commit   string    `json:"commit"` // of the server; "" when its binary was given
	Machine  machine   `json:"machine"`
	Skipped  []string  `json:"skipped,omitempty"`
	Samples  []sample  `json:"samples"`
	Findings []finding `json:"findings"`
}

// A machine is what the figures depend on.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory string `json:"memory"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
}

func newReport(commit string) *report {
	r := &report{Started: time.Now().UTC().Truncate(time.Second), Commit: commit, Command: strings.Join(append([]string{"go run ."}, os.Args[1:]...), " ")}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	r.Machine = machine{
		CPU: procValue("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), Memory: procValue("/proc/meminfo", "MemTotal"),
		Kernel: strings.TrimSpace(string(kernel)), Go: runtime.Version(),
	}
	return r
}

// procValue finds the first "name : value" in a file of /proc; "" when there is none.
func procValue(file, name string) string {
	b, _ := os.ReadFile(file)
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s memory, Linux %s, %s", m.CPU, m.Cores, m.Memory, m.Kernel, m.Go)
}

// save writes the report with its findings as they are now.
func (r *report) save(file string) error {
	r.Findings = findings(r.Samples)
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return fmt.Errorf("save results: %w", err)
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}

func readReport(file string) (*report, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var r report
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("read results in %s: %w", file, err)
	}
	return &r, nil
}

// brief says in a few words what a measurement gave.
func (m sample) brief() string {
	var words []string
	for _, s := range []struct{ metric, format string }{
		{cpuPerDelivery, "%.2f us"}, {deliveryRate, "%.0f deliveries/s"}, {latencyP50, "p50 %.2f ms"}, {latencyP99, "p99 %.2f ms"},
		{ownUse, "generator %.2f"}, {connMemory, "%.3f KiB a connection"}, {startMemory, "%.1f MiB"}, {connectRate, "%.0f connects/s"}, {eventBytes, "%.0f B"},
	} {
		if v, ok := m.Values[s.metric]; ok {
			words = append(words, fmt.Sprintf(s.format, v))
		}
	}
	if m.disturbed() {
		words = append(words, fmt.Sprintf("disturbed: others took %.2f and %.2f of the cores", m.Values[foreignUse], m.Values[foreignOwnUse]))
	}
	if m.Problem != "" {
		words = append(words, "PROBLEM: "+m.Problem)
	}
	return strings.Join(words, ", ")
}
