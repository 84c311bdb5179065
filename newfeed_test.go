package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A new kind is one that the compiler takes, with its line in kinds.go.
func TestNewKind(t *testing.T) {
	repository, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := os.ReadFile("kinds.go")
	if err != nil {
		t.Fatal(err)
	}
	clone := t.TempDir()
	write(t, filepath.Join(clone, "go.mod"), "module tickertape\n")
	write(t, filepath.Join(clone, "kinds.go"), string(kinds))
	t.Chdir(clone)
	code, stdout, stderr := runHere(t, here("feeds", "new", "harbour_levels", "--url", "https://tides.example/x.json"))
	if code != 0 || !strings.Contains(stdout, "wrote feeds/harbourlevels/harbourlevels_test.go\n") || !strings.Contains(stdout, "go run . feeds try harbour_levels -n 1\n") {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	overlay := map[string]map[string]string{"Replace": {}}
	for _, name := range []string{"kinds.go", "feeds/harbourlevels/doc.go", "feeds/harbourlevels/harbourlevels.go", "feeds/harbourlevels/harbourlevels_test.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if rest := strings.ReplaceAll(string(text), "https://tides.example/x.json", ""); name != "kinds.go" && strings.Contains(rest, "tides") {
			t.Errorf("the name of the example is left in %s:\n%s", name, text)
		}
		overlay["Replace"][filepath.Join(repository, name)] = filepath.Join(clone, name)
	}
	if text, err := os.ReadFile("kinds.go"); err != nil || !strings.Contains(string(text), "\n\t\tharbourlevels.Spec(),\n\t}\n") || !strings.Contains(string(text), "\n\t\"tickertape/feeds/harbourlevels\"\n") {
		t.Errorf("kinds.go (%v):\n%s", err, text)
	}
	for _, name := range []string{"README.md", "testdata/ok/response.json", "testdata/ok/want"} {
		if _, err := os.Stat(filepath.Join("feeds/harbourlevels", name)); err != nil {
			t.Error(err)
		}
	}
	code, _, stderr = runHere(t, here("feeds", "new", "harbourlevels"))
	if code != 2 || !strings.Contains(stderr, "is there already") {
		t.Errorf("a second time: exit %d: %s", code, stderr)
	}
	if testing.Short() {
		return
	}
	t.Chdir(repository)
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(clone, "overlay.json"), string(text))
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(clone, "overlay.json"), "./feeds/harbourlevels")
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestNewKindOutsideOfAClone(t *testing.T) {
	t.Chdir(t.TempDir())
	if code, _, stderr := runHere(t, here("feeds", "new", "tides")); code != 2 || !strings.Contains(stderr, "this is no clone of the repository: change into one, or make a program in any language, as with --exec python") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// A new program runs at once, in each language.
func TestNewProgram(t *testing.T) {
	for _, language := range []string{"python", "sh", "node", "go"} {
		t.Run(language, func(t *testing.T) {
			t.Chdir(t.TempDir())
			code, stdout, stderr := runHere(t, here("feeds", "new", "spots", "--exec", language))
			if code != 0 || !strings.Contains(stdout, "and key in spots.yaml\n") {
				t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
			}
			if language == "go" {
				if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", "spots", "spots.go").CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			s := here("feeds", "try", "spots.yaml", "-n", "1", "--timeout", "1m")
			s.env = os.Environ()
			code, stdout, stderr = runHere(t, s)
			if code != 0 || !strings.HasPrefix(stdout, `{"topic":"spots","key":"/`) || !strings.Contains(stdout, `"free_gb":`) {
				t.Errorf("exit %d\n%s%s", code, stdout, stderr)
			}
			if code, _, stderr := runHere(t, here("feeds", "new", "spots", "--exec", language)); code != 2 || !strings.Contains(stderr, "is there already; nothing was written") {
				t.Errorf("a second time: exit %d: %s", code, stderr)
			}
		})
	}
}

func TestNewFeedRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "go.mod", "module tickertape\n")
	write(t, "kinds.go", "package main\n")
	for args, want := range map[string]string{
		"":                        "it needs a name",
		"Tides":                   `"Tides": want a lower-case letter`,
		"../x":                    `"../x": want a lower-case letter`,
		"news":                    "is a topic already",
		"live":                    "reserved",
		"exec":                    `there is a kind "exec" already`,
		"type":                    "cannot be the name of a Go package",
		"tides --url ftp://x/":    "want an absolute http or https address",
		"tides --url http://x/`":  "want an absolute http or https address",
		"tides":                   "kinds.go: want a function feedKinds that returns a list of kinds",
		"tides --exec cobol":      "want python, sh, node or go",
		"tides --exec python two": "one word too many",
	} {
		code, _, stderr := runHere(t, here(append([]string{"feeds", "new"}, strings.Fields(args)...)...))
		if code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d: %s; want %s", args, code, stderr, want)
		}
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 2 {
		t.Errorf("something was written: %v, %v", entries, err)
	}
}
