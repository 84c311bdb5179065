package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The pages of docs/feeds are those of the kinds, and there is one for each.
func TestFeedPagesAreUpToDate(t *testing.T) {
	const remedy = "run: go run . feeds docs"
	pages := feedPages(feedKinds())
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(docsFolder, page.name))
		if err != nil {
			t.Errorf("%v; %s", err, remedy)
			continue
		}
		made, byHand, ok := strings.Cut(string(text), pageMark)
		if !ok || made+pageMark != page.text {
			t.Errorf("%s is not what the Spec says; %s\n%s", page.name, remedy, firstDifference(made+pageMark, page.text))
		}
		if strings.Contains(byHand, pageMark) {
			t.Errorf("%s: a second mark stands in what was written by hand", page.name)
		}
	}
	entries, err := os.ReadDir(docsFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !slices.ContainsFunc(pages, func(p docsPage) bool { return p.name == entry.Name() }) {
			t.Errorf("%s/%s is the page of no kind in kinds.go", docsFolder, entry.Name())
		}
	}
}

// firstDifference shows the first line in which two texts differ.
func firstDifference(have, want string) string {
	a, b := strings.Split(have, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "have " + a[i] + "\nwant " + b[i]
		}
	}
	return "one of them is longer"
}

// What the pages say of a kind is all that its Spec says, in a form that a reader can use.
func TestFeedPagesSayAll(t *testing.T) {
	for _, spec := range feedKinds() {
		page := kindPage(spec)
		plain := strings.NewReplacer("<http", "http", ">", "", "\n", " ").Replace(page)
		for _, want := range []string{spec.Summary, spec.Stability, spec.Terms, spec.Attribution, spec.Homepage, spec.Needs, spec.Use} {
			if !strings.Contains(plain, strings.ReplaceAll(want, ">", "")) {
				t.Errorf("the page of %s lacks %q", spec.Kind, want)
			}
		}
		if spec.Terms != "" && spec.Use == "" {
			t.Errorf("kind %s has terms, and does not say in short what they come to (Spec.Use)", spec.Kind)
		}
		file := mustParse(t, start{args: []string{"--config=t.yaml"}, env: realKeys(exampleFile(spec)), files: map[string]string{"t.yaml": exampleFile(spec)}, kinds: feedKinds()})
		if len(file.Feeds) != 1 || len(file.warnings) > 0 {
			t.Errorf("the example of %s: %d feeds, warnings: %v", spec.Kind, len(file.Feeds), file.warnings)
		}
	}
}

// realKeys returns an environment with a value for each ${NAME} of a file.
func realKeys(text string) (environment []string) {
	for _, name := range reference.FindAllString(text, -1) {
		environment = append(environment, strings.Trim(name, "${}")+"=a-key-of-somebody")
	}
	return environment
}

func TestFeedsDocsKeepsWhatWasWrittenByHand(t *testing.T) {
	folder := t.TempDir()
	docs := func() (int, string, string) {
		var out, errs bytes.Buffer
		code := run(t.Context(), Inputs{Args: []string{"feeds", "docs", folder}, ReadFile: os.ReadFile, Kinds: feedKinds()[:2]}, &out, &errs)
		return code, out.String(), errs.String()
	}
	page := filepath.Join(folder, "simulated_news.md")
	write(t, page, "# an old title\n"+pageMark+"\n## Mine\n")
	if code, out, errs := docs(); code != 0 || strings.Count(out, "wrote ") != 3 {
		t.Fatalf("exit %d\n%s\n%s", code, out, errs)
	}
	text, err := os.ReadFile(page)
	if err != nil || !strings.HasSuffix(string(text), pageMark+"\n## Mine\n") || !strings.Contains(string(text), "| `categories` |") || strings.Contains(string(text), "an old title") {
		t.Errorf("%v\n%s", err, text)
	}
	if code, out, errs := docs(); code != 0 || !strings.Contains(out, "up to date") {
		t.Errorf("the second time: exit %d\n%s\n%s", code, out, errs)
	}
	write(t, page, "all of it by hand\n")
	if code, out, errs := docs(); code != exitFailed || out != "" || !strings.Contains(errs, "put it above what is to be kept") {
		t.Errorf("a page without the mark: exit %d\n%s\n%s", code, out, errs)
	}
	if text, err := os.ReadFile(page); err != nil || string(text) != "all of it by hand\n" {
		t.Errorf("a page without the mark was touched: %v\n%s", err, text)
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := docs(); code != exitFailed || !strings.Contains(errs, "name the folder") {
		t.Errorf("no folder: exit %d\n%s", code, errs)
	}
}

// The example of real sources has one of each kind that invents nothing, and nothing to
// object to once the keys are there.
func TestRealExampleHasEveryKind(t *testing.T) {
	const file = "examples/real.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"feeds lint " + file, "check " + file} {
		var out, errs bytes.Buffer
		code := run(t.Context(), Inputs{Args: strings.Fields(command), ReadFile: os.ReadFile, Kinds: feedKinds(), Environ: append(os.Environ(), realKeys(string(text))...)}, &out, &errs)
		if code != 0 || strings.Contains(out.String(), "warning:") || strings.Contains(out.String(), "a-key-of-somebody") {
			t.Errorf("%s: exit %d\n%s%s", command, code, out.String(), errs.String())
		}
	}
	cfg := mustParse(t, start{args: []string{"--config=" + file}, env: realKeys(string(text)), files: map[string]string{file: string(text)}, kinds: feedKinds()})
	for _, spec := range feedKinds() {
		has := slices.ContainsFunc(cfg.Feeds, func(f ConfiguredFeed) bool { return f.Spec.Kind == spec.Kind })
		if has == spec.Simulated {
			t.Errorf("kind %s, simulated %t, is in %s: %t", spec.Kind, spec.Simulated, file, has)
		}
	}
	for _, name := range realKeys(string(text)) {
		name, _, _ = strings.Cut(name, "=")
		if !strings.Contains(string(text), "#     "+name) && !strings.Contains(string(text), ", "+name) {
			t.Errorf("the head of %s does not say where %s is had", file, name)
		}
	}
}
