package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.00", 0.934: "0.93", 9.999: "10.00", 42.21: "42.2", 123.4: "123", 999.4: "999", 1000: "1,000", 5156123.4: "5,156,123", -12345: "-12,345",
	} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %q; want %q", v, got, want)
		}
	}
}

func testReport() *report {
	r := &report{Commit: "v1", Skipped: []string{"flood, io_uring: forbidden"}}
	for round := 1; round <= 3; round++ {
		r.Samples = append(r.Samples,
			testSample("rate-1000x100", floor, round, cpuPerDelivery, 5), testSample("rate-1000x100", byEpoll, round, cpuPerDelivery, 5.5),
			testSample("flood", floor, round, deliveryRate, 200_000), testSample("flood", byEpoll, round, deliveryRate, 2_000_000))
	}
	r.Findings = findings(r.Samples)
	return r
}

func TestTable(t *testing.T) {
	var b strings.Builder
	printTable(&b, testReport())
	for _, want := range []string{"CPU per delivery", "5.50 us", "1.10", "<= 1.15", "yes", "2,000,000/s", "10.00", ">= 15", "no", "skipped: flood, io_uring: forbidden"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
}

// Results are replaced between the marks and nowhere else.
func TestReadmeIsRewritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(file, []byte("before\n"+resultsStart+"old\n"+resultsEnd+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := writeReadme(file, testReport()); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if !strings.HasPrefix(text, "before\n"+resultsStart) || !strings.HasSuffix(text, resultsEnd+"after\n") || strings.Contains(text, "old") || strings.Count(text, "| flood | epoll |") != 2 && strings.Count(text, "5.50 us") != 1 {
		t.Errorf("README is\n%s", text)
	}
	if _, err := withResults([]byte("no marks"), "x"); err == nil {
		t.Error("results were written without a place for them")
	}
}

// The README in the repository has the place.
func TestReadmeHasAPlace(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := withResults(b, ""); err != nil {
		t.Error(err)
	}
}

func TestPlotsAreDrawn(t *testing.T) {
	folder := t.TempDir()
	if err := drawPlots(folder, testReport()); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]bool{"cpu.svg": true, "flood.svg": true, "memory.svg": false} {
		b, err := os.ReadFile(filepath.Join(folder, file))
		if (err == nil) != want {
			t.Errorf("%s: %v; want it drawn: %t", file, err, want)
		}
		if want && (!strings.Contains(string(b), "<svg") || !strings.Contains(string(b), "epoll")) {
			t.Errorf("%s has no picture of epoll", file)
		}
	}
}

func TestReportIsReadBack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	r := testReport()
	if err := r.save(file); err != nil {
		t.Fatal(err)
	}
	back, err := readReport(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(back.Samples) != len(r.Samples) || len(back.Findings) != len(r.Findings) || back.Findings[0].Ratio.Median != r.Findings[0].Ratio.Median {
		t.Errorf("read back %+v", back)
	}
}
